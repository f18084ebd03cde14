{# The shares of one whole add up to 100; they may all be missing. #}
{% test shares_sum_to_100(model, measures, within) %}
select {{ within | join(', ') }}
from {{ model }}
group by {{ within | join(', ') }}
having {% for measure in measures %}abs(sum({{ measure }}) - 100) > 1e-9{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
