"""Which rows make a cell of substitutes_by_unit: positions on the month's last day and the hours of the month.
Not here: the positions that count for full time (full_time.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.database import one
from warehouse.trace.full_time import add_full_leaves, set_apart
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.temporary import is_empty, table

# What a row has to hold to change the measure.
COUNTS = {
    "variable_fte": "counted_hours <> 0",
    "substitute_fte": "vikar_percent > 0 or substitute_hours <> 0",
    "substitute_percent": "position_percent > 0 or counted_hours <> 0",
    "overtime_hours": "overtime_hours <> 0",
    "all_fte": "position_percent > 0 or counted_hours <> 0",
    "hours_pay": "hours_pay <> 0",
}

# Measures of hours by the full-time week of whoever worked them.
BY_WEEK = {"variable_fte", "substitute_fte", "substitute_percent", "all_fte"}


def of_cell(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell. Without any row of hours in the month the table would not have the month at all."""
    con = lineage.con
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    # A cell of which no row counts still needs one to be there.
    of_month = f"from intermediate.int_substitute_months where worked_month = $1 and unit_code in ({units})"
    counting = " or ".join(f"({COUNTS[name]})" for name in measures)
    rows = table(con, "rows_of_cell", f"select * {of_month} and ({counting})", [cell["month"]])
    if is_empty(con, rows):
        rows = table(con, "rows_of_cell", f"select * {of_month} order by feed, row_number limit 1", [cell["month"]])
    if "hours_pay" in measures and not one(con, f"select count(hours_pay) from {rows}")[0]:
        # Hours paid with 0 kroner: without any the pay would be unknown.
        con.execute(f"insert into {rows} select * {of_month} and hours_pay = 0 order by row_number limit 1", [cell["month"]])
    for feed, role in (("stillinger", "position"), ("variable_timer", "hours")):
        lineage.add(feed, role, f"select file_sha256, row_number from {rows} where feed = '{feed}'")
    if set(measures) & BY_WEEK:
        lineage.add_positions(
            "position that says how many hours a full week is",
            f"select week_position_row as position_row from {rows} where weekly_hours <> 37.5",
        )
    if not lineage.count("variable_timer"):
        lineage.add(
            "variable_timer",
            "hours without which the month has no figures",
            f"""select file_sha256, row_number from raw.variable_timer where worked_month = $1
                order by unit_code in ({units}), file_sha256, row_number limit 1""",
            [cell["month"]],
        )
    lineage.exclude(
        "variable_timer",
        f"""select file_sha256, row_number, case when kind.hours_kind is null
                then 'hours of the kind ' || hours.hours_kind || ' count nowhere'
                else 'changes nothing in the number' end as reason
            from raw.variable_timer as hours left join seeds.hour_kinds as kind on hours.hours_kind = kind.hours_kind
            where worked_month = $1 and unit_code in ({units})""",
        [cell["month"]],
    )
    lineage.add_references()
    (day,) = con.execute(
        "select least(last_day(cast($1 || '-01' as date)), as_of) from raw.settings", [cell["month"]]
    ).fetchall()[0]
    add_full_leaves(lineage, day)
    set_apart(lineage, day, units, "true", "in_full_time", "full time")
    lineage.begin_series(int(str(cell["month"])[:4]))
    lineage.make_deliverable(f"unit_code not in ({units})")
