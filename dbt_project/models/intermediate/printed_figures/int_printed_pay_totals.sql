-- One row a printed mean or gap of all pay groups that the means printed of the single groups cannot give. Only where a
-- document prints every group that its total counts; each printed figure stands for all values that round to it.
with printed as (
    select
        figure.figure_id,
        figure.document,
        figure.value,
        cast(pow(cast(10 as double), -figure.decimals) / 2 as decimal(18, 6)) as half_step,
        figure.decimals,
        wanted.measure,
        wanted.cell ->> 'year' as calendar_year,
        cast(wanted.cell ->> 'pay_group' as integer) as pay_group
    from {{ ref('stg_printed_figures') }} as figure
    inner join {{ ref('int_printed_cells') }} as wanted on figure.figure_id = wanted.figure_id
    where wanted.mart = 'equality_pay'
),

counts as (
    select
        document,
        calendar_year,
        pay_group,
        max(case when measure = 'women' then value end) as women,
        max(case when measure = 'mean_women' then value - half_step end) as mean_women_low,
        max(case when measure = 'mean_women' then value + half_step end) as mean_women_high,
        max(case when measure = 'men' then value end) as men,
        max(case when measure = 'mean_men' then value - half_step end) as mean_men_low,
        max(case when measure = 'mean_men' then value + half_step end) as mean_men_high,
        max(case when measure = 'positions' then value end) as positions,
        max(case when measure = 'mean_all' then value - half_step end) as mean_all_low,
        max(case when measure = 'mean_all' then value + half_step end) as mean_all_high
    from printed
    group by document, calendar_year, pay_group
),

added as (
    select
        groups.document,
        groups.calendar_year,
        cast(sum(groups.women * groups.mean_women_low) as double) / max(total.women) as mean_women_low,
        cast(sum(groups.women * groups.mean_women_high) as double) / max(total.women) as mean_women_high,
        cast(sum(groups.men * groups.mean_men_low) as double) / max(total.men) as mean_men_low,
        cast(sum(groups.men * groups.mean_men_high) as double) / max(total.men) as mean_men_high,
        cast(sum(groups.positions * groups.mean_all_low) as double) / max(total.positions) as mean_all_low,
        cast(sum(groups.positions * groups.mean_all_high) as double) / max(total.positions) as mean_all_high
    from counts as groups
    inner join counts as total
        on groups.document = total.document and groups.calendar_year = total.calendar_year and total.pay_group = 0
    where groups.pay_group > 0
    group by groups.document, groups.calendar_year
    having
        sum(groups.women) = max(total.women)
        and sum(groups.men) = max(total.men)
        and bool_and(groups.women = 0 or groups.mean_women_low is not null)
        and bool_and(groups.men = 0 or groups.mean_men_low is not null)
        and bool_and(groups.positions = 0 or groups.mean_all_low is not null)
),

ranges as (
    {% for measure, low, high in [
        ('mean_women', 'mean_women_low', 'mean_women_high'),
        ('mean_men', 'mean_men_low', 'mean_men_high'),
        ('mean_all', 'mean_all_low', 'mean_all_high'),
        ('pay_gap_nok', 'mean_men_low - mean_women_high', 'mean_men_high - mean_women_low'),
        (
            'pay_gap_percent',
            '100 * (mean_men_low - mean_women_high) / mean_women_low',
            '100 * (mean_men_high - mean_women_low) / mean_women_low'
        ),
    ] %}
        select
            document,
            calendar_year,
            '{{ measure }}' as measure,
            {{ low }} as lowest,
            {{ high }} as highest
        from added
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    printed.figure_id,
    'groups' as other_id,
    'The same document''s figures of the single pay groups give '
    || {{ printed('(ranges.lowest + ranges.highest) / 2', 'printed.decimals') }} || ' for this cell' as contradiction
from printed
inner join ranges
    on
        printed.document = ranges.document
        and printed.calendar_year = ranges.calendar_year
        and printed.measure = ranges.measure
where
    printed.pay_group = 0
    and (
        cast(printed.value + printed.half_step as double) < ranges.lowest
        or cast(printed.value - printed.half_step as double) > ranges.highest
    )
