-- Årsverk alone: whoever has positions of two codes is a person in both.
with titles as (
    select
        job_code,
        any_value(job_title) as job_title
    from {{ ref('full_time_by_job_code') }}
    group by job_code
),

{{ bi_full_time_by(
    'full_time_by_job_code',
    'job_code',
    counts=[],
    percents={},
    columns=['coalesce(titles.job_title, part.job_code) as job_title']
) }}
left join titles on part.job_code = titles.job_code
