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

-- FULL TIME, to be filled in when full_time_by_unit is there: rows of source payroll, period_type year for the last reference
-- date of each year and month for every one, indicators full_time_80_percent, full_time_100_percent, average_position_percent.
full_time as (
    select *
    from sick_leave
    where false
)

select * from sick_leave
union all
select * from full_time
