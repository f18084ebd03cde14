"""What lies in the scope of a sick-leave cell: its days, and the positions, segments, overlaps and spells of these days.
Not here: which of them make the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from warehouse.database import one
from warehouse.trace.temporary import Relation, view

# What of a day a measure is made of.
TERMS: Mapping[str, frozenset[str]] = {
    "fte": frozenset({"possible"}),
    "possible_days": frozenset({"possible"}),
    "lost_days": frozenset({"lost"}),
    "self_certified_days": frozenset({"self"}),
    "doctor_certified_days": frozenset({"doctor"}),
    "short_term_days": frozenset({"short"}),
    "long_term_days": frozenset({"long"}),
    "sick_leave_percent": frozenset({"possible", "lost"}),
    "self_certified_percent": frozenset({"possible", "self"}),
    "doctor_certified_percent": frozenset({"possible", "doctor"}),
    "short_term_percent": frozenset({"possible", "short"}),
    "long_term_percent": frozenset({"possible", "long"}),
    "graded_days": frozenset({"graded"}),
    "graded_percent": frozenset({"doctor", "graded"}),
}
LOST = frozenset({"lost", "self", "doctor", "short", "long", "graded"})


@dataclass(frozen=True)
class Scope:
    """Whose days are counted: SQL for unit codes, the months from first to last, and conditions on int_positions."""

    units: str
    first_month: int
    last_month: int
    conditions: str = "true"

    @property
    def year(self) -> int:
        return self.first_month // 12


@dataclass(frozen=True)
class InScope:
    """The days of a scope and what lies in them; each relation has the columns of its model.

    `segments` have the `working_days` that fall in the period, and segments and overlaps whether time of the terms `is_lost`.
    `positions` have their `working_days` too. Overlaps and spells are those of everybody in the period.
    """

    scope: Scope
    terms: frozenset[str]
    first_day: date
    last_day: date
    in_units: str
    positions: Relation
    segments: Relation
    overlaps: Relation
    spells: Relation


def in_scope(con: duckdb.DuckDBPyConnection, scope: Scope, terms: frozenset[str]) -> InScope:
    """Look the scope up in the sick-leave models."""
    first, last, index_before, index_through = one(
        con,
        "select min(first_day), max(counted_to), min(index_before), max(index_through) from intermediate.int_months"
        " where month_index between $1 and $2",
        [scope.first_month, scope.last_month],
    )
    in_period = f"from_date <= date '{last}' and to_date >= date '{first}'"
    working_days = f"least(index_through, {index_through}) - greatest(index_before, {index_before})"
    in_units = _in_units(con, scope)
    counted = f"{in_period} and {scope.conditions} and {in_units}"
    models = "intermediate.int_"
    return InScope(
        scope=scope,
        terms=terms,
        first_day=first,
        last_day=last,
        in_units=in_units,
        positions=view(con, "positions", f"select *, {working_days} as working_days from {models}positions where {counted}"),
        segments=view(
            con,
            "segments",
            f"""select *, {working_days} as working_days, working_days > 0 and ({_is_lost(terms)}) as is_lost
                from {models}position_segments where {counted}""",
        ),
        overlaps=view(
            con,
            "overlaps",
            f"select *, {_is_lost(terms)} as is_lost from {models}overlaps where {in_period} and {working_days} > 0",
        ),
        spells=view(con, "spells", f"from {models}spells where spell_from <= date '{last}' and spell_to >= date '{first}'"),
    )


def _in_units(con: duckdb.DuckDBPyConnection, scope: Scope) -> str:
    """SQL: a segment lies in the scope's units. Every position's unit is in the tree, so the whole of it needs no look-up."""
    (is_whole,) = one(
        con,
        f"select count(*) = (select count(*) from staging.stg_units) from (select distinct unit_code from ({scope.units}))",
    )
    return "true" if is_whole else f"unit_code in ({scope.units})"


def _is_lost(terms: frozenset[str]) -> str:
    """SQL: a segment has lost time of the terms."""
    lost = "(lost_doctor_percent > 0 or lost_self_percent > 0)"
    if any(terms >= whole for whole in ({"lost"}, {"self", "doctor"}, {"short", "long"})):
        return lost
    parts = {
        "self": "lost_self_percent > 0",
        "doctor": "lost_doctor_percent > 0",
        "short": f"{lost} and not is_long_term",
        "long": f"{lost} and is_long_term",
        "graded": "lost_graded_percent > 0",
    }
    wanted = [f"({parts[term]})" for term in sorted(terms & parts.keys())]
    return " or ".join(wanted) or "false"
