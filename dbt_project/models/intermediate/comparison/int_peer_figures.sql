-- Peers' figures from sammenligning and from SSB's tables. What is doctor-certified only says so in its source. Figures of many
-- municipalities together and others' figures of the municipality itself are shown, but are no competitors: they get no rank.
with from_ssb as (
    select
        ssb_table.indicator,
        cell.period,
        cell.region || ' (SSB ' || cell.table_id || ')' as peer,
        cell.value,
        'SSB ' || cell.table_id as source_name,
        -- A municipality's code has four digits; countries, counties and groups have others.
        not regexp_full_match(cell.region_code, '[0-9]{4}') as is_aggregate,
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
        false as is_aggregate,
        'sammenligning' as feed,
        file_sha256,
        row_number
    from {{ ref('stg_peer_figures') }}
    union all
    select * from from_ssb
),

municipality as (
    select {{ bare_peer_name('unit_name') }} as bare_name
    from {{ ref('stg_units') }}
    where parent_code is null
),

aggregates as (
    select {{ bare_peer_name('peer') }} as bare_name
    from {{ ref('aggregate_peers') }}
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
    not is_aggregate
    and {{ bare_peer_name('peer') }} not in (select municipality.bare_name from municipality)
    and {{ bare_peer_name('peer') }} not in (select aggregates.bare_name from aggregates) as is_ranked,
    feed,
    file_sha256,
    row_number
from figures
