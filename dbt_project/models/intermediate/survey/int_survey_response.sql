-- Answers of each unit and round, with the round before it.
with rounds as (
    {{ survey_rounds(ref('stg_survey_response')) }}
),

responses as (
    {{ with_units(ref('stg_survey_response'), ['survey_year']) }}
)

select
    responses.*,
    rounds.previous_year
from responses
inner join rounds on responses.survey_year = rounds.survey_year
