-- One row a year, pay group and position with its annual salary at 100 % (metrics.md 7); pay group 0 holds them all. Leave
-- takes nobody out: pay is a matter of the position.
with paid as (
    select
        calendar_year,
        is_partial,
        pay_group,
        job_code,
        position_row,
        employee_no,
        sex,
        annual_salary
    from {{ ref('int_equality_positions') }}
    where annual_salary is not null and pay_group is not null
)

from paid
union all
select * replace (0 as pay_group)
from paid
