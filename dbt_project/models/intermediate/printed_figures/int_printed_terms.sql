-- One row a cell that a printed figure is made of: its own, those of the months or years it sums up, and those of the period
-- it is compared with (side `before`). Side `basis`: cells that a figure of sick_leave_changes rests on; withheld with them.
with sides as (
    select
        wanted.*,
        dated.side,
        dated.period as printed_period,
        dated.period_kind as side_kind,
        dated.first_day,
        dated.last_day_of_period,
        dated.reference_date,
        -- The months of the period before are as many as those that are counted of its own.
        case
            when wanted.side_as <> 'months' then dated.last_day_of_period
            when dated.side = 'now' then dated.reference_date
            else least(
                dated.last_day_of_period,
                last_day(
                    cast(
                        dated.first_day
                        + to_months(cast(datediff('month', this.first_day, this.reference_date) as integer)) as date
                    )
                )
            )
        end as last_day
    from {{ ref('int_printed_wanted') }} as wanted
    inner join {{ ref('int_printed_dates') }} as dated on wanted.figure_id = dated.figure_id
    inner join {{ ref('int_printed_dates') }} as this on wanted.figure_id = this.figure_id and this.side = 'now'
    where wanted.reason is null and (dated.side = 'now' or wanted.change is not null or wanted.mart = 'sick_leave_changes')
),

single_years as (
    select unnest(generate_series(1900, 2199)) as calendar_year
),

single_months as (
    select unnest(generate_series(0, 11)) as months_on
),

by_period as (
    select
        sides.*,
        sides.mart as term_mart,
        sides.measure as term_measure,
        sides.side as term_side,
        case
            when sides.mart = 'benchmarks' or sides.measured_mart like 'sick_leave_by_%'
                then
                    case sides.side_kind when 'pilot' then 'month' when 'years' then 'year' else sides.side_kind end
        end as period_type,
        case
            when sides.mart = 'benchmarks' or sides.measured_mart like 'sick_leave_by_%'
                then
                    case sides.side_kind
                        when 'pilot' then strftime(sides.reference_date, '%Y-%m')
                        when 'years' then right(sides.printed_period, 4)
                        else sides.printed_period
                    end
        end as period,
        if(sides.mart = 'sick_leave_changes', sides.measured, null) as change_of,
        0 as place
    from sides
    where sides.side_as = 'cell' and (sides.mart <> 'sick_leave_changes' or sides.side = 'now')
    union all
    -- What the change or the mean in sick_leave_changes is computed of.
    select
        sides.*,
        sides.measured_mart as term_mart,
        sides.measured as term_measure,
        'basis' as term_side,
        sides.side_kind as period_type,
        sides.printed_period as period,
        null as change_of,
        0 as place
    from sides
    where sides.mart = 'sick_leave_changes' and sides.side_kind <> 'years'
    union all
    select
        sides.*,
        sides.measured_mart as term_mart,
        sides.measured as term_measure,
        if(sides.mart = 'sick_leave_changes', 'basis', sides.side) as term_side,
        'year' as period_type,
        cast(single_years.calendar_year as varchar) as period,
        null as change_of,
        single_years.calendar_year as place
    from sides
    inner join single_years
        on single_years.calendar_year between year(sides.first_day) and year(sides.last_day_of_period)
    where sides.side_kind = 'years'
    union all
    select
        sides.*,
        sides.mart as term_mart,
        sides.measure as term_measure,
        sides.side as term_side,
        'month' as period_type,
        strftime(sides.first_day + to_months(cast(single_months.months_on as integer)), '%Y-%m') as period,
        null as change_of,
        single_months.months_on as place
    from sides
    inner join single_months
        on sides.last_day >= sides.first_day + to_months(cast(single_months.months_on as integer))
    where sides.side_as = 'months'
)

select
    term.figure_id,
    term.term_side as side,
    term.place,
    term.term_mart as mart,
    term.term_measure as measure,
    cast(json_merge_patch(
        '{}',
        json_object(
            'source', if(term.mart like 'full_time_by_%', term.source_name, null),
            'indicator', if(term.mart in ('benchmarks', 'targets'), term.indicator, null),
            'period_type', term.period_type,
            'period', term.period,
            'reference_date',
            case
                when term.mart like 'full_time_by_%' and term.source_name = 'pai' and term.side_kind = 'year'
                    then cast(make_date(cast(year(term.last_day_of_period) as integer), 12, 1) as varchar)
                when term.mart like 'full_time_by_%' then cast(term.reference_date as varchar)
            end,
            'year',
            if(
                term.mart like 'equality_%' or term.mart like 'survey_%' or term.mart = 'targets',
                cast(year(term.last_day_of_period) as integer),
                null
            ),
            'org_level', if(term.is_by_unit, term.cell_level, null),
            'org_unit_code', if(term.is_by_unit, term.cell_unit, null),
            'measure', term.change_of,
            'sex', term.cell_sex,
            'age_group', term.age_group,
            'job_code', term.job_code,
            'leader_level', term.cell_leader_level,
            'leave_coverage', term.cell_leave_coverage,
            'pay_group', term.cell_pay_group,
            'factor_no', term.factor_no,
            'peer', if(term.mart = 'benchmarks', term.peer, null),
            'decision', in_force.decision,
            'decided_on', cast(in_force.decided_on as varchar)
        )
    ) as varchar) as cell
from by_period as term
left join {{ ref('int_targets') }} as in_force
    on
        term.mart = 'targets'
        and not in_force.is_superseded
        and term.indicator = in_force.indicator
        and term.cell_level = in_force.org_level
        and term.cell_unit = in_force.org_unit_code
        and year(term.last_day_of_period) = in_force.target_year
