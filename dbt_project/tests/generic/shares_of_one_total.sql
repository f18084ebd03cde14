{# Lost days are all of their parts, both ways of parting them, and never more than is possible; graded days are some of the
   doctor-certified ones. #}
{% test shares_of_one_total(model) %}
select *
from {{ model }}
where
    abs(self_certified_days + doctor_certified_days - lost_days) > 1e-9 * (1 + possible_days)
    or abs(short_term_days + long_term_days - lost_days) > 1e-9 * (1 + possible_days)
    or lost_days > possible_days + 1e-9 * (1 + possible_days)
    or lost_days < 0
    or graded_days not between 0 and doctor_certified_days + 1e-9 * (1 + possible_days)
{% endtest %}
