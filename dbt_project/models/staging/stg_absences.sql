with files as (
    {{ rows_before('fravaer') }}
)

select
    files.rows_before + absence.row_number as absence_row,
    absence.employee_no,
    absence.position_no,
    absence.absence_type,
    case when kinds.class in ('self', 'doctor') then kinds.class end as certification,
    absence.from_date,
    absence.to_date,
    absence.absence_percent,
    absence.file_sha256,
    absence.row_number
from {{ source('raw', 'fravaer') }} as absence
inner join files on absence.file_sha256 = files.file_sha256
left join {{ ref('absence_kinds') }} as kinds on absence.absence_type = kinds.kind
