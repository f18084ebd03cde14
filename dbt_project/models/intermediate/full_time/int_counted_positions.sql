-- One row a reference date and position that counts on it: valid that day and in the population of full time or of equality.
-- Whoever asks for a figure takes its population and, but for pay, leaves out who is on full leave. What full time,
-- substitutes, equality and pilots count begins here.
{{ config(materialized='view') }}

select
    reference.reference_date,
    reference.month_index,
    reference.month_period,
    reference.calendar_year,
    reference.is_last_of_year,
    reference.is_before_year_end,
    held.position_row,
    held.employee_no,
    held.position_no,
    held.unit_code,
    held.job_code,
    held.employment_form,
    held.position_percent,
    held.annual_salary,
    held.pay_group,
    held.leader_level,
    held.wants_larger_position,
    held.in_full_time,
    held.in_equality,
    full_leave.position_row is not null as is_on_full_leave,
    held.file_sha256
from {{ ref('stg_positions') }} as held
inner join {{ ref('int_reference_dates') }} as reference
    on reference.reference_date between held.valid_from and coalesce(held.valid_to, reference.reference_date)
left join {{ ref('int_full_leave_dates') }} as full_leave
    on held.position_row = full_leave.position_row and reference.reference_date = full_leave.reference_date
where held.in_full_time or held.in_equality
