with persons as (
    select
        held.calendar_year,
        held.is_partial,
        ancestry.org_key,
        held.sex,
        held.employee_no,
        sum(held.position_percent) as person_percent,
        arg_min(held.is_temporary, held.size_rank) as is_temporary,
        coalesce(bool_or(held.wants_larger_position = 'Ja'), false) as wants_larger,
        count(held.wants_larger_position) > 0 as has_answered
    from {{ ref('int_equality_positions') }} as held
    inner join {{ ref('int_unit_ancestry') }} as ancestry on held.unit_code = ancestry.unit_code
    where not held.is_on_full_leave
    group by all
),

totals as (
    select
        calendar_year,
        is_partial,
        org_key,
        sex,
        count(*) as employees,
        sum(person_percent) as total_percent,
        count_if(is_temporary) as temporary_employees,
        count_if(formulas.is_part_time(person_percent)) as part_time_employees,
        count_if(formulas.is_involuntary_part_time(person_percent, wants_larger)) as involuntary_part_time,
        count_if(formulas.has_answered_part_time(person_percent, has_answered)) as part_time_answered
    from persons
    group by all
)

select
    totals.calendar_year as year,
    {{ year_period('totals.calendar_year') }}
    totals.is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    totals.sex,
    totals.employees,
    {{ fte_of_percent('totals.total_percent') }} as fte,
    {{ percent_of('totals.employees', 'sum(totals.employees) over both_sexes') }} as employees_percent,
    {{ percent_of('totals.total_percent', 'sum(totals.total_percent) over both_sexes') }} as fte_percent,
    cast(totals.temporary_employees as bigint) as temporary_employees,
    cast(totals.part_time_employees as bigint) as part_time_employees,
    {{ of_asked('cast(totals.involuntary_part_time as bigint)', 'totals.part_time_answered') }} as involuntary_part_time,
    cast(totals.part_time_answered as bigint) as part_time_answered,
    {{ percent_of('totals.involuntary_part_time', 'totals.part_time_answered') }} as involuntary_percent,
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_org_units') }} as org_unit on totals.org_key = org_unit.org_key
window both_sexes as (partition by totals.calendar_year, totals.org_key)
