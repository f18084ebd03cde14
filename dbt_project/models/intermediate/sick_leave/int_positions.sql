-- Position periods of the sick-leave population, cut to the series.
with positions as (
    select
        position.position_row,
        person.person_row,
        position.position_no,
        position.unit_code,
        position.job_code,
        position.position_percent,
        person.sex,
        person.birth_year,
        greatest(position.valid_from, series.first_day) as from_date,
        least(coalesce(position.valid_to, series.as_of), series.as_of) as to_date
    from {{ ref('stg_positions') }} as position
    inner join {{ ref('stg_persons') }} as person on position.employee_no = person.employee_no
    cross join {{ ref('int_series') }} as series
    where
        position.in_sick_leave
        and position.valid_from <= series.as_of
        and coalesce(position.valid_to, series.as_of) >= series.first_day
)

select
    positions.*,
    before.working_day_index as index_before,
    through.working_day_index as index_through
from positions
inner join {{ ref('int_calendar') }} as before on positions.from_date - 1 = before.calendar_date
inner join {{ ref('int_calendar') }} as through on positions.to_date = through.calendar_date
