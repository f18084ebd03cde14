{# The parts of a unit are the unit, to the last of nine decimals; and the units of a level with what is beside them are the
   municipality, but for what is empty because it is of too few. #}
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
inner join {{ ref('org_units') }} as org_unit using (org_level, org_unit_code)
full join parts using ({{ keys | join(', ') }})
where
    coalesce(parts.org_unit_code, '') <> '{{ remainder_name() }}'
    and unit.withheld is null
    and (unit.org_unit_code is null or {{ only }})
    and not coalesce(org_unit.is_nested, false)
    and (
        unit.org_unit_code is null
        {% for measure in measures %}
        or cast(round(unit.{{ measure }}, 9) as decimal(18, 9)) is distinct from parts.{{ measure }}
        {% endfor %}
    )
{% endtest %}
