select
    indicator,
    unit_level,
    unit as unit_delivered,
    target_year,
    target,
    decision,
    decided_on,
    file_sha256,
    row_number
from {{ source('raw', 'maltall') }}
