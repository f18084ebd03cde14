-- One row a year, person and coverage with the calendar days of parental leave that fall in the year. A day counts once however
-- many rows cover it: each row adds only the days after the latest end of the rows before it.
with delivered as (
    select
        leaves.leave_row,
        leaves.employee_no,
        leaves.leave_coverage,
        greatest(leaves.from_date, series.first_day) as from_date,
        least(coalesce(leaves.to_date, series.as_of), series.as_of) as to_date
    from {{ ref('stg_leaves') }} as leaves
    cross join {{ ref('int_series') }} as series
    where leaves.leave_class = 'parental'
),

{{ leaves_by_coverage() }}

new_days as (
    select
        employee_no,
        leave_coverage,
        greatest(from_date, coalesce(latest_end + 1, from_date)) as from_date,
        to_date
    from with_latest_end
),

by_year as (
    select
        employee_no,
        leave_coverage,
        from_date,
        to_date,
        unnest(range(year(from_date), year(to_date) + 1)) as calendar_year
    from new_days
    where from_date <= to_date
)

select
    cast(by_year.calendar_year as integer) as calendar_year,
    person.sex,
    by_year.employee_no,
    by_year.leave_coverage,
    cast(
        sum(
            least(by_year.to_date, make_date(by_year.calendar_year, 12, 31))
            - greatest(by_year.from_date, make_date(by_year.calendar_year, 1, 1)) + 1
        ) as integer
    ) as leave_days
from by_year
inner join {{ ref('stg_persons') }} as person on by_year.employee_no = person.employee_no
group by by_year.calendar_year, person.sex, by_year.employee_no, by_year.leave_coverage
