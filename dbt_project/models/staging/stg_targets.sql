select
    indicator,
    unit_level,
    unit as unit_delivered,
    target_year,
    target,
    decision,
    decided_on,
    target_kind,
    base_year,
    file_sha256,
    row_number
from {{ source('raw', 'maltall') }}
