-- One row a unit or group (gruppe). `org_key` is its number in the models that sum by unit: names would be most of what is
-- hashed at national size.
with org_units as (
    select
        unit_level as org_level,
        unit_code as org_unit_code,
        unit_name as org_unit_name
    from {{ ref('stg_units') }}
    union all
    select distinct
        'gruppe' as org_level,
        group_name as org_unit_code,
        group_name as org_unit_name
    from {{ ref('stg_units') }}
    where group_name is not null
)

select
    cast(row_number() over (order by org_level, org_unit_code) as integer) as org_key,
    org_level,
    org_unit_code,
    org_unit_name
from org_units
