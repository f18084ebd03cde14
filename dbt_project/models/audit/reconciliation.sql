-- Every printed figure (feed publiserte_tall) beside what the warehouse computes for the cell that int_printed_cells names.
with figures as (
    select
        figure.*,
        wanted.mart,
        wanted.measure,
        wanted.cell,
        wanted.reason as why_no_cell,
        found.figure_id is not null as is_found,
        found.computed,
        contradicted.contradictions,
        concat_ws(
            ' ',
            {% for column in time_columns(['source', 'reference_date', 'period_type', 'period', 'year']) %}
                wanted.cell ->> '{{ column }}'{{ ',' if not loop.last }}
            {% endfor %}
        ) as cell_period,
        case figure.decimals
            {% for places in range(7) %}
                when {{ places }} then cast(round(cast(found.computed as decimal(38, 9)), {{ places }}) as decimal(38, 9))
            {% endfor %}
        end as computed_as_printed
    from {{ ref('stg_printed_figures') }} as figure
    inner join {{ ref('int_printed_cells') }} as wanted on figure.figure_id = wanted.figure_id
    left join {{ ref('int_computed_figures') }} as found on figure.figure_id = found.figure_id
    left join {{ ref('int_printed_contradictions') }} as contradicted on figure.figure_id = contradicted.figure_id
),

judged as (
    select
        *,
        {{ printed('computed_as_printed', 'decimals') }} as computed_text,
        case
            when contradictions is not null then 'contradicted'
            when computed is null then 'not_covered'
            when computed_as_printed = value then 'match'
            else 'mismatch'
        end as status
    from figures
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
        when status = 'contradicted'
            then contradictions || '.' || coalesce(' The warehouse computes ' || computed_text || '.', '')
        when status = 'mismatch'
            then
                'The warehouse computes ' || computed_text || ', '
                || {{ printed('abs(computed_as_printed - value)', 'decimals') }}
                || if(computed_as_printed > value, ' more', ' less') || ' than is printed.'
        when status = 'not_covered' and mart is null then why_no_cell
        when status = 'not_covered' and is_found then 'The cell has no value in the loaded data.'
        when status = 'not_covered' and mart not in (select held.mart from {{ ref('int_mart_periods') }} as held)
            then mart || ' is empty: the feed it is made of has not been delivered.'
        when
            status = 'not_covered'
            and (mart, cell_period) not in (select (held.mart, held.period) from {{ ref('int_mart_periods') }} as held)
            then 'The loaded data has no ' || cell_period || ' in ' || mart || '.'
        when status = 'not_covered' then 'The loaded data has no such cell in ' || mart || ': ' || cell || '.'
    end as reason,
    mart,
    measure,
    cell
from judged
