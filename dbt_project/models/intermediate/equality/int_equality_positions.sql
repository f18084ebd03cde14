-- One row a year and position of the equality population on the year's reference date, without the municipal director
-- (metrics.md 7). `size_rank` puts a person's positions in order of size; of equal ones the lowest number comes first, numbers
-- compared as numbers (2 before 10) and before any that hold letters.
select
    held.calendar_year,
    held.is_before_year_end as is_partial,
    held.position_row,
    held.employee_no,
    person.sex,
    held.unit_code,
    held.job_code,
    held.position_percent,
    held.employment_form in ('Vikar', 'Midlertidig') as is_temporary,
    held.wants_larger_position,
    held.leader_level,
    held.annual_salary,
    held.pay_group,
    held.is_on_full_leave,
    row_number() over (
        partition by held.calendar_year, held.employee_no
        order by held.position_percent desc, try_cast(held.position_no as hugeint) asc nulls last, held.position_no asc
    ) as size_rank
from {{ ref('int_counted_positions') }} as held
inner join {{ ref('stg_persons') }} as person on held.employee_no = person.employee_no
where held.in_equality and held.is_last_of_year and held.leader_level is distinct from 'Kommunedirektør'
