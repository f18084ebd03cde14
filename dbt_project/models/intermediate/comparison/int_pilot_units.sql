-- One row a pilot and unit: those in the pilot with everything below them, and the rest of their tjenesteområde.
with inside as (
    select distinct
        pilot.pilot,
        ancestry.unit_code
    from {{ ref('stg_pilots') }} as pilot
    inner join {{ ref('int_unit_ancestry') }} as ancestry
        on pilot.unit_code = ancestry.org_unit_code and ancestry.org_level <> 'gruppe'
),

areas as (
    select distinct
        pilot.pilot,
        ancestry.org_unit_code as area_code
    from {{ ref('stg_pilots') }} as pilot
    inner join {{ ref('int_unit_ancestry') }} as ancestry
        on pilot.unit_code = ancestry.unit_code and ancestry.org_level = 'tjenesteområde'
),

around as (
    select distinct
        areas.pilot,
        ancestry.unit_code
    from areas
    inner join {{ ref('int_unit_ancestry') }} as ancestry
        on areas.area_code = ancestry.org_unit_code and ancestry.org_level = 'tjenesteområde'
)

select
    pilot,
    unit_code,
    true as is_inside
from inside
union all
select
    around.pilot,
    around.unit_code,
    false as is_inside
from around
anti join inside on around.pilot = inside.pilot and around.unit_code = inside.unit_code
