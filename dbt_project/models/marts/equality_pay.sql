-- Plain means over positions, by KS pay group and sex.
with totals as (
    select
        calendar_year,
        is_partial,
        pay_group,
        {{ pay_sums() }}
    from {{ ref('int_pay_positions') }}
    group by calendar_year, is_partial, pay_group
)

select
    totals.calendar_year as year,
    {{ year_period('totals.calendar_year') }}
    totals.is_partial,
    totals.pay_group,
    pay_group.pay_group_name,
    totals.women,
    totals.men,
    totals.women_persons,
    totals.men_persons,
    totals.women + totals.men as positions,
    {{ percent_of('totals.women', 'totals.women + totals.men') }} as women_percent,
    {{ pay_means() }}
    cast(null as varchar) as withheld
from totals
left join {{ ref('pay_groups') }} as pay_group on totals.pay_group = pay_group.pay_group
