-- How much each unit directly below a unit moved its percentage from the period a year before to this one: by its own
-- percentage (rate) and by its share of the possible days (mix), with means of both periods, so that all of them add up to the
-- change. A unit that is there in one of the periods alone is all mix. What no served unit below accounts for is one remainder.
with
{{ compared_cells() }}

-- A cell that is not there has no possible days; one that is withheld has unknown ones.
moved as (
    select
        coalesce(cell.period_type, before.period_type) as period_type,
        coalesce(cell.period, before.period) as period,
        coalesce(cell.org_level, before.org_level) as org_level,
        coalesce(cell.org_unit_code, before.org_unit_code) as org_unit_code,
        coalesce(cell.org_unit_name, before.org_unit_name) as org_unit_name,
        case when cell.period is null then 0 else cell.possible_days end as possible_days,
        case when before.period is null then 0 else before.possible_days end as possible_days_before,
        cell.sick_leave_percent as rate,
        before.sick_leave_percent as rate_before,
        cell.period is not null and before.period is not null as is_in_both
    from cells as cell
    full join cells_before as before
        on
            cell.period_type = before.period_type
            and cell.period = before.period
            and cell.org_level = before.org_level
            and cell.org_unit_code = before.org_unit_code
),

shares as (
    select
        parent.period_type,
        parent.period,
        parent.org_level,
        parent.org_unit_code,
        parent.org_unit_name,
        parent.rate - parent.rate_before as parent_change,
        (parent.rate + parent.rate_before) / 2 as parent_rate_mean,
        child.org_level as child_org_level,
        child.org_unit_code as child_org_unit_code,
        child.org_unit_name as child_org_unit_name,
        child.possible_days / nullif(parent.possible_days, 0) as share,
        child.possible_days_before / nullif(parent.possible_days_before, 0) as share_before,
        -- Without possible days in one of the periods there is no percentage to have moved.
        case when child.possible_days = 0 then child.rate_before else child.rate end as rate,
        case when child.possible_days_before = 0 then child.rate else child.rate_before end as rate_before
    from moved as parent
    inner join {{ ref('org_units') }} as unit on parent.org_unit_code = unit.parent_code
    inner join moved as child
        on
            unit.org_level = child.org_level
            and unit.org_unit_code = child.org_unit_code
            and parent.period_type = child.period_type
            and parent.period = child.period
    where parent.org_level <> 'gruppe' and parent.is_in_both
),

effects as (
    select
        *,
        (share + share_before) / 2 * (rate - rate_before) as rate_effect,
        (share - share_before) * ((rate + rate_before) / 2 - parent_rate_mean) as mix_effect
    from shares
),

remainders as (
    select
        period_type,
        period,
        org_level,
        org_unit_code,
        org_unit_name,
        any_value(parent_change)
        - coalesce(sum(rate_effect + mix_effect order by child_org_level, child_org_unit_code), 0) as contribution
    from effects
    where parent_change is not null
    group by period_type, period, org_level, org_unit_code, org_unit_name
    having
        count(*) > count(rate_effect + mix_effect)
        or abs(sum(share) - 1) > 1e-9
        or abs(sum(share_before) - 1) > 1e-9
),

contributions as (
    select
        period_type,
        period,
        org_level,
        org_unit_code,
        org_unit_name,
        child_org_level,
        child_org_unit_code,
        child_org_unit_name,
        rate_effect,
        mix_effect,
        rate_effect + mix_effect as contribution,
        false as is_remainder
    from effects
    union all
    select
        period_type,
        period,
        org_level,
        org_unit_code,
        org_unit_name,
        'øvrige' as child_org_level,
        'øvrige (ikke vist)' as child_org_unit_code,
        'øvrige (ikke vist)' as child_org_unit_name,
        null as rate_effect,
        null as mix_effect,
        contribution,
        true as is_remainder
    from remainders
)

select
    contributions.period_type,
    contributions.period,
    periods.period_start,
    periods.period_end,
    periods.is_partial,
    contributions.org_level,
    contributions.org_unit_code,
    contributions.org_unit_name,
    contributions.child_org_level,
    contributions.child_org_unit_code,
    contributions.child_org_unit_name,
    contributions.rate_effect,
    contributions.mix_effect,
    contributions.contribution,
    contributions.is_remainder
from contributions
inner join periods on contributions.period_type = periods.period_type and contributions.period = periods.period
