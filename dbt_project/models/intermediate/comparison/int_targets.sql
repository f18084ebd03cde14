-- Adopted targets with the unit they are for, matched on level and code, else level and name or alias; unknown units keep what
-- the decision calls them. Of several decisions on one target the latest holds and the others are superseded.
with known_units as (
    select
        org_level,
        org_unit_code,
        org_unit_name
    from {{ ref('int_org_units') }}
),

known_names as (
    select
        org_level,
        {{ bare_unit_name('org_unit_name') }} as bare_name,
        min(org_unit_code) as org_unit_code
    from known_units
    group by org_level, bare_name
    having count(*) = 1
),

matched as (
    select
        target.*,
        coalesce(by_code.org_unit_code, by_name.org_unit_code, by_alias.unit_code) as matched_code
    from {{ ref('stg_targets') }} as target
    left join known_units as by_code
        on target.unit_level = by_code.org_level and target.unit_delivered = by_code.org_unit_code
    left join known_names as by_name
        on
            target.unit_level = by_name.org_level
            and {{ bare_unit_name('target.unit_delivered') }} = by_name.bare_name
    left join {{ ref('int_unit_aliases') }} as by_alias
        on
            target.unit_level = by_alias.unit_level
            and {{ bare_unit_name('target.unit_delivered') }} = by_alias.bare_name
            and target.decided_on between by_alias.valid_from and by_alias.valid_to
)

select
    matched.indicator,
    matched.unit_level as org_level,
    coalesce(matched.matched_code, matched.unit_delivered) as org_unit_code,
    coalesce(unit.org_unit_name, matched.unit_delivered) as org_unit_name,
    matched.matched_code is not null as is_matched,
    matched.target_year,
    matched.target,
    matched.decision,
    matched.decided_on,
    matched.target_kind,
    matched.base_year,
    row_number() over (
        partition by
            matched.indicator,
            matched.unit_level,
            coalesce(matched.matched_code, matched.unit_delivered),
            matched.target_year
        order by matched.decided_on desc, matched.row_number desc
    ) > 1 as is_superseded,
    row_number() over (
        partition by
            matched.indicator,
            matched.unit_level,
            coalesce(matched.matched_code, matched.unit_delivered),
            matched.target_year,
            matched.decision,
            matched.decided_on
        order by matched.row_number desc
    ) > 1 as is_said_again,
    matched.file_sha256,
    matched.row_number
from matched
left join known_units as unit
    on matched.unit_level = unit.org_level and matched.matched_code = unit.org_unit_code
