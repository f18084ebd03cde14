{# Unwilling part-timers are counted among those who answered, and not at all where nobody did. #}
{% test wishes_of_the_asked(model) %}
select *
from {{ model }}
where
    (involuntary_part_time is null) <> (part_time_answered = 0)
    or involuntary_part_time not between 0 and part_time_answered
    or part_time_answered > part_time_employees
{% endtest %}
