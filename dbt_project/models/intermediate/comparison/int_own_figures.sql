-- The municipality's own figures in long form, one row an indicator, period and unit: what targets and benchmarks compare with.
with sick_leave as (
    unpivot (
        select
            period_type,
            period,
            org_level,
            org_unit_code,
            org_unit_name,
            sick_leave_percent,
            self_certified_percent,
            doctor_certified_percent,
            short_term_percent,
            long_term_percent
        from {{ ref('sick_leave_by_unit') }}
    )
    on sick_leave_percent, self_certified_percent, doctor_certified_percent, short_term_percent, long_term_percent
    into name indicator value figure
),

-- A year given for a full-time figure means the year's last reference date.
full_time_periods as (
    select
        'month' as period_type,
        month_period as period,
        reference_date
    from {{ ref('int_reference_dates') }}
    union all
    select
        'year' as period_type,
        cast(calendar_year as varchar) as period,
        reference_date
    from {{ ref('int_reference_dates') }}
    where is_last_of_year
),

full_time as (
    unpivot (
        select
            full_time_period.period_type,
            full_time_period.period,
            mart.org_level,
            mart.org_unit_code,
            mart.org_unit_name,
            mart.full_time_80_percent,
            mart.full_time_100_percent,
            mart.average_position_percent
        from {{ ref('full_time_by_unit') }} as mart
        inner join full_time_periods as full_time_period on mart.reference_date = full_time_period.reference_date
        where mart.source = 'payroll'
    )
    on full_time_80_percent, full_time_100_percent, average_position_percent
    into name indicator value figure
)

select
    period_type,
    period,
    org_level,
    org_unit_code,
    org_unit_name,
    indicator,
    figure
from sick_leave
union all
select
    period_type,
    period,
    org_level,
    org_unit_code,
    org_unit_name,
    indicator,
    figure
from full_time
