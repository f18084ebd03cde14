-- Hours of the same full-time week are summed exactly and divided once; the few weeks there are are added in their order.
with by_week as (
    select
        cell.worked_month,
        ancestry.org_key,
        cell.weekly_hours,
        sum(cell.position_percent) as total_percent,
        sum(cell.vikar_percent) as vikar_percent,
        sum(cell.counted_hours) as counted_hours,
        sum(cell.substitute_hours) as substitute_hours,
        sum(cell.overtime_hours) as overtime_hours,
        sum(cell.hours_pay) as hours_pay
    from {{ ref('int_substitute_months') }} as cell
    inner join {{ ref('int_unit_ancestry') }} as ancestry on cell.unit_code = ancestry.unit_code
    group by cell.worked_month, ancestry.org_key, cell.weekly_hours
),

totals as (
    select
        worked_month as month,
        org_key,
        sum(total_percent) as total_percent,
        {{ fte_of_percent('sum(total_percent)') }} as fte,
        {{ fte_of_percent('sum(vikar_percent)') }} as vikar_fte,
        coalesce(sum({{ fte_of_hours('counted_hours', 'weekly_hours') }} order by weekly_hours), 0) as variable_fte,
        coalesce(
            sum({{ fte_of_hours('substitute_hours', 'weekly_hours') }} order by weekly_hours), 0
        ) as variable_substitute_fte,
        cast(sum(overtime_hours) as double) as overtime_hours,
        cast(sum(hours_pay) as double) as hours_pay
    from by_week
    group by worked_month, org_key
)

select
    totals.month,
    period.period_start,
    period.period_end,
    period.is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    totals.variable_fte,
    totals.vikar_fte + totals.variable_substitute_fte as substitute_fte,
    100 * (totals.vikar_fte + totals.variable_substitute_fte) / nullif(totals.fte + totals.variable_fte, 0)
        as substitute_percent,
    totals.overtime_hours,
    totals.fte + totals.variable_fte as all_fte,
    totals.hours_pay,
    -- Summed exactly, so that a closed year's figure is the same to the last digit every night: else it would be decided anew.
    {{ fte_of_percent('sum(totals.total_percent) over months_of_year') }} / count(*) over months_of_year as fte_of_year,
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_org_units') }} as org_unit on totals.org_key = org_unit.org_key
inner join {{ ref('int_periods') }} as period on period.period_type = 'month' and totals.month = period.period
window months_of_year as (partition by left(totals.month, 4), totals.org_key)
