select
    table_id,
    region_code,
    region,
    contents,
    regexp_replace(regexp_replace(time_code, 'K', '-Q'), 'M', '-') as period,
    selection,
    value,
    status,
    file_sha256,
    row_number
from {{ source('raw', 'ssb') }}
