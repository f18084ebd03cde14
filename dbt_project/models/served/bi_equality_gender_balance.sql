-- A unit whose sexes are not shown is what full_time_by_unit has on the year's last reference date; that table knows nothing of who is
-- temporary.
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
        {% for name in ['employees', 'fte', 'temporary_employees', 'part_time_employees', 'involuntary_part_time', 'part_time_answered'] %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from balance
    group by year, org_level, org_unit_code
),

year_ends as (
    select
        year(reference_date) as year,
        max(reference_date) as reference_date
    from {{ ref('full_time_by_unit') }}
    where source = 'payroll'
    group by year(reference_date)
),

of_units as (
    select
        year_ends.year,
        figures.*
    from year_ends
    inner join {{ ref('full_time_by_unit') }} as figures using (reference_date)
    where figures.source = 'payroll' and figures.withheld is null
),

units as (
    select
        of_cells.* exclude (employees, fte, temporary_employees, part_time_employees, involuntary_part_time, part_time_answered),
        cast(of_cells.year as varchar) as decided_for,
        true as deciding,
        case when of_cells.hides_some then of_units.headcount else of_cells.employees end as employees,
        case when of_cells.hides_some then of_units.fte else of_cells.fte end as fte,
        case when not of_cells.hides_some then of_cells.temporary_employees end as temporary_employees,
        case when of_cells.hides_some then of_units.part_time else of_cells.part_time_employees end as part_time_employees,
        case when of_cells.hides_some then of_units.involuntary_part_time else of_cells.involuntary_part_time end as involuntary_part_time,
        case when of_cells.hides_some then of_units.part_time_answered else of_cells.part_time_answered end as part_time_answered
    from of_cells
    left join of_units using (year, org_level, org_unit_code)
    left join {{ ref('org_units') }} as unit using (org_level, org_unit_code)
    where not coalesce(unit.is_nested, false) and (not of_cells.hides_some or of_units.headcount is not null)
),

cells as (
    select balance.*
    from balance
    semi join units using (year, org_level, org_unit_code)
    where balance.withheld is null
),

{{ split_units(
    ['year', 'org_level', 'org_unit_code'],
    'sex',
    ['fte', 'employees', 'temporary_employees', 'part_time_employees', 'involuntary_part_time', 'part_time_answered'],
    {
        'involuntary_percent': ['involuntary_part_time', 'part_time_answered']
    },
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
inner join units using (year, org_level, org_unit_code)
left join {{ ref('org_units') }} as unit using (org_level, org_unit_code)
