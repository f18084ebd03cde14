{# Rolls monthly cells up to all units, groups and periods and computes the sick-leave measures (metrics.md 4).
   `cells` is a relation or CTE with month_index, unit_code, the dimensions and the six sums of int_sick_leave_months;
   `labels` are columns of relations that the caller joins behind the macro.
   Sums in percent × percent × working days become dagsverk by 254 / W(Y) / 10 000, divided once, here. #}
{% macro sick_leave_by(cells, dimensions=[], labels=[]) %}
{# Rolled up by small keys: at national size the names would be most of what is hashed. #}
monthly as (
    select
        cell.month_index,
        ancestry.org_key,
        {% for dimension in dimensions %}cell.{{ dimension }},{% endfor %}
        {{ sums_of_sick_leave('cell.') }}
    from {{ cells }} as cell
    inner join {{ ref('int_unit_ancestry') }} as ancestry on cell.unit_code = ancestry.unit_code
    group by all
),

totals as (
    select
        period.period_key,
        monthly.org_key,
        {% for dimension in dimensions %}monthly.{{ dimension }},{% endfor %}
        sum(monthly.possible) as possible,
        sum(monthly.self_short_term + monthly.self_long_term) as lost_self,
        sum(monthly.doctor_short_term + monthly.doctor_long_term) as lost_doctor,
        sum(monthly.self_short_term + monthly.doctor_short_term) as lost_short_term,
        sum(monthly.self_long_term + monthly.doctor_long_term) as lost_long_term,
        sum(monthly.doctor_graded) as lost_graded
    from monthly
    inner join {{ ref('int_period_months') }} as period on monthly.month_index = period.month_index
    group by all
)

select
    period.period_type,
    period.period,
    period.period_start,
    period.period_end,
    period.is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    {% for dimension in dimensions %}totals.{{ dimension }},{% endfor %}
    {% for label in labels %}{{ label }},{% endfor %}
    cast(period.possible_days_per_fte * period.working_days_in_period as double) / period.working_days_in_year as days_per_fte,
    {{ fte_of_possible('totals.possible', 'period.working_days_in_period') }} as fte,
    {{ dagsverk('totals.possible') }} as possible_days,
    {{ dagsverk('totals.lost_self + totals.lost_doctor') }} as lost_days,
    {{ dagsverk('totals.lost_self') }} as self_certified_days,
    {{ dagsverk('totals.lost_doctor') }} as doctor_certified_days,
    {{ dagsverk('totals.lost_short_term') }} as short_term_days,
    {{ dagsverk('totals.lost_long_term') }} as long_term_days,
    {{ percent_of('totals.lost_self + totals.lost_doctor', 'totals.possible') }} as sick_leave_percent,
    {{ percent_of('totals.lost_self', 'totals.possible') }} as self_certified_percent,
    {{ percent_of('totals.lost_doctor', 'totals.possible') }} as doctor_certified_percent,
    {{ percent_of('totals.lost_short_term', 'totals.possible') }} as short_term_percent,
    {{ percent_of('totals.lost_long_term', 'totals.possible') }} as long_term_percent,
    {{ dagsverk('totals.lost_graded') }} as graded_days,
    {{ percent_of('totals.lost_graded', 'totals.lost_doctor') }} as graded_percent,
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_periods') }} as period on totals.period_key = period.period_key
inner join {{ ref('int_org_units') }} as org_unit on totals.org_key = org_unit.org_key
{% endmacro %}

{# The six sums of int_sick_leave_months, which cells are rolled up by. #}
{% macro sums_of_sick_leave(prefix='') -%}
    {%- set sums = ['possible', 'self_short_term', 'self_long_term', 'doctor_short_term', 'doctor_long_term', 'doctor_graded'] -%}
    {%- for name in sums %}sum({{ prefix }}{{ name }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro dagsverk(total) -%}
    cast({{ total }} as double) / 10000 * period.possible_days_per_fte / period.working_days_in_year
{%- endmacro %}

{% macro percent_of(part, whole) -%}
    100 * cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0)
{%- endmacro %}
