-- A spell counts in every year and unit in which it has lost time, by its whole length. A unit with positions in the year has
-- all bands. Were rows without spells missing, a withheld band beside them would be the unit's lost days, and a withheld unit
-- of which all are missing would be known to have none.
with bands as (
    select
        unnest(formulas.length_bands()) as length_band,
        unnest([1, 2, 3, 4]) as length_band_sort
),

spells as (
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
),

unit_years as (
    select distinct
        month.calendar_year,
        ancestry.org_key
    from {{ ref('int_sick_leave_months') }} as cell
    inner join {{ ref('int_months') }} as month on cell.month_index = month.month_index
    inner join {{ ref('int_unit_ancestry') }} as ancestry on cell.unit_code = ancestry.unit_code
)

select
    unit_year.calendar_year as year,
    period.period_start,
    period.period_end,
    period.is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    bands.length_band,
    bands.length_band_sort,
    coalesce(totals.spells, 0) as spells,
    coalesce(totals.persons, 0) as persons,
    {{ dagsverk('coalesce(totals.lost, 0)') }} as lost_days,
    cast(null as varchar) as withheld
from unit_years as unit_year
cross join bands
left join totals
    on
        unit_year.calendar_year = totals.calendar_year
        and unit_year.org_key = totals.org_key
        and bands.length_band = totals.length_band
inner join {{ ref('int_periods') }} as period
    on period.period_type = 'year' and unit_year.calendar_year = period.calendar_year
inner join {{ ref('int_org_units') }} as org_unit on unit_year.org_key = org_unit.org_key
