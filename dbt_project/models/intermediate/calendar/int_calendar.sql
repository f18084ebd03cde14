-- One row a day. Working days between two dates are the difference of two indexes, so that nothing is counted day by day.
with bounds as (
    select
        least(series.first_day, min(absence.from_date)) as first_date,
        make_date(year(series.as_of), 12, 31) as last_date
    from {{ ref('int_series') }} as series
    left join {{ ref('stg_absences') }} as absence on absence.certification is not null
    group by series.first_day, series.as_of
),

days as (
    select cast(unnest(generate_series(first_date - 1, last_date, interval 1 day)) as date) as calendar_date
    from bounds
),

classified as (
    select
        days.calendar_date,
        isodow(days.calendar_date) <= 5 and holiday.holiday_date is null as is_working_day
    from days
    left join {{ source('raw', 'public_holidays') }} as holiday on days.calendar_date = holiday.holiday_date
)

select
    calendar_date,
    is_working_day,
    cast(
        count_if(is_working_day) over (order by calendar_date rows between unbounded preceding and current row)
        as integer
    ) as working_day_index
from classified
