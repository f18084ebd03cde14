-- One row a printed figure with the cell of the mart that must give it: the printed names become the mart's keys. A cell
-- without a sex, in a mart that has one, is the sum of both. Where no cell can be named `reason` says why, in plain words.
with job_codes as (
    select
        lower(trim(job_title)) as job_title,
        min(job_code) as job_code,
        string_agg(job_code, ', ' order by job_code) as job_codes,
        count(*) as codes
    from {{ ref('int_job_titles') }}
    group by lower(trim(job_title))
),

resolved as (
    select
        figure.*,
        unit.units,
        unit.org_level as cell_level,
        unit.org_unit_code as cell_unit,
        job.codes,
        job.job_codes,
        job.job_code,
        pay_group.pay_group as cell_pay_group,
        level_name.leader_level as cell_leader_level,
        dated.pilots,
        dated.last_day_of_period,
        dated.reference_date,
        dated.equality_date
    from {{ ref('int_printed_figures') }} as figure
    inner join {{ ref('int_printed_units') }} as unit on figure.figure_id = unit.figure_id
    inner join {{ ref('int_printed_dates') }} as dated on figure.figure_id = dated.figure_id
    left join job_codes as job on lower(trim(figure.job_title)) = job.job_title
    left join {{ ref('pay_groups') }} as pay_group
        on figure.pay_group in (pay_group.pay_group_name, cast(pay_group.pay_group as varchar))
    left join {{ ref('published_leader_levels') }} as level_name on lower(trim(figure.leader_level)) = level_name.printed_level
),

judged as (
    select
        *,
        case
            when source_name = 'history' then 'The figure lies before any delivery.'
            when mart is null
                then
                    'No mart holds ' || indicator || coalesce(' by ' || replace(nullif(dimensions, ''), ' ', ', '), '')
                    || ' from ' || source_name || '.'
            when
                period_kind is null
                or not case
                    when mart like 'sick_leave_by_%' then period_kind in ('year', 'quarter', 'month', 'pilot')
                    when mart like 'full_time_by_%' and source_name = 'pai' then period_kind in ('year', 'date')
                    when mart like 'full_time_by_%' then period_kind in ('year', 'month', 'date', 'pilot')
                    when mart like 'equality_%' then period_kind in ('year', 'date')
                    when mart = 'benchmarks' then period_kind in ('year', 'quarter', 'month')
                    else period_kind = 'year'
                end
                then mart || ' has no period of the kind "' || period || '".'
            when (is_by_unit or mart like 'equality_%') and units = 0
                then
                    'The loaded data has no unit of level ' || coalesce(org_level, 'kommune')
                    || coalesce(' called ' || org_unit, ' without a name') || '.'
            when (is_by_unit or mart like 'equality_%') and units > 1
                then
                    'There are ' || units || ' units of level ' || coalesce(org_level, 'kommune') || ' called ' || org_unit
                    || ': it cannot be told which is meant.'
            when mart like 'equality_%' and not is_by_unit and cell_level <> 'kommune'
                then mart || ' holds the municipality alone.'
            when period_kind = 'pilot' and coalesce(pilots, 0) = 0 then 'The unit is in no pilot that was delivered.'
            when period_kind = 'pilot' and pilots > 1 then 'The unit is in several pilots: it cannot be told which is meant.'
            when mart like 'equality_%' and period_kind = 'date' and last_day_of_period <> equality_date
                then
                    'Equality figures of ' || year(last_day_of_period) || ' are of ' || equality_date || ', not of '
                    || period || '.'
            when job_title is not null and codes is null
                then 'No job code of the loaded data has the title ' || job_title || '.'
            when job_title is not null and codes > 1
                then
                    'The job codes ' || job_codes || ' have the title ' || job_title
                    || ': the marts hold each of them and not their sum.'
            when pay_group is not null and cell_pay_group is null then 'There is no pay group ' || pay_group || '.'
            when leader_level is not null and cell_leader_level is null then 'There is no leader level ' || leader_level || '.'
            when mart = 'survey_factor_scores' and peer is not null and peer <> 'Norge'
                then '10-FAKTOR is compared with Norge alone, not with ' || peer || '.'
        end as reason
    from resolved
)

select
    judged.figure_id,
    if(judged.reason is null, judged.mart, null) as mart,
    if(judged.reason is null, judged.measure, null) as measure,
    case
        when judged.reason is null
            then cast(json_merge_patch(
                '{}',
                json_object(
                    'source', if(judged.mart like 'full_time_by_%', judged.source_name, null),
                    'indicator', if(judged.mart in ('benchmarks', 'targets'), judged.indicator, null),
                    'period_type',
                    case
                        when judged.mart like 'sick_leave_by_%' or judged.mart = 'benchmarks'
                            then if(judged.period_kind = 'pilot', 'month', judged.period_kind)
                    end,
                    'period',
                    case
                        when judged.mart like 'sick_leave_by_%' or judged.mart = 'benchmarks'
                            then if(judged.period_kind = 'pilot', strftime(judged.reference_date, '%Y-%m'), judged.period)
                    end,
                    'reference_date',
                    case
                        when judged.mart like 'full_time_by_%' and judged.source_name = 'pai' and judged.period_kind = 'year'
                            then cast(make_date(year(judged.last_day_of_period), 12, 1) as varchar)
                        when judged.mart like 'full_time_by_%' then cast(judged.reference_date as varchar)
                    end,
                    'year',
                    if(
                        judged.mart like 'equality_%' or judged.mart like 'survey_%' or judged.mart = 'targets',
                        cast(year(judged.last_day_of_period) as integer),
                        null
                    ),
                    'org_level', if(judged.is_by_unit, judged.cell_level, null),
                    'org_unit_code', if(judged.is_by_unit, judged.cell_unit, null),
                    'sex', if(judged.mart <> 'equality_pay', judged.cell_sex, null),
                    'age_group', judged.age_group,
                    'job_code', judged.job_code,
                    'leader_level', if(judged.mart = 'equality_leaders', coalesce(judged.cell_leader_level, 'alle'), null),
                    'leave_coverage',
                    if(judged.mart = 'equality_parental_leave', coalesce(judged.leave_coverage, 'alle'), null),
                    'pay_group', if(judged.mart = 'equality_pay', coalesce(judged.cell_pay_group, 0), null),
                    'factor_no', judged.factor_no,
                    'peer', if(judged.mart = 'benchmarks', judged.peer, null),
                    'decision', in_force.decision,
                    'decided_on', cast(in_force.decided_on as varchar)
                )
            ) as varchar)
    end as cell,
    judged.reason
from judged
left join {{ ref('int_targets') }} as in_force
    on
        judged.mart = 'targets'
        and not in_force.is_superseded
        and judged.indicator = in_force.indicator
        and judged.cell_level = in_force.org_level
        and judged.cell_unit = in_force.org_unit_code
        and year(judged.last_day_of_period) = in_force.target_year
