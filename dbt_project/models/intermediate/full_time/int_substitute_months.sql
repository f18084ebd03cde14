-- Positions and variable hours by unit and month of the series in which hours were delivered. Positions are those of the
-- full-time population on the month's reference date that are not on full leave (metrics.md 5). Hours are measured by the
-- full-time week of the person's position that month: of several one in the hours' unit, then the largest.
with months as (
    select
        month.month_index,
        month.month_period as worked_month,
        month.first_day,
        -- A position that begins after the as-of date does not count yet.
        least(last_day(month.first_day), series.as_of) as last_day
    from {{ ref('int_months') }} as month
    cross join {{ ref('int_series') }} as series
    semi join {{ ref('stg_variable_hours') }} as hours on month.month_period = hours.worked_month
),

weeks as (
    select
        hours.file_sha256,
        hours.row_number,
        arg_min(
            held.position_row, (held.unit_code <> hours.unit_code, -held.position_percent, held.position_row)
        ) as week_position_row
    from {{ ref('stg_variable_hours') }} as hours
    inner join months on hours.worked_month = months.worked_month
    inner join {{ ref('stg_positions') }} as held
        on
            hours.employee_no = held.employee_no
            and held.valid_from <= months.last_day
            and coalesce(held.valid_to, months.last_day) >= months.first_day
    group by hours.file_sha256, hours.row_number
)

select
    months.worked_month,
    held.unit_code,
    held.position_percent,
    case when held.employment_form = 'Vikar' then held.position_percent else 0 end as vikar_percent,
    cast(null as decimal(7, 4)) as weekly_hours,
    cast(null as bigint) as week_position_row,
    0 as counted_hours,
    0 as substitute_hours,
    0 as overtime_hours,
    cast(null as decimal(18, 2)) as hours_pay,
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
    coalesce(held.weekly_hours, 37.5) as weekly_hours,
    weeks.week_position_row,
    hours.hours as counted_hours,
    case when hours.is_substitute then hours.hours else 0 end as substitute_hours,
    case when hours.is_overtime then hours.hours else 0 end as overtime_hours,
    hours.hours_pay,
    'variable_timer' as feed,
    hours.file_sha256,
    hours.row_number
from {{ ref('stg_variable_hours') }} as hours
semi join months on hours.worked_month = months.worked_month
left join weeks on hours.file_sha256 = weeks.file_sha256 and hours.row_number = weeks.row_number
left join {{ ref('stg_positions') }} as held on weeks.week_position_row = held.position_row
where hours.is_counted
