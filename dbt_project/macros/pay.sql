{# Positions with pay by sex and the plain means, of int_pay_positions. The gap is men − women, in percent of the women's mean (the
   report's sign and base). With the sums M and W over m men and w women it is M / m − W / w = (M × w − W × m) / (m × w): exact
   until divided. #}
{% macro pay_sums() -%}
    cast(count_if(sex = 'kvinne') as bigint) as women,
    cast(count_if(sex = 'mann') as bigint) as men,
    count(distinct case when sex = 'kvinne' then employee_no end) as women_persons,
    count(distinct case when sex = 'mann' then employee_no end) as men_persons,
    coalesce(sum(case when sex = 'kvinne' then annual_salary end), 0) as pay_women,
    coalesce(sum(case when sex = 'mann' then annual_salary end), 0) as pay_men
{%- endmacro %}

{% macro pay_means() -%}
    cast(totals.pay_women as double) / nullif(totals.women, 0) as mean_women,
    cast(totals.pay_men as double) / nullif(totals.men, 0) as mean_men,
    cast(totals.pay_women + totals.pay_men as double) / (totals.women + totals.men) as mean_all,
    {{ percent_of(
        'totals.pay_men * totals.women - totals.pay_women * totals.men', 'totals.pay_women * totals.men'
    ) }} as pay_gap_percent,
    cast(totals.pay_men * totals.women - totals.pay_women * totals.men as double)
    / nullif(totals.men * totals.women, 0) as pay_gap_nok,
    {{ percent_of('totals.pay_women * totals.men', 'totals.pay_men * totals.women') }} as women_pay_percent,
{%- endmacro %}

{# The kinds of pay that PAI delivers, each a column of int_pai_pay. #}
{% macro kinds_of_pai() -%}
    {{ return(['base_pay', 'fixed_supplements', 'variable_supplements', 'overtime_pay']) }}
{%- endmacro %}

{# The fewest persons behind one of pai_means; null where there is none. Empty cells are in no mean: of many persons one may have a
   supplement, and the mean of it is that person's. #}
{% macro fewest_of_pai_means() -%}
    least(
        {%- for kind in kinds_of_pai() -%}
            {%- for sex in ['kvinne', 'mann'] -%}
                nullif(count(distinct person_key) filter (where sex = '{{ sex }}' and {{ kind }} is not null), 0)
                {{- ', ' if not (loop.last and kind == 'overtime_pay') }}
            {%- endfor -%}
        {%- endfor -%}
    )
{%- endmacro %}

{# Plain means of what PAI delivers of each kind of pay, by sex, as base_pay_women and so on. #}
{% macro pai_means() -%}
    {%- for kind in kinds_of_pai() -%}
        {%- for sex, sexes in [('kvinne', 'women'), ('mann', 'men')] -%}
            cast(sum({{ kind }}) filter (where sex = '{{ sex }}') as double)
            / count({{ kind }}) filter (where sex = '{{ sex }}') as {{ kind }}_{{ sexes }}
            {{- ', ' if not (loop.last and kind == 'overtime_pay') }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
