-- One row a printed figure that another one contradicts, with what does so in words: another figure of the same cell, a target
-- printed for another year or superseded by a later decision, or the figures of the single pay groups.
-- A figure as printed stands for every value that rounds to it.
with figures as (
    select
        figure.*,
        wanted.mart,
        wanted.cell,
        cast(pow(cast(10 as double), -figure.decimals) as decimal(18, 6)) as step,
        {{ printed('figure.value', 'figure.decimals') }} as printed,
        wanted.same_cell
    from {{ ref('stg_printed_figures') }} as figure
    inner join {{ ref('int_printed_cells') }} as wanted on figure.figure_id = wanted.figure_id
),

-- Two figures of one cell that no value rounds to both.
differing as (
    select
        this.figure_id,
        other.figure_id as other_id,
        other.printed || ' is published for the same cell in ' || other.figure_id
        || ' (' || concat_ws(', ', other.document, other.place) || ')' as contradiction
    from figures as this
    inner join figures as other
        on
            this.same_cell = other.same_cell
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
        || ' (' || concat_ws(', ', other.document, other.place) || ')' as contradiction
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
        {{ printed('in_force.target', 'figure.decimals') }}
        || ' is set for the same cell by a later decision (' || in_force.decision || ')' as contradiction
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
)

select
    figure_id,
    string_agg(contradiction, '; ' order by other_id) as contradictions
from (
    select * from differing
    union all
    select * from moved_steps
    union all
    select * from superseded
    union all
    select * from {{ ref('int_printed_pay_totals') }}
) as found
group by figure_id
