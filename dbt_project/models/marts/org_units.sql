-- Units in the order of a tree that is folded out: each before what lies below it, siblings by code; the groups after them.
with recursive paths as (
    select
        unit_code,
        unit_name as path,
        [unit_code] as codes,
        [unit_level] as levels,
        [unit_name] as names
    from {{ ref('stg_units') }}
    where parent_code is null
    union all
    select
        unit.unit_code,
        paths.path || ' / ' || unit.unit_name as path,
        list_append(paths.codes, unit.unit_code) as codes,
        list_append(paths.levels, unit.unit_level) as levels,
        list_append(paths.names, unit.unit_name) as names
    from {{ ref('stg_units') }} as unit
    inner join paths on unit.parent_code = paths.unit_code
),

parents as (
    select distinct child.parent_code as unit_code
    from {{ ref('stg_units') }} as child
    where child.parent_code is not null
),

units as (
    select
        unit.unit_level as org_level,
        unit.unit_code as org_unit_code,
        unit.unit_name as org_unit_name,
        unit.parent_code,
        paths.path,
        len(paths.codes) as depth,
        parents.unit_code is null as is_leaf,
        list_position(paths.levels, unit.unit_level) < len(paths.levels) as is_nested,
        -- Where units of one level lie above each other, the topmost: those below are parts of it.
        {% for level in org_levels() %}
            paths.names[list_position(paths.levels, '{{ level }}')] as level_{{ loop.index }},
        {% endfor %}
        paths.codes
    from {{ ref('stg_units') }} as unit
    inner join paths on unit.unit_code = paths.unit_code
    left join parents on unit.unit_code = parents.unit_code
    union all by name
    select
        org_level,
        org_unit_code,
        org_unit_name,
        org_unit_name as path,
        true as is_leaf,
        false as is_nested,
        null as codes
    from {{ ref('int_org_units') }}
    where org_level = 'gruppe'
)

select
    org_level,
    org_unit_code,
    org_unit_name,
    parent_code,
    path,
    cast(depth as integer) as depth,
    is_leaf,
    is_nested,
    {{ org_level_sort('org_level') }} as org_level_sort,
    cast(row_number() over (order by codes nulls last, org_unit_code) as integer) as sort_order,
{% for level in org_levels() %}
    level_{{ loop.index }}{{ ',' if not loop.last }}
{% endfor %}
from units
