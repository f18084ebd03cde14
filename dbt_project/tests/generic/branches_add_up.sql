{# Every branch of bi_sick_leave is its unit: the municipality to the last of nine decimals, others to the sixth, less at most
   what is too few to be a remainder and stands further up. Of remainders below the threshold årsverk and possible days alone add up. #}
{% test branches_add_up(model) %}
    {{ with_branches() }}

sums as (
    select
        piece.period,
        branches.branch_code as org_unit_code,
        count(*) = count(piece.lost_days) as has_all,
        {{ for_each(sick_leave_days(), 'sum(piece.?) as ?') }}
    from branches
    inner join {{ model }} as piece using (org_unit_code)
    group by piece.period, branches.branch_code
)

select
    unit.org_unit_code,
    left(unit.period, 4) as calendar_year
from {{ ref('sick_leave_by_unit') }} as unit
inner join {{ ref('sick_leave_by_unit') }} as whole_year
    on
        left(unit.period, 4) = whole_year.period
        and unit.org_level = whole_year.org_level
        and unit.org_unit_code = whole_year.org_unit_code
left join sums on unit.period = sums.period and unit.org_unit_code = sums.org_unit_code
where unit.withheld is null and unit.org_level <> 'gruppe' and unit.period_type = 'month' and unit.possible_days > 0
group by unit.org_unit_code, calendar_year
having
    sum(unit.possible_days - coalesce(sums.possible_days, 0)) / any_value(whole_year.days_per_fte)
    >= greatest({{ served_threshold('sick_leave_by_unit') }}, {{ no_figure() }})
    {% for measure in sick_leave_days() %}
    or bool_or(coalesce(sums.has_all, true) and sums.{{ measure }} - {{ exact('unit.' ~ measure) }} > {{ no_figure() }})
    or bool_or(
        unit.org_level = 'kommune'
        and coalesce(sums.has_all, true)
        and sums.{{ measure }} is distinct from {{ exact('unit.' ~ measure) }}
    )
    {% endfor %}
{% endtest %}
