select
    indicator,
    period,
    peer,
    value,
    source_name,
    file_sha256,
    row_number
from {{ source('raw', 'sammenligning') }}
