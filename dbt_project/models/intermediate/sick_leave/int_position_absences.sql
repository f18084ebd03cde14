-- One row a position period and each sick absence or leave that falls in it, cut to the position's days. A row with a position
-- number applies to that position, one without to all the person's positions.
with absences_and_leaves as (
    select
        absence.absence_row as absence_or_leave_row,
        spell.person_row,
        absence.position_no,
        absence.certification as kind,
        absence.absence_percent as absence_or_leave_percent,
        absence.from_date,
        absence.to_date,
        spell.is_long_term
    from {{ ref('stg_absences') }} as absence
    inner join {{ ref('int_spells') }} as spell on absence.absence_row = spell.absence_row
    union all
    select
        leaves.leave_row as absence_or_leave_row,
        person.person_row,
        leaves.position_no,
        'leave' as kind,
        leaves.leave_percent as absence_or_leave_percent,
        leaves.from_date,
        leaves.to_date,
        false as is_long_term
    from {{ ref('stg_leaves') }} as leaves
    inner join {{ ref('stg_persons') }} as person on leaves.employee_no = person.employee_no
)

select
    position.position_row,
    absence_or_leave.absence_or_leave_row,
    absence_or_leave.kind,
    absence_or_leave.absence_or_leave_percent,
    absence_or_leave.is_long_term,
    greatest(absence_or_leave.from_date, position.from_date) as from_date,
    least(coalesce(absence_or_leave.to_date, position.to_date), position.to_date) as to_date
from {{ ref('int_positions') }} as position
inner join absences_and_leaves as absence_or_leave
    on
        position.person_row = absence_or_leave.person_row
        and position.from_date <= coalesce(absence_or_leave.to_date, position.to_date)
        and position.to_date >= absence_or_leave.from_date
where absence_or_leave.position_no is null or absence_or_leave.position_no = position.position_no
