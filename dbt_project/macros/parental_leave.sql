{# The CTE `with_latest_end`: the rows of the CTE `delivered` once for all coverages together and once for their own, each with the
   latest end of the person's rows before it. #}
{% macro leaves_by_coverage() %}
by_coverage as (
    select * replace ('alle' as leave_coverage)
    from delivered
    union all
    select * replace (cast(leave_coverage as varchar) as leave_coverage)
    from delivered
    where leave_coverage is not null
),

with_latest_end as (
    select
        *,
        max(to_date) over (
            partition by employee_no, leave_coverage order by from_date, leave_row
            rows between unbounded preceding and 1 preceding
        ) as latest_end
    from by_coverage
),
{% endmacro %}
