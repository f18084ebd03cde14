{# Of one key no two rows are valid on the same day, and no row ends before it begins. #}
{% test no_overlapping_validity(model, key) %}
select *
from {{ model }}
qualify
    valid_to < valid_from
    or valid_from <= lag(coalesce(valid_to, date '9999-12-31')) over (partition by {{ key }} order by valid_from, valid_to)
{% endtest %}
