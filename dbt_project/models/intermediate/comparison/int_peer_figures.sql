-- Peers' figures from sammenligning and from SSB's tables. What is doctor-certified only says so in its source. `basis`:
-- figures of municipalities as employers; of a sector in the whole country, as 12441, which has no regions but kjønn, næring
-- and type, or of many municipalities together; or of a region's residents, wherever they work. Only employers are ranked, and
-- of these not others' figures of the municipality itself.
with ssb_cells as (
    select
        cell.*,
        list_transform(
            string_split(coalesce(cell.selection, ''), '; '),
            lambda part: regexp_replace(part, '^[^:]*: ', '')  -- noqa: RF03
        ) as chosen,
        regexp_matches(coalesce(cell.selection, ''), '(^|; )(?i:kj(ø|o)nn)') as is_of_one_sex
    from {{ ref('stg_ssb_cells') }} as cell
    where cell.value is not null
),

of_kinds as (
    select
        *,
        case
            when len(list_filter(list_append(chosen, contents), lambda label: label ilike '%egenmeldt%')) > 0
                then 'self_certified_percent'
            when len(list_filter(list_append(chosen, contents), lambda label: label ilike '%legemeldt%')) > 0
                then 'doctor_certified_percent'
        end as kind,
        list_filter(chosen, lambda label: label <> '' and label not ilike '%egenmeldt%' and label not ilike '%legemeldt%')
            as industries
    from ssb_cells
),

from_ssb as (
    select
        coalesce(cell.kind, ssb_table.indicator) as indicator,
        cell.period,
        coalesce(cell.region, cell.industries[1], 'Hele landet') || ' (SSB ' || cell.table_id || ')' as peer,
        cell.value,
        'SSB ' || cell.table_id as source_name,
        case when cell.region is null then ssb_table.basis else 'residents' end as basis,
        'ssb' as feed,
        cell.file_sha256,
        cell.row_number
    from of_kinds as cell
    inner join {{ ref('ssb_tables') }} as ssb_table
        on
            cell.table_id = cast(ssb_table.table_id as varchar)
            and cell.contents ilike ssb_table.contents_pattern
    -- Of a region figures of the whole: no single sex, age or industry. Of two such contents the table's first is taken.
    where
        not cell.is_of_one_sex
        and case when cell.region is null then len(cell.industries) <= 1 else cell.selection is null end
    qualify row_number() over (
        partition by
            cell.table_id, cell.region, cell.industries, coalesce(cell.kind, ssb_table.indicator), cell.period
        order by cell.row_number
    ) = 1
),

aggregates as (
    select distinct {{ bare_peer_name('peer') }} as bare_name
    from {{ ref('aggregate_peers') }}
),

figures as (
    select
        peers.indicator,
        peers.period,
        peers.peer,
        peers.value,
        peers.source_name,
        if(aggregates.bare_name is null, 'employer', 'sector') as basis,
        'sammenligning' as feed,
        peers.file_sha256,
        peers.row_number
    from {{ ref('stg_peer_figures') }} as peers
    left join aggregates on {{ bare_peer_name('peers.peer') }} = aggregates.bare_name
    union all
    select * from from_ssb
),

municipality as (
    select {{ bare_peer_name('unit_name') }} as bare_name
    from {{ ref('stg_units') }}
    where parent_code is null
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
    basis,
    basis = 'employer'
    and {{ bare_peer_name('peer') }} not in (select municipality.bare_name from municipality) as is_ranked,
    basis = 'employer'
    and {{ bare_peer_name('peer') }} not in (select municipality.bare_name from municipality)
    and row_number() over (
        partition by indicator, period, feed, {{ bare_peer_name('peer') }}
        order by row_number
    ) > 1 as is_told_again,
    feed,
    file_sha256,
    row_number
from figures
