select
    this.survey_year as year,
    {{ year_so_far('this.survey_year', 'series.as_of') }}
    this.org_level,
    this.org_unit_code,
    this.org_unit_name,
    this.planned_responses,
    this.responses,
    {{ percent_of('this.responses', 'this.planned_responses') }} as response_percent,
    {{ percent_of('previous.responses', 'previous.planned_responses') }} as previous_response_percent,
    this.previous_year,
    cast(null as varchar) as withheld
from {{ ref('int_survey_response') }} as this
cross join {{ ref('int_series') }} as series
left join {{ ref('int_survey_response') }} as previous
    on
        this.previous_year = previous.survey_year
        and this.org_level = previous.org_level
        and this.org_unit_code = previous.org_unit_code
