-- The publish step fills in published_at.
select
    publication_id,
    as_of,
    cast(null as timestamp) as published_at,
    code_version,
    dagster_run_id,
    inputs_sha256,
    settings
from {{ source('raw', 'publication') }}
