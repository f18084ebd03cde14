select
    -- A feed may come in several files, each with its own row numbers.
    row_number() over (order by absence.file_sha256, absence.row_number) as absence_row,
    absence.employee_no,
    absence.position_no,
    absence.absence_type,
    sick.certification,
    absence.from_date,
    absence.to_date,
    absence.absence_percent,
    absence.file_sha256,
    absence.row_number
from {{ source('raw', 'fravaer') }} as absence
left join {{ ref('sick_absence_types') }} as sick on absence.absence_type = sick.absence_type
