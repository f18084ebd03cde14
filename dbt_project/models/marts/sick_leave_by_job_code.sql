with cells as (
    select
        month_index,
        unit_code,
        job_code,
        sum(possible) as possible,
        sum(self_short_term) as self_short_term,
        sum(self_long_term) as self_long_term,
        sum(doctor_short_term) as doctor_short_term,
        sum(doctor_long_term) as doctor_long_term,
        sum(doctor_graded) as doctor_graded
    from {{ ref('int_sick_leave_months') }}
    group by month_index, unit_code, job_code
),

{{ sick_leave_by('cells', ['job_code'], ['title.job_title']) }}
inner join {{ ref('int_job_titles') }} as title on totals.job_code = title.job_code
