select
    pilot,
    unit_code,
    start_date,
    end_date,
    file_sha256,
    row_number
from {{ source('raw', 'piloter') }}
