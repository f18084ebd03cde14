-- One row a printed figure with the table and measure that must give it: the seed published_measures says which, by the
-- figure's source, indicator and dimensions. An empty dimension means all, and so does `alle`.
with figures as (
    select
        * replace (
            nullif(sex, 'alle') as sex,
            nullif(leave_coverage, 'alle') as leave_coverage,
            nullif(leader_level, 'alle') as leader_level
        ),
        case
            when period in ('pilot start', 'pilot so far') then 'pilot'
            when regexp_full_match(period, '\d{4}') then 'year'
            when regexp_full_match(period, '\d{4}-Q[1-4]') then 'quarter'
            when regexp_full_match(period, '\d{4}-\d{2}') and try_cast(period || '-01' as date) is not null then 'month'
            when regexp_full_match(period, '\d{4}-\d{2}-\d{2}') and try_cast(period as date) is not null then 'date'
        end as period_kind
    from {{ ref('stg_printed_figures') }}
),

described as (
    select
        *,
        concat_ws(
            ' ',
            {% for dimension in [
                'sex', 'age_group', 'job_title', 'pay_group', 'leave_coverage', 'leader_level', 'factor_no', 'peer'
            ] %}
                case when {{ dimension }} is not null then '{{ dimension }}' end{{ ',' if not loop.last }}
            {% endfor %}
        ) as dimensions
    from figures
)

select
    figure.*,
    served.mart,
    served.measure,
    coalesce(figure.sex, served.sex) as cell_sex,
    coalesce(served.mart, '') in (
        'sick_leave_by_unit', 'sick_leave_by_sex', 'sick_leave_by_age', 'sick_leave_by_job_code',
        'full_time_by_unit', 'full_time_by_job_code', 'equality_gender_balance',
        'survey_response', 'survey_factor_scores', 'targets'
    ) as is_by_unit
from described as figure
left join {{ ref('published_measures') }} as served
    on
        figure.source_name = served.source_name
        and figure.indicator = coalesce(served.indicator, figure.indicator)
        and figure.dimensions = coalesce(served.dimensions, '')
        and coalesce(figure.sex, served.sex, '') = coalesce(served.sex, figure.sex, '')
