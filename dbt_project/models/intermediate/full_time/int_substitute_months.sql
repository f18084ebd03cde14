-- Positions and variable hours by unit and month of the series in which hours were delivered. Positions are those of the
-- full-time population on the month's reference date that are not on full leave (metrics.md 5).
with months as (
    select
        month.month_index,
        month.month_period as worked_month
    from {{ ref('int_months') }} as month
    semi join {{ ref('stg_variable_hours') }} as hours on month.month_period = hours.worked_month
)

select
    months.worked_month,
    held.unit_code,
    held.position_percent,
    case when held.employment_form = 'Vikar' then held.position_percent else 0 end as vikar_percent,
    0 as counted_hours,
    0 as substitute_hours,
    0 as overtime_hours,
    'stillinger' as feed,
    held.file_sha256,
    held.position_row as row_number
from {{ ref('int_counted_positions') }} as held
inner join months on held.month_index = months.month_index
where held.in_full_time and not held.is_on_full_leave
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
