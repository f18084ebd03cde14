{# What the units below contribute, and the remainder, is the change of the unit above. #}
{% test add_up_to_the_change(model) %}
select
    part.period_type,
    part.period,
    part.org_level,
    part.org_unit_code
from {{ model }} as part
inner join {{ ref('sick_leave_changes') }} as whole
    on
        part.period_type = whole.period_type
        and part.period = whole.period
        and part.org_level = whole.org_level
        and part.org_unit_code = whole.org_unit_code
        and whole.measure = 'sick_leave_percent'
where whole.change_points is not null
group by part.period_type, part.period, part.org_level, part.org_unit_code
having abs(coalesce(sum(part.contribution), 0) - any_value(whole.change_points)) > 1e-9
{% endtest %}
