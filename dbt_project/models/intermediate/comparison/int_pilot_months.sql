-- One row a pilot, side and month of the sick leave that is compared (metrics.md 8b): the twelve months before it started and
-- the latest twelve whole ones since, up to its end. Where a side has fewer, only the calendar months that both have. After a
-- pilot has ended, the twelve months after. A side of less than three months says nothing.
with spans as (
    select
        pilot,
        min(year(start_date) * 12 + month(start_date) - 1) as start_month,
        case when count(*) = count(end_date) then max(year(end_date) * 12 + month(end_date) - 1) end as end_month
    from {{ ref('stg_pilots') }}
    group by pilot
),

whole_months as (
    select
        month_index,
        month_index % 12 as calendar_month,
        first_day,
        max(month_index) over () as latest_month
    from {{ ref('int_months') }}
    where not is_partial
),

candidates as (
    select
        spans.pilot,
        'start' as side,
        month.month_index,
        month.calendar_month,
        month.first_day
    from spans
    inner join whole_months as month on month.month_index between spans.start_month - 12 and spans.start_month - 1
    union all
    select
        spans.pilot,
        'current' as side,
        month.month_index,
        month.calendar_month,
        month.first_day
    from spans
    inner join whole_months as month
        on
            month.month_index >= spans.start_month
            and month.month_index > least(month.latest_month, coalesce(spans.end_month, month.latest_month)) - 12
            and month.month_index <= coalesce(spans.end_month, month.latest_month)
    union all
    select
        spans.pilot,
        'after' as side,
        month.month_index,
        month.calendar_month,
        month.first_day
    from spans
    inner join whole_months as month on month.month_index between spans.end_month + 1 and spans.end_month + 12
),

calendar_months as (
    select
        pilot,
        calendar_month
    from candidates
    where side <> 'after'
    group by pilot, calendar_month
    having count(*) = 2
),

compared as (
    select candidates.*
    from candidates
    left join calendar_months
        on candidates.pilot = calendar_months.pilot and candidates.calendar_month = calendar_months.calendar_month
    where candidates.side = 'after' or calendar_months.pilot is not null
)

select
    pilot,
    side,
    cast(month_index as integer) as month_index,
    first_day,
    last_day(first_day) as last_day
from compared
qualify count(*) over (partition by pilot, side) >= 3
