-- One row a spell, calendar year and unit in which it has lost time: whose spell it is, the band of its whole length, and what
-- is lost, in percent of position × percent × working days. On a day of lost time exactly one of the person's spells is active.
with years as (
    select
        calendar_year,
        min(index_before) as index_before,
        max(index_through) as index_through
    from {{ ref('int_months') }}
    group by calendar_year
),

parts as (
    select
        unnest(range(year(from_date), year(to_date) + 1)) as calendar_year,
        position_row,
        unit_code,
        from_date,
        position_percent * (lost_doctor_percent + lost_self_percent) as lost_each_day,
        index_before,
        index_through
    from {{ ref('int_position_segments') }}
    where lost_doctor_percent > 0 or lost_self_percent > 0
),

counted as (
    select
        parts.*,
        cast(
            least(parts.index_through, years.index_through) - greatest(parts.index_before, years.index_before)
            as decimal(4, 0)
        ) as working_days
    from parts
    inner join years on parts.calendar_year = years.calendar_year
),

spells as (
    select distinct
        person_row,
        spell_no,
        spell_from,
        spell_to,
        spell_days
    from {{ ref('int_spells') }}
)

select
    cast(counted.calendar_year as integer) as calendar_year,
    counted.unit_code,
    spells.person_row,
    spells.spell_no,
    formulas.length_band(spells.spell_days) as length_band,
    sum(counted.lost_each_day * counted.working_days) as lost
from counted
inner join {{ ref('int_positions') }} as position on counted.position_row = position.position_row
inner join spells
    on
        position.person_row = spells.person_row
        and counted.from_date between spells.spell_from and spells.spell_to
where counted.working_days > 0
group by counted.calendar_year, counted.unit_code, spells.person_row, spells.spell_no, spells.spell_days
