-- Scores of each unit, factor and round, with the round before it. They come aggregated and are not averaged here.
with rounds as (
    {{ survey_rounds(ref('stg_survey_factors')) }}
),

scores as (
    {{ with_units(ref('stg_survey_factors'), ['survey_year', 'factor_no']) }}
)

select
    scores.*,
    rounds.previous_year
from scores
inner join rounds on scores.survey_year = rounds.survey_year
