"""Which changes of served figures may show their values: those that concern a set at or above the threshold (metrics.md 10).
Not here: finding the changes (warehouse/restatements.py), or what a publication serves itself (suppression).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import duckdb

# (table, period, unit code)
Place = tuple[str, str, str]

# Persons who have another number than before, as from another payroll system: nothing of them differs by that. Whose national
# number several have is not known again.
RENUMBERED = """
create or replace temp table renumbered as
select old.employee_no, new.employee_no as number_now
from (select person_key, min(employee_no) as employee_no from {then}.raw.ansatte group by all having count(*) = 1) as old
inner join (select person_key, min(employee_no) as employee_no from {now}.raw.ansatte group by all having count(*) = 1) as new
    using (person_key)
where old.employee_no <> new.employee_no
"""
# What each person's positions count in a closed month, by the unit they sit on.
PERSON_MONTHS = """
create or replace temp table person_months_{side} as
with segment_months as (
    select coalesce(renumbered.number_now, held.employee_no) as employee_no, segment.*,
        unnest(range(year(segment.from_date) * 12 + month(segment.from_date) - 1,
            year(segment.to_date) * 12 + month(segment.to_date))) as month_index
    from {database}.intermediate.int_position_segments as segment
    inner join {database}.staging.stg_positions as held using (position_row)
    left join renumbered on '{side}' = 'then' and held.employee_no = renumbered.employee_no
),
counted as (
    select segment.*, period_month.month_period, least(segment.index_through, period_month.index_through)
        - greatest(segment.index_before, period_month.index_before) as days
    from segment_months as segment inner join {database}.intermediate.int_months as period_month using (month_index)
    where last_day(period_month.first_day) <= $1
)
select month_period, employee_no, unit_code,
    sum(position_percent * available_percent * days) as possible,
    sum(position_percent * lost_doctor_percent * days) as doctor, sum(position_percent * lost_self_percent * days) as self,
    sum(if(is_long_term, position_percent * (lost_doctor_percent + lost_self_percent) * days, 0)) as long_term
from counted where days > 0
group by all
"""
# The årsverk, over the whole period, of those of whom something differs in one of its months, by the unit they sit on.
SICK_LEAVE = """
with months as (
    select month_period, any_value(index_through - index_before) as days from {now}.intermediate.int_months
    where last_day(first_day) <= $1 group by all
),
periods as (
    select month_period, month_period as period from months
    union all select month_period, left(month_period, 4) from months
),
days as (select period, sum(days) as days from periods inner join months using (month_period) group by all),
differing as (
    select distinct month_period, employee_no from (
        (from person_months_now except all from person_months_then)
        union all (from person_months_then except all from person_months_now)
    )
),
concerned as (select distinct period, employee_no from differing inner join periods using (month_period)),
held as (
    select period, employee_no, unit_code, sum(possible) as possible from (
        select 'now' as side, * from person_months_now union all by name select 'then' as side, * from person_months_then
    ) inner join periods using (month_period) semi join concerned using (period, employee_no)
    group by side, period, employee_no, unit_code
)
select period, unit_code, sum(possible) / 10000 / any_value(days.days)
from (select period, employee_no, unit_code, max(possible) as possible from held group by all) inner join days using (period)
group by all
"""
# Persons of whom something differs on a date, each at one of the units they sit on, so that none counts twice.
FULL_TIME = """
with counted_now as (
    select cast(reference_date as varchar) as period, person_id, unit_code, sum(position_percent) as percent,
        max(wants_larger_position) as wish
    from {now}.intermediate.int_full_time_positions where source = 'payroll' and reference_date <= $1 group by all
),
counted_then as (
    select cast(reference_date as varchar) as period, coalesce(number_now, person_id) as person_id, unit_code,
        sum(position_percent) as percent, max(wants_larger_position) as wish
    from {then}.intermediate.int_full_time_positions left join renumbered on person_id = employee_no
    where source = 'payroll' and reference_date <= $1 group by all
),
differing as (
    (from counted_now except all from counted_then) union all (from counted_then except all from counted_now)
)
select period, unit_code, count(*) from (
    select period, person_id, min(unit_code) as unit_code from (
        from counted_now union all from counted_then
    ) semi join differing using (period, person_id) group by all
) group by all
"""


def may_show(
    con: duckdb.DuckDBPyConnection, now: str, then: str | None, limits: Mapping[str, float], closed_to: object
) -> set[Place]:
    """The units of a table and period whose changes may show their values.

    Only units of the tree in tables without a breakdown: a breakdown's changes are parts of the unit's. Of closed years the
    year, of the running one the months, so that no two of them are parts of each other. A unit shows its change only where the
    unit above shows its own, and what is left of that without the units below that show theirs concerns nobody, or a set at
    or above the threshold. A unit that consists of other units than before shows none: its change is the figure of those.

    Args:
        now, then: the attached databases of this publication and of the one before; `then` is None where that is gone.
        limits: the thresholds by table.
        closed_to: the as-of date of the publication before.
    """
    if then is None or not _has_persons(con, then):
        return set()
    find_renumbered(con, now, then)
    parents, same = _unchanged_units(con, now, then)
    for side, database in (("now", now), ("then", then)):
        con.execute(PERSON_MONTHS.format(side=side, database=database), [closed_to])
    shown: set[Place] = set()
    for table, query in (("sick_leave_by_unit", SICK_LEAVE), ("full_time_by_unit", FULL_TIME)):
        sizes: dict[str, dict[str, float]] = defaultdict(dict)
        for period, unit, size in con.execute(query.format(now=now, then=then), [closed_to]).fetchall():
            sizes[period][unit] = float(size)
        # Months of closed years are parts of the year.
        years = {period for period in sizes if len(period) == 4 and f"{period}-12-31" <= str(closed_to)}
        for period, of_unit in sizes.items():
            is_part = len(period) == 7 and period[:4] in years
            if table == "full_time_by_unit" or (not is_part and (len(period) == 7 or period in years)):
                shown |= {(table, period, unit) for unit in _shown(of_unit, parents, same, limits[table])}
    return shown


def find_renumbered(con: duckdb.DuckDBPyConnection, now: str, then: str) -> None:
    """Make the temporary table `renumbered`: a number of the database `then`, and the same person's in `now`."""
    con.execute(RENUMBERED.format(now=now, then=then))


