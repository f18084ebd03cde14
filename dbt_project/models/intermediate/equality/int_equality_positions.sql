-- One row a year and position of the equality population on the year's reference date, without the municipal director
-- (metrics.md 7). `size_rank` puts a person's positions in order of size; of equal ones the lowest number comes first, numbers
-- compared as numbers (2 before 10) and before any that hold letters.
select
    reference.calendar_year,
    reference.is_before_year_end as is_partial,
    held.position_row,
    held.employee_no,
    person.sex,
    held.unit_code,
    held.position_percent,
    held.employment_form in ('Vikar', 'Midlertidig') as is_temporary,
    held.wants_larger_position,
    held.leader_level,
    held.annual_salary,
    held.pay_group,
    full_leave.position_row is not null as is_on_full_leave,
    row_number() over (
        partition by reference.calendar_year, held.employee_no
        order by held.position_percent desc, try_cast(held.position_no as hugeint) asc nulls last, held.position_no asc
    ) as size_rank
from {{ ref('stg_positions') }} as held
inner join {{ ref('stg_persons') }} as person on held.employee_no = person.employee_no
inner join {{ ref('populations') }} as population
    on held.employment_form = population.employment_form and population.in_equality
inner join {{ ref('int_reference_dates') }} as reference
    on
        reference.is_last_of_year
        and reference.reference_date between held.valid_from and coalesce(held.valid_to, reference.reference_date)
left join {{ ref('int_full_leave_dates') }} as full_leave
    on held.position_row = full_leave.position_row and reference.reference_date = full_leave.reference_date
where held.position_percent > 0 and held.leader_level is distinct from 'Kommunedirektør'
