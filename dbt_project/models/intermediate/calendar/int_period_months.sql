-- One row a period and month in it: the bridge from months to the periods they are summed to.
select
    period_key,
    cast(unnest(range(first_month_index, last_month_index + 1)) as integer) as month_index
from {{ ref('int_periods') }}
