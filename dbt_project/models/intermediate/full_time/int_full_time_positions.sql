-- One row a source, reference date and position that counts for full time on that date (metrics.md 5). PAI has its own date,
-- 1 December, and knows persons by their national number; the marts keep the sources apart. PAI has no sex: it is that of the
-- person of the payroll system with the same national number. `is_only_position`: the person holds no other position that could
-- count beside it, so that the position's percent is the person's in every unit above.
with beside_another as (
    select distinct held.position_row
    from {{ ref('stg_positions') }} as held
    inner join {{ ref('stg_positions') }} as other
        on
            held.employee_no = other.employee_no
            and held.position_row <> other.position_row
            and held.valid_from <= coalesce(other.valid_to, held.valid_from)
            and coalesce(held.valid_to, other.valid_from) >= other.valid_from
    where held.in_full_time and other.in_full_time
),

known_persons as (
    select
        person_key,
        arg_min(sex, person_row) as sex
    from {{ ref('stg_persons') }}
    group by person_key
)

select
    'payroll' as source,
    held.reference_date,
    held.position_row,
    held.employee_no as person_id,
    held.unit_code,
    held.job_code,
    person.sex,
    held.position_percent,
    held.wants_larger_position,
    cast(null as boolean) as is_vocational_or_higher,
    beside_another.position_row is null as is_only_position
from {{ ref('int_counted_positions') }} as held
inner join {{ ref('stg_persons') }} as person on held.employee_no = person.employee_no
left join beside_another on held.position_row = beside_another.position_row
where held.in_full_time and not held.is_on_full_leave
union all
select
    'pai' as source,
    pai.reference_date,
    pai.row_number as position_row,
    pai.person_key as person_id,
    pai.unit_code,
    pai.job_code,
    coalesce(person.sex, 'ukjent') as sex,
    pai.position_percent,
    cast(null as varchar) as wants_larger_position,
    education.is_vocational_or_higher,
    count(*) over (partition by pai.pai_year, pai.person_key) = 1 as is_only_position
from {{ ref('stg_pai') }} as pai
inner join {{ ref('int_series') }} as series on pai.reference_date between series.first_day and series.as_of
left join known_persons as person on pai.person_key = person.person_key
left join {{ ref('education_levels') }} as education on left(pai.education_code, 1) = education.first_digit
where pai.position_percent > 0
