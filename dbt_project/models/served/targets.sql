-- Adopted targets beside the figure of their year, and the path to them: the straight line between the years of one plan (one
-- decision), from the last actual figure before its first. Targets superseded by a later decision on the same year stay, and
-- say by which.
with
{{ compared_cells() }}

today as (
    select
        cast(year(series.as_of) as integer) as running_year,
        cast(year(series.as_of + 1) - 1 as integer) as last_whole_year,
        max(month.period) filter (where not month.is_partial) as last_whole_month
    from {{ ref('int_series') }} as series
    cross join {{ ref('int_comparison_months') }} as month
    where month.period_type = 'month'
    group by series.as_of
),

figures as (
    {{ figures_of_years() }}
),

-- What a running year is held against: the latest twelve months of sick leave, of others the figure so far.
running as (
    {% for share in compared_shares() + ['graded'] %}
        select
            '{{ share }}_percent' as indicator,
            cell.org_level,
            cell.org_unit_code,
            cell.{{ share }}_percent as figure,
            true as is_there
        from cells as cell
        inner join today on cell.period = today.last_whole_month
        where cell.period_type = 'rolling_12'
        union all
    {% endfor %}
    select
        figures.indicator,
        figures.org_level,
        figures.org_unit_code,
        figures.figure,
        true as is_there
    from figures
    inner join today on figures.calendar_year = today.running_year
    where
        figures.indicator not in (
            {% for share in compared_shares() + ['graded'] %}
                '{{ share }}_percent'{{ ',' if not loop.last }}
            {% endfor %}
        )
),

adopted as (
    select
        target.indicator,
        target.target_year,
        target.org_level,
        target.org_unit_code,
        target.org_unit_name,
        case
            when target.target_kind = 'relativ prosent' then base.figure * (100 + cast(target.target as double)) / 100
            else cast(target.target as double)
        end as target,
        target.decision,
        target.decided_on,
        target.is_superseded
    from {{ ref('int_targets') }} as target
    left join figures as base
        on
            target.indicator = base.indicator
            and target.base_year = base.calendar_year
            and target.org_level = base.org_level
            and target.org_unit_code = base.org_unit_code
    qualify row_number() over (
        partition by
            target.indicator,
            target.org_level,
            target.org_unit_code,
            target.target_year,
            target.decision,
            target.decided_on
        order by target.is_superseded asc, target.row_number desc
    ) = 1
),

plans as (
    select
        indicator,
        org_level,
        org_unit_code,
        decision,
        decided_on,
        min(target_year) as first_year
    from adopted
    where not is_superseded
    group by indicator, org_level, org_unit_code, decision, decided_on
),

points as (
    select
        indicator,
        org_level,
        org_unit_code,
        decision,
        decided_on,
        target_year as point_year,
        target as figure
    from adopted
    where not is_superseded
    union all
    select
        plans.indicator,
        plans.org_level,
        plans.org_unit_code,
        plans.decision,
        plans.decided_on,
        max(figures.calendar_year) as point_year,
        arg_max(figures.figure, figures.calendar_year) as figure
    from plans
    cross join today
    inner join figures
        on
            plans.indicator = figures.indicator
            and plans.org_level = figures.org_level
            and plans.org_unit_code = figures.org_unit_code
            and plans.first_year > figures.calendar_year
            and today.last_whole_year >= figures.calendar_year
    where figures.figure is not null
    group by plans.indicator, plans.org_level, plans.org_unit_code, plans.decision, plans.decided_on
),

ends as (
    select
        points.indicator,
        points.org_level,
        points.org_unit_code,
        points.decision,
        points.decided_on,
        any_value(today.running_year) as running_year,
        max(points.point_year) filter (where points.point_year <= today.running_year) as year_before,
        arg_max(points.figure, points.point_year) filter (where points.point_year <= today.running_year) as figure_before,
        min(points.point_year) filter (where points.point_year >= today.running_year) as year_after,
        arg_min(points.figure, points.point_year) filter (where points.point_year >= today.running_year) as figure_after
    from points
    cross join today
    group by points.indicator, points.org_level, points.org_unit_code, points.decision, points.decided_on
),

paths as (
    select
        indicator,
        org_level,
        org_unit_code,
        decision,
        decided_on,
        case
            when year_before = year_after then figure_after
            else
                figure_before
                + (figure_after - figure_before) * (running_year - year_before) / (year_after - year_before)
        end as expected_now
    from ends
),

beside as (
    select
        adopted.*,
        today.running_year,
        today.last_whole_year,
        own.figure as actual,
        whole.figure as last_whole_figure,
        case when running.is_there then running.figure else whole.figure end as latest_figure,
        case when adopted.target_year >= today.running_year then paths.expected_now end as expected_now,
        indicator.better,
        in_force.decision as superseded_by
    from adopted
    cross join today
    left join figures as own
        on
            adopted.indicator = own.indicator
            and adopted.target_year = own.calendar_year
            and adopted.org_level = own.org_level
            and adopted.org_unit_code = own.org_unit_code
    left join figures as whole
        on
            adopted.indicator = whole.indicator
            and today.last_whole_year = whole.calendar_year
            and adopted.org_level = whole.org_level
            and adopted.org_unit_code = whole.org_unit_code
    left join running
        on
            adopted.indicator = running.indicator
            and adopted.org_level = running.org_level
            and adopted.org_unit_code = running.org_unit_code
    left join paths
        on
            not adopted.is_superseded
            and adopted.indicator = paths.indicator
            and adopted.org_level = paths.org_level
            and adopted.org_unit_code = paths.org_unit_code
            and adopted.decision = paths.decision
            and adopted.decided_on = paths.decided_on
    left join adopted as in_force
        on
            adopted.is_superseded
            and not in_force.is_superseded
            and adopted.indicator = in_force.indicator
            and adopted.target_year = in_force.target_year
            and adopted.org_level = in_force.org_level
            and adopted.org_unit_code = in_force.org_unit_code
    left join {{ ref('indicators') }} as indicator on adopted.indicator = indicator.indicator
),

-- Like with like: a year that is over by its own figure; the running year, and the path to a year to come, by the latest.
judged as (
    select
        *,
        case when target_year <= last_whole_year then actual else latest_figure end as compared,
        case when target_year <= running_year then target else expected_now end as due
    from beside
)

select
    indicator,
    target_year as year,
    {{ year_period('target_year') }}
    target_year > last_whole_year as is_partial,
    org_level,
    org_unit_code,
    org_unit_name,
    decision,
    decided_on,
    superseded_by,
    target,
    actual,
    actual - target as gap,
    case
        when is_superseded then null
        when better = 'lower' then compared <= due
        when better = 'higher' then compared >= due
    end as on_track,
    expected_now,
    case
        when not is_superseded and target_year > last_whole_year
            then (target - last_whole_figure) / (target_year - last_whole_year)
    end as needed_per_year
from judged
