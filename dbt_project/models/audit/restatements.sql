-- Filled in after disclosure control, when what will be served can be held against what is (warehouse/restatements.py).
select
    cast(null as varchar) as publication_id,
    cast(null as varchar) as previous_publication,
    cast(null as varchar) as table_name,
    cast(null as varchar) as cell,
    cast(null as varchar) as period,
    cast(null as date) as period_start,
    cast(null as date) as period_end,
    cast(null as boolean) as is_partial,
    cast(null as varchar) as org_unit_code,
    cast(null as varchar) as measure,
    cast(null as double) as was,
    cast(null as double) as now,
    cast(null as boolean) as is_above_threshold,
    cast(null as varchar) as cause,
    cast(null as varchar) as files,
    cast(null as varchar) as accepted_reason,
    cast(null as boolean) as is_served,
    cast(null as boolean) as is_shown
from {{ ref('publication') }}
where false
