select
    unit_code,
    unit_name,
    unit_level,
    parent_code,
    group_name,
    valid_to,
    file_sha256,
    row_number
from {{ source('raw', 'organisasjon') }}
