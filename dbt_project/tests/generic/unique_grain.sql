{# No two rows of a table share the grain, and no part of the grain is missing. A model's grain is the one its yml says. #}
{% test unique_grain(model, columns=none) %}
{% set grain = columns or grain_of(model.identifier) %}
select
    {{ grain | join(', ') }},
    count(*) as copies
from {{ model }}
group by {{ grain | join(', ') }}
having count(*) > 1 or {{ grain | join(' is null or ') }} is null
{% endtest %}
