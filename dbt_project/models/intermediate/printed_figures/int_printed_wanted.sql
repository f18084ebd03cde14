-- One row a printed figure with what must give it: table, measure, the keys that its printed names stand for, and how it comes
-- from cells. A change is the difference of two sides; a side is one cell, the `months` of a running period up to the day it
-- counts to, or the `mean` of several years. Where no cell can be named `reason` says why, in plain words.
with job_codes as (
    select
        lower(trim(job_title)) as job_title,
        min(job_code) as job_code,
        string_agg(job_code, ', ' order by job_code) as job_codes,
        count(*) as codes
    from {{ ref('int_job_titles') }}
    group by lower(trim(job_title))
),

dated as (
    select
        figure.*,
        unit.units,
        unit.org_level as cell_level,
        unit.org_unit_code as cell_unit,
        this.pilots,
        this.first_day,
        this.last_day_of_period,
        this.last_day_counted,
        this.reference_date,
        before.first_day as first_day_before,
        figure.kind in ('change_points', 'change_percent', 'direction')
        or (figure.kind = 'bound' and figure.compared_with is not null) as is_change,
        figure.kind = 'change_percent' or figure.unit = 'percent_change' as is_relative,
        this.last_day_counted < this.last_day_of_period as is_cut,
        make_date(cast(year(this.last_day_of_period) as integer), 12, 31) as year_end,
        figure.mart like 'sick_leave_by_%' as is_sick_leave,
        series.as_of
    from {{ ref('int_printed_figures') }} as figure
    cross join {{ ref('int_series') }} as series
    inner join {{ ref('int_printed_units') }} as unit on figure.figure_id = unit.figure_id
    left join {{ ref('int_printed_dates') }} as this on figure.figure_id = this.figure_id and this.side = 'now'
    left join {{ ref('int_printed_dates') }} as before on figure.figure_id = before.figure_id and before.side = 'before'
),

-- What another table holds: changes of the units' sick leave from the year before, the mean of three years; and how many are
-- employed on another day than the equality tables', which the full-time tables count alike (but for the municipal director).
held as (
    select
        * exclude (mart, measure),
        case
            when
                mart = 'sick_leave_by_unit' and is_change and not is_cut and period_kind in ('year', 'quarter', 'month')
                and compared_kind = period_kind and first_day_before = first_day - interval 1 year
                then 'sick_leave_changes'
            when
                mart = 'sick_leave_by_unit' and period_kind = 'years' and not is_change
                and datediff('year', first_day, year_end) = 2
                then 'sick_leave_changes'
            when
                mart = 'equality_gender_balance' and measure in ('employees', 'fte') and last_day_counted <> year_end
                and cell_level <> 'kommune'
                then if(cell_sex is null, 'full_time_by_unit', 'full_time_by_sex')
            else mart
        end as mart,
        mart as measured_mart,
        measure as measured
    from dated
),

resolved as (
    select
        held.*,
        case
            when held.mart = 'sick_leave_changes' and held.period_kind = 'years' then 'mean_three_years'
            when held.mart = 'sick_leave_changes' then if(held.is_relative, 'change_percent', 'change_points')
            when held.mart like 'full_time_by_%' and held.measured = 'employees' then 'headcount'
            else held.measured
        end as measure,
        coalesce(
            held.mart in ({% for mart in printed_marts() if 'org_unit_code' in grain_of(mart) %}'{{ mart }}', {% endfor %}null),
            false
        ) as is_by_unit,
        coalesce(held.mart like 'equality_%', false) as is_equality,
        job.codes,
        job.job_codes,
        job.job_code,
        pay_group.pay_group as cell_pay_group,
        level_name.leader_level as cell_leader_level,
        own.org_unit_code is not null as is_of_own_municipality
    from held
    left join job_codes as job on lower(trim(held.job_title)) = job.job_title
    left join {{ ref('pay_groups') }} as pay_group
        on held.pay_group in (pay_group.pay_group_name, cast(pay_group.pay_group as varchar))
    left join {{ ref('printed_leader_levels') }} as level_name on lower(trim(held.leader_level)) = level_name.printed_level
    left join {{ ref('int_unit_ancestry') }} as own
        on held.peer = own.org_unit_name and own.org_level = 'kommune' and own.org_unit_code = own.unit_code
)

