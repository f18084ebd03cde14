-- Each pilot's units in its first month and now, beside the rest of their tjenesteområde over the same months. Now is the
-- latest month; for a pilot that has ended with all its units, the month the last of them ended in.
with latest as (
    select max(month_index) as month_index
    from {{ ref('int_sick_leave_months') }}
),

spans as (
    select
        pilot.pilot,
        min(year(pilot.start_date) * 12 + month(pilot.start_date) - 1) as start_month,
        least(
            any_value(latest.month_index),
            case when count(*) = count(pilot.end_date) then max(year(pilot.end_date) * 12 + month(pilot.end_date) - 1) end
        ) as current_month
    from {{ ref('stg_pilots') }} as pilot
    cross join latest
    group by pilot.pilot
),

comparison_months as (
    select
        pilot,
        start_month as month_index,
        true as is_start
    from spans
    union all
    select
        pilot,
        current_month as month_index,
        false as is_start
    from spans
),

sick_leave as (
    select
        comparison.pilot,
        comparison.month_index,
        comparison.is_start,
        unit.is_inside,
        {{ percent_of(
            'sum(cell.self_short_term + cell.self_long_term + cell.doctor_short_term + cell.doctor_long_term)',
            'sum(cell.possible)'
        ) }} as figure,
        formulas.average_fte(sum(cell.possible), any_value(period.working_days_in_period)) as fte
    from comparison_months as comparison
    inner join {{ ref('int_pilot_units') }} as unit on comparison.pilot = unit.pilot
    inner join {{ ref('int_sick_leave_months') }} as cell
        on comparison.month_index = cell.month_index and unit.unit_code = cell.unit_code
    inner join {{ ref('int_periods') }} as period
        on period.period_type = 'month' and comparison.month_index = period.first_month_index
    group by comparison.pilot, comparison.month_index, comparison.is_start, unit.is_inside
),

full_time_persons as (
    select
        comparison.pilot,
        comparison.month_index,
        comparison.is_start,
        unit.is_inside,
        held.person_id,
        sum(held.position_percent) as person_percent
    from comparison_months as comparison
    inner join {{ ref('int_pilot_units') }} as unit on comparison.pilot = unit.pilot
    inner join {{ ref('int_full_time_positions') }} as held
        on
            held.source = 'payroll'
            and comparison.month_index = year(held.reference_date) * 12 + month(held.reference_date) - 1
            and unit.unit_code = held.unit_code
    group by comparison.pilot, comparison.month_index, comparison.is_start, unit.is_inside, held.person_id
),

full_time as (
    unpivot (
        select
            person.pilot,
            person.month_index,
            person.is_start,
            person.is_inside,
            {{ percent_of('count_if(formulas.is_at_threshold(person.person_percent, settings.full_time_threshold))', 'count(*)') }}
                as full_time_80_percent,
            {{ percent_of('count_if(not formulas.is_part_time(person.person_percent))', 'count(*)') }}
                as full_time_100_percent,
            formulas.average_percent(sum(person.person_percent), count(*)) as average_position_percent,
            formulas.fte(sum(person.person_percent)) as fte
        from full_time_persons as person
        cross join {{ source('raw', 'settings') }} as settings
        group by person.pilot, person.month_index, person.is_start, person.is_inside
    )
    on full_time_80_percent, full_time_100_percent, average_position_percent
    into name indicator value figure
),

figures as (
    select
        'sick_leave_percent' as indicator,
        *
    from sick_leave
    union all by name
    select * from full_time
),

compared as (
    select
        spans.pilot,
        indicator.indicator,
        max(case when figures.is_start and figures.is_inside then figures.figure end) as start_value,
        max(case when not figures.is_start and figures.is_inside then figures.figure end) as current_value,
        max(case when figures.is_start and not figures.is_inside then figures.figure end) as rest_start_value,
        max(case when not figures.is_start and not figures.is_inside then figures.figure end) as rest_current_value,
        min(figures.fte) as smallest_fte,
        any_value(spans.start_month // 12) as start_year,
        any_value(spans.current_month // 12) as current_year
    from spans
    cross join (
        values
        ('sick_leave_percent'), ('full_time_80_percent'), ('full_time_100_percent'), ('average_position_percent')
    ) as indicator (indicator)
    left join figures on spans.pilot = figures.pilot and indicator.indicator = figures.indicator
    group by spans.pilot, indicator.indicator
)

select
    pilot,
    indicator,
    start_value,
    current_value,
    current_value - start_value as change_points,
    100 * (current_value - start_value) / nullif(start_value, 0) as change_percent,
    rest_current_value - rest_start_value as rest_of_area_change_points,
    smallest_fte,
    cast(start_year as integer) as start_year,
    cast(current_year as integer) as current_year,
    cast(null as varchar) as withheld
from compared
