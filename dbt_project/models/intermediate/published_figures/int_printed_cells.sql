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
    figure_id,
    if(reason is null, mart, null) as mart,
    if(reason is null, measure, null) as measure,
    case
        when reason is null
            then cast(json_merge_patch(
                '{}',
                json_object(
                    'source', if(mart like 'full_time_by_%', source_name, null),
                    'indicator', if(mart in ('benchmarks', 'targets'), indicator, null),
                    'period_type',
                    case
                        when mart like 'sick_leave_by_%' or mart = 'benchmarks'
                            then if(period_kind = 'pilot', 'month', period_kind)
                    end,
                    'period',
                    case
                        when mart like 'sick_leave_by_%' or mart = 'benchmarks'
                            then if(period_kind = 'pilot', strftime(reference_date, '%Y-%m'), period)
                    end,
                    'reference_date',
                    case
                        when mart like 'full_time_by_%' and source_name = 'pai' and period_kind = 'year'
                            then cast(make_date(year(last_day_of_period), 12, 1) as varchar)
                        when mart like 'full_time_by_%' then cast(reference_date as varchar)
                    end,
                    'year',
                    if(
                        mart like 'equality_%' or mart like 'survey_%' or mart = 'targets',
                        cast(year(last_day_of_period) as integer),
                        null
                    ),
                    'org_level', if(is_by_unit, cell_level, null),
                    'org_unit_code', if(is_by_unit, cell_unit, null),
                    'sex', if(mart <> 'equality_pay', cell_sex, null),
                    'age_group', age_group,
                    'job_code', job_code,
                    'leader_level', if(mart = 'equality_leaders', coalesce(cell_leader_level, 'alle'), null),
                    'leave_coverage', if(mart = 'equality_parental_leave', coalesce(leave_coverage, 'alle'), null),
                    'pay_group', if(mart = 'equality_pay', coalesce(cell_pay_group, 0), null),
                    'factor_no', factor_no,
                    'peer', if(mart = 'benchmarks', peer, null)
                )
            ) as varchar)
    end as cell,
    reason
from judged
