-- One title a job code: that of its latest-starting position, later rows of the file first.
select
    position.job_code,
    arg_max(position.job_title, (position.valid_from, position.position_row)) as job_title
from {{ ref('stg_positions') }} as position
cross join {{ ref('int_series') }} as series
where position.valid_from <= series.as_of
group by position.job_code
