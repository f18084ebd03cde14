-- One row a segment with several absences or leaves, and each of them. `arsverk trace` finds here those that can be left out.
select
    position.person_row,
    segment.position_row,
    segment.from_date,
    segment.to_date,
    segment.index_before,
    segment.index_through,
    segment.available_percent,
    segment.lost_doctor_percent,
    segment.lost_graded_percent,
    segment.lost_self_percent,
    segment.is_long_term,
    absence_or_leave.kind,
    absence_or_leave.absence_or_leave_row,
    absence_or_leave.absence_or_leave_percent
from {{ ref('int_position_segments') }} as segment
inner join {{ ref('int_positions') }} as position on segment.position_row = position.position_row
inner join {{ ref('int_position_absences') }} as absence_or_leave
    on
        segment.position_row = absence_or_leave.position_row
        and segment.from_date >= absence_or_leave.from_date
        and segment.to_date <= absence_or_leave.to_date
where
    segment.absences_and_leaves > 1
    and (segment.available_percent < 100 or segment.lost_doctor_percent > 0 or segment.lost_self_percent > 0)
order by year(segment.to_date), segment.position_row
