-- Plain means over positions, by KS pay group and sex. The gap is men − women, in percent of the women's mean (the report's
-- sign and base). With the sums M and W over m men and w women it is M / m − W / w = (M × w − W × m) / (m × w): exact until
-- divided.
with totals as (
    select
        calendar_year,
        is_partial,
        pay_group,
        cast(count_if(sex = 'kvinne') as bigint) as women,
        cast(count_if(sex = 'mann') as bigint) as men,
        count(distinct case when sex = 'kvinne' then employee_no end) as women_persons,
        count(distinct case when sex = 'mann' then employee_no end) as men_persons,
        coalesce(sum(case when sex = 'kvinne' then annual_salary end), 0) as pay_women,
        coalesce(sum(case when sex = 'mann' then annual_salary end), 0) as pay_men
    from {{ ref('int_pay_positions') }}
    group by calendar_year, is_partial, pay_group
)

select
    totals.calendar_year as year,
    totals.is_partial,
    totals.pay_group,
    pay_group.pay_group_name,
    totals.women,
    totals.men,
    totals.women_persons,
    totals.men_persons,
    totals.women + totals.men as positions,
    {{ percent_of('totals.women', 'totals.women + totals.men') }} as women_percent,
    cast(totals.pay_women as double) / nullif(totals.women, 0) as mean_women,
    cast(totals.pay_men as double) / nullif(totals.men, 0) as mean_men,
    cast(totals.pay_women + totals.pay_men as double) / (totals.women + totals.men) as mean_all,
    {{ percent_of(
        'totals.pay_men * totals.women - totals.pay_women * totals.men', 'totals.pay_women * totals.men'
    ) }} as pay_gap_percent,
    cast(totals.pay_men * totals.women - totals.pay_women * totals.men as double)
    / nullif(totals.men * totals.women, 0) as pay_gap_nok,
    {{ percent_of('totals.pay_women * totals.men', 'totals.pay_men * totals.women') }} as women_pay_percent,
    cast(null as varchar) as withheld
from totals
left join {{ ref('pay_groups') }} as pay_group on totals.pay_group = pay_group.pay_group
