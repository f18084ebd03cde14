-- One row a name that stands for one unit: of units of the same name the topmost, unless several share that level.
with ranked as (
    select
        {{ bare_unit_name('unit_name') }} as bare_name,
        unit_code,
        rank() over (
            partition by {{ bare_unit_name('unit_name') }}
            order by {{ org_level_sort('unit_level') }}
        ) as place
    from {{ ref('stg_units') }}
)

select
    bare_name,
    min(unit_code) as unit_code
from ranked
where place = 1
group by bare_name
having count(*) = 1
