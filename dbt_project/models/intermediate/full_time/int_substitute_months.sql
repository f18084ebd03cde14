-- Positions and variable hours by month of the hours feed and unit. Positions are those of the full-time population on the
-- month's reference date, its last day or the as-of date, with less than 100 percent leave that day (metrics.md 5).
with months as (
    select distinct
        hours.worked_month,
        least(last_day(cast(hours.worked_month || '-01' as date)), series.as_of) as reference_date
    from {{ ref('stg_variable_hours') }} as hours
    cross join {{ ref('int_series') }} as series
    where cast(hours.worked_month || '-01' as date) <= series.as_of
),

positions as (
    select
        months.worked_month,
        position.position_row,
        position.file_sha256,
        position.unit_code,
        position.employment_form,
        position.position_percent,
        coalesce(sum(leave.leave_percent), 0) as leave_percent
    from {{ ref('stg_positions') }} as position
    inner join {{ ref('populations') }} as population
        on position.employment_form = population.employment_form and population.in_full_time
    inner join months
        on
            position.valid_from <= months.reference_date
            and coalesce(position.valid_to, months.reference_date) >= months.reference_date
    left join {{ ref('stg_leaves') }} as leave
        on
            position.employee_no = leave.employee_no
            and coalesce(leave.position_no, position.position_no) = position.position_no
            and leave.from_date <= months.reference_date
            and coalesce(leave.to_date, months.reference_date) >= months.reference_date
    where position.position_percent > 0
    group by
        months.worked_month,
        position.position_row,
        position.file_sha256,
        position.unit_code,
        position.employment_form,
        position.position_percent
)

select
    worked_month,
    unit_code,
    position_percent,
    case when employment_form = 'Vikar' then position_percent else 0 end as vikar_percent,
    0 as counted_hours,
    0 as substitute_hours,
    0 as overtime_hours,
    'stillinger' as feed,
    file_sha256,
    position_row as row_number
from positions
where leave_percent < 100
union all
select
    hours.worked_month,
    hours.unit_code,
    0 as position_percent,
    0 as vikar_percent,
    hours.hours as counted_hours,
    case when hours.is_substitute then hours.hours else 0 end as substitute_hours,
    case when hours.is_overtime then hours.hours else 0 end as overtime_hours,
    'variable_timer' as feed,
    hours.file_sha256,
    hours.row_number
from {{ ref('stg_variable_hours') }} as hours
semi join months on hours.worked_month = months.worked_month
where hours.is_counted
