-- One row a period of the series: month, quarter or year. The last of each kind may be partial: its days are counted to the
-- as-of date, its last day is that of the calendar.
with months_of_periods as (
    {% for period_type in ['month', 'quarter', 'year'] %}
        select
            '{{ period_type }}' as period_type,
            {{ period_type }}_period as period,
            *
        from {{ ref('int_months') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

periods as (
    select
        period_type,
        period,
        calendar_year,
        min(first_day) as period_start,
        last_day(
            case period_type
                when 'month' then min(first_day)
                when 'quarter' then cast(min(first_day) + interval 2 month as date)
                else make_date(calendar_year, 12, 1)
            end
        ) as period_end,
        min(month_index) as first_month_index,
        max(month_index) as last_month_index,
        sum(index_through - index_before) as working_days_in_period
    from months_of_periods
    group by period_type, period, calendar_year
),

working_days_of_year as (
    select
        cast(year(calendar_date) as integer) as calendar_year,
        cast(count_if(is_working_day) as integer) as working_days_in_year
    from {{ ref('int_calendar') }}
    group by year(calendar_date)
)

select
    cast(row_number() over (order by periods.period_type, periods.period) as integer) as period_key,
    periods.period_type,
    periods.period,
    periods.calendar_year,
    periods.period_start,
    periods.period_end,
    periods.period_end > series.as_of as is_partial,
    periods.first_month_index,
    periods.last_month_index,
    cast(periods.working_days_in_period as integer) as working_days_in_period,
    working_days_of_year.working_days_in_year,
    series.possible_days_per_fte
from periods
inner join working_days_of_year on periods.calendar_year = working_days_of_year.calendar_year
cross join {{ ref('int_series') }} as series
