select
    row_number as position_row,
    employee_no,
    position_no,
    unit_code,
    job_code,
    job_title,
    employment_form,
    position_percent,
    valid_from,
    valid_to,
    annual_salary,
    pay_group,
    leader_level,
    wants_larger_position,
    file_sha256,
    row_number
from {{ source('raw', 'stillinger') }}
