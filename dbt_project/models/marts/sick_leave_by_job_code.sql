with cells as (
    select
        cell.month_index,
        cell.unit_code,
        cell.job_code,
        title.job_title,
        sum(cell.possible) as possible,
        sum(cell.self_short_term) as self_short_term,
        sum(cell.self_long_term) as self_long_term,
        sum(cell.doctor_short_term) as doctor_short_term,
        sum(cell.doctor_long_term) as doctor_long_term
    from {{ ref('int_sick_leave_months') }} as cell
    inner join {{ ref('int_job_titles') }} as title on cell.job_code = title.job_code
    group by cell.month_index, cell.unit_code, cell.job_code, title.job_title
),

{{ sick_leave_by('cells', ['job_code', 'job_title']) }}
