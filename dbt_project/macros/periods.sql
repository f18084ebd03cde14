{# First and last day of a calendar year, as the columns that every table with a time has. #}
{% macro year_period(year) -%}
    make_date({{ year }}, 1, 1) as period_start,
    make_date({{ year }}, 12, 31) as period_end,
{%- endmacro %}
