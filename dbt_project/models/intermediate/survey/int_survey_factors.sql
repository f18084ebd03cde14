-- Scores of each unit, factor and round, with the round before it. They come aggregated and are not averaged here.
with rounds as (
    select
        survey_year,
        lag(survey_year) over (order by survey_year) as previous_year
    from (select distinct survey_year from {{ ref('stg_survey_factors') }})
),

scores as (
    {{ with_units(ref('stg_survey_factors'), ['survey_year', 'factor_no']) }}
)

select
    scores.*,
    rounds.previous_year
from scores
inner join rounds on scores.survey_year = rounds.survey_year
