-- One row a stretch of days on which nothing about a position changes. Each absence adds its percent on its first day and takes
-- it back the day after its last; the running sum between two such days is what applies to the stretch.
with changes as (
    select
        position_row,
        from_date as change_date,
        case when kind = 'leave' then outage_percent else 0 end as leave_change,
        case when kind = 'doctor' then outage_percent else 0 end as doctor_change,
        case when kind = 'self' then outage_percent else 0 end as self_change,
        cast(is_long_term as integer) as long_term_change,
        1 as outages_change,
        outage_row as row_change
    from {{ ref('int_position_absences') }}
    union all
    select
        position_row,
        to_date + 1 as change_date,
        case when kind = 'leave' then -outage_percent else 0 end as leave_change,
        case when kind = 'doctor' then -outage_percent else 0 end as doctor_change,
        case when kind = 'self' then -outage_percent else 0 end as self_change,
        -cast(is_long_term as integer) as long_term_change,
        -1 as outages_change,
        -outage_row as row_change
    from {{ ref('int_position_absences') }}
    union all
    select
        position_row,
        from_date as change_date,
        0 as leave_change,
        0 as doctor_change,
        0 as self_change,
        0 as long_term_change,
        0 as outages_change,
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
        sum(outages_change) as outages_change,
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
        sum(outages_change) over by_day as outages,
        -- Where one outage is active, the sum is its row.
        sum(row_change) over by_day as sum_of_rows
    from change_days
    window by_day as (partition by position_row order by change_date)
),

stretches as (
    select
        running.position_row,
        running.from_date,
        coalesce(running.next_change - 1, position.to_date) as to_date,
        running.is_long_term,
        running.outages,
        running.sum_of_rows,
        position.unit_code,
        position.sex,
        position.birth_year,
        position.job_code,
        position.position_percent,
        cast(100 - least(100, running.leave_percent) as decimal(7, 4)) as available_percent,
        cast(least(100, running.doctor_percent) as decimal(7, 4)) as doctor_percent,
        cast(
            least(100 - least(100, running.doctor_percent), running.self_percent) as decimal(7, 4)
        ) as self_percent
    from running
    inner join {{ ref('int_positions') }} as position on running.position_row = position.position_row
    where running.from_date <= position.to_date
)

select
    stretch.position_row,
    stretch.from_date,
    stretch.to_date,
    stretch.unit_code,
    stretch.sex,
    stretch.birth_year,
    stretch.job_code,
    cast(stretch.position_percent as decimal(7, 4)) as position_percent,
    stretch.available_percent,
    least(stretch.doctor_percent, stretch.available_percent) as lost_doctor_percent,
    least(
        stretch.self_percent, stretch.available_percent - least(stretch.doctor_percent, stretch.available_percent)
    ) as lost_self_percent,
    stretch.is_long_term,
    cast(stretch.outages as integer) as outages,
    cast(case when stretch.outages = 1 then stretch.sum_of_rows end as bigint) as only_outage_row,
    before.working_day_index as index_before,
    through.working_day_index as index_through
from stretches as stretch
inner join {{ ref('int_calendar') }} as before on stretch.from_date - 1 = before.calendar_date
inner join {{ ref('int_calendar') }} as through on stretch.to_date = through.calendar_date
-- Whoever asks for a period's stretches reads little of the years before it.
order by year(stretch.to_date), stretch.position_row
