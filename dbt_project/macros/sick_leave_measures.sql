{# Rolls monthly cells up to all units, groups and periods and computes the sick-leave measures (metrics.md 4).
   `cells` is a relation or CTE with month_index, unit_code, the dimensions and the five sums of int_sick_leave_months.
   Sums in percent × percent × working days become dagsverk by 254 / W(Y) / 10 000, divided once, here. #}
{% macro sick_leave_by(cells, dimensions=[]) %}
{% set dims = dimensions | join(', ') ~ (', ' if dimensions else '') %}
monthly as (
    select
        cell.month_index,
        ancestry.org_level,
        ancestry.org_unit_code,
        ancestry.org_unit_name,
        {% for dimension in dimensions %}cell.{{ dimension }},{% endfor %}
        sum(cell.possible) as possible,
        sum(cell.self_short_term) as self_short_term,
        sum(cell.self_long_term) as self_long_term,
        sum(cell.doctor_short_term) as doctor_short_term,
        sum(cell.doctor_long_term) as doctor_long_term
    from {{ cells }} as cell
    inner join {{ ref('int_unit_ancestry') }} as ancestry on cell.unit_code = ancestry.unit_code
    group by all
),

totals as (
    select
        period.period_type,
        period.period,
        period.is_partial,
        monthly.org_level,
        monthly.org_unit_code,
        monthly.org_unit_name,
        {% for dimension in dimensions %}monthly.{{ dimension }},{% endfor %}
        period.working_days_in_period,
        period.working_days_in_year,
        period.possible_days_per_fte,
        sum(monthly.possible) as possible,
        sum(monthly.self_short_term + monthly.self_long_term) as lost_self,
        sum(monthly.doctor_short_term + monthly.doctor_long_term) as lost_doctor,
        sum(monthly.self_short_term + monthly.doctor_short_term) as lost_short_term,
        sum(monthly.self_long_term + monthly.doctor_long_term) as lost_long_term,
        sum(
            monthly.self_short_term + monthly.self_long_term
            + monthly.doctor_short_term + monthly.doctor_long_term
        ) as lost
    from monthly
    inner join {{ ref('int_periods') }} as period on monthly.month_index = period.month_index
    group by all
)

select
    period_type,
    period,
    is_partial,
    org_level,
    org_unit_code,
    org_unit_name,
    {{ dims }}
    cast(possible as double) / 10000 / working_days_in_period as fte,
    {{ dagsverk('possible') }} as possible_days,
    {{ dagsverk('lost') }} as lost_days,
    {{ dagsverk('lost_self') }} as self_certified_days,
    {{ dagsverk('lost_doctor') }} as doctor_certified_days,
    {{ dagsverk('lost_short_term') }} as short_term_days,
    {{ dagsverk('lost_long_term') }} as long_term_days,
    {{ percent_of('lost', 'possible') }} as sick_leave_percent,
    {{ percent_of('lost_self', 'possible') }} as self_certified_percent,
    {{ percent_of('lost_doctor', 'possible') }} as doctor_certified_percent,
    {{ percent_of('lost_short_term', 'possible') }} as short_term_percent,
    {{ percent_of('lost_long_term', 'possible') }} as long_term_percent,
    cast(null as varchar) as withheld
from totals
{% endmacro %}

{% macro dagsverk(total) -%}
    cast({{ total }} as double) / 10000 * possible_days_per_fte / working_days_in_year
{%- endmacro %}

{% macro percent_of(part, whole) -%}
    100 * cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0)
{%- endmacro %}
