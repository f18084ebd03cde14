"""Which rows make the comparisons of sick leave: those of the months they are of, a year before, and of whole years.
Not here: the rows of a month (sick_leave).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from warehouse.trace import sick_leave
from warehouse.trace.lineage import Lineage, unit_scope

NOW = {"value", "change_points", "change_percent", "rate_effect", "mix_effect", "contribution"}
BEFORE = NOW - {"value"} | {"value_year_before"}


def of_change(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell of sick_leave_changes."""
    _add(lineage, cell, measures, str(cell["measure"]))


def of_contribution(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell of sick_leave_contributions: those of the unit above, in both periods."""
    _add(lineage, cell, measures, "sick_leave_percent")


def _add(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str], measure: str) -> None:
    con = lineage.con
    wanted = set(measures)
    months = [
        month
        for (month,) in con.execute(
            "select month_index from intermediate.int_comparison_months where period_type = $1 and period = $2",
            [cell["period_type"], cell["period"]],
        ).fetchall()
    ]
    asked = set(months) if wanted & NOW else set()
    if wanted & BEFORE:
        asked |= {month - 12 for month in _whole(con, cell, months)}
    if "mean_three_years" in wanted:
        (last,) = con.execute(
            """select year(least(max(period_end), (select as_of from raw.settings)) + 1) - 1
               from intermediate.int_comparison_months where period_type = $1 and period = $2""",
            [cell["period_type"], cell["period"]],
        ).fetchall()[0]
        asked |= set(range((last - 2) * 12, last * 12 + 12))
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    held = {
        month
        for (month,) in con.execute(
            f"select distinct month_index from intermediate.int_sick_leave_months where unit_code in ({units})"
        ).fetchall()
    }
    scopes = [sick_leave.Scope(units, first, last) for first, last in _spans(sorted(asked & held))]
    # Twice, since what one scope names would count in another scope without its leaves.
    for apart in (False, True):
        for scope in scopes:
            sick_leave.add_rows(lineage, scope, sick_leave.TERMS[measure], apart=apart)
    lineage.begin_series(min(asked | set(months)) // 12)
    lineage.add_references()
    lineage.make_deliverable()


def _whole(con: duckdb.DuckDBPyConnection, cell: Mapping[str, object], months: Sequence[int]) -> list[int]:
    """The months of the whole period, also those that are still to come: a year before they have been."""
    if cell["period_type"] in ("year_to_date", "rolling_12", "month"):
        return list(months)
    first = min(months)
    return list(range(first, first + {"quarter": 3, "half_year": 6, "year": 12}[str(cell["period_type"])]))


def _spans(months: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of months that follow each other."""
    found: list[tuple[int, int]] = []
    for month in months:
        if found and month == found[-1][1] + 1:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found
