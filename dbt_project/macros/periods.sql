{# First and last day of a calendar year, as the columns that every table with a time has. #}
{% macro year_period(year) -%}
    make_date({{ year }}, 1, 1) as period_start,
    make_date({{ year }}, 12, 31) as period_end,
{%- endmacro %}

{# The same of a year that nothing but the as-of date says of whether it is over. #}
{% macro year_so_far(year, as_of) -%}
    {{ year_period(year) }}
    {{ as_of }} < make_date({{ year }}, 12, 31) as is_partial,
{%- endmacro %}
