{# The tables that hold printed figures; a further one has its measures in seeds/published_measures.csv. #}
{% macro printed_marts() -%}
    {{ return([
        'sick_leave_by_unit', 'sick_leave_by_sex', 'sick_leave_by_age', 'sick_leave_by_job_code', 'full_time_by_unit',
        'full_time_by_job_code', 'equality_gender_balance', 'equality_leaders', 'equality_parental_leave', 'equality_pay',
        'survey_response', 'survey_factor_scores', 'benchmarks', 'targets'
    ]) }}
{%- endmacro %}

{# Those of the grain columns of a table that say its time, in the order in which a cell's time is written. #}
{% macro time_columns(grain) -%}
    {{ return(['source', 'reference_date', 'period_type', 'period', 'year'] | select('in', grain) | list) }}
{%- endmacro %}

{# A number as it is printed, with so many decimals. #}
{% macro printed(value, decimals) -%}
    format('{:.' || {{ decimals }} || 'f}', cast({{ value }} as double))
{%- endmacro %}
