-- Full time of each pilot's units in its first month and now, beside the rest of their tjenesteområde; now is the latest month,
-- of a pilot that has ended with all its units the month the last of them ended in. Sick leave of the months before and the
-- latest ones: a month proves nothing there.
with latest as (
    select max(month_index) as month_index
    from {{ ref('int_months') }}
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
        'start' as side
    from spans
    union all
    select
        pilot,
        current_month as month_index,
        'current' as side
    from spans
),

sick_leave_years as (
    select
        compared.pilot,
        compared.side,
        unit.is_inside,
        period.calendar_year,
        any_value(period.working_days_in_year) as working_days_in_year,
        sum(cell.self_short_term + cell.self_long_term + cell.doctor_short_term + cell.doctor_long_term) as lost,
        sum(cell.possible) as possible
    from {{ ref('int_pilot_months') }} as compared
    inner join {{ ref('int_pilot_units') }} as unit on compared.pilot = unit.pilot
    inner join {{ ref('int_sick_leave_months') }} as cell
        on compared.month_index = cell.month_index and unit.unit_code = cell.unit_code
    inner join {{ ref('int_periods') }} as period
        on period.period_type = 'month' and compared.month_index = period.first_month_index
    group by compared.pilot, compared.side, unit.is_inside, period.calendar_year
),

sick_leave_days as (
    select
        compared.pilot,
        compared.side,
        sum(period.working_days_in_period) as working_days,
        min(compared.first_day) as first_day,
        max(compared.last_day) as last_day
    from {{ ref('int_pilot_months') }} as compared
    inner join {{ ref('int_periods') }} as period
        on period.period_type = 'month' and compared.month_index = period.first_month_index
    group by compared.pilot, compared.side
),

-- A working day weighs more in a year that has fewer of them.
sick_leave as (
    select
        years.pilot,
        years.side,
        years.is_inside,
        {{ percent_of(
            'sum(cast(years.lost as double) / years.working_days_in_year order by years.calendar_year)',
            'sum(cast(years.possible as double) / years.working_days_in_year order by years.calendar_year)'
        ) }} as figure,
        {{ fte_of_possible('sum(years.possible)', 'any_value(days.working_days)') }} as fte,
        any_value(days.first_day) as first_day,
        any_value(days.last_day) as last_day
    from sick_leave_years as years
    inner join sick_leave_days as days on years.pilot = days.pilot and years.side = days.side
    group by years.pilot, years.side, years.is_inside
),

full_time_persons as (
    select
        comparison.pilot,
        comparison.month_index,
        comparison.side,
        unit.is_inside,
        held.reference_date,
        held.person_id,
        sum(held.position_percent) as person_percent
    from comparison_months as comparison
    inner join {{ ref('int_pilot_units') }} as unit on comparison.pilot = unit.pilot
    inner join {{ ref('int_full_time_positions') }} as held
        on
            held.source = 'payroll'
            and comparison.month_index = year(held.reference_date) * 12 + month(held.reference_date) - 1
            and unit.unit_code = held.unit_code
    group by comparison.pilot, comparison.month_index, comparison.side, unit.is_inside, held.reference_date, held.person_id
),

full_time as (
    unpivot (
        select
            person.pilot,
            person.month_index,
            person.side,
            any_value(person.reference_date) as first_day,
            any_value(person.reference_date) as last_day,
            person.is_inside,
            {{ percent_of(
                'count_if(formulas.is_at_threshold(person.person_percent, settings.full_time_threshold))', 'count(*)'
            ) }} as full_time_80_percent,
            {{ percent_of('count_if(not formulas.is_part_time(person.person_percent))', 'count(*)') }}
                as full_time_100_percent,
            {{ average_percent('sum(person.person_percent)', 'count(*)') }} as average_position_percent,
            {{ fte_of_percent('sum(person.person_percent)') }} as fte
        from full_time_persons as person
        cross join {{ source('raw', 'settings') }} as settings
        group by person.pilot, person.month_index, person.side, person.is_inside
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
        max(case when figures.side = 'start' and figures.is_inside then figures.figure end) as start_value,
        max(case when figures.side = 'current' and figures.is_inside then figures.figure end) as current_value,
        max(case when figures.side = 'after' and figures.is_inside then figures.figure end) as after_value,
        max(case when figures.side = 'start' and not figures.is_inside then figures.figure end) as rest_start_value,
        max(case when figures.side = 'current' and not figures.is_inside then figures.figure end) as rest_current_value,
        -- Nobody stands behind a figure that there is not.
        coalesce(min(figures.fte), cast('infinity' as double)) as smallest_fte,
        {% for side in ['start', 'current', 'after'] %}
            min(case when figures.side = '{{ side }}' then figures.first_day end) as {{ side }}_from,
            max(case when figures.side = '{{ side }}' then figures.last_day end) as {{ side }}_to,
        {% endfor %}
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
    start_from,
    start_to,
    current_from,
    current_to,
    after_from,
    after_to,
    start_value,
    current_value,
    current_value - start_value as change_points,
    100 * (current_value - start_value) / nullif(start_value, 0) as change_percent,
    rest_current_value - rest_start_value as rest_of_area_change_points,
    after_value,
    smallest_fte,
    cast(start_year as integer) as start_year,
    cast(current_year as integer) as current_year,
    cast(null as varchar) as withheld
from compared
