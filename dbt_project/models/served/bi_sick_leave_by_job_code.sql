with titles as (
    select
        job_code,
        any_value(job_title) as job_title
    from {{ ref('sick_leave_by_job_code') }}
    group by job_code
),

{{ bi_sick_leave_by('sick_leave_by_job_code', 'job_code', columns=['coalesce(titles.job_title, part.job_code) as job_title']) }}
left join titles on part.job_code = titles.job_code
