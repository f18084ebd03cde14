select
    row_number as person_row,
    employee_no,
    person_key,
    case sex_code when 'K' then 'kvinne' when 'M' then 'mann' end as sex,
    birth_year,
    file_sha256,
    row_number
from {{ source('raw', 'ansatte') }}
