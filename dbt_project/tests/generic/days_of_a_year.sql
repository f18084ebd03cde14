{# Nobody is on parental leave for more days than the year has, and each coverage lies within all of them. #}
{% test days_of_a_year(model) %}
select part.*
from {{ model }} as part
inner join {{ model }} as whole
    on part.year = whole.year and part.sex = whole.sex and whole.leave_coverage = 'alle'
where
    part.parental_leave_mean_days not between 1 and 366
    or part.parental_leave_takers > whole.parental_leave_takers
    or part.parental_leave_days > whole.parental_leave_days
{% endtest %}
