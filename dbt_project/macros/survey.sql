{# The rounds of the series that `relation` (survey_year) holds, each with the one before it. #}
{% macro survey_rounds(relation) %}
    select
        survey_year,
        lag(survey_year) over (order by survey_year) as previous_year
    from (select distinct survey_year from {{ relation }}) as delivered
    inner join {{ ref('int_series') }} as series on delivered.survey_year >= year(series.first_day)
{% endmacro %}
