-- One row a printed figure and the unit or group it is about, by the name it is printed with: one of organisasjon, an alias on
-- the day of the document, or one that only a survey or a decision knows. `units` says how many have the name; the figure's is
-- known where it is 1.
with tree_units as (
    select
        org_level,
        {{ bare_unit_name('org_unit_name') }} as bare_name,
        min(org_unit_code) as org_unit_code,
        count(*) as units
    from {{ ref('int_org_units') }}
    group by org_level, bare_name
),

-- Units that only a survey or a decision knows stand in its mart under names of their own.
other_units as (
    select distinct
        'survey_response' as mart,
        cast(survey_year as varchar) as period,
        {{ bare_unit_name('delivered_name') }} as bare_name,
        org_level,
        org_unit_code
    from {{ ref('int_survey_response') }}
    where not is_matched
    union all
    select distinct
        'survey_factor_scores' as mart,
        cast(survey_year as varchar) as period,
        {{ bare_unit_name('delivered_name') }} as bare_name,
        org_level,
        org_unit_code
    from {{ ref('int_survey_factors') }}
    where not is_matched
    union all
    select distinct
        'targets' as mart,
        cast(target_year as varchar) as period,
        {{ bare_unit_name('org_unit_name') }} as bare_name,
        org_level,
        org_unit_code
    from {{ ref('int_targets') }}
    where not is_matched
),

other_names as (
    select
        mart,
        period,
        bare_name,
        min(org_level) as org_level,
        min(org_unit_code) as org_unit_code,
        count(*) as units
    from other_units
    group by mart, period, bare_name
)

select
    figure.figure_id,
    if(tree.units = 1, 1, coalesce(if(alias.unit_code is null, null, 1), other.units, tree.units, 0)) as units,
    if(tree.units = 1, tree.org_level, coalesce(alias.unit_level, other.org_level)) as org_level,
    if(tree.units = 1, tree.org_unit_code, coalesce(alias.unit_code, other.org_unit_code)) as org_unit_code
from {{ ref('int_printed_figures') }} as figure
left join tree_units as tree
    on
        coalesce(figure.org_level, 'kommune') = tree.org_level
        and ({{ bare_unit_name('figure.org_unit') }} = tree.bare_name or figure.org_unit is null)
        and (figure.org_unit is not null or tree.org_level = 'kommune')
left join {{ ref('int_unit_aliases') }} as alias
    on
        figure.org_level = alias.unit_level
        and {{ bare_unit_name('figure.org_unit') }} = alias.bare_name
        and figure.published_on between alias.valid_from and alias.valid_to
left join other_names as other
    on
        figure.mart = other.mart
        and figure.period = other.period
        and {{ bare_unit_name('figure.org_unit') }} = other.bare_name
        and other.org_level in ('ukjent', figure.org_level)
