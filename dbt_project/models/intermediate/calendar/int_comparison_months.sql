-- One row a period of comparison and month in it (metrics.md 8c): the bridge from months to what is summed of them. Beside the
-- periods of the calendar the half year (2024-H1); the year to date, January to the last whole month, and the same months a
-- year before, which no table shows by themselves; and the twelve months that end with a month.
with months as (
    select
        *,
        case when month(first_day) <= 6 then year_period || '-H1' else year_period || '-H2' end as half_year_period
    from {{ ref('int_months') }}
),

bounds as (
    select min(month_index) as first_month_index
    from months
),

whole as (
    select
        calendar_year,
        year_period,
        max(month_index) as last_whole_month_index
    from months
    where not is_partial
    group by calendar_year, year_period
),

chosen as (
    {% for period_type in ['month', 'quarter', 'half_year', 'year'] %}
        select
            '{{ period_type }}' as period_type,
            {{ period_type }}_period as period,
            month_index
        from months
        union all
    {% endfor %}
    select
        'year_to_date' as period_type,
        whole.year_period as period,
        months.month_index
    from whole
    inner join months
        on whole.calendar_year = months.calendar_year and months.month_index <= whole.last_whole_month_index
    union all
    select
        'year_to_date before' as period_type,
        whole.year_period as period,
        months.month_index
    from whole
    inner join months
        on
            whole.calendar_year = months.calendar_year + 1
            and months.month_index + 12 <= whole.last_whole_month_index
    union all
    select
        'rolling_12' as period_type,
        ending.month_period as period,
        months.month_index
    from months as ending
    inner join months on months.month_index between ending.month_index - 11 and ending.month_index
    cross join bounds
    where ending.month_index - 11 >= bounds.first_month_index
),

periods as (
    select
        chosen.period_type,
        chosen.period,
        min(months.first_day) as first_day,
        last_day(max(months.first_day)) as last_day
    from chosen
    inner join months on chosen.month_index = months.month_index
    group by chosen.period_type, chosen.period
),

ends as (
    select
        period_type,
        period,
        first_day as period_start,
        case period_type
            when 'quarter' then last_day(cast(first_day + interval 2 month as date))
            when 'half_year' then last_day(cast(first_day + interval 5 month as date))
            when 'year' then last_day(cast(first_day + interval 11 month as date))
            else last_day
        end as period_end
    from periods
)

select
    chosen.period_type,
    chosen.period,
    ends.period_start,
    ends.period_end,
    ends.period_end > series.as_of as is_partial,
    chosen.month_index,
    months.month_period
from chosen
inner join months on chosen.month_index = months.month_index
inner join ends on chosen.period_type = ends.period_type and chosen.period = ends.period
cross join {{ ref('int_series') }} as series
