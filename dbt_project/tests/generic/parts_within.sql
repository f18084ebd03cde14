{# No part is missing, below 0 or above the whole. #}
{% test parts_within(model, parts, whole) %}
select *
from {{ model }}
where
    {% for part in parts %}not coalesce({{ part }} between 0 and {{ whole }}, false){{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
