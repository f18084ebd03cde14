with totals as (
    select
        calendar_year,
        sex,
        leave_coverage,
        count(*) as takers,
        sum(leave_days) as leave_days
    from {{ ref('int_parental_leave_days') }}
    group by calendar_year, sex, leave_coverage
)

select
    totals.calendar_year as year,
    reference.is_before_year_end as is_partial,
    totals.sex,
    totals.leave_coverage,
    totals.takers as parental_leave_takers,
    cast(totals.leave_days as bigint) as parental_leave_days,
    cast(totals.leave_days as double) / totals.takers as parental_leave_mean_days,
    cast(totals.leave_days as double) / (7 * totals.takers) as parental_leave_mean_weeks,
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_reference_dates') }} as reference
    on totals.calendar_year = reference.calendar_year and reference.is_last_of_year
