{# Pay group 0 holds the positions of all the others, and every position is a woman's or a man's. #}
{% test total_of_pay_groups(model) %}
select year
from {{ model }}
group by year
having
    sum(case when pay_group = 0 then women else -women end) <> 0
    or sum(case when pay_group = 0 then men else -men end) <> 0
    or bool_or(women + men <> positions)
    or bool_or(pay_group_name is null)
{% endtest %}
