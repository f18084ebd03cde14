"""Which rows make the parts in the views for BI tools: those of the cell that a part repeats, and of a remainder the unit's.
Not here: the rows of a cell (the modules of its subject).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from warehouse.database import one
from warehouse.trace import equality, full_time, sick_leave
from warehouse.trace.lineage import Lineage

BREAKDOWNS = ("sex", "age_group", "job_code")


def of_sick_leave(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a part of sick leave; ages are of both sexes."""
    _of_part(sick_leave.of_cell, lineage, cell, measures)


def of_full_time(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a part of full time."""
    _of_part(full_time.of_cell, lineage, cell, measures)


def of_gender_balance(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a part of equality; a remainder is what full time has of the unit on the year's last reference date.

    What both sexes have together is made of the rows of the shares.
    """
    if not cell["is_remainder"]:
        share_of = {"all_employees": "employees_percent", "all_fte": "fte_percent"}
        equality.of_gender_balance(lineage, cell, [share_of.get(name, name) for name in measures])
        return
    day = one(
        lineage.con,
        "select max(reference_date) from marts.full_time_by_unit where source = 'payroll' and year(reference_date) = $1",
        [cell["year"]],
    )[0]
    same = {
        "employees": "headcount",
        "part_time_employees": "part_time",
        "employees_percent": "headcount",
        "fte_percent": "fte",
        "all_employees": "headcount",
        "all_fte": "fte",
    }
    known = [same.get(name, name) for name in measures if name != "temporary_employees"]
    full_time.of_cell(lineage, {**_whole(lineage, cell), "source": "payroll", "reference_date": day}, known)


def _of_part(
    of_cell: Callable[[Lineage, Mapping[str, object], Sequence[str]], None],
    lineage: Lineage,
    cell: Mapping[str, object],
    measures: Sequence[str],
) -> None:
    of_cell(lineage, _whole(lineage, cell) if cell["is_remainder"] else cell, measures)


def _whole(lineage: Lineage, cell: Mapping[str, object]) -> dict[str, object]:
    """The unit of a remainder; of what a level has beside its units the municipality."""
    whole = {name: value for name, value in cell.items() if name not in BREAKDOWNS}
    code = whole["org_unit_code"]
    if not one(lineage.con, "select count(*) from marts.org_units where org_unit_code = $1", [code])[0]:
        whole["org_level"], whole["org_unit_code"] = one(
            lineage.con, "select org_level, org_unit_code from marts.org_units where org_level = 'kommune'"
        )
    return whole
