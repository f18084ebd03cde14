select
    survey_year,
    unit_code,
    unit_name,
    planned_responses,
    responses,
    file_sha256,
    row_number
from {{ source('raw', 'deltakelse') }}
