-- Rank 1 is the best: the lowest sick leave, the highest share of full time. Ranked as printed, with one decimal, among the
-- municipalities alone.
with periods as (
    select
        *,
        case period_type
            when 'month' then last_day(cast(period || '-01' as date))
            when 'quarter' then last_day(make_date(cast(left(period, 4) as integer), 3 * cast(right(period, 1) as integer), 1))
            else make_date(cast(period as integer), 12, 31)
        end as last_day,
        case period_type
            when 'month' then cast(period || '-01' as date)
            when 'quarter' then make_date(cast(left(period, 4) as integer), 3 * cast(right(period, 1) as integer) - 2, 1)
            else make_date(cast(period as integer), 1, 1)
        end as first_day
    from {{ ref('int_benchmarks') }}
    where not is_replaced
)

select
    periods.indicator,
    periods.period_type,
    periods.period,
    periods.first_day as period_start,
    periods.last_day as period_end,
    periods.last_day > series.as_of as is_partial,
    periods.peer,
    periods.value,
    periods.source_name as source,
    periods.basis,
    cast(
        case
            when indicator.better is not null and periods.is_ranked then rank() over (
                partition by periods.indicator, periods.period_type, periods.period, periods.is_ranked
                order by
                    case indicator.better when 'lower' then 1 else -1 end
                    * round(cast(periods.value as decimal(18, 6)), 1)
            )
        end as integer
    ) as rank
from periods
left join {{ ref('indicators') }} as indicator on periods.indicator = indicator.indicator
cross join {{ ref('int_series') }} as series
