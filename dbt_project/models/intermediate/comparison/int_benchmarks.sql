-- The municipality's own figure beside its peers', in every cell that has peers. A peer's row in the municipality's own name
-- gives way to the computed figure.
with own as (
    select
        figure.indicator,
        figure.period_type,
        figure.period,
        figure.org_unit_name as peer,
        figure.figure as value,
        'payroll' as source_name,
        'employer' as basis,
        true as is_ranked
    from {{ ref('int_own_figures') }} as figure
    where
        figure.org_level = 'kommune'
        and exists (
            select 1
            from {{ ref('int_peer_figures') }} as peers
            where peers.indicator = figure.indicator and peers.period = figure.period
        )
)

select
    own.*,
    false as is_replaced,
    cast(null as varchar) as feed,
    cast(null as varchar) as file_sha256,
    cast(null as bigint) as row_number
from own
union all
select
    peers.indicator,
    peers.period_type,
    peers.period,
    peers.peer,
    cast(peers.value as double) as value,
    peers.source_name,
    peers.basis,
    peers.is_ranked,
    own.peer is not null as is_replaced,
    peers.feed,
    peers.file_sha256,
    peers.row_number
from {{ ref('int_peer_figures') }} as peers
left join own on peers.indicator = own.indicator and peers.period = own.period and peers.peer = own.peer
