with files as (
    {{ rows_before('permisjoner') }}
)

select
    files.rows_before + leaves.row_number as leave_row,
    leaves.employee_no,
    leaves.position_no,
    leaves.leave_type,
    kinds.class as leave_class,
    leaves.from_date,
    leaves.to_date,
    leaves.leave_percent,
    leaves.leave_coverage,
    leaves.file_sha256,
    leaves.row_number
from {{ source('raw', 'permisjoner') }} as leaves
inner join files on leaves.file_sha256 = files.file_sha256
left join {{ ref('leave_kinds') }} as kinds on leaves.leave_type = kinds.kind
