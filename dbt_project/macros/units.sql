{# The levels of the tree, from the top. #}
{% macro org_levels() -%}
    {{ return(['kommune', 'tjenesteområde', 'kommunalsjefområde', 'virksomhet', 'avdeling']) }}
{%- endmacro %}

{# Place of a level: 1 kommune … 5 avdeling, 6 gruppe, 7 what is no level of the tree. #}
{% macro org_level_sort(org_level) -%}
    coalesce(
        nullif(cast(list_position({{ org_levels() + ['gruppe'] }}, {{ org_level }}) as integer), 0),
        {{ org_levels() | length + 2 }}
    )
{%- endmacro %}

{# A unit's name as it is compared. #}
{% macro bare_unit_name(name) -%}
    formulas.bare_unit_name({{ name }})
{%- endmacro %}

{# A peer's name as it is compared: without what stands in brackets and the word kommune behind it, in lower case. #}
{% macro bare_peer_name(name) -%}
    lower(trim(regexp_replace(regexp_replace({{ name }}, '\s*\([^()]*\)', '', 'g'), '\s+kommune\s*$', '', 'i')))
{%- endmacro %}

{# The rows of `relation` (unit_code, unit_name, row_number) with the unit they are about: matched on code, else on name, else on alias;
   an alias is used on the last day of the survey's year.
   Of several rows of one unit within `keys` the first by code, then by row, is the unit's; the others and those that match
   nothing keep their own names under the level ukjent, so that no row is lost. #}
{% macro with_units(relation, keys) %}
    select
        delivered.* exclude (unit_code, unit_name, matched_name, code_of_name),
        delivered.unit_name as delivered_name,
        unit.unit_code is not null as is_matched,
        -- The code is taken all the same; a list whose codes have slipped by a row shows it by this alone.
        coalesce(
            delivered.matched_name <> {{ bare_unit_name('delivered.unit_name') }}
            and delivered.code_of_name <> delivered.matched_code,
            false
        ) as has_name_of_another,
        coalesce(unit.unit_level, 'ukjent') as org_level,
        coalesce(unit.unit_code, concat_ws(' ', delivered.unit_code, delivered.unit_name)) as org_unit_code,
        coalesce(unit.unit_name, delivered.unit_name) as org_unit_name
    from (
        select
            candidate.*,
            coalesce(by_code.unit_code, by_name.unit_code, by_alias.unit_code) as matched_code,
            {{ bare_unit_name('by_code.unit_name') }} as matched_name,
            coalesce(by_name.unit_code, by_alias.unit_code) as code_of_name,
            row_number() over (
                partition by coalesce(by_code.unit_code, by_name.unit_code, by_alias.unit_code), {{ keys | join(', ') }}
                order by by_code.unit_code is null, candidate.row_number
            ) as place
        from {{ relation }} as candidate
        left join {{ ref('stg_units') }} as by_code on candidate.unit_code = by_code.unit_code
        left join {{ ref('int_unit_names') }} as by_name
            on {{ bare_unit_name('candidate.unit_name') }} = by_name.bare_name
        left join {{ ref('int_unit_aliases') }} as by_alias
            on
                {{ bare_unit_name('candidate.unit_name') }} = by_alias.bare_name
                and make_date(candidate.survey_year, 12, 31) between by_alias.valid_from and by_alias.valid_to
    ) as delivered
    left join {{ ref('stg_units') }} as unit on delivered.matched_code = unit.unit_code and delivered.place = 1
{% endmacro %}

{# The CTE `branches`: each unit of the tree (`branch_code`) with itself and every unit below it. #}
{% macro with_branches() %}
with recursive branches as (
    select
        org_unit_code as branch_code,
        org_unit_code
    from {{ ref('org_units') }}
    where org_level <> 'gruppe'
    union all
    select
        branches.branch_code,
        unit.org_unit_code
    from branches
    inner join {{ ref('org_units') }} as unit on branches.org_unit_code = unit.parent_code
),
{% endmacro %}
