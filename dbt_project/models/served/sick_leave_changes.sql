-- What a leader reads beside a figure: the same of the same period a year before, the change in points and in percent, and the
-- mean of the last three whole years. All of it of served cells: where one is withheld, what needs it is null.
with
{{ compared_cells() }}

years as (
    select
        cast(left(cell.period, 4) as integer) as calendar_year,
        cell.*
    from cells as cell
    inner join periods on cell.period_type = periods.period_type and cell.period = periods.period
    where cell.period_type = 'year' and not periods.is_partial
),

figures as (
    {% for share in compared_shares() + ['graded'] %}
        select
            cell.period_type,
            cell.period,
            cell.org_level,
            cell.org_unit_code,
            cell.org_unit_name,
            '{{ share }}_percent' as measure,
            cell.{{ share }}_percent as value,
            before.{{ share }}_percent as value_year_before
        from cells as cell
        left join cells_before as before
            on
                cell.period_type = before.period_type
                and cell.period = before.period
                and cell.org_level = before.org_level
                and cell.org_unit_code = before.org_unit_code
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

whole_years as (
    {% for share in compared_shares() + ['graded'] %}
        select
            calendar_year,
            org_level,
            org_unit_code,
            '{{ share }}_percent' as measure,
            {{ share }}_percent as value
        from years
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

means as (
    select
        last_year.calendar_year,
        last_year.org_level,
        last_year.org_unit_code,
        last_year.measure,
        avg(a_year.value order by a_year.calendar_year) as mean_three_years
    from whole_years as last_year
    inner join whole_years as a_year
        on
            last_year.org_level = a_year.org_level
            and last_year.org_unit_code = a_year.org_unit_code
            and last_year.measure = a_year.measure
            and a_year.calendar_year between last_year.calendar_year - 2 and last_year.calendar_year
    group by last_year.calendar_year, last_year.org_level, last_year.org_unit_code, last_year.measure
    having count(a_year.value) = 3
)

select
    figures.period_type,
    figures.period,
    periods.period_start,
    periods.period_end,
    periods.is_partial,
    figures.org_level,
    figures.org_unit_code,
    figures.org_unit_name,
    figures.measure,
    figures.value,
    figures.value_year_before,
    figures.value - figures.value_year_before as change_points,
    100 * (figures.value - figures.value_year_before) / nullif(figures.value_year_before, 0) as change_percent,
    means.mean_three_years
from figures
inner join periods on figures.period_type = periods.period_type and figures.period = periods.period
cross join {{ ref('int_series') }} as series
left join means
    on
        means.calendar_year = year(least(periods.period_end, series.as_of) + 1) - 1
        and figures.org_level = means.org_level
        and figures.org_unit_code = means.org_unit_code
        and figures.measure = means.measure
where figures.period_type <> 'year_to_date before'
