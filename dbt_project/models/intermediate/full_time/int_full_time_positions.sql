-- One row a source, reference date and position that counts for full time on that date (metrics.md 5). PAI has its own date,
-- 1 December, and knows persons by their national number; the marts keep the sources apart. `is_only_position`: the person
-- holds no other that could count beside it, so that the position's percent is the person's in every unit above.
with counted as (
    select
        held.position_row,
        held.employee_no,
        held.unit_code,
        held.job_code,
        held.position_percent,
        held.wants_larger_position,
        held.valid_from,
        coalesce(held.valid_to, date '9999-12-31') as valid_to
    from {{ ref('stg_positions') }} as held
    inner join {{ ref('populations') }} as population on held.employment_form = population.employment_form
    where population.in_full_time and held.position_percent > 0
),

beside_another as (
    select distinct held.position_row
    from counted as held
    inner join counted as other
        on
            held.employee_no = other.employee_no
            and held.position_row <> other.position_row
            and held.valid_from <= other.valid_to
            and held.valid_to >= other.valid_from
)

select
    'payroll' as source,
    reference.reference_date,
    held.position_row,
    held.employee_no as person_id,
    held.unit_code,
    held.job_code,
    held.position_percent,
    held.wants_larger_position,
    beside_another.position_row is null as is_only_position
from counted as held
inner join {{ ref('int_reference_dates') }} as reference
    on reference.reference_date between held.valid_from and held.valid_to
left join beside_another on held.position_row = beside_another.position_row
left join {{ ref('int_full_leave_dates') }} as full_leave
    on held.position_row = full_leave.position_row and reference.reference_date = full_leave.reference_date
where full_leave.position_row is null
union all
select
    'pai' as source,
    reference_date,
    row_number as position_row,
    person_key as person_id,
    unit_code,
    job_code,
    position_percent,
    cast(null as varchar) as wants_larger_position,
    count(*) over (partition by pai_year, person_key) = 1 as is_only_position
from {{ ref('stg_pai') }}
where position_percent > 0
