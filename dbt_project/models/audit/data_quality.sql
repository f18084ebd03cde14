-- What the night found wrong or doubtful: every rule that was tried, with the rows that broke it.
select
    feed,
    rule,
    rows_failed as rows,
    severity,
    description
from {{ source('raw', 'rule_results') }}
union all
select
    'fravaer' as feed,
    'absence_within_position' as rule,
    cast(count_if(uncovered_days > 0) as bigint) as rows,
    'warning' as severity,
    'Sick absence lies within the validity of the position; days outside it count for nothing' as description
from {{ ref('int_absence_coverage') }}
