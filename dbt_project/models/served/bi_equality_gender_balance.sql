-- A unit whose sexes are not shown is what full_time_by_unit has on the year's last reference date; that table knows nothing of
-- who is temporary.
with balance as (
    select *
    from {{ ref('equality_gender_balance') }}
),

of_cells as (
    select
        year,
        org_level,
        org_unit_code,
        any_value(org_unit_name) as org_unit_name,
        any_value(period_start) as period_start,
        any_value(period_end) as period_end,
        bool_or(is_partial) as is_partial,
        count(withheld) > 0 as hides_some,
        {{ for_each(balance_measures(), 'sum(?) as ?') }}
    from balance
    group by year, org_level, org_unit_code
),

year_ends as (
    select max(reference_date) as reference_date
    from {{ ref('full_time_by_unit') }}
    where source = 'payroll'
    group by year(reference_date)
),

of_units as (
    select
        year(figures.reference_date) as year,
        figures.org_level,
        figures.org_unit_code,
        figures.headcount as employees,
        figures.fte,
        null as temporary_employees,
        figures.part_time as part_time_employees,
        figures.involuntary_part_time,
        figures.part_time_answered
    from {{ ref('full_time_by_unit') }} as figures
    inner join year_ends on figures.reference_date = year_ends.reference_date
    where figures.source = 'payroll' and figures.withheld is null
),

units as (
    select
        of_cells.* exclude ({{ balance_measures() | join(', ') }}),
        cast(of_cells.year as varchar) as decided_for,
        true as deciding,
        {{ for_each(balance_measures(), 'case when of_cells.hides_some then of_units.? else of_cells.? end as ?') }}
    from of_cells
    left join of_units
        on
            of_cells.year = of_units.year
            and of_cells.org_level = of_units.org_level
            and of_cells.org_unit_code = of_units.org_unit_code
    where not of_cells.hides_some or of_units.employees is not null
),

cells as (
    select balance.*
    from balance
    inner join units
        on
            balance.year = units.year
            and balance.org_level = units.org_level
            and balance.org_unit_code = units.org_unit_code
    where balance.withheld is null
),

{{ split_units(
    ['year', 'org_level', 'org_unit_code'],
    'sex',
    balance_measures(),
    {'involuntary_percent': ['involuntary_part_time', 'part_time_answered']},
    'employees',
    served_threshold('full_time_by_unit')
) }}

select
    part.year,
    units.period_start,
    units.period_end,
    units.is_partial,
    part.org_level,
    {{ org_level_sort('part.org_level') }} as org_level_sort,
    part.org_unit_code,
    units.org_unit_name,
    coalesce(unit.is_nested, false) as is_nested,
    {{ level_columns('part.org_level') }}
    part.sex,
    part.is_remainder,
    cast(part.employees as bigint) as employees,
    {{ exact('part.fte') }} as fte,
    cast(units.employees as bigint) as all_employees,
    {{ exact('units.fte') }} as all_fte,
    {{ percent_of('part.employees', 'units.employees') }} as employees_percent,
    {{ percent_of('part.fte', 'units.fte') }} as fte_percent,
    cast(part.temporary_employees as bigint) as temporary_employees,
    cast(part.part_time_employees as bigint) as part_time_employees,
    cast(part.involuntary_part_time as bigint) as involuntary_part_time,
    cast(part.part_time_answered as bigint) as part_time_answered,
    part.involuntary_percent
from parts as part
inner join units
    on part.year = units.year and part.org_level = units.org_level and part.org_unit_code = units.org_unit_code
left join {{ ref('org_units') }} as unit on part.org_level = unit.org_level and part.org_unit_code = unit.org_unit_code