def _has_persons(con: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether an attached database has the models behind a publication, and not its raw rows alone."""
    found = con.execute(
        "select 1 from duckdb_tables() where database_name = $1 and table_name = 'int_position_segments'", [database]
    ).fetchall()
    return bool(found)


def _unchanged_units(con: duckdb.DuckDBPyConnection, now: str, then: str) -> tuple[dict[str, str | None], set[str]]:
    """The parent of each unit now, and the units below which there are the same units as before."""
    trees = []
    for database in (now, then):
        found = con.execute(f"select unit_code, parent_code from {database}.staging.stg_units").fetchall()
        trees.append(dict(found))
    below = [_below(tree) for tree in trees]
    return trees[0], {unit for unit, units in below[0].items() if below[1].get(unit) == units}


def _below(parents: Mapping[str, str | None]) -> dict[str, set[str]]:
    """For each unit itself and all units below it."""
    found: dict[str, set[str]] = {unit: set() for unit in parents}
    for unit in parents:
        above: str | None = unit
        while above is not None:
            found[above].add(unit)
            above = parents.get(above)
    return found


def _shown(own: Mapping[str, float], parents: Mapping[str, str | None], same: set[str], limit: float) -> set[str]:
    """The units whose change may be shown, by the size of the set concerned that sits on each unit itself."""
    size: dict[str, float] = defaultdict(float)
    for unit, amount in own.items():
        above: str | None = unit
        while above is not None:
            size[above] += amount
            above = parents.get(above)
    children: dict[str, list[str]] = defaultdict(list)
    for unit, parent in parents.items():
        if parent is not None:
            children[parent].append(unit)

    def may(unit: str) -> bool:
        return unit in same and size[unit] >= limit

    shown: set[str] = set()
    ahead = [unit for unit, parent in parents.items() if parent is None and may(unit)]
    while ahead:
        unit = ahead.pop()
        shown.add(unit)
        below = sorted((child for child in children[unit] if may(child)), key=lambda child: (-size[child], child))
        while below and 0 < size[unit] - sum(size[child] for child in below) < limit:
            below.pop()
        ahead += below
    return shown
