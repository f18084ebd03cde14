-- One row a figure of the ledger with the cell of the mart that must give it: the seed published_measures says which mart and
-- measure, and the printed names become the mart's keys. An empty dimension means all, and so does `alle`. A cell
-- without a sex, in a mart that has one, is the sum of both. Where no cell can be named `reason` says why, in plain words.
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
    from {{ ref('stg_published_figures') }}
),

described as (
    select
        *,
        concat_ws(
            ' ',
            case when sex is not null then 'sex' end,
            case when age_group is not null then 'age_group' end,
            case when job_title is not null then 'job_title' end,
            case when pay_group is not null then 'pay_group' end,
            case when leave_coverage is not null then 'leave_coverage' end,
            case when leader_level is not null then 'leader_level' end,
            case when factor_no is not null then 'factor_no' end,
            case when peer is not null then 'peer' end
        ) as dimensions
    from figures
),

measured as (
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
),

tree_units as (
    select
        org_level,
        {{ bare_unit_name('org_unit_name') }} as bare_name,
        min(org_unit_code) as org_unit_code,
        count(distinct org_unit_code) as units
    from {{ ref('int_unit_ancestry') }}
    group by org_level, bare_name
),

-- Units that only a survey or a decision knows stand in its mart under names of their own.
other_units as (
    select distinct
        'survey_response' as mart,
        cast(survey_year as varchar) as period,
        {{ bare_unit_name('delivered_name') }} as bare_name,
        org_level,
        org_unit_code
    from {{ ref('int_survey_response') }}
    where not is_matched
    union all
    select distinct
        'survey_factor_scores' as mart,
        cast(survey_year as varchar) as period,
        {{ bare_unit_name('delivered_name') }} as bare_name,
        org_level,
        org_unit_code
    from {{ ref('int_survey_factors') }}
    where not is_matched
    union all
    select distinct
        'targets' as mart,
        cast(target_year as varchar) as period,
        {{ bare_unit_name('org_unit_name') }} as bare_name,
        org_level,
        org_unit_code
    from {{ ref('int_targets') }}
    where not is_matched
),

other_names as (
    select
        mart,
        period,
        bare_name,
        min(org_level) as org_level,
        min(org_unit_code) as org_unit_code,
        count(*) as units
    from other_units
    group by mart, period, bare_name
),

unit_of_figure as (
    select
        figure.figure_id,
        if(tree.units = 1, 1, coalesce(other.units, tree.units, 0)) as units,
        if(tree.units = 1, tree.org_level, other.org_level) as org_level,
        if(tree.units = 1, tree.org_unit_code, other.org_unit_code) as org_unit_code
    from measured as figure
    left join tree_units as tree
        on
            coalesce(figure.org_level, 'kommune') = tree.org_level
            and ({{ bare_unit_name('figure.org_unit') }} = tree.bare_name or figure.org_unit is null)
            and (figure.org_unit is not null or tree.org_level = 'kommune')
    left join other_names as other
        on
            figure.mart = other.mart
            and figure.period = other.period
            and {{ bare_unit_name('figure.org_unit') }} = other.bare_name
            and other.org_level in ('ukjent', figure.org_level)
),

job_codes as (
    select
        lower(trim(job_title)) as job_title,
        min(job_code) as job_code,
        string_agg(job_code, ', ' order by job_code) as job_codes,
        count(*) as codes
    from {{ ref('int_job_titles') }}
    group by lower(trim(job_title))
),

-- A pilot ends with the last of its units, if all of them have an end.
pilot_spans as (
    select
        pilot,
        min(start_date) as start_date,
        case when count(*) = count(end_date) then max(end_date) end as end_date
    from {{ ref('stg_pilots') }}
    group by pilot
),

pilots_of_unit as (
    select
        pilot.unit_code,
        count(distinct pilot.pilot) as pilots,
        min(span.start_date) as start_date,
        min(span.end_date) as end_date
    from {{ ref('stg_pilots') }} as pilot
    inner join pilot_spans as span on pilot.pilot = span.pilot
    group by pilot.unit_code
),

-- What the printed names and periods stand for. A pilot's figure is its unit's own, in the pilot's first month or in the
-- latest one, which for an ended pilot is its last.
resolved as (
    select
        figure.*,
        series.as_of,
        unit.units,
        unit.org_level as cell_level,
        unit.org_unit_code as cell_unit,
        job.codes,
        job.job_codes,
        job.job_code,
        pay_group.pay_group as cell_pay_group,
        level_name.leader_level as cell_leader_level,
        pilot.pilots,
        case figure.period_kind
            when 'year' then make_date(cast(figure.period as integer), 12, 31)
            when 'month' then last_day(cast(figure.period || '-01' as date))
            when 'date' then cast(figure.period as date)
            when 'pilot' then last_day(if(figure.period = 'pilot start', pilot.start_date, least(series.as_of, pilot.end_date)))
        end as last_day_of_period
    from measured as figure
    cross join {{ ref('int_series') }} as series
    inner join unit_of_figure as unit on figure.figure_id = unit.figure_id
    left join job_codes as job on lower(trim(figure.job_title)) = job.job_title
    left join {{ ref('pay_groups') }} as pay_group
        on figure.pay_group in (pay_group.pay_group_name, cast(pay_group.pay_group as varchar))
    left join {{ ref('published_leader_levels') }} as level_name on lower(trim(figure.leader_level)) = level_name.printed_level
    left join pilots_of_unit as pilot on unit.org_unit_code = pilot.unit_code
),

-- In the running year and month figures are of the as-of date.
dated as (
    select
        *,
        case
            when period_kind = 'year' and year(last_day_of_period) = year(as_of) then as_of
            when period_kind in ('month', 'pilot') and date_trunc('month', last_day_of_period) = date_trunc('month', as_of)
                then as_of
            else last_day_of_period
        end as reference_date,
        if(
            year(last_day_of_period) = year(as_of), as_of, make_date(year(last_day_of_period), 12, 31)
        ) as equality_date
    from resolved
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
    from dated
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
