-- One row a year and position in PAI with its base pay and what comes beside it, and the sex of its person. PAI does not have
-- it: it is that of the person of the payroll system with the same national number. Others are left out.
with known_persons as (
    select
        person_key,
        arg_min(sex, person_row) as sex
    from {{ ref('stg_persons') }}
    group by person_key
)

select
    pai.pai_year as calendar_year,
    pai.job_code,
    person.sex,
    pai.person_key,
    pai.base_pay,
    pai.fixed_supplements,
    pai.variable_supplements,
    pai.overtime_pay,
    pai.file_sha256,
    pai.row_number
from {{ ref('stg_pai') }} as pai
inner join {{ ref('int_series') }} as series on pai.reference_date >= series.first_day
inner join known_persons as person on pai.person_key = person.person_key
where pai.position_percent > 0
