-- One row a printed figure and side, with the days it stands for: `now` is its own period, `before` the one that a change is
-- compared with. A figure of a period that was still running when it was printed counts to `counted_to`, or else to the last
-- month end before the document, whatever the night. A pilot's figure is its unit's own, in the pilot's first month or in the
-- latest one, which for an ended pilot is its last.
with
-- A pilot ends with the last of its units, if all of them have an end.
pilot_spans as (
    select
        pilot,
        min(start_date) as start_date,
        case when count(*) = count(end_date) then max(end_date) end as end_date
    from {{ ref('stg_pilots') }}
    group by pilot
),

pilots_of_unit as (
    select
        pilot.unit_code,
        count(distinct pilot.pilot) as pilots,
        min(span.start_date) as start_date,
        min(span.end_date) as end_date
    from {{ ref('stg_pilots') }} as pilot
    inner join pilot_spans as span on pilot.pilot = span.pilot
    group by pilot.unit_code
),

sides as (
    select
        figure_id,
        'now' as side,
        period,
        period_kind,
        published_on,
        counted_to
    from {{ ref('int_printed_figures') }}
    union all
    select
        figure_id,
        'before' as side,
        compared_with as period,
        compared_kind as period_kind,
        published_on,
        null as counted_to
    from {{ ref('int_printed_figures') }}
    where compared_with is not null
),

spans as (
    select
        sides.*,
        pilot.pilots,
        coalesce(sides.counted_to, cast(date_trunc('month', sides.published_on) as date) - 1) as last_day_printed,
        case sides.period_kind
            when 'year' then make_date(cast(sides.period as integer), 1, 1)
            when 'years' then make_date(cast(left(sides.period, 4) as integer), 1, 1)
            when 'quarter'
                then make_date(cast(left(sides.period, 4) as integer), 3 * cast(right(sides.period, 1) as integer) - 2, 1)
            when 'month' then cast(sides.period || '-01' as date)
            when 'date' then cast(sides.period as date)
            when 'pilot' then cast(date_trunc('month', pilot.start_date) as date)
        end as first_day,
        case sides.period_kind
            when 'year' then make_date(cast(sides.period as integer), 12, 31)
            when 'years' then make_date(cast(right(sides.period, 4) as integer), 12, 31)
            when 'quarter'
                then last_day(make_date(cast(left(sides.period, 4) as integer), 3 * cast(right(sides.period, 1) as integer), 1))
            when 'month' then last_day(cast(sides.period || '-01' as date))
            when 'date' then cast(sides.period as date)
            when 'pilot' then last_day(if(sides.period = 'pilot start', pilot.start_date, pilot.end_date))
        end as last_day_of_period
    from sides
    inner join {{ ref('int_printed_units') }} as unit on sides.figure_id = unit.figure_id
    left join pilots_of_unit as pilot on unit.org_unit_code = pilot.unit_code
),

counted as (
    select
        *,
        case
            when period_kind = 'date' or period = 'pilot start' then last_day_of_period
            -- Of a pilot without an end the document's day is the only one.
            else least(last_day_of_period, last_day_printed)
        end as last_day_counted
    from spans
    where period_kind <> 'pilot' or pilots is not null
)

select
    figure_id,
    side,
    period,
    period_kind,
    pilots,
    first_day,
    last_day_of_period,
    last_day_counted,
    case
        when period_kind = 'date' or last_day_counted = last_day(last_day_counted) then last_day_counted
        else cast(date_trunc('month', last_day_counted) as date) - 1
    end as reference_date
from counted
