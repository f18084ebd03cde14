-- One row a printed figure with the dates it stands for. A pilot's figure is its unit's own, in the pilot's first month or in
-- the latest one, which for an ended pilot is its last.
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

last_days as (
    select
        figure.figure_id,
        figure.period_kind,
        series.as_of,
        pilot.pilots,
        case figure.period_kind
            when 'year' then make_date(cast(figure.period as integer), 12, 31)
            when 'month' then last_day(cast(figure.period || '-01' as date))
            when 'date' then cast(figure.period as date)
            when 'pilot' then last_day(if(figure.period = 'pilot start', pilot.start_date, least(series.as_of, pilot.end_date)))
        end as last_day_of_period
    from {{ ref('int_printed_figures') }} as figure
    cross join {{ ref('int_series') }} as series
    inner join {{ ref('int_printed_units') }} as unit on figure.figure_id = unit.figure_id
    left join pilots_of_unit as pilot on unit.org_unit_code = pilot.unit_code
)

-- In the running year and month figures are of the as-of date.
select
    figure_id,
    pilots,
    last_day_of_period,
    case
        when period_kind = 'year' and year(last_day_of_period) = year(as_of) then as_of
        when period_kind in ('month', 'pilot') and date_trunc('month', last_day_of_period) = date_trunc('month', as_of)
            then as_of
        else last_day_of_period
    end as reference_date,
    if(
        year(last_day_of_period) = year(as_of), as_of, make_date(year(last_day_of_period), 12, 31)
    ) as equality_date
from last_days
