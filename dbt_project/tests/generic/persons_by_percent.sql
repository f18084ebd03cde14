{# The bands are all of the persons, and whoever is unwillingly part-time is part-time and has answered. A count that is missing
   fails too. #}
{% test persons_by_percent(model) %}
select *
from {{ model }}
where
    not coalesce(
        headcount >= 1
        and persons_0_20 + persons_20_50 + persons_50_80 + persons_80_100 + persons_100 = headcount
        and part_time = headcount - persons_100
        and (involuntary_part_time is null) = (part_time_answered = 0)
        and coalesce(involuntary_part_time, 0) between 0 and part_time_answered
        and part_time_answered <= part_time
        and average_position_percent > 0
        and full_time_80_percent >= full_time_100_percent, false
    )
{% endtest %}
