-- sick_leave_by_unit the plain way, one row a position and working day, written by hand from metrics.md 4.
-- The yardstick for the models, which count the same without a row a day.
with series as (
    from intermediate.int_series
),

days as (
    select calendar_date, working_day_index
    from intermediate.int_calendar, series
    where is_working_day and calendar_date between first_day and as_of
),

position_days as (
    select position.position_row, position.person_row, position.position_no, position.unit_code, position.position_percent,
        days.calendar_date
    from intermediate.int_positions as position
    inner join days on days.calendar_date between position.from_date and position.to_date
),

absences_and_leaves as (
    select spell.person_row, absence.position_no, absence.certification as kind, absence.absence_percent as absence_or_leave_percent,
        spell.from_date, spell.to_date, spell.is_long_term
    from intermediate.int_spells as spell
    inner join staging.stg_absences as absence on spell.absence_row = absence.absence_row
    union all
    select person_row, position_no, 'leave', leave_percent, from_date, coalesce(to_date, as_of), false
    from staging.stg_leaves inner join staging.stg_persons using (employee_no), series
),

absence_or_leave_days as (
    select position.position_row, days.calendar_date,
        least(100, coalesce(sum(absence_or_leave_percent) filter (kind = 'leave'), 0)) as leave_percent,
        least(100, coalesce(sum(absence_or_leave_percent) filter (kind = 'doctor'), 0)) as doctor_percent,
        coalesce(sum(absence_or_leave_percent) filter (kind = 'self'), 0) as self_percent,
        bool_or(is_long_term) as is_long_term
    from intermediate.int_positions as position
    inner join absences_and_leaves on position.person_row = absences_and_leaves.person_row
        and (absences_and_leaves.position_no is null or absences_and_leaves.position_no = position.position_no)
    inner join days on days.calendar_date between greatest(position.from_date, absences_and_leaves.from_date)
        and least(position.to_date, absences_and_leaves.to_date)
    group by all
),

counted as (
    select position_days.unit_code, position_days.calendar_date, position_days.position_percent,
        100 - coalesce(leave_percent, 0) as available,
        least(coalesce(doctor_percent, 0), 100 - coalesce(leave_percent, 0)) as lost_doctor,
        least(
            100 - coalesce(doctor_percent, 0), coalesce(self_percent, 0),
            100 - coalesce(leave_percent, 0) - least(coalesce(doctor_percent, 0), 100 - coalesce(leave_percent, 0))
        ) as lost_self,
        coalesce(is_long_term, false) as is_long_term
    from position_days
    left join absence_or_leave_days using (position_row, calendar_date)
)

select period.period_type, period.period, ancestry.org_unit_code, ancestry.org_level,
    sum(cast(position_percent * available as decimal(18, 6))) / 10000 * any_value(possible_days_per_fte)
    / any_value(working_days_in_year) as possible_days,
    sum(cast(position_percent * (lost_doctor + lost_self) as decimal(18, 6))) / 10000 * any_value(possible_days_per_fte)
    / any_value(working_days_in_year) as lost_days,
    sum(cast(position_percent * (lost_doctor + lost_self) as decimal(18, 6))) filter (is_long_term) / 10000
    * any_value(possible_days_per_fte) / any_value(working_days_in_year) as long_term_days
from counted
inner join intermediate.int_periods as period on calendar_date between period.period_start and period.period_end
inner join intermediate.int_unit_ancestry as ancestry on counted.unit_code = ancestry.unit_code
group by all
