{# What comparisons are made of (metrics.md 8c): the served cells of sick_leave_by_unit by period of comparison, as CTEs `cells` and
   `cells_before` (the same period a year before, under the period it is compared with). Where a month is withheld, so is every
   sum with it: null. Only served columns may be read here. #}
{% macro compared_shares() -%}
    {{ return(['sick_leave', 'self_certified', 'doctor_certified', 'short_term', 'long_term']) }}
{%- endmacro %}

{% macro compared_days(share) -%}
    {{ 'lost_days' if share == 'sick_leave' else share ~ '_days' }}
{%- endmacro %}

{% macro compared_cells() %}
periods as (
    select distinct
        period_type,
        period,
        period_start,
        period_end,
        is_partial
    from {{ ref('int_comparison_months') }}
),

summed as (
    select
        month.period_type,
        month.period,
        cell.org_level,
        cell.org_unit_code,
        any_value(cell.org_unit_name) as org_unit_name,
        {% for name in ['possible_days', 'graded_days', 'lost_days', 'self_certified_days', 'doctor_certified_days',
                        'short_term_days', 'long_term_days'] %}
        case when count(*) = count(cell.{{ name }}) then sum(cell.{{ name }} order by month.month_index) end as {{ name }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_comparison_months') }} as month
    inner join {{ ref('sick_leave_by_unit') }} as cell on cell.period_type = 'month' and month.month_period = cell.period
    where month.period_type not in ('month', 'quarter', 'year')
    group by month.period_type, month.period, cell.org_level, cell.org_unit_code
),

cells as (
    select
        period_type,
        period,
        org_level,
        org_unit_code,
        org_unit_name,
        possible_days,
        {% for share in compared_shares() %}{{ share }}_percent,{% endfor %}
        graded_percent
    from {{ ref('sick_leave_by_unit') }}
    union all
    select
        period_type,
        period,
        org_level,
        org_unit_code,
        org_unit_name,
        possible_days,
        {% for share in compared_shares() %}
        {{ percent_of(compared_days(share), 'possible_days') }} as {{ share }}_percent,
        {% endfor %}
        {{ percent_of('graded_days', 'doctor_certified_days') }} as graded_percent
    from summed
),

cells_before as (
    select * replace (
        case
            when period_type = 'year_to_date before' then period
            else cast(cast(left(period, 4) as integer) + 1 as varchar) || substr(period, 5)
        end as period,
        replace(period_type, ' before', '') as period_type
    )
    from cells
    -- The year to date is compared with the same months, not with the whole year before.
    where period_type <> 'year_to_date'
),
{% endmacro %}
