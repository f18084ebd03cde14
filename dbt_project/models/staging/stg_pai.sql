-- Positions of 1 December. Without a unit that organisasjon has, a position counts in the municipality alone.
with municipality as (
    select min(unit_code) as unit_code
    from {{ ref('stg_units') }}
    where parent_code is null
)

select
    pai.pai_year,
    make_date(pai.pai_year, 12, 1) as reference_date,
    pai.person_key,
    pai.employee_no,
    pai.job_code,
    pai.position_percent,
    case pai.employment_code when 'F' then 'Fast' when 'V' then 'Vikar' when 'M' then 'Midlertidig' end as employment_form,
    pai.service_place,
    pai.unit_code as unit_code_delivered,
    coalesce(unit.unit_code, municipality.unit_code) as unit_code,
    unit.unit_code is not null as is_known_unit,
    pai.base_pay,
    pai.fixed_supplements,
    pai.variable_supplements,
    pai.overtime_pay,
    pai.education_code,
    pai.weekly_hours,
    pai.seniority_date,
    pai.file_sha256,
    pai.row_number
from {{ source('raw', 'pai') }} as pai
left join {{ ref('stg_units') }} as unit on pai.unit_code = unit.unit_code
cross join municipality