select
    figure_id,
    mart,
    measure,
    measured_mart,
    measured,
    case
        when mart = 'sick_leave_changes' then 'cell'
        when period_kind = 'years' then 'mean'
        when is_sick_leave and is_cut and period_kind <> 'pilot' then 'months'
        else 'cell'
    end as side_as,
    case
        when mart <> 'sick_leave_changes' and is_change then if(is_relative, 'change_percent', 'change_points')
    end as change,
    if(is_of_own_municipality and mart = 'benchmarks', 'computed', evidence) as evidence,
    source_name,
    indicator,
    period_kind,
    compared_kind,
    peer,
    factor_no,
    age_group,
    is_by_unit,
    cell_level,
    cell_unit,
    case when mart <> 'equality_pay' then cell_sex end as cell_sex,
    job_code,
    case when mart = 'equality_leaders' then coalesce(cell_leader_level, 'alle') end as cell_leader_level,
    case when mart = 'equality_parental_leave' then coalesce(leave_coverage, 'alle') end as cell_leave_coverage,
    case when mart = 'equality_pay' then coalesce(cell_pay_group, 0) end as cell_pay_group,
    case
        when source_name = 'history' then 'The figure lies before any delivery.'
        when mart is null
            then
                'No mart holds ' || indicator || coalesce(' by ' || replace(nullif(dimensions, ''), ' ', ', '), '')
                || ' from ' || source_name || '.'
        when kind <> 'figure' and kind <> 'bound' and compared_with is null
            then 'The file does not say what the change is compared with.'
        when is_change and mart = 'targets' then 'targets holds values to be reached, not changes.'
        when
            period_kind is null
            or not case
                when mart = 'sick_leave_changes' then true
                when is_sick_leave then period_kind in ('year', 'quarter', 'month', 'pilot', 'years')
                when mart like 'full_time_by_%' and source_name = 'pai' then period_kind in ('year', 'date')
                when mart like 'full_time_by_%' then period_kind in ('year', 'month', 'date', 'pilot')
                when is_equality then period_kind in ('year', 'date')
                when mart = 'benchmarks' then period_kind in ('year', 'quarter', 'month')
                else period_kind = 'year'
            end
            then measured_mart || ' has no period of the kind "' || period || '".'
        when is_change and (compared_kind is null or (compared_kind <> period_kind and not (mart like 'full_time_by_%')))
            then 'A figure of "' || period || '" cannot be compared with "' || compared_with || '".'
        when (is_by_unit or is_equality) and units = 0
            then
                'The loaded data has no unit of level ' || coalesce(org_level, 'kommune')
                || coalesce(' called ' || org_unit, ' without a name') || '.'
        when (is_by_unit or is_equality) and units > 1
            then
                'There are ' || units || ' units of level ' || coalesce(org_level, 'kommune') || ' called ' || org_unit
                || ': it cannot be told which is meant.'
        when is_equality and not is_by_unit and cell_level <> 'kommune' then mart || ' holds the municipality alone.'
        when 'pilot' in (period_kind, compared_kind) and coalesce(pilots, 0) = 0
            then 'The unit is in no pilot that was delivered.'
        when 'pilot' in (period_kind, compared_kind) and pilots > 1
            then 'The unit is in several pilots: it cannot be told which is meant.'
        when last_day_counted < first_day and (is_sick_leave or is_equality or mart like 'full_time_by_%')
            then 'The figure counts to ' || last_day_counted || ', before its period begins.'
        when is_equality and last_day_counted <> year_end and last_day_counted <> as_of
            then
                'Equality figures of ' || year(year_end) || ' are of ' || if(year(year_end) = year(as_of), as_of, year_end)
                || ', not of ' || last_day_counted || '.'
        when (is_sick_leave or is_equality) and last_day_counted > as_of and year(last_day_counted) <= year(as_of)
            then 'The loaded data ends on ' || as_of || ', before ' || last_day_counted || ', to which the figure counts.'
        when is_sick_leave and is_cut and last_day_counted < last_day(first_day)
            then 'The figure counts to ' || last_day_counted || ', before the first month of its period is over.'
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
