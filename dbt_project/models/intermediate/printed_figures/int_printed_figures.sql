-- One row a printed figure with the table and measure that must give it: the seed printed_measures says which, by the
-- figure's source, indicator and dimensions. An empty dimension means all, and so does `alle`.
with figures as (
    select
        * replace (
            nullif(sex, 'alle') as sex,
            nullif(leave_coverage, 'alle') as leave_coverage,
            nullif(leader_level, 'alle') as leader_level
        ),
        {{ kind_of_period('period') }} as period_kind,
        {{ kind_of_period('compared_with') }} as compared_kind
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
    served.evidence,
    coalesce(figure.sex, served.sex) as cell_sex
from described as figure
left join {{ ref('printed_measures') }} as served
    on
        figure.source_name = served.source_name
        and figure.indicator = coalesce(served.indicator, figure.indicator)
        and figure.dimensions = coalesce(served.dimensions, '')
        and coalesce(figure.sex, served.sex, '') = coalesce(served.sex, figure.sex, '')
