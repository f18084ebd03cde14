{# The formulas of årsverk and the like, each once (docs/metrics.md). What they take are exact sums; they divide once.
   Not here: the measures of sick leave (sick_leave_measures.sql), and counts of persons (full_time_measures.sql). #}

{# Årsverk of a sum of position or person percents. #}
{% macro fte_of_percent(total) -%}
    cast({{ total }} as double) / 100
{%- endmacro %}

{# Average årsverk of possible time, a sum of percent × percent × working days, over so many working days. #}
{% macro fte_of_possible(possible, working_days) -%}
    cast({{ possible }} as double) / 10000 / {{ working_days }}
{%- endmacro %}

{# Årsverk of the hours of a month: 1950 hours are a full position for a year. #}
{% macro fte_of_hours(hours) -%}
    cast({{ hours }} as double) / (1950.0 / 12)
{%- endmacro %}

{# Average position percent of so many persons. #}
{% macro average_percent(total, persons) -%}
    cast({{ total }} as double) / cast({{ persons }} as double)
{%- endmacro %}
