-- One row a unit and each place its figures count: itself, every unit above it, and the group that the nearest unit with a
-- value on the way up decides.
with recursive climb as (
    select
        unit_code,
        unit_code as ancestor_code,
        0 as distance
    from {{ ref('stg_units') }}
    union all
    select
        climb.unit_code,
        unit.parent_code as ancestor_code,
        climb.distance + 1 as distance
    from climb
    inner join {{ ref('stg_units') }} as unit on climb.ancestor_code = unit.unit_code
    where unit.parent_code is not null
),

nearest_group as (
    select
        climb.unit_code,
        arg_min(ancestor.group_name, climb.distance) as group_name
    from climb
    inner join {{ ref('stg_units') }} as ancestor on climb.ancestor_code = ancestor.unit_code
    where ancestor.group_name is not null
    group by climb.unit_code
),

places as (
    select
        climb.unit_code,
        climb.distance,
        ancestor.unit_level as org_level,
        ancestor.unit_code as org_unit_code,
        ancestor.unit_name as org_unit_name
    from climb
    inner join {{ ref('stg_units') }} as ancestor on climb.ancestor_code = ancestor.unit_code
    union all
    select
        unit_code,
        cast(null as integer) as distance,
        'gruppe' as org_level,
        group_name as org_unit_code,
        group_name as org_unit_name
    from nearest_group
)

select
    unit_code,
    distance,
    cast(dense_rank() over (order by org_level, org_unit_code) as integer) as org_key,
    org_level,
    org_unit_code,
    org_unit_name
from places
