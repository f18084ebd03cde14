{# The tables that hold printed figures; a further one has its measures in seeds/printed_measures.csv. #}
{% macro printed_marts() -%}
    {{ return([
        'sick_leave_by_unit', 'sick_leave_by_sex', 'sick_leave_by_age', 'sick_leave_by_job_code', 'sick_leave_changes',
        'full_time_by_unit', 'full_time_by_sex', 'full_time_by_job_code', 'equality_gender_balance', 'equality_leaders',
        'equality_parental_leave', 'equality_pay', 'survey_response', 'survey_factor_scores', 'benchmarks', 'targets'
    ]) }}
{%- endmacro %}

{# Those of the grain columns of a table that say its time, in the order in which a cell's time is written. #}
{% macro time_columns(grain) -%}
    {{ return(['source', 'reference_date', 'period_type', 'period', 'year'] | select('in', grain) | list) }}
{%- endmacro %}

{# What kind of time a printed period is. #}
{% macro kind_of_period(period) -%}
    case
        when {{ period }} in ('pilot start', 'pilot so far') then 'pilot'
        when regexp_full_match({{ period }}, '\d{4}') then 'year'
        when regexp_full_match({{ period }}, '\d{4}-Q[1-4]') then 'quarter'
        when
            regexp_full_match({{ period }}, '\d{4}-\d{4}')
            and left({{ period }}, 4) < right({{ period }}, 4)
            then 'years'
        when
            regexp_full_match({{ period }}, '\d{4}-\d{2}') and try_cast({{ period }} || '-01' as date) is not null
            then 'month'
        when
            regexp_full_match({{ period }}, '\d{4}-\d{2}-\d{2}') and try_cast({{ period }} as date) is not null
            then 'date'
    end
{%- endmacro %}

{# A number as it is printed, with so many decimals. #}
{% macro printed(value, decimals) -%}
    format('{:.' || {{ decimals }} || 'f}', cast({{ value }} as double))
{%- endmacro %}

{# A computed figure rounded half away from zero, in decimal, to as many decimals as a column says. #}
{% macro rounded_as_printed(value, decimals) -%}
    case {{ decimals }}
        {% for places in range(7) %}
            when {{ places }} then cast(round(cast({{ value }} as decimal(38, 9)), {{ places }}) as decimal(38, 9))
        {% endfor %}
    end
{%- endmacro %}
