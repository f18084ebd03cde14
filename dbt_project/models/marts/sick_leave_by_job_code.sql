with cells as (
    select
        month_index,
        unit_code,
        job_code,
        {{ sums_of_sick_leave() }}
    from {{ ref('int_sick_leave_months') }}
    group by month_index, unit_code, job_code
),

{{ sick_leave_by('cells', ['job_code'], ['title.job_title']) }}
inner join {{ ref('int_job_titles') }} as title on totals.job_code = title.job_code
