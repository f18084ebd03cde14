with totals as (
    select
        cell.worked_month as month,
        ancestry.org_level,
        ancestry.org_unit_code,
        ancestry.org_unit_name,
        formulas.fte(sum(cell.position_percent)) as fte,
        formulas.fte(sum(cell.vikar_percent)) as vikar_fte,
        formulas.variable_fte(sum(cell.counted_hours)) as variable_fte,
        formulas.variable_fte(sum(cell.substitute_hours)) as variable_substitute_fte,
        cast(sum(cell.overtime_hours) as double) as overtime_hours
    from {{ ref('int_substitute_months') }} as cell
    inner join {{ ref('int_unit_ancestry') }} as ancestry on cell.unit_code = ancestry.unit_code
    group by all
)

select
    month,
    org_level,
    org_unit_code,
    org_unit_name,
    variable_fte,
    vikar_fte + variable_substitute_fte as substitute_fte,
    100 * (vikar_fte + variable_substitute_fte) / nullif(fte + variable_fte, 0) as substitute_percent,
    overtime_hours,
    avg(fte) over (partition by left(month, 4), org_level, org_unit_code) as fte_of_year,
    cast(null as varchar) as withheld
from totals
