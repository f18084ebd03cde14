-- One row a segment of days of a position, on which nothing about it changes. Each absence or leave adds its percent on its
-- first day and takes it back the day after its last. The running sum between two such days applies to the segment.
with changes as (
    select
        position_row,
        from_date as change_date,
        case when kind = 'leave' then absence_or_leave_percent else 0 end as leave_change,
        case when kind = 'doctor' then absence_or_leave_percent else 0 end as doctor_change,
        case when kind = 'self' then absence_or_leave_percent else 0 end as self_change,
        cast(is_long_term as integer) as long_term_change,
        1 as number_change,
        absence_or_leave_row as row_change
    from {{ ref('int_position_absences') }}
    union all
    select
        position_row,
        to_date + 1 as change_date,
        case when kind = 'leave' then -absence_or_leave_percent else 0 end as leave_change,
        case when kind = 'doctor' then -absence_or_leave_percent else 0 end as doctor_change,
        case when kind = 'self' then -absence_or_leave_percent else 0 end as self_change,
        -cast(is_long_term as integer) as long_term_change,
        -1 as number_change,
        -absence_or_leave_row as row_change
    from {{ ref('int_position_absences') }}
    union all
    select
        position_row,
        from_date as change_date,
        0 as leave_change,
        0 as doctor_change,
        0 as self_change,
        0 as long_term_change,
        0 as number_change,
        0 as row_change
    from {{ ref('int_positions') }}
),

change_days as (
    select
        position_row,
        change_date,
        sum(leave_change) as leave_change,
        sum(doctor_change) as doctor_change,
        sum(self_change) as self_change,
        sum(long_term_change) as long_term_change,
        sum(number_change) as number_change,
        sum(row_change) as row_change
    from changes
    group by position_row, change_date
),

running as (
    select
        position_row,
        change_date as from_date,
        lead(change_date) over by_day as next_change,
        sum(leave_change) over by_day as leave_percent,
        sum(doctor_change) over by_day as doctor_percent,
        sum(self_change) over by_day as self_percent,
        sum(long_term_change) over by_day > 0 as is_long_term,
        sum(number_change) over by_day as absences_and_leaves,
        -- Where one absence or leave is active, the sum is its row.
        sum(row_change) over by_day as sum_of_rows
    from change_days
    window by_day as (partition by position_row order by change_date)
),

segments as (
    select
        running.position_row,
        running.from_date,
        coalesce(running.next_change - 1, position.to_date) as to_date,
        running.is_long_term,
        running.absences_and_leaves,
        running.sum_of_rows,
        position.unit_code,
        position.sex,
        position.birth_year,
        position.job_code,
        position.position_percent,
        cast(running.leave_percent as decimal(9, 4)) as leaves,
        cast(running.doctor_percent as decimal(9, 4)) as doctors,
        cast(running.self_percent as decimal(9, 4)) as selves
    from running
    inner join {{ ref('int_positions') }} as position on running.position_row = position.position_row
    where running.from_date <= position.to_date
)

select
    segment.position_row,
    segment.from_date,
    segment.to_date,
    segment.unit_code,
    segment.sex,
    segment.birth_year,
    segment.job_code,
    cast(segment.position_percent as decimal(7, 4)) as position_percent,
    cast(formulas.available_percent(segment.leaves) as decimal(7, 4)) as available_percent,
    cast(formulas.lost_doctor_percent(segment.leaves, segment.doctors) as decimal(7, 4)) as lost_doctor_percent,
    cast(formulas.lost_graded_percent(segment.leaves, segment.doctors) as decimal(7, 4)) as lost_graded_percent,
    cast(
        formulas.lost_self_percent(segment.leaves, segment.doctors, segment.selves) as decimal(7, 4)
    ) as lost_self_percent,
    segment.is_long_term,
    cast(segment.absences_and_leaves as integer) as absences_and_leaves,
    cast(case when segment.absences_and_leaves = 1 then segment.sum_of_rows end as bigint) as only_absence_or_leave_row,
    before.working_day_index as index_before,
    through.working_day_index as index_through
from segments as segment
inner join {{ ref('int_calendar') }} as before on segment.from_date - 1 = before.calendar_date
inner join {{ ref('int_calendar') }} as through on segment.to_date = through.calendar_date
-- Whoever asks for a period's segments reads little of the years before it.
order by year(segment.to_date), segment.position_row
