-- One row a measure of each table: what the yml beside the table's SQL says of it, and the texts of its subject. In both the
-- night's settings take the place of their names in braces.
-- Columns of the table make the numerator and denominator; where a model that is not served takes part they are null.
-- A population that begins with a measure in braces is that measure's.
with measures (
    table_name, subject, measure, name, name_en, unit, decimals, additivity, numerator, denominator, factor
) as (
    values
    {% for table, subject, column, said in measures_of_tables() %}
        {% set is_served = said.numerator and 'select' not in said.numerator ~ said.denominator %}
        (
            {{ literal(table) }},
            {{ literal(subject) }},
            {{ literal(column) }},
            {{ literal(said.name) }},
            {{ literal(said.name_en) }},
            {{ literal(said.unit) }},
            {{ said.decimals }},
            {{ literal(said.additivity) }},
            {{ literal(said.numerator if is_served) }},
            {{ literal(said.denominator if is_served) }},
            {{ said.factor or 1 }}
        ){{ ',' if not loop.last }}
    {% else %}
        (null, null, null, null, null, null, null, null, null, null, null)
    {% endfor %}
)

select
    measures.table_name,
    measures.measure,
    {{ with_settings('measures.name', ',') }} as name,
    {{ with_settings('measures.name_en', '.') }} as name_en,
    measures.unit,
    measures.decimals,
    measures.additivity,
    measures.numerator,
    measures.denominator,
    measures.factor,
    {{ with_settings('texts.formula', ',') }} as formula,
    {{ with_settings('texts.formula_en', '.') }} as formula_en,
    coalesce(same.population || regexp_replace(texts.population, '^\{\w+\}', ''), texts.population) as population,
    coalesce(same.population_en || regexp_replace(texts.population_en, '^\{\w+\}', ''), texts.population_en) as population_en,
    texts.source
from measures
cross join {{ source('raw', 'settings') }} as settings
left join {{ ref('metric_texts') }} as texts
    on measures.subject = texts.subject and measures.measure = texts.measure
left join {{ ref('metric_texts') }} as same
    on texts.subject = same.subject and regexp_extract(texts.population, '^\{(\w+)\}', 1) = same.measure
