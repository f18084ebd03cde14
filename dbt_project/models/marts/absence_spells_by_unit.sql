-- A spell counts in every year and unit in which it has lost time, by its whole length.
with spells as (
    select
        part.calendar_year,
        ancestry.org_key,
        part.length_band,
        part.person_row,
        part.spell_no,
        sum(part.lost) as lost
    from {{ ref('int_spell_parts') }} as part
    inner join {{ ref('int_unit_ancestry') }} as ancestry on part.unit_code = ancestry.unit_code
    group by part.calendar_year, ancestry.org_key, part.length_band, part.person_row, part.spell_no
),

totals as (
    select
        calendar_year,
        org_key,
        length_band,
        count(*) as spells,
        count(distinct person_row) as persons,
        sum(lost) as lost
    from spells
    group by calendar_year, org_key, length_band
)

select
    totals.calendar_year as year,
    period.period_start,
    period.period_end,
    period.is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    totals.length_band,
    totals.spells,
    totals.persons,
    {{ dagsverk('totals.lost') }} as lost_days,
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_periods') }} as period
    on period.period_type = 'year' and totals.calendar_year = period.calendar_year
inner join {{ ref('int_org_units') }} as org_unit on totals.org_key = org_unit.org_key
