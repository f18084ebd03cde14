-- Whether a person has joined or left is asked of each unit and form as a whole: who moves between two departments has left
-- the first, but not the area above both. The persons on the date are those of twelve months before, plus who has joined, less
-- who has left. A person who has joined and left in between counts in both.
with persons as (
    select
        held.reference_date,
        held.has_year_before,
        ancestry.org_key,
        held.employment_form,
        held.employee_no,
        bool_or(held.is_held) as is_held,
        bool_or(held.is_held_before) as is_held_before,
        count_if(held.is_held) as positions,
        sum(case when held.is_held then held.position_percent else 0 end) as person_percent
    from {{ ref('int_workforce_positions') }} as held
    inner join {{ ref('int_unit_ancestry') }} as ancestry on held.unit_code = ancestry.unit_code
    group by held.reference_date, held.has_year_before, ancestry.org_key, held.employment_form, held.employee_no
),

totals as (
    select
        reference_date,
        has_year_before,
        org_key,
        employment_form,
        count_if(is_held) as persons,
        count_if(is_held_before) as persons_before,
        sum(positions) as positions,
        sum(person_percent) as total_percent,
        count_if(not is_held_before) as joined,
        count_if(not is_held) as left_since
    from persons
    group by reference_date, has_year_before, org_key, employment_form
    having count_if(is_held) > 0
)

select
    totals.reference_date,
    totals.reference_date as period_start,
    totals.reference_date as period_end,
    totals.reference_date < last_day(totals.reference_date) as is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    totals.employment_form,
    cast(totals.persons as bigint) as persons,
    cast(totals.positions as bigint) as positions,
    {{ fte_of_percent('totals.total_percent') }} as fte,
    case when totals.has_year_before then cast(totals.joined as bigint) end as joined_12m,
    case when totals.has_year_before then cast(totals.left_since as bigint) end as left_12m,
    case
        when totals.has_year_before
            then {{ percent_of('2 * totals.left_since', 'totals.persons + totals.persons_before') }}
    end as turnover_percent,
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_org_units') }} as org_unit on totals.org_key = org_unit.org_key
