"""Which rows make a cell of workforce_by_unit: positions of the form on the date, twelve months before and between.
Not here: positions that count for full time (full_time.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from warehouse.database import one
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import smallest


@dataclass(frozen=True)
class _Held:
    """A position: whether it is held on the date, and twelve months before."""

    row: int
    is_held: bool
    is_held_before: bool


def of_cell(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell: of a person those without which a measure would be another one."""
    day = cell["reference_date"]
    assert isinstance(day, date)
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    held = f"""intermediate.int_workforce_positions
        where reference_date = $1 and employment_form = $2 and unit_code in ({units})"""
    persons: dict[str, list[_Held]] = defaultdict(list)
    key = [day, cell["employment_form"]]
    year_before, has_year_before = one(
        lineage.con, f"select any_value(year_before), any_value(has_year_before) from {held}", key
    )
    for person, *position in lineage.con.execute(
        f"select employee_no, position_row, is_held, is_held_before from {held} order by position_row", key
    ).fetchall():
        persons[person].append(_Held(*position))
    wanted = frozenset(measures) if has_year_before else frozenset(measures) - {"joined_12m", "left_12m", "turnover_percent"}
    kept = [row.row for positions in persons.values() for row in smallest(positions, lambda some: _made_of(some, wanted))]
    if not {row.row for positions in persons.values() for row in positions if row.is_held} & set(kept):
        # Nobody there now is needed for the number; one is for the cell.
        first = next(positions for positions in persons.values() if any(row.is_held for row in positions))
        kept += [row.row for row in smallest(first, lambda some: (any(row.is_held for row in some), _made_of(some, wanted)))]
    lineage.add_positions("position", f"select unnest({sorted(set(kept))}) as position_row")
    lineage.exclude(
        "stillinger",
        f"""select file_sha256, row_number, case when position_percent = 0 then 'position percent is 0'
                else 'changes nothing in the number: another position of the person counts' end as reason
            from raw.stillinger
            where unit_code in ({units}) and employment_form = $2 and $1 between valid_from and coalesce(valid_to, $1)""",
        key,
    )
    lineage.begin_series((year_before if has_year_before else day).year)


def _made_of(positions: Sequence[_Held], measures: frozenset[str]) -> tuple[object, ...]:
    """What some of a person's positions are to the measures."""
    now = [row for row in positions if row.is_held]
    is_there, was_there = bool(now), any(row.is_held_before for row in positions)
    parts: dict[str, object] = {
        "persons": is_there,
        "positions": len(now),
        # A position each has its percent.
        "fte": frozenset(row.row for row in now),
        "joined_12m": bool(positions) and not was_there,
        "left_12m": bool(positions) and not is_there,
        "turnover_percent": (is_there, was_there, bool(positions)),
    }
    return tuple(parts[name] for name in sorted(measures))
