{# The whole value matches a regular expression and is never missing. #}
{% test matches_pattern(model, column_name, pattern) %}
select {{ column_name }}
from {{ model }}
where not coalesce(regexp_full_match({{ column_name }}, '{{ pattern }}'), false)
{% endtest %}
