-- Base pay of the payroll system by job code, as equality_pay, with medians; beside it what PAI has of the same code on
-- 1 December of the year, each kind of pay apart: plain means over the positions for which it was delivered.
with totals as (
    select
        calendar_year,
        is_partial,
        job_code,
        median(cast(annual_salary as double)) filter (where sex = 'kvinne') as median_women,
        median(cast(annual_salary as double)) filter (where sex = 'mann') as median_men,
        median(cast(annual_salary as double)) as median_all,
        {{ pay_sums() }}
    from {{ ref('int_pay_positions') }}
    where pay_group = 0
    group by calendar_year, is_partial, job_code
),

pai as (
    select
        calendar_year,
        job_code,
        count(distinct person_key) filter (where sex = 'kvinne') as women_persons,
        count(distinct person_key) filter (where sex = 'mann') as men_persons,
        {{ fewest_of_pai_means() }} as fewest_persons,
        {{ pai_means() }}
    from {{ ref('int_pai_pay') }}
    group by calendar_year, job_code
)

select
    totals.calendar_year as year,
    {{ year_period('totals.calendar_year') }}
    totals.is_partial,
    totals.job_code,
    title.job_title,
    totals.women,
    totals.men,
    totals.women + totals.men as positions,
    {{ percent_of('totals.women', 'totals.women + totals.men') }} as women_percent,
    {{ pay_means() }}
    totals.median_women,
    totals.median_men,
    totals.median_all,
    pai.base_pay_women,
    pai.base_pay_men,
    pai.fixed_supplements_women,
    pai.fixed_supplements_men,
    pai.variable_supplements_women,
    pai.variable_supplements_men,
    pai.overtime_pay_women,
    pai.overtime_pay_men,
    -- A sex that PAI does not have in the code withholds nothing: no pay of it is served.
    least(
        totals.women_persons,
        totals.men_persons,
        nullif(pai.women_persons, 0),
        nullif(pai.men_persons, 0),
        pai.fewest_persons
    ) as fewest_persons,
    cast(null as varchar) as withheld
from totals
left join pai on totals.calendar_year = pai.calendar_year and totals.job_code = pai.job_code
left join {{ ref('int_job_titles') }} as title on totals.job_code = title.job_code
