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
        ancestor.unit_code as org_unit_code
    from climb
    inner join {{ ref('stg_units') }} as ancestor on climb.ancestor_code = ancestor.unit_code
    union all
    select
        unit_code,
        cast(null as integer) as distance,
        'gruppe' as org_level,
        group_name as org_unit_code
    from nearest_group
)

select
    places.unit_code,
    places.distance,
    org_unit.*
from places
inner join {{ ref('int_org_units') }} as org_unit
    on places.org_level = org_unit.org_level and places.org_unit_code = org_unit.org_unit_code
