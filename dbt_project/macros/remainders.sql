{# Views for BI tools (models/served/bi_*.sql): every unit's parts with one remainder row, so that they add up to the unit. They read
   served columns alone: a remainder is served less served. Not here: bi_sick_leave, whose remainders are those of the tree.

   Additive figures are decimals of 9 places, so that sums come out the same in every order. The parts of a unit are rounded one after
   the other, each as the rounded sum up to it less the rounded sum before it: rounding leaves nothing over. #}

{% macro remainder_name() -%}
    {{ return('øvrige (ikke vist)') }}
{%- endmacro %}

{# Below this a difference of figures is one of their last binary digits. #}
{% macro no_figure() -%}
    {{ return('1e-6') }}
{%- endmacro %}

{# Numbers as they are added up, and as they stand in a view. #}
{% macro fine(figure) -%}
    cast({{ figure }} as decimal(38, 12))
{%- endmacro %}

{% macro exact(figure) -%}
    cast(round({{ figure }}, 9) as decimal(18, 9))
{%- endmacro %}

{# A list of expressions, one of each name: `?` in the text stands for it. #}
{% macro for_each(names, text) -%}
    {%- set found = [] -%}
    {%- for name in names -%}{%- do found.append(text | replace('?', name)) -%}{%- endfor -%}
    {{ return(found | join(',\n        ')) }}
{%- endmacro %}

{# The threshold of a table as the publication has it, the municipality's stricter one included. #}
{% macro served_threshold(table) -%}
    (
        select
            greatest(
                cast(settings ->> '{{ meta_of(table).threshold if execute else 'min_persons' }}' as double),
                coalesce(cast(settings -> 'stricter' ->> '{{ table }}' as double), 0)
            )
        from {{ ref('publication') }}
    )
{%- endmacro %}

{% macro sick_leave_days() -%}
    {{ return(['fte', 'possible_days', 'lost_days', 'self_certified_days', 'doctor_certified_days', 'short_term_days',
               'long_term_days', 'graded_days']) }}
{%- endmacro %}

{# Share → its days, all of possible_days but the last. #}
{% macro sick_leave_percents() -%}
    {{ return({'sick_leave_percent': ['lost_days', 'possible_days'],
               'self_certified_percent': ['self_certified_days', 'possible_days'],
               'doctor_certified_percent': ['doctor_certified_days', 'possible_days'],
               'short_term_percent': ['short_term_days', 'possible_days'],
               'long_term_percent': ['long_term_days', 'possible_days'],
               'graded_percent': ['graded_days', 'doctor_certified_days']}) }}
{%- endmacro %}

{% macro balance_measures() -%}
    {{ return(['fte', 'employees', 'temporary_employees', 'part_time_employees', 'involuntary_part_time', 'part_time_answered']) }}
{%- endmacro %}

{% macro sick_leave_absence() -%}
    {{ return(sick_leave_days() | reject('in', ['fte', 'possible_days']) | list) }}
{%- endmacro %}

{# The shares of a row: those that are served, else divided again, or empty. #}
{% macro sick_leave_shares(row, served, served_when, empty_when) -%}
    {%- for share, of in sick_leave_percents().items() -%}
    case
        when {{ served_when }} then {{ served }}.{{ share }}
        when not {{ empty_when }} then {{ percent_of(row ~ '.' ~ of[0], row ~ '.' ~ of[1]) }}
    end as {{ share }}{{ ',\n    ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# How much more one figure is than another that may be missing; what only their last digits say is nothing. #}
{% macro difference(figure, other) -%}
    case when {{ figure }} - coalesce({{ other }}, 0) > {{ no_figure() }} then {{ figure }} - coalesce({{ other }}, 0) else 0 end
{%- endmacro %}

{# The CTE `parts`: the rows of `units` split into their rows of `cells` and, where those are not all, one remainder. Both have the
   columns `keys` (org_level and org_unit_code among them), `decided_for` and the additive `measures`; cells also `dimension`, and the
   shares `percents` (name → part and whole). There is a remainder where `size` is above 0. A unit none of whose cells is served is all
   remainder, and so is one whose remainder would be below `limit` by `people` (by default the size): the rows of `units` that are
   `deciding` say so for all with the same `decided_for`. #}
{% macro split_units(keys, dimension, measures, percents, size, limit, people=none) %}
{% set unit_keys = keys | join(', ') %}
sums as (
    select
        {{ unit_keys }},
        {% for measure in measures %}sum({{ fine(measure) }}) as {{ measure }},{% endfor %}
        count(*) as parts
    from cells
    group by {{ unit_keys }}
),

left_over as (
    select
        {% for key in keys %}units.{{ key }},{% endfor %}
        units.decided_for,
        units.deciding,
        coalesce(sums.parts, 0) as parts,
        {% for measure in measures %}
        case
            when sums.parts is null then {{ exact('units.' ~ measure) }}
            when {{ fine('units.' ~ measure) }} - coalesce(sums.{{ measure }}, 0) > {{ no_figure() }}
                then {{ exact('units.' ~ measure) }} - {{ exact('coalesce(sums.' ~ measure ~ ', 0)') }}
            when units.{{ measure }} is not null then 0
        end as {{ measure }},
        {{ exact('units.' ~ measure) }} as unit_{{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from units
    left join sums using ({{ unit_keys }})
),

shown_whole as (
    select distinct
        decided_for,
        org_level,
        org_unit_code,
        true as is_whole
    from left_over
    where deciding and parts > 0 and {{ size }} > 0 and {{ people or size }} < {{ limit }}
),

rests as (
    select
        {% for key in keys %}left_over.{{ key }},{% endfor %}
        left_over.parts,
        coalesce(shown_whole.is_whole, left_over.parts = 0) as is_whole,
        {% for measure in measures %}
        case when shown_whole.is_whole then left_over.unit_{{ measure }} else left_over.{{ measure }} end as {{ measure }},
        left_over.unit_{{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from left_over
    left join shown_whole using (decided_for, org_level, org_unit_code)
),

running as (
    select
        cells.*,
        rests.parts = row_number() over in_order as is_last,
        {% for measure in measures %}
        {{ exact('sum(' ~ fine('cells.' ~ measure) ~ ') over in_order') }} as {{ measure }}_so_far,
        rests.unit_{{ measure }} - rests.{{ measure }} as {{ measure }}_of_parts{{ ',' if not loop.last }}
        {% endfor %}
    from cells
    inner join rests using ({{ unit_keys }})
    where not rests.is_whole
    window in_order as (partition by {{ unit_keys }} order by cells.{{ dimension }} rows unbounded preceding)
),

parts as (
    select
        {{ unit_keys }},
        {{ dimension }},
        false as is_remainder,
        {% for measure in measures %}
        case
            when {{ measure }} is not null
                then
                    case when is_last then {{ measure }}_of_parts else {{ measure }}_so_far end
                    - coalesce(lag({{ measure }}_so_far) over in_order, 0)
        end as {{ measure }},
        {% endfor %}
        {{ percents | join(', ') }}
    from running
    window in_order as (partition by {{ unit_keys }} order by {{ dimension }})
    union all
    select
        {{ unit_keys }},
        '{{ remainder_name() }}' as {{ dimension }},
        true as is_remainder,
        {{ measures | join(', ') }},
        {% for percent, of in percents.items() %}
        {{ percent_of(of[0], of[1]) }} as {{ percent }}{{ ',' if not loop.last }}
        {% endfor %}
    from rests
    where is_whole or {{ size }} > 0
)
{% endmacro %}

{# The CTE `level_rests`: for each level of the tree what the municipality has beside the units of that level that are shown, so that a level
   without its nested units (`is_nested`) adds up to the municipality. Where that is below `limit` it shows how many they are and no more. #}
{% macro level_rests(keys, measures, secret, size, limit) %}
{% set times = keys | reject('in', ['org_level', 'org_unit_code']) | join(', ') %}
levels as (
    select distinct org_level from {{ ref('org_units') }}
    where org_level not in ('kommune', 'gruppe')
),

level_sums as (
    select
        {{ times }},
        org_level,
        {% for measure in measures %}sum({{ exact(measure) }}) as {{ measure }}{{ ',' if not loop.last }}{% endfor %}
    from units
    where not is_nested
    group by {{ times }}, org_level
),

level_differences as (
    select
        {% for key in keys if key not in ['org_level', 'org_unit_code'] %}top_unit.{{ key }},{% endfor %}
        top_unit.decided_for,
        top_unit.deciding,
        levels.org_level,
        {% for measure in measures %}
        {{ exact('top_unit.' ~ measure) }} - coalesce(level_sums.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from units as top_unit
    cross join levels
    left join level_sums
        on
            levels.org_level = level_sums.org_level
            {%- for key in keys if key not in ['org_level', 'org_unit_code'] %}
            and top_unit.{{ key }} = level_sums.{{ key }}
            {%- endfor %}
    where top_unit.org_level = 'kommune'
),

small_levels as (
    select distinct
        decided_for,
        org_level,
        true as is_small
    from level_differences
    where deciding and {{ size }} < {{ limit }}
),

level_rests as (
    select
        {{ times }},
        org_level,
        {% for measure in measures %}
        {% if measure in secret %}case when not coalesce(small_levels.is_small, false) then {{ measure }} end as {% endif -%}
        {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from level_differences
    left join small_levels using (decided_for, org_level)
    where {{ size }} > {{ no_figure() }}
)
{% endmacro %}

{# Columns level_1 … level_5: of a unit's row those of org_units (`unit`); what a level has beside its units is called so from there up
   to the municipality. #}
{% macro level_columns(org_level) -%}
    {% for level in org_levels() -%}
    {% if loop.first -%}
    coalesce(unit.level_1, (select any_value(level_1) from {{ ref('org_units') }})) as level_1,
    {% else -%}
    case
        when unit.org_level is not null then unit.level_{{ loop.index }}
        when {{ loop.index }} <= {{ org_level_sort(org_level) }} then '{{ remainder_name() }}'
    end as level_{{ loop.index }},
    {% endif -%}
    {% endfor -%}
{%- endmacro %}

{# A breakdown of sick leave: of every unit, and of every level that is added up. `columns` are those that say more of the dimension, as
   expressions on `part`. #}
{% macro bi_sick_leave_by(table, dimension, where='true', columns=[]) %}
{% set keys = ['period_type', 'period', 'org_level', 'org_unit_code'] %}
{% set days = sick_leave_days() %}
{% set percents = sick_leave_percents() %}
{% set limit = served_threshold('sick_leave_by_unit') %}
units as (
    select
        figures.*,
        unit.is_nested,
        left(figures.period, 4) as decided_for,
        figures.period_type = 'year' as deciding
    from {{ ref('sick_leave_by_unit') }} as figures
    inner join {{ ref('org_units') }} as unit using (org_level, org_unit_code)
    where figures.withheld is null
),

cells as (
    select cell.*
    from {{ ref(table) }} as cell
    semi join units using ({{ keys | join(', ') }})
    where cell.withheld is null and {{ where }}
),

{{ split_units(keys, dimension, days, percents, 'fte', limit) }},

{{ level_rests(keys, days, sick_leave_absence(), 'fte', limit) }},

all_parts as (
    select * from parts
    union all by name
    select
        period_type,
        period,
        org_level,
        '{{ remainder_name() }}' as org_unit_code,
        '{{ remainder_name() }}' as {{ dimension }},
        true as is_remainder,
        {{ days | join(', ') }},
        {% for percent, of in percents.items() %}
        {{ percent_of(of[0], of[1]) }} as {{ percent }}{{ ',' if not loop.last }}
        {% endfor %}
    from level_rests
),

unit_names as (
    select distinct
        org_level,
        org_unit_code,
        org_unit_name
    from units
),

periods as (
    select distinct
        period_type,
        period,
        period_start,
        period_end,
        is_partial,
        days_per_fte
    from units
)

select
    part.period_type,
    part.period,
    periods.period_start,
    periods.period_end,
    periods.is_partial,
    part.org_level,
    {{ org_level_sort('part.org_level') }} as org_level_sort,
    part.org_unit_code,
    coalesce(unit_names.org_unit_name, part.org_unit_code) as org_unit_name,
    coalesce(unit.is_nested, false) as is_nested,
    {{ level_columns('part.org_level') }}
    part.{{ dimension }},
    {% for column in columns %}{{ column }},{% endfor %}
    part.is_remainder,
    periods.days_per_fte,
    {% for name in days[:-1] %}{{ exact('part.' ~ name) }} as {{ name }},{% endfor %}
    {% for name in (percents | list)[:-1] %}part.{{ name }},{% endfor %}
    {{ exact('part.graded_days') }} as graded_days,
    part.graded_percent
from all_parts as part
inner join periods using (period_type, period)
left join unit_names using (org_level, org_unit_code)
left join {{ ref('org_units') }} as unit using (org_level, org_unit_code)
{% endmacro %}

{# A breakdown of full time from payroll. Persons with several positions count in several units, and in several job codes: only årsverk
   are added up over them. `columns` as above; `counts` are the measures that add up over the dimension. #}
{% macro bi_full_time_by(table, dimension, counts, percents, columns=[]) %}
{% set keys = ['reference_date', 'org_level', 'org_unit_code'] %}
{% set measures = ['fte', 'headcount'] + (counts | reject('equalto', 'headcount') | list) %}
{% set limit = served_threshold('full_time_by_unit') %}
units as (
    select
        figures.*,
        unit.is_nested,
        round(figures.full_time_80_percent * figures.headcount / 100) as persons_at_threshold,
        cast(figures.reference_date as varchar) as decided_for,
        true as deciding
    from {{ ref('full_time_by_unit') }} as figures
    inner join {{ ref('org_units') }} as unit using (org_level, org_unit_code)
    where figures.withheld is null and figures.source = 'payroll'
),

cells as (
    select
        cell.*,
        round(cell.full_time_80_percent * cell.headcount / 100) as persons_at_threshold
    from {{ ref(table) }} as cell
    semi join units using ({{ keys | join(', ') }})
    where cell.withheld is null and cell.source = 'payroll'
),

{{ split_units(keys, dimension, measures, percents, 'fte', limit, people='headcount') }},

{{ level_rests(keys, ['fte'], [], 'fte', limit) }},

all_parts as (
    select * from parts
    union all by name
    select
        reference_date,
        org_level,
        '{{ remainder_name() }}' as org_unit_code,
        '{{ remainder_name() }}' as {{ dimension }},
        true as is_remainder,
        fte
    from level_rests
),

unit_names as (
    select distinct
        org_level,
        org_unit_code,
        org_unit_name
    from units
),

periods as (
    select distinct
        source,
        reference_date,
        period_start,
        period_end,
        is_partial
    from units
)

select
    periods.source,
    part.reference_date,
    periods.period_start,
    periods.period_end,
    periods.is_partial,
    part.org_level,
    {{ org_level_sort('part.org_level') }} as org_level_sort,
    part.org_unit_code,
    coalesce(unit_names.org_unit_name, part.org_unit_code) as org_unit_name,
    coalesce(unit.is_nested, false) as is_nested,
    {{ level_columns('part.org_level') }}
    part.{{ dimension }},
    {% for column in columns %}{{ column }},{% endfor %}
    part.is_remainder,
    {% for name in counts if name != 'persons_at_threshold' %}cast(part.{{ name }} as bigint) as {{ name }},{% endfor %}
    {% for name in percents %}part.{{ name }},{% endfor %}
    {{ exact('part.fte') }} as fte
from all_parts as part
inner join periods using (reference_date)
left join unit_names using (org_level, org_unit_code)
left join {{ ref('org_units') }} as unit using (org_level, org_unit_code)
{% endmacro %}
