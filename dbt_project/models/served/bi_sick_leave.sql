-- The tree cut into pieces that lie beside each other: units that nothing lies below, and of every other unit what it has
-- beside the units below it that are served. A remainder below the threshold goes into the nearest served unit above.
with recursive
served_units as (
    select
        figures.*,
        left(figures.period, 4) as decided_for,
        unit.is_leaf,
        unit.sort_order,
        unit.depth
    from {{ ref('sick_leave_by_unit') }} as figures
    inner join {{ ref('org_units') }} as unit
        on figures.org_level = unit.org_level and figures.org_unit_code = unit.org_unit_code
    where figures.withheld is null and figures.period_type in ('month', 'year') and figures.org_level <> 'gruppe'
),

climb as (
    select
        org_unit_code,
        parent_code as above_code
    from {{ ref('org_units') }}
    where parent_code is not null
    union all
    select
        climb.org_unit_code,
        unit.parent_code as above_code
    from climb
    inner join {{ ref('org_units') }} as unit on climb.above_code = unit.org_unit_code
    where unit.parent_code is not null
),

-- Whether a unit is served is decided for a calendar year.
served_years as (
    select
        decided_for,
        org_unit_code,
        sort_order,
        depth,
        fte
    from served_units
    where period_type = 'year'
),

hanging as (
    select
        below.decided_for,
        below.org_unit_code,
        arg_max(above.org_unit_code, above.depth) as above_code
    from served_years as below
    inner join climb on below.org_unit_code = climb.org_unit_code
    inner join served_years as above on below.decided_for = above.decided_for and climb.above_code = above.org_unit_code
    group by below.decided_for, below.org_unit_code
),

below as (
    select
        hanging.decided_for,
        unit.period_type,
        unit.period,
        hanging.above_code as org_unit_code,
        {{ for_each(sick_leave_days(), 'sum(' ~ fine('unit.?') ~ ') as ?') }}
    from served_units as unit
    inner join hanging on unit.decided_for = hanging.decided_for and unit.org_unit_code = hanging.org_unit_code
    group by hanging.decided_for, unit.period_type, unit.period, hanging.above_code
),

differences as (
    select
        unit.decided_for,
        unit.period_type,
        unit.period,
        unit.org_unit_code,
        unit.depth,
        unit.is_leaf,
        {{ for_each(sick_leave_days(), difference(fine('unit.?'), 'below.?') ~ ' as ?') }}
    from served_units as unit
    left join below
        on
            unit.period_type = below.period_type
            and unit.period = below.period
            and unit.org_unit_code = below.org_unit_code
),

-- Level by level from the bottom: which unit's remainder holds what is left over at a unit.
moved as (
    select
        decided_for,
        org_unit_code,
        org_unit_code as holder_code,
        depth as holder_depth,
        fte,
        (select max(served_years.depth) from served_years) as step
    from differences
    where period_type = 'year'
    union all
    select
        held.decided_for,
        held.org_unit_code,
        case when held.goes_up then hanging.above_code else held.holder_code end as holder_code,
        case when held.goes_up then above.depth else held.holder_depth end as holder_depth,
        held.fte,
        held.step - 1 as step
    from (
        select
            *,
            holder_depth = step
            and sum(fte) over (partition by decided_for, holder_code)
            < {{ served_threshold('sick_leave_by_unit') }} as goes_up
        from moved
        where step > 1
    ) as held
    left join hanging on held.decided_for = hanging.decided_for and held.holder_code = hanging.org_unit_code
    left join served_years as above on hanging.decided_for = above.decided_for and hanging.above_code = above.org_unit_code
),

holders as (
    select
        decided_for,
        org_unit_code,
        holder_code
    from moved
    where step = 1
),

small_holders as (
    select
        holders.decided_for,
        holders.holder_code as org_unit_code,
        true as is_small
    from holders
    inner join differences
        on holders.decided_for = differences.decided_for and holders.org_unit_code = differences.org_unit_code
    where differences.period_type = 'year'
    group by holders.decided_for, holders.holder_code
    having sum(differences.fte) < {{ served_threshold('sick_leave_by_unit') }}
),

pieces as (
    select
        differences.decided_for,
        differences.period,
        holders.holder_code as org_unit_code,
        {{ for_each(sick_leave_days(), 'sum(differences.?) as ?') }}
    from differences
    inner join holders
        on differences.decided_for = holders.decided_for and differences.org_unit_code = holders.org_unit_code
    where differences.period_type = 'month'
    group by differences.decided_for, differences.period, holders.holder_code
    having sum(differences.possible_days) > 0
),

-- Rounded one after the other along the tree: every branch is one stretch of it, and nothing is left over at the end.
running as (
    select
        pieces.decided_for,
        pieces.period,
        unit.*,
        row_number() over in_order = count(*) over (partition by pieces.period) as is_last,
        {{ for_each(sick_leave_days(), exact('sum(pieces.?) over in_order') ~ ' as ?') }}
    from pieces
    inner join {{ ref('org_units') }} as unit on pieces.org_unit_code = unit.org_unit_code and unit.org_level <> 'gruppe'
    window in_order as (partition by pieces.period order by unit.sort_order rows unbounded preceding)
),

rounded as (
    select
        running.* exclude ({{ sick_leave_days() | join(', ') }}),
        coalesce(small_holders.is_small, false) as is_small,
        {{ for_each(
            sick_leave_days(),
            'case when running.is_last then coalesce(' ~ exact('top_unit.?') ~ ', running.?) else running.? end'
            ~ ' - coalesce(lag(running.?) over (partition by running.period order by running.sort_order), 0) as ?'
        ) }}
    from running
    left join small_holders
        on running.decided_for = small_holders.decided_for and running.org_unit_code = small_holders.org_unit_code
    left join served_units as top_unit on running.period = top_unit.period and top_unit.org_level = 'kommune'
)

select
    'month' as period_type,
    rounded.period,
    figures.period_start,
    figures.period_end,
    figures.is_partial,
    rounded.org_level,
    rounded.org_level_sort,
    rounded.org_unit_code,
    case when rounded.is_leaf then rounded.org_unit_name else '{{ remainder_name() }}' end as org_unit_name,
    rounded.sort_order,
    rounded.level_1,
    {{ for_each(
        ['2', '3', '4', '5'],
        "case when not rounded.is_leaf and ? > rounded.org_level_sort then '" ~ remainder_name() ~ "' else rounded.level_? end"
        ~ ' as level_?'
    ) }},
    not rounded.is_leaf as is_remainder,
    figures.days_per_fte,
    {{ for_each(['fte', 'possible_days'], exact('rounded.?') ~ ' as ?') }},
    {{ for_each(sick_leave_absence(), 'case when not rounded.is_small then ' ~ exact('rounded.?') ~ ' end as ?') }},
    {{ sick_leave_shares('rounded', served='figures', served_when='rounded.is_leaf', empty_when='rounded.is_small') }}
from rounded
inner join served_units as figures
    on figures.period_type = 'month' and rounded.period = figures.period and rounded.org_unit_code = figures.org_unit_code
