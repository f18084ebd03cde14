{# The parts of a unit are the unit, to the last of nine decimals. #}
{% test adds_up(model, whole, keys, measures, only='true') %}
with parts as (
    select
        {{ keys | join(', ') }},
        {% for measure in measures %}sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}{% endfor %}
    from {{ model }}
    group by {{ keys | join(', ') }}
)

select parts.*
from {{ whole }} as unit
full join parts using ({{ keys | join(', ') }})
where
    coalesce(parts.org_unit_code, '') <> '{{ remainder_name() }}'
    and unit.withheld is null
    and (unit.org_unit_code is null or {{ only }})
    and (
        unit.org_unit_code is null
        {% for measure in measures %}
        or cast(round(unit.{{ measure }}, 9) as decimal(18, 9)) is distinct from parts.{{ measure }}
        {% endfor %}
    )
{% endtest %}
