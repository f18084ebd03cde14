-- One row a delivered row and each rule of the models (seeds/model_rules.csv) that it breaks.
{% set rows_of_rules = [
    ('fravaer', 'absence_within_position', ref('int_absence_coverage') ~ ' where uncovered_days > 0'),
    ('permisjoner', 'leave_within_position', ref('int_leave_coverage') ~ ' where not is_covered'),
    ('variable_timer', 'month_has_begun', ref('stg_variable_hours') ~ ' where not has_month_begun'),
    ('pai', 'unit_matched', ref('stg_pai') ~ ' where not is_known_unit'),
    ('deltakelse', 'unit_matched', ref('int_survey_response') ~ ' where not is_matched'),
    ('deltakelse', 'unit_code_and_name_agree', ref('int_survey_response') ~ ' where has_name_of_another'),
    ('faktorer', 'unit_matched', ref('int_survey_factors') ~ ' where not is_matched'),
    ('faktorer', 'unit_code_and_name_agree', ref('int_survey_factors') ~ ' where has_name_of_another'),
    ('maltall', 'unit_matched', ref('int_targets') ~ ' where not is_matched'),
    ('maltall', 'target_not_superseded', ref('int_targets') ~ ' where is_superseded'),
    ('maltall', 'target_once', ref('int_targets') ~ ' where is_said_again'),
    ('sammenligning', 'peer_once', ref('int_peer_figures') ~ ' where is_told_again'),
    ('sammenligning', 'peer_is_another', ref('int_benchmarks') ~ ' where is_replaced'),
] %}
{% for feed, rule, rows in rows_of_rules %}
    select
        '{{ feed }}' as feed,
        '{{ rule }}' as rule,
        file_sha256,
        row_number,
        cast(null as varchar) as named
    from {{ rows }}
    union all
{% endfor %}
select
    'fravaer' as feed,
    'absence_of_usual_length' as rule,
    absence.file_sha256,
    absence.row_number,
    null as named
from {{ ref('int_spells') }} as spell
inner join {{ ref('stg_absences') }} as absence on spell.absence_row = absence.absence_row
where
    -- Without an end it lasts until the as-of date: one that was forgotten, or has a wrong year, is served as months of leave.
    spell.to_date - spell.from_date >= case when absence.certification = 'self' then 31 else 548 end
union all
select distinct
    'organisasjon' as feed,
    'unit_lasts' as rule,
    unit.file_sha256,
    unit.row_number,
    null as named
from {{ ref('stg_units') }} as unit
inner join {{ ref('stg_positions') }} as position on unit.unit_code = position.unit_code
inner join {{ ref('int_series') }} as series
    on
        unit.valid_to < series.as_of
        and series.as_of between position.valid_from and coalesce(position.valid_to, series.as_of)
where position.position_percent > 0
union all
select
    'pai' as feed,
    'person_as_in_ansatte' as rule,
    pai.file_sha256,
    pai.row_number,
    null as named
from {{ ref('stg_pai') }} as pai
inner join {{ ref('stg_persons') }} as person on pai.employee_no = person.employee_no
where
    pai.person_key <> person.person_key
    -- Nobody else's number is that of a person who had a D-number before, or one that was mistyped.
    and pai.person_key in (select other.person_key from {{ ref('stg_persons') }} as other)
union all
select
    feed,
    'job_code_listed' as rule,
    file_sha256,
    row_number,
    null as named
from {{ ref('int_listed_job_codes') }}
where not is_listed
union all
select
    feed,
    'pay_group_as_listed' as rule,
    file_sha256,
    row_number,
    null as named
from {{ ref('int_listed_job_codes') }}
where has_other_pay_group
union all
select
    'maltall' as feed,
    'indicator_known' as rule,
    file_sha256,
    row_number,
    indicator as named
from {{ ref('int_targets') }}
where
    indicator not in (
        {% for column in measures_of_targets() %}'{{ column }}', {% endfor %}''
    )
union all
select
    'maltall' as feed,
    'decision_is_taken' as rule,
    target.file_sha256,
    target.row_number,
    null as named
from {{ ref('int_targets') }} as target
inner join {{ source('raw', 'inputs') }} as delivered on target.file_sha256 = delivered.sha256
where delivered.feed = 'maltall' and target.decided_on > delivered.extract_date
union all
select
    'sammenligning' as feed,
    'indicator_known' as rule,
    file_sha256,
    row_number,
    indicator as named
from {{ ref('stg_peer_figures') }}
where
    indicator not in (
        {% for table, subject, column, said in measures_of_tables() %}'{{ column }}', {% endfor %}''
    )
