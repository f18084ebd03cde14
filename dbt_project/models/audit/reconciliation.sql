-- Every figure of the ledger beside what the warehouse computes for the cell that int_published_cells names.
{% set keys_of = {} %}
{% for mart in [
    'sick_leave_by_unit', 'sick_leave_by_sex', 'sick_leave_by_age', 'sick_leave_by_job_code', 'full_time_by_unit',
    'full_time_by_job_code', 'equality_gender_balance', 'equality_leaders', 'equality_parental_leave', 'equality_pay',
    'survey_response', 'survey_factor_scores', 'benchmarks', 'targets'
] %}
    {% do keys_of.update({mart: grain_of(mart)}) %}
{% endfor %}
{% set dimensions = [
    'org_level', 'org_unit', 'sex', 'age_group', 'job_title', 'pay_group', 'leave_coverage', 'leader_level',
    'factor_no', 'peer'
] %}
{% set period_keys = ['source', 'reference_date', 'period_type', 'period', 'year'] %}
with cells_found as (
    {% for mart, keys in keys_of.items() %}
        -- At most two values are added, those of the two sexes: the sum is the same in either order.
        select
            wanted.figure_id,
            sum(cast(to_json(held) ->> wanted.measure as double)) as computed  -- noqa: RF02
        from {{ ref('int_published_cells') }} as wanted
        inner join {{ ref(mart) }} as held
            on
                wanted.mart = '{{ mart }}'
                {% for key in keys if key != 'sex' %}
                    and (wanted.cell ->> '{{ key }}') = cast(held.{{ key }} as varchar)
                {% endfor %}
                {% if 'sex' in keys %}
                    and coalesce(wanted.cell ->> 'sex', held.sex) = held.sex
                {% endif %}
        group by wanted.figure_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What each mart holds, to say why a cell is not there.
periods_held as (
    {% for mart, keys in keys_of.items() %}
        select
            '{{ mart }}' as mart,
            concat_ws(
                ' ',
                {% for key in period_keys if key in keys %}
                    cast({{ key }} as varchar){{ ',' if not loop.last }}
                {% endfor %}
            ) as period
        from (select distinct {{ period_keys | select('in', keys) | join(', ') }} from {{ ref(mart) }}) as held
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- A figure as printed stands for every value that rounds to it.
figures as (
    select
        figure.*,
        wanted.mart,
        wanted.measure,
        wanted.cell,
        wanted.reason as why_no_cell,
        found.figure_id is not null as is_found,
        found.computed,
        concat_ws(
            ' ',
            {% for key in period_keys %}
                wanted.cell ->> '{{ key }}'{{ ',' if not loop.last }}
            {% endfor %}
        ) as cell_period,
        cast(pow(cast(10 as double), -figure.decimals) as decimal(18, 6)) as step,
        format('{:.' || figure.decimals || 'f}', cast(figure.value as double)) as printed,
        case
            when wanted.mart is not null then wanted.mart || ' ' || wanted.measure || ' ' || wanted.cell
            else concat(
                figure.source_name, '|', figure.indicator, '|', figure.period, '|',
                {% for dimension in dimensions %}
                    figure.{{ dimension }}, '|'{{ ',' if not loop.last }}
                {% endfor %}
            )
        end as same_cell,
        case figure.decimals
            {% for places in range(7) %}
                when {{ places }} then cast(round(cast(found.computed as decimal(38, 9)), {{ places }}) as decimal(38, 9))
            {% endfor %}
        end as computed_as_printed
    from {{ ref('stg_published_figures') }} as figure
    inner join {{ ref('int_published_cells') }} as wanted on figure.figure_id = wanted.figure_id
    left join cells_found as found on figure.figure_id = found.figure_id
),

-- Two figures of one cell that no value rounds to both.
differing as (
    select
        this.figure_id,
        other.figure_id as other_id,
        other.printed || ' is published for the same cell in ' || other.figure_id
        || ' (' || concat_ws(', ', other.document, other.place) || ')' as told
    from figures as this
    inner join figures as other
        on
            this.same_cell = other.same_cell
            and this.unit = other.unit
            and 2 * abs(this.value - other.value) >= this.step + other.step
),

-- A target is a step of a plan: the year by which a value is to be reached. Two documents whose plans overlap in time and
-- that set the same value for different years contradict each other.
steps as (
    select
        figure_id,
        document,
        place,
        printed,
        value,
        cast(period as integer) as target_year,
        concat_ws(' ', indicator, cell ->> 'org_level', cell ->> 'org_unit_code') as plan,
        min(cast(period as integer)) over plan_of_document as first_year,
        max(cast(period as integer)) over plan_of_document as last_year
    from figures
    where mart = 'targets'
    window plan_of_document as (partition by document, indicator, cell ->> 'org_level', cell ->> 'org_unit_code')
),

moved_steps as (
    select
        this.figure_id,
        other.figure_id as other_id,
        'The same target is published for ' || other.target_year || ' in ' || other.figure_id
        || ' (' || concat_ws(', ', other.document, other.place) || ')' as told
    from steps as this
    inner join steps as other
        on
            this.plan = other.plan
            and this.value = other.value
            and this.document <> other.document
            and this.first_year <= other.last_year
            and this.last_year >= other.first_year
    where not exists (
        select 1
        from steps as ours
        inner join steps as theirs
            on ours.plan = theirs.plan and ours.value = theirs.value and ours.target_year = theirs.target_year
        where
            ours.plan = this.plan
            and ours.value = this.value
            and ours.document = this.document
            and theirs.document = other.document
    )
),

-- A target whose decision a later one has superseded.
superseded as (
    select
        figure.figure_id,
        'decision' as other_id,
        format('{:.' || figure.decimals || 'f}', cast(in_force.target as double))
        || ' is set for the same cell by a later decision (' || in_force.decision || ')' as told
    from figures as figure
    inner join {{ ref('int_targets') }} as in_force
        on
            figure.indicator = in_force.indicator
            and figure.period = cast(in_force.target_year as varchar)
            and (figure.cell ->> 'org_level') = in_force.org_level
            and (figure.cell ->> 'org_unit_code') = in_force.org_unit_code
            and not in_force.is_superseded
            and figure.value <> in_force.target
    where
        figure.mart = 'targets'
        and exists (
            select 1
            from {{ ref('int_targets') }} as target
            where
                target.is_superseded
                and target.indicator = in_force.indicator
                and target.target_year = in_force.target_year
                and target.org_level = in_force.org_level
                and target.org_unit_code = in_force.org_unit_code
                and target.target = figure.value
        )
),

contradictions as (
    select
        figure_id,
        string_agg(told, '; ' order by other_id) as told
    from (
        select * from differing
        union all
        select * from moved_steps
        union all
        select * from superseded
        union all
        select * from {{ ref('int_published_pay_totals') }}
    ) as found
    group by figure_id
),

judged as (
    select
        figures.*,
        contradictions.told,
        format('{:.' || figures.decimals || 'f}', cast(figures.computed_as_printed as double)) as computed_text,
        case
            when contradictions.figure_id is not null then 'contradicted'
            when figures.computed is null then 'not_covered'
            when figures.computed_as_printed = figures.value then 'match'
            else 'mismatch'
        end as status
    from figures
    left join contradictions on figures.figure_id = contradictions.figure_id
)

select
    figure_id,
    document,
    case_no,
    published_on,
    place,
    source_name as source,
    indicator,
    period,
    org_level,
    org_unit,
    sex,
    age_group,
    job_title,
    pay_group,
    leave_coverage,
    leader_level,
    factor_no,
    peer,
    unit,
    decimals,
    cast(value as double) as published,
    computed,
    computed - cast(value as double) as difference,
    status,
    case
        when status = 'contradicted' then told || '.' || coalesce(' The warehouse computes ' || computed_text || '.', '')
        when status = 'mismatch'
            then
                'The warehouse computes ' || computed_text || ', '
                || format('{:.' || decimals || 'f}', cast(abs(computed_as_printed - value) as double))
                || if(computed_as_printed > value, ' more', ' less') || ' than is printed.'
        when status = 'not_covered' and mart is null then why_no_cell
        when status = 'not_covered' and is_found then 'The cell has no value in the loaded data.'
        when status = 'not_covered' and mart not in (select periods_held.mart from periods_held)
            then mart || ' is empty: the feed it is made of has not been delivered.'
        when
            status = 'not_covered'
            and (mart, cell_period) not in (select (periods_held.mart, periods_held.period) from periods_held)
            then 'The loaded data has no ' || cell_period || ' in ' || mart || '.'
        when status = 'not_covered' then 'The loaded data has no such cell in ' || mart || ': ' || cell || '.'
    end as reason,
    mart,
    measure,
    cell
from judged
