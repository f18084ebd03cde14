{# The spells of a unit by length have lost what the unit has lost. #}
{% test bands_of_the_lost_days(model) %}
select
    unit.period,
    unit.org_level,
    unit.org_unit_code
from {{ ref('sick_leave_by_unit') }} as unit
left join {{ model }} as band
    on
        unit.period = cast(band.year as varchar)
        and unit.org_level = band.org_level
        and unit.org_unit_code = band.org_unit_code
where unit.period_type = 'year'
group by unit.period, unit.org_level, unit.org_unit_code
having abs(coalesce(sum(band.lost_days), 0) - any_value(unit.lost_days)) > 1e-9 * (1 + any_value(unit.possible_days))
{% endtest %}
