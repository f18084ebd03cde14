-- One row a month of the series, with the working-day indexes that bound it. The last one ends at the as-of date.
with months as (
    select
        cast(unnest(generate_series(first_day, as_of, interval 1 month)) as date) as first_day,
        as_of
    from {{ ref('int_series') }}
),

bounded as (
    select
        first_day,
        least(last_day(first_day), as_of) as counted_to,
        last_day(first_day) > as_of as is_partial
    from months
)

select
    cast(year(bounded.first_day) * 12 + month(bounded.first_day) - 1 as integer) as month_index,
    strftime(bounded.first_day, '%Y-%m') as month_period,
    strftime(bounded.first_day, '%Y') || '-Q' || quarter(bounded.first_day) as quarter_period,
    strftime(bounded.first_day, '%Y') as year_period,
    cast(year(bounded.first_day) as integer) as calendar_year,
    bounded.first_day,
    bounded.counted_to,
    bounded.is_partial,
    before.working_day_index as index_before,
    through.working_day_index as index_through
from bounded
inner join {{ ref('int_calendar') }} as before on bounded.first_day - 1 = before.calendar_date
inner join {{ ref('int_calendar') }} as through on bounded.counted_to = through.calendar_date
