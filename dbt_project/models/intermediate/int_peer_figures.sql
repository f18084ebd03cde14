-- Peers' figures from sammenligning and from SSB's tables. What is doctor-certified only says so in its source.
with from_ssb as (
    select
        ssb_table.indicator,
        cell.period,
        cell.region || ' (SSB ' || cell.table_id || ')' as peer,
        cell.value,
        'SSB ' || cell.table_id as source_name,
        'ssb' as feed,
        cell.file_sha256,
        cell.row_number
    from {{ ref('stg_ssb_cells') }} as cell
    inner join {{ ref('ssb_tables') }} as ssb_table
        on
            cell.table_id = cast(ssb_table.table_id as varchar)
            and cell.contents ilike ssb_table.contents_pattern
    -- Figures of the whole: no single sex, age or industry. Of two such contents the table's first is taken.
    where cell.value is not null and cell.region is not null and cell.selection is null
    qualify row_number() over (
        partition by cell.table_id, cell.region, cell.period, ssb_table.indicator
        order by cell.row_number
    ) = 1
),

figures as (
    select
        indicator,
        period,
        peer,
        value,
        source_name,
        'sammenligning' as feed,
        file_sha256,
        row_number
    from {{ ref('stg_peer_figures') }}
    union all
    select * from from_ssb
)

select
    indicator,
    case
        when length(period) = 4 then 'year'
        when period like '%Q%' then 'quarter'
        else 'month'
    end as period_type,
    period,
    peer,
    value,
    source_name
    || case
        when indicator = 'doctor_certified_percent' and source_name not ilike '%legemeldt%' then ' (kun legemeldt)'
        else ''
    end as source_name,
    feed,
    file_sha256,
    row_number
from figures
