-- One row a whole parental leave that has ended, by person and coverage, in the year in which its last day lies (metrics.md 7).
-- Rows with at most 14 days between the latest end so far and the next start are one leave. All its calendar days count, each
-- by the leave percents of that day together, up to 100.
with delivered as (
    select
        leaves.leave_row,
        leaves.employee_no,
        leaves.leave_coverage,
        leaves.from_date,
        coalesce(leaves.to_date, date '9999-12-31') as to_date,
        leaves.leave_percent
    from {{ ref('stg_leaves') }} as leaves
    cross join {{ ref('int_series') }} as series
    where leaves.leave_class = 'parental' and leaves.from_date <= series.as_of
),

{{ leaves_by_coverage() }}

numbered as (
    select
        *,
        count_if(latest_end is null or from_date - latest_end > 15) over (
            partition by employee_no, leave_coverage order by from_date, leave_row
            rows between unbounded preceding and current row
        ) as leave_no
    from with_latest_end
),

ended as (
    select
        numbered.employee_no,
        numbered.leave_coverage,
        numbered.leave_no,
        min(numbered.from_date) as from_date,
        max(numbered.to_date) as to_date
    from numbered
    cross join {{ ref('int_series') }} as series
    group by numbered.employee_no, numbered.leave_coverage, numbered.leave_no, series.as_of
    having max(numbered.to_date) <= series.as_of
),

changes as (
    select
        numbered.employee_no,
        numbered.leave_coverage,
        numbered.leave_no,
        unnest([numbered.from_date, numbered.to_date + 1]) as change_date,
        unnest([numbered.leave_percent, -numbered.leave_percent]) as change
    from numbered
    semi join ended
        on
            numbered.employee_no = ended.employee_no
            and numbered.leave_coverage = ended.leave_coverage
            and numbered.leave_no = ended.leave_no
),

change_days as (
    select
        employee_no,
        leave_coverage,
        leave_no,
        change_date,
        sum(change) as change
    from changes
    group by employee_no, leave_coverage, leave_no, change_date
),

running as (
    select
        employee_no,
        leave_coverage,
        leave_no,
        lead(change_date) over by_day - change_date as calendar_days,
        least(100, sum(change) over by_day) as leave_percent
    from change_days
    window by_day as (partition by employee_no, leave_coverage, leave_no order by change_date)
)

select
    cast(year(ended.to_date) as integer) as calendar_year,
    person.sex,
    ended.employee_no,
    ended.leave_coverage,
    cast(ended.leave_no as integer) as leave_no,
    ended.from_date,
    ended.to_date,
    sum(running.leave_percent * running.calendar_days) as percent_days
from ended
inner join running
    on
        ended.employee_no = running.employee_no
        and ended.leave_coverage = running.leave_coverage
        and ended.leave_no = running.leave_no
inner join {{ ref('stg_persons') }} as person on ended.employee_no = person.employee_no
group by person.sex, ended.employee_no, ended.leave_coverage, ended.leave_no, ended.from_date, ended.to_date
