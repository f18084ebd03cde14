-- Differences are of the scores as printed, with one decimal.
select
    this.survey_year as year,
    {{ year_so_far('this.survey_year', 'series.as_of') }}
    this.org_level,
    this.org_unit_code,
    this.org_unit_name,
    this.factor_no,
    this.factor_name,
    cast(this.score as double) as score,
    cast(this.norway as double) as norway,
    cast(previous.score as double) as previous_score,
    cast(round(this.score, 1) - round(this.norway, 1) as double) as difference_norway,
    cast(round(this.score, 1) - round(previous.score, 1) as double) as difference_previous,
    this.responses,
    this.previous_year,
    cast(null as varchar) as withheld
from {{ ref('int_survey_factors') }} as this
cross join {{ ref('int_series') }} as series
left join {{ ref('int_survey_factors') }} as previous
    on
        this.previous_year = previous.survey_year
        and this.org_level = previous.org_level
        and this.org_unit_code = previous.org_unit_code
        and this.factor_no = previous.factor_no
