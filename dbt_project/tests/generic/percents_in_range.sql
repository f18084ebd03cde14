{# A share is between 0 and 100; it may be missing. #}
{% test percents_in_range(model, columns) %}
select *
from {{ model }}
where {% for column in columns %}{{ column }} not between 0 and 100{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
