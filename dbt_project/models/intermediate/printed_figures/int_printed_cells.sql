-- One row a printed figure with the cell of the mart that must give it. A cell without a sex, in a mart that has one, is the
-- sum of both. Of several months or years the cell names the first and the last.
with named as (
    select
        figure_id,
        side,
        min(cell) as cell,
        count(*) as cells,
        min(cell ->> 'period') as first_period,
        max(cell ->> 'period') as last_period
    from {{ ref('int_printed_terms') }}
    where side <> 'basis'
    group by figure_id, side
),

spanned as (
    select
        figure_id,
        side,
        if(
            cells = 1,
            cell,
            cast(json_merge_patch(cell, json_object('period', first_period || '/' || last_period)) as varchar)
        ) as cell
    from named
)

select
    wanted.figure_id,
    if(wanted.reason is null, wanted.mart, null) as mart,
    if(wanted.reason is null, wanted.measure, null) as measure,
    this.cell,
    before.cell as compared_cell,
    wanted.side_as,
    wanted.change,
    wanted.evidence,
    -- What is equal for repeats of one cell, whether a mart holds it or not.
    figure.unit || '|' || if(figure.kind = 'bound', figure.figure_id, figure.kind) || '|' || case
        when wanted.reason is null
            then concat_ws(' ', wanted.mart, wanted.measure, wanted.change, this.cell, before.cell)
        else concat(
            figure.source_name, '|', figure.indicator, '|', figure.period, '|', figure.counted_to, '|',
            figure.compared_with, '|',
            {% for dimension in [
                'org_level', 'org_unit', 'sex', 'age_group', 'job_title', 'pay_group', 'leave_coverage', 'leader_level',
                'factor_no', 'peer'
            ] %}
                figure.{{ dimension }}, '|'{{ ',' if not loop.last }}
            {% endfor %}
        )
    end as same_cell,
    wanted.reason
from {{ ref('int_printed_wanted') }} as wanted
inner join {{ ref('stg_printed_figures') }} as figure on wanted.figure_id = figure.figure_id
left join spanned as this on wanted.figure_id = this.figure_id and this.side = 'now'
left join spanned as before on wanted.figure_id = before.figure_id and before.side = 'before'
