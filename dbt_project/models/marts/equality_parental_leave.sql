with totals as (
    select
        calendar_year,
        sex,
        leave_coverage,
        count(*) as takers,
        sum(leave_days) as leave_days
    from {{ ref('int_parental_leave_days') }}
    group by calendar_year, sex, leave_coverage
),

-- Whoever's leave ended in a year was on leave in it.
ended as (
    select
        calendar_year,
        sex,
        leave_coverage,
        count(*) as leaves,
        count(distinct employee_no) as persons,
        sum(percent_days) as percent_days
    from {{ ref('int_ended_parental_leaves') }}
    group by calendar_year, sex, leave_coverage
)

select
    totals.calendar_year as year,
    {{ year_period('totals.calendar_year') }}
    reference.is_before_year_end as is_partial,
    totals.sex,
    totals.leave_coverage,
    totals.takers as parental_leave_takers,
    cast(totals.leave_days as bigint) as parental_leave_days,
    cast(totals.leave_days as double) / totals.takers as parental_leave_mean_days,
    cast(totals.leave_days as double) / (7 * totals.takers) as parental_leave_mean_weeks,
    coalesce(ended.leaves, 0) as ended_leaves,
    coalesce(cast(ended.percent_days as double) / 100, 0) as ended_leave_days,
    cast(ended.percent_days as double) / (100 * 7 * ended.leaves) as ended_leave_mean_weeks,
    -- Fewer persons whose leave has ended than the threshold withhold the cell. That nobody's has ended may be served.
    coalesce(ended.persons, totals.takers) as fewest_persons,
    cast(null as varchar) as withheld
from totals
left join ended
    on
        totals.calendar_year = ended.calendar_year
        and totals.sex = ended.sex
        and totals.leave_coverage = ended.leave_coverage
inner join {{ ref('int_reference_dates') }} as reference
    on totals.calendar_year = reference.calendar_year and reference.is_last_of_year
