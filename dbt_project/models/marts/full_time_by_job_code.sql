with
{{ full_time_by(['job_code'], labels=['title.job_title']) }}
left join {{ ref('int_job_titles') }} as title on totals.job_code = title.job_code
