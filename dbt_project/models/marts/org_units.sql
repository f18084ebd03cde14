with recursive paths as (
    select
        unit_code,
        unit_name as path
    from {{ ref('stg_units') }}
    where parent_code is null
    union all
    select
        unit.unit_code,
        paths.path || ' / ' || unit.unit_name as path
    from {{ ref('stg_units') }} as unit
    inner join paths on unit.parent_code = paths.unit_code
)

select
    unit.unit_level as org_level,
    unit.unit_code as org_unit_code,
    unit.unit_name as org_unit_name,
    unit.parent_code,
    paths.path
from {{ ref('stg_units') }} as unit
inner join paths on unit.unit_code = paths.unit_code
