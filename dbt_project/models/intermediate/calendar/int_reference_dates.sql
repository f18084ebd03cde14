-- One row a date at which persons are counted: the last day of every month of the series, or the as-of date in the last month
-- when that is partial. The last one of a year is the year's own.
select
    counted_to as reference_date,
    month_index,
    month_period,
    calendar_year,
    month_index = max(month_index) over (partition by calendar_year) as is_last_of_year,
    counted_to < make_date(calendar_year, 12, 31) as is_before_year_end
from {{ ref('int_months') }}
