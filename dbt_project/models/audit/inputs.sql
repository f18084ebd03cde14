select
    feed,
    file_name,
    sha256,
    extract_date,
    rows_delivered,
    rows_loaded,
    rows_quarantined
from {{ source('raw', 'inputs') }}
