select
    survey_year,
    unit_code,
    unit_name,
    factor_no,
    coalesce(served_name, factor_name) as factor_name,
    score,
    responses,
    norway,
    norway_row,
    file_sha256,
    row_number
from {{ source('raw', 'faktorer') }}
