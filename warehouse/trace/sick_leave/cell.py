"""Names the rows of a sick-leave cell, step by step: positions, persons and units, absences and leaves, rows that do not count.
Not here: the steps themselves (the other modules of this folder).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.database import one, quoted
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.sick_leave.absences import name_absences_and_leaves
from warehouse.trace.sick_leave.left_out import set_apart
from warehouse.trace.sick_leave.positions import choose_positions, name_positions
from warehouse.trace.sick_leave.scope import TERMS, Scope, in_scope
from warehouse.trace.temporary import table

# What a cell can be named by. A breakdown that is not here would be traced as if it were all of its unit; a test looks for it.
DIMENSIONS = {"period_type", "period", "org_level", "org_unit_code", "sex", "age_group", "job_code", "is_remainder"}


def of_cell(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell of the sick_leave tables."""
    con = lineage.con
    first, last = one(
        con,
        "select first_month_index, last_month_index from intermediate.int_periods where period_type = $1 and period = $2",
        [cell["period_type"], cell["period"]],
    )
    conditions = ["true"]
    if cell.get("sex") in ("kvinne", "mann"):
        conditions.append(f"sex = {quoted(str(cell['sex']))}")
    if "age_group" in cell:
        low, high = one(con, "select first_age, last_age from raw.age_bands where age_group = $1", [cell["age_group"]])
        conditions.append(f"{first // 12} - birth_year between {low} and {high}")
    job_code = str(cell["job_code"]) if "job_code" in cell else None
    if job_code is not None:
        conditions.append(f"job_code = {quoted(job_code)}")
    scope = Scope(unit_scope(str(cell["org_level"]), str(cell["org_unit_code"])), first, last, " and ".join(conditions))
    add_rows(lineage, scope, frozenset().union(*(TERMS[name] for name in measures)), job_code=job_code)
    lineage.begin_series(scope.year)


def add_rows(lineage: Lineage, scope: Scope, terms: frozenset[str], *, job_code: str | None = None, apart: bool = True) -> None:
    """Name the rows that make the terms of a scope.

    Args:
        job_code: the position that gives this code its title is named too.
        apart: rows in the scope that do not count are set apart.
    """
    con = lineage.con
    found = in_scope(con, scope, terms)
    positions = choose_positions(con, found)
    name_positions(lineage, positions, job_code)
    persons = table(con, "kept_persons", f"select distinct person_row from {positions} where is_kept")
    lineage.add_persons(f"from {persons}")
    lineage.add_units(f"select distinct unit_code from {positions} where is_kept")
    absences = name_absences_and_leaves(lineage, found, positions)
    if apart:
        set_apart(lineage, found, positions, persons, absences)
