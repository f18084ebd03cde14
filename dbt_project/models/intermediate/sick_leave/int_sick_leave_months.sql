-- Possible and lost time by month and the finest cell that is reported, in percent of position × percent × working days.
-- Sums are exact; they become dagsverk only in the marts.
with segment_months as (
    select
        unnest(range(
            year(from_date) * 12 + month(from_date) - 1, year(to_date) * 12 + month(to_date)
        )) as month_index,
        *
    from {{ ref('int_position_segments') }}
),

counted as (
    select
        segment.*,
        cast(
            least(segment.index_through, period_month.index_through)
            - greatest(segment.index_before, period_month.index_before) as decimal(4, 0)
        ) as working_days
    from segment_months as segment
    inner join {{ ref('int_months') }} as period_month on segment.month_index = period_month.month_index
)

select
    cast(month_index as integer) as month_index,
    unit_code,
    sex,
    birth_year,
    job_code,
    sum(position_percent * available_percent * working_days) as possible,
    sum(case when is_long_term then 0 else position_percent * lost_self_percent * working_days end) as self_short_term,
    sum(case when is_long_term then position_percent * lost_self_percent * working_days else 0 end) as self_long_term,
    sum(case when is_long_term then 0 else position_percent * lost_doctor_percent * working_days end)
        as doctor_short_term,
    sum(case when is_long_term then position_percent * lost_doctor_percent * working_days else 0 end)
        as doctor_long_term,
    sum(position_percent * lost_graded_percent * working_days) as doctor_graded
from counted
where working_days > 0
group by month_index, unit_code, sex, birth_year, job_code
