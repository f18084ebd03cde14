-- Every printed figure (feed publiserte_tall) beside what is served for the cells that int_printed_terms names: from served
-- cells alone, so that it can disclose nothing. Where one is withheld, so is what is made of it.
with cells as (
    {% for mart in printed_marts() %}
        {% set keys = grain_of(mart) %}
        -- At most two values are added, those of the two sexes: the sum is the same in either order.
        select
            wanted.figure_id,
            wanted.side,
            wanted.place,
            sum(cast(to_json(held) ->> wanted.measure as double)) as value,  -- noqa: RF02
            {% if mart.startswith('sick_leave_by_') %}
                any_value(
                    cast(to_json(held) ->> if(  -- noqa: RF02
                        wanted.measure = 'sick_leave_percent', 'lost_days', replace(wanted.measure, '_percent', '_days')
                    ) as double)
                ) as numerator,
                any_value(
                    cast(to_json(held) ->> if(  -- noqa: RF02
                        wanted.measure = 'graded_percent', 'doctor_certified_days', 'possible_days'
                    ) as double)
                ) as denominator,
            {% else %}
                cast(null as double) as numerator,
                cast(null as double) as denominator,
            {% endif %}
            count(*) > count(to_json(held) ->> wanted.measure) as is_empty,  -- noqa: RF02
            {{
                'count(held.value) = 0' if mart == 'benchmarks'
                else "coalesce(bool_or(to_json(held) ->> 'withheld' is not null), false)"
            }} as is_withheld  -- noqa: RF02
        from {{ ref('int_printed_terms') }} as wanted
        inner join {{ ref(mart) }} as held
            on
                wanted.mart = '{{ mart }}'
                {% for key in keys if key != 'sex' %}
                    and (wanted.cell ->> '{{ key }}') = cast(held.{{ key }} as varchar)
                {% endfor %}
                {% if 'sex' in keys %}
                    and coalesce(wanted.cell ->> 'sex', held.sex) = held.sex
                {% endif %}
        group by wanted.figure_id, wanted.side, wanted.place
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

sides as (
    select
        wanted.figure_id,
        wanted.side,
        count(*) = count(found.figure_id) as is_found,
        coalesce(bool_or(found.is_withheld), false) as is_withheld,
        case
            when count(*) > count(found.figure_id) or bool_or(found.is_empty) then null
            when any_value(named.side_as) = 'months'
                then
                    100 * sum(found.numerator order by wanted.place)
                    / nullif(sum(found.denominator order by wanted.place), 0)
            else avg(found.value order by wanted.place)
        end as value
    from {{ ref('int_printed_terms') }} as wanted
    inner join {{ ref('int_printed_cells') }} as named on wanted.figure_id = named.figure_id
    left join cells as found
        on wanted.figure_id = found.figure_id and wanted.side = found.side and wanted.place = found.place
    group by wanted.figure_id, wanted.side
),

befores as (
    select
        figure_id,
        bool_and(is_found) as is_found,
        bool_or(is_withheld) as is_withheld,
        max(case when side = 'before' then value end) as value
    from sides
    where side <> 'now'
    group by figure_id
),

-- The difference of two survey scores is that of the printed ones, with one decimal.
compared as (
    select
        named.figure_id,
        this.is_found and (named.change is null or coalesce(before.is_found, false)) as is_found,
        this.is_withheld or coalesce(before.is_withheld, false) as is_withheld,
        case
            when named.change is null then this.value
            when named.measure = 'score'
                then
                    cast({{ rounded_as_printed('this.value', '1') }} - {{ rounded_as_printed('before.value', '1') }} as double)
            when named.change = 'change_percent' then 100 * (this.value - before.value) / nullif(before.value, 0)
            else this.value - before.value
        end as computed
    from {{ ref('int_printed_cells') }} as named
    inner join sides as this on named.figure_id = this.figure_id and this.side = 'now'
    left join befores as before on named.figure_id = before.figure_id
),

-- A bound holds away from zero: of a fall "over 20" is a fall of more.
bounds as (
    select
        figure.figure_id,
        arg_max(word.bound, length(word.word)) as bound
    from {{ ref('stg_printed_figures') }} as figure
    inner join {{ ref('bound_words') }} as word
        on regexp_matches(lower(figure.note), '(^|[^\p{L}])' || word.word || '($|[^\p{L}])')
    where figure.kind = 'bound'
    group by figure.figure_id
),

figures as (
    select
        figure.*,
        dated.first_day as period_start,
        dated.last_day_of_period as period_end,
        dated.last_day_counted < dated.last_day_of_period as is_partial,
        named.mart,
        named.measure,
        named.cell,
        named.compared_cell,
        named.evidence,
        named.change is null and named.side_as = 'cell' and named.mart <> 'sick_leave_changes' as is_of_one_cell,
        coalesce(
            named.reason,
            case
                when figure.kind = 'bound' and bound.bound is null
                    then 'The note has no word of bound_words that says what is bounded how.'
            end
        ) as why_not,
        coalesce(compared.is_found, false) as is_found,
        coalesce(compared.is_withheld, false) and compared.computed is null as is_withheld,
        case when figure.kind <> 'bound' or bound.bound is not null then compared.computed end as computed,
        contradicted.contradictions,
        bound.bound,
        exact.compared_decimals,
        if(figure.value < 0, -1, 1) as away,
        concat_ws(
            ' ',
            {% for column in time_columns(['source', 'reference_date', 'period_type', 'period', 'year']) %}
                named.cell ->> '{{ column }}'{{ ',' if not loop.last }}
            {% endfor %}
        ) as cell_period,
        {{ rounded_as_printed('compared.computed', 'exact.compared_decimals') }} as computed_as_printed
    from {{ ref('stg_printed_figures') }} as figure
    inner join {{ ref('int_printed_cells') }} as named on figure.figure_id = named.figure_id
    inner join {{ ref('int_printed_decimals') }} as exact on figure.figure_id = exact.figure_id
    left join {{ ref('int_printed_dates') }} as dated on figure.figure_id = dated.figure_id and dated.side = 'now'
    left join compared on figure.figure_id = compared.figure_id
    left join bounds as bound on figure.figure_id = bound.figure_id
    left join {{ ref('int_printed_contradictions') }} as contradicted on figure.figure_id = contradicted.figure_id
),

judged as (
    select
        *,
        {{ printed('computed_as_printed', 'compared_decimals') }} as computed_text,
        case
            when is_withheld then 'withheld'
            when contradictions is not null then 'contradicted'
            when computed is null then 'not_covered'
            when kind = 'direction' then if(sign(computed) = sign(cast(value as double)), 'match', 'mismatch')
            when kind = 'bound'
                then
                    case bound
                        when 'above' then if(away * computed > away * cast(value as double), 'match', 'mismatch')
                        when 'below' then if(away * computed < away * cast(value as double), 'match', 'mismatch')
                        when 'at least' then if(away * computed_as_printed >= away * value, 'match', 'mismatch')
                        when 'at most' then if(away * computed_as_printed <= away * value, 'match', 'mismatch')
                        -- Rounded to the last digit printed that is no zero.
                        when 'about'
                            then
                                if(
                                    2 * abs(computed - cast(value as double)) <= pow(
                                        10,
                                        case
                                            when decimals > 0 then -decimals
                                            else length(regexp_extract(cast(cast(value as bigint) as varchar), '0*$'))
                                        end
                                    ),
                                    'match',
                                    'mismatch'
                                )
                    end
            when computed_as_printed = {{ rounded_as_printed('value', 'compared_decimals') }} then 'match'
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
    period_start,
    period_end,
    is_partial,
    counted_to,
    compared_with,
    kind,
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
    case when kind <> 'direction' then computed - cast(value as double) end as difference,
    status,
    evidence,
    case
        when status = 'withheld' and is_of_one_cell then 'Disclosure control withholds the cell.'
        when status = 'withheld' then 'Disclosure control withholds a cell that the figure is made of.'
        when status = 'contradicted'
            then contradictions || '.' || coalesce(' The warehouse computes ' || computed_text || '.', '')
        when status = 'mismatch' and kind = 'direction'
            then
                'The warehouse computes a change of ' || {{ printed('computed', '2') }} || ', where a '
                || if(value > 0, 'rise', 'fall') || ' is printed.'
        when status = 'mismatch' and kind = 'bound'
            then
                'The warehouse computes ' || {{ printed('computed', '(decimals + 2)') }} || ', which is not ' || bound || ' '
                || {{ printed('value', 'decimals') }} || if(value < 0, ' (a fall, counted away from zero)', '') || '.'
        when status = 'mismatch'
            then
                'The warehouse computes ' || computed_text || ', '
                || {{ printed('abs(computed_as_printed - value)', 'compared_decimals') }}
                || if(computed_as_printed > value, ' more', ' less') || ' than is printed.'
        when status = 'not_covered' and why_not is not null then why_not
        when status = 'not_covered' and is_found then 'The cell has no value in the loaded data.'
        when status = 'not_covered' and mart not in (select held.mart from {{ ref('int_mart_periods') }} as held)
            then mart || ' is empty: the feed it is made of has not been delivered.'
        when
            status = 'not_covered'
            and cell_period not like '%/%'
            and (mart, cell_period) not in (select (held.mart, held.period) from {{ ref('int_mart_periods') }} as held)
            then 'The loaded data has no ' || cell_period || ' in ' || mart || '.'
        when status = 'not_covered'
            then
                'The loaded data has no such cell in ' || mart || ': ' || cell
                || coalesce(', or none to compare it with: ' || compared_cell, '') || '.'
    end as reason,
    mart,
    measure,
    cell,
    compared_cell
from judged
