-- One row a month and the period (month, quarter or year) it belongs to, with the period's working days.
with working_days_of_year as (
    select
        cast(year(calendar_date) as integer) as calendar_year,
        cast(count_if(is_working_day) as integer) as working_days_in_year
    from {{ ref('int_calendar') }}
    group by year(calendar_date)
),

memberships as (
    select
        'month' as period_type,
        month_period as period,
        *
    from {{ ref('int_months') }}
    union all
    select
        'quarter' as period_type,
        quarter_period as period,
        *
    from {{ ref('int_months') }}
    union all
    select
        'year' as period_type,
        year_period as period,
        *
    from {{ ref('int_months') }}
)

select
    cast(dense_rank() over (order by memberships.period_type, memberships.period) as integer) as period_key,
    memberships.period_type,
    memberships.period,
    memberships.calendar_year,
    memberships.month_index,
    cast(
        sum(memberships.index_through - memberships.index_before) over period_window as integer
    ) as working_days_in_period,
    working_days_of_year.working_days_in_year,
    series.possible_days_per_fte,
    last_day(
        case memberships.period_type
            when 'month' then memberships.first_day
            when 'quarter' then cast(date_trunc('quarter', memberships.first_day) + interval 2 month as date)
            else make_date(memberships.calendar_year, 12, 1)
        end
    ) > series.as_of as is_partial
from memberships
inner join working_days_of_year on memberships.calendar_year = working_days_of_year.calendar_year
cross join {{ ref('int_series') }} as series
window period_window as (partition by memberships.period_type, memberships.period)
