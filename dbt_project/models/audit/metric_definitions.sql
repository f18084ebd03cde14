select
    measure,
    name,
    name_en,
    unit,
    formula,
    formula_en,
    population,
    population_en,
    source
from {{ ref('metric_texts') }}
