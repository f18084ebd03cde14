-- A position counts in a population by its form of employment (seeds/populations.csv), while its percent is above 0
-- (metrics.md 3).
select
    held.row_number as position_row,
    held.employee_no,
    held.position_no,
    held.unit_code,
    held.job_code,
    held.job_title,
    held.employment_form,
    held.position_percent,
    held.weekly_hours,
    held.position_percent > 0 and coalesce(population.in_sick_leave, false) as in_sick_leave,
    held.position_percent > 0 and coalesce(population.in_full_time, false) as in_full_time,
    held.position_percent > 0 and coalesce(population.in_equality, false) as in_equality,
    held.valid_from,
    held.valid_to,
    held.annual_salary,
    held.pay_group,
    held.leader_level,
    held.wants_larger_position,
    held.file_sha256,
    held.row_number
from {{ source('raw', 'stillinger') }} as held
left join {{ ref('populations') }} as population on held.employment_form = population.employment_form
