{# Sums each person's positions below every unit and group and counts the persons (metrics.md 5). A person's only position has
   the same percent in every unit above it: those are counted in their own unit first and only the counts are carried upwards.
   Only persons with several positions are summed in each unit above. `labels` are columns of relations that the caller joins
   behind the macro. `education`: with what PAI knows of it; a person has the highest of his positions. #}
{% macro full_time_by(dimensions=[], labels=[], education=false) %}
{% set keys = (['source', 'reference_date'] + dimensions) | join(', ') %}
only_positions as (
    select
        {{ keys }},
        unit_code,
        position_percent as person_percent,
        coalesce(wants_larger_position = 'Ja', false) as wants_larger,
        wants_larger_position is not null as has_answered,
        is_vocational_or_higher
    from {{ ref('int_full_time_positions') }}
    where is_only_position
),

counted_in_own_unit as (
    select
        {{ keys }},
        unit_code,
        {{ full_time_counts() }}
    from only_positions
    cross join {{ source('raw', 'settings') }} as settings
    group by all
),

summed_below_each_unit as (
    select
        {{ keys }},
        held.person_id,
        ancestry.org_key,
        sum(held.position_percent) as person_percent,
        coalesce(bool_or(held.wants_larger_position = 'Ja'), false) as wants_larger,
        count(held.wants_larger_position) > 0 as has_answered,
        bool_or(held.is_vocational_or_higher) as is_vocational_or_higher
    from {{ ref('int_full_time_positions') }} as held
    inner join {{ ref('int_unit_ancestry') }} as ancestry on held.unit_code = ancestry.unit_code
    where not held.is_only_position
    group by all
),

counted as (
    select
        ancestry.org_key,
        own_unit.* exclude (unit_code)
    from counted_in_own_unit as own_unit
    inner join {{ ref('int_unit_ancestry') }} as ancestry on own_unit.unit_code = ancestry.unit_code
    union all by name
    select
        {{ keys }},
        org_key,
        {{ full_time_counts() }}
    from summed_below_each_unit
    cross join {{ source('raw', 'settings') }} as settings
    group by all
),

totals as (
    select
        {{ keys }},
        org_key,
        {{ full_time_sums() }}
    from counted
    group by all
)

select
    totals.source,
    totals.reference_date,
    totals.reference_date as period_start,
    totals.reference_date as period_end,
    totals.source = 'payroll' and totals.reference_date < last_day(totals.reference_date) as is_partial,
    org_unit.org_level,
    org_unit.org_unit_code,
    org_unit.org_unit_name,
    {% for dimension in dimensions %}totals.{{ dimension }},{% endfor %}
    {% for label in labels %}{{ label }},{% endfor %}
    cast(totals.headcount as bigint) as headcount,
    {{ fte_of_percent('totals.total_percent') }} as fte,
    {{ average_percent('totals.total_percent', 'totals.headcount') }} as average_position_percent,
    {{ percent_of('totals.persons_100', 'totals.headcount') }} as full_time_100_percent,
    {{ percent_of('totals.persons_at_threshold', 'totals.headcount') }} as full_time_80_percent,
    cast(totals.persons_0_20 as bigint) as persons_0_20,
    cast(totals.persons_20_50 as bigint) as persons_20_50,
    cast(totals.persons_50_80 as bigint) as persons_50_80,
    cast(totals.persons_80_100 as bigint) as persons_80_100,
    cast(totals.persons_100 as bigint) as persons_100,
    cast(totals.headcount - totals.persons_100 as bigint) as part_time,
    {{ of_asked('cast(totals.involuntary_part_time as bigint)', 'totals.part_time_answered') }} as involuntary_part_time,
    cast(totals.part_time_answered as bigint) as part_time_answered,
    {{ percent_of('totals.involuntary_part_time', 'totals.part_time_answered') }} as involuntary_percent,
    {% if education %}
        {{ of_asked('cast(totals.vocational_or_higher as bigint)', 'totals.education_known') }} as vocational_or_higher,
        case when totals.source = 'pai' then cast(totals.education_known as bigint) end as education_known,
        {{ percent_of('totals.vocational_or_higher', 'totals.education_known') }} as vocational_or_higher_percent,
    {% endif %}
    cast(null as varchar) as withheld
from totals
inner join {{ ref('int_org_units') }} as org_unit on totals.org_key = org_unit.org_key
{% endmacro %}

{# A count of wishes, of those who were asked: not asked is not zero. #}
{% macro of_asked(wishes, answered) -%}
    case when {{ answered }} > 0 then {{ wishes }} end
{%- endmacro %}

{% macro full_time_counts() -%}
    count(*) as headcount,
    sum(person_percent) as total_percent,
    count_if(formulas.band(person_percent) = 'persons_0_20') as persons_0_20,
    count_if(formulas.band(person_percent) = 'persons_20_50') as persons_20_50,
    count_if(formulas.band(person_percent) = 'persons_50_80') as persons_50_80,
    count_if(formulas.band(person_percent) = 'persons_80_100') as persons_80_100,
    count_if(formulas.band(person_percent) = 'persons_100') as persons_100,
    count_if(formulas.is_at_threshold(person_percent, settings.full_time_threshold)) as persons_at_threshold,
    count_if(formulas.is_involuntary_part_time(person_percent, wants_larger)) as involuntary_part_time,
    count_if(formulas.has_answered_part_time(person_percent, has_answered)) as part_time_answered,
    count_if(is_vocational_or_higher) as vocational_or_higher,
    count(is_vocational_or_higher) as education_known
{%- endmacro %}

{% macro full_time_sums() -%}
    sum(headcount) as headcount,
    sum(total_percent) as total_percent,
    sum(persons_0_20) as persons_0_20,
    sum(persons_20_50) as persons_20_50,
    sum(persons_50_80) as persons_50_80,
    sum(persons_80_100) as persons_80_100,
    sum(persons_100) as persons_100,
    sum(persons_at_threshold) as persons_at_threshold,
    sum(involuntary_part_time) as involuntary_part_time,
    sum(part_time_answered) as part_time_answered,
    sum(vocational_or_higher) as vocational_or_higher,
    sum(education_known) as education_known
{%- endmacro %}
