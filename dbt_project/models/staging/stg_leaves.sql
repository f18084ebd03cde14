select
    -- A feed may come in several files, each with its own row numbers.
    row_number() over (order by file_sha256, row_number) as leave_row,
    employee_no,
    position_no,
    leave_type,
    from_date,
    to_date,
    leave_percent,
    leave_coverage,
    file_sha256,
    row_number
from {{ source('raw', 'permisjoner') }}
