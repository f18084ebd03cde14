"""Which rows make a cell of absence_spells_by_unit: the absences of its spells, the positions on which they lose time, and
leaves on the same days. Not here: cells of the sick-leave tables (cell.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import duckdb

from warehouse.database import one, quoted
from warehouse.trace.evaluated import Evaluated
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import smallest
from warehouse.trace.sick_leave.days import SUM_TYPE, SUMS
from warehouse.trace.temporary import Relation, table


class _Row(NamedTuple):
    """A position, leave or absence of a person: what it is of (`self` and `doctor` are absences), the position it names, its
    percent, and its days as numbers.
    """

    row: int
    kind: str
    position: str | None
    percent: Decimal
    first: int
    last: int


def of_spells(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell: of a person those without which a measure would be another one."""
    con = lineage.con
    year, band = int(str(cell["year"])), str(cell["length_band"])
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    parts = table(
        con,
        "spell_parts",
        f"""select distinct person_row, spell_no from intermediate.int_spell_parts
            where calendar_year = {year} and length_band = {quoted(band)} and unit_code in ({units})""",
    )
    rows = _rows_of_persons(con, parts, year, units)
    outcome = _Outcome(
        Evaluated(con, f"formulas.lost_percent({', '.join(SUMS)})", dict.fromkeys(SUMS, SUM_TYPE)),
        Evaluated(con, "formulas.length_band(spell_days)", {"spell_days": "bigint"}),
        _Calendar(con, year),
        frozenset(measures),
        band,
    )
    kept = [row for own in rows.values() for row in smallest(own, outcome)]
    numbers = {kind: [row.row for row in kept if row.kind == kind] for kind in ("position", "leave", "self", "doctor")}
    lineage.add_positions("position", f"select unnest({numbers['position']}::bigint[]) as position_row")
    for feed, model, column, role, named in (
        ("fravaer", "stg_absences", "absence_row", "sick absence", numbers["self"] + numbers["doctor"]),
        ("permisjoner", "stg_leaves", "leave_row", "leave", numbers["leave"]),
    ):
        lineage.add(
            feed, role, f"select file_sha256, row_number from staging.{model} where list_contains($1, {column})", [named]
        )
    lineage.exclude(
        "fravaer",
        f"""select spell.file_sha256, spell.row_number, case
                when (person_row, spell_no) in (from {parts}) then 'changes nothing in the number'
                else 'of a spell of another length' end as reason
            from intermediate.int_spells as spell
            where person_row in (select person_row from {parts}) and year(spell_from) <= {year} and year(spell_to) >= {year}""",
    )
    lineage.begin_series(year)


def _rows_of_persons(con: duckdb.DuckDBPyConnection, parts: Relation, year: int, units: str) -> dict[int, list[_Row]]:
    """By person: positions of the units in the year, leaves on days of the spells, and the spells' absences."""
    found: dict[int, list[_Row]] = defaultdict(list)
    for person, *values in con.execute(
        f"""with spells as (
                select distinct person_row, spell_no, spell_from, spell_to
                from intermediate.int_spells semi join {parts} using (person_row, spell_no)
            )
            select person_row, position_row, 'position', position_no, position_percent,
                from_date - date '1900-01-01', to_date - date '1900-01-01', 1 as place
            from intermediate.int_positions
            where person_row in (select person_row from {parts}) and unit_code in ({units})
                and year(from_date) <= {year} and year(to_date) >= {year}
            union all
            select distinct spells.person_row, leaves.leave_row, 'leave', leaves.position_no, leaves.leave_percent,
                leaves.from_date - date '1900-01-01', coalesce(leaves.to_date, date '9999-12-31') - date '1900-01-01', 2
            from spells inner join staging.stg_persons as person using (person_row)
            inner join staging.stg_leaves as leaves
                on leaves.employee_no = person.employee_no and leaves.from_date <= spells.spell_to
                and coalesce(leaves.to_date, spells.spell_to) >= spells.spell_from
            union all
            select person_row, absence_row, absence.certification, absence.position_no, absence.absence_percent,
                spell.from_date - date '1900-01-01', spell.to_date - date '1900-01-01', 3
            from intermediate.int_spells as spell inner join staging.stg_absences as absence using (absence_row)
            semi join {parts} using (person_row, spell_no)
            order by person_row, place, 6, 2"""
    ).fetchall():
        found[person].append(_Row(*values[:-1]))
    return found


class _Calendar:
    """Working days up to each day, and those of a calendar year up to the as-of date."""

    def __init__(self, con: duckdb.DuckDBPyConnection, year: int) -> None:
        self.index = dict(
            con.execute("select calendar_date - date '1900-01-01', working_day_index from intermediate.int_calendar").fetchall()
        )
        self.first, self.last = one(
            con,
            f"""select min(first_day) - date '1900-01-01', max(counted_to) - date '1900-01-01'
                from intermediate.int_months where calendar_year = {year}""",
        )

    def working_days(self, first: int, last: int) -> int:
        """Those of the year from one day to another, both included."""
        first, last = max(first, self.first), min(last, self.last)
        return self.index[last] - self.index[first - 1] if first <= last else 0


@dataclass(frozen=True)
class _Outcome:
    """What some of a person's rows make of the cell."""

    lost_percent: Evaluated
    length_band: Evaluated
    calendar: _Calendar
    measures: frozenset[str]
    band: str

    def __call__(self, rows: Sequence[_Row]) -> tuple[object, ...]:
        absences = sorted((row for row in rows if row.kind in ("self", "doctor")), key=lambda row: (row.first, row.row))
        losses = [self._lost(rows, spell) for spell in self._spells(absences) if self.length_band(_days(spell)) == (self.band,)]
        losses = [lost for lost in losses if lost]
        parts = {"persons": bool(losses), "spells": len(losses), "lost_days": sum(losses, Decimal(0))}
        return tuple(parts[name] for name in sorted(self.measures))

    def _spells(self, absences: Sequence[_Row]) -> list[list[_Row]]:
        """The absences by spell: one begins another where a working day lies before it, after the latest end so far."""
        spells: list[list[_Row]] = []
        latest = 0
        index = self.calendar.index
        for absence in absences:
            if spells and not (absence.first > latest and index[absence.first - 1] > index[latest]):
                spells[-1].append(absence)
                latest = max(latest, absence.last)
            else:
                spells.append([absence])
                latest = absence.last
        return spells

    def _lost(self, rows: Sequence[_Row], spell: Sequence[_Row]) -> Decimal:
        """Percent × percent × working days that the spell loses in the year on the positions."""
        total = Decimal(0)
        leaves = [row for row in rows if row.kind == "leave"]
        for position in (row for row in rows if row.kind == "position"):
            active = [row for row in (*leaves, *spell) if row.position in (None, position.position)]
            changes = {position.first, position.last + 1, *(row.first for row in active), *(row.last + 1 for row in active)}
            days = sorted(day for day in changes if position.first <= day <= position.last + 1)
            for day, following in pairwise(days):
                working_days = self.calendar.working_days(day, following - 1)
                sums = dict.fromkeys(("leave", "doctor", "self"), Decimal(0))
                for row in active:
                    if row.first <= day <= row.last:
                        sums[row.kind] += row.percent
                if working_days and (sums["doctor"] or sums["self"]):
                    (lost,) = self.lost_percent(*sums.values())
                    total += position.percent * lost * working_days
        return total


def _days(spell: Sequence[_Row]) -> int:
    """A spell's whole length in calendar days."""
    return max(row.last for row in spell) - min(row.first for row in spell) + 1
