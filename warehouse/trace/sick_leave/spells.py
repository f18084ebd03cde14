"""Spells made of some of a person's absences, and the further absences without which a spell would not be long-term.
Not here: when an absence begins a spell and when a spell is long-term (dbt_project/macros/formulas.sql).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import duckdb

from warehouse.trace.minimal import smallest
from warehouse.trace.temporary import Relation, is_empty, table

Key = tuple[int, bool]


class AbsenceOrLeave(NamedTuple):
    """A leave or a sick absence by its row. An absence has its days as numbers and what the formulas of spells say of it.

    `begins_after`: rows of the absences after whose end it begins a new spell. `long_since`: rows of the absences with which a
    spell must begin to be long-term when it ends with this one.
    """

    row: int
    is_absence: bool
    from_day: int = 0
    to_day: int = 0
    begins_after: frozenset[int] = frozenset()
    long_since: frozenset[int] = frozenset()

    @property
    def key(self) -> Key:
        """Identifies it: absences and leaves are numbered each by themselves."""
        return self.row, self.is_absence


def read_absences(con: duckdb.DuckDBPyConnection, spells: Relation, wanted: str) -> dict[int, AbsenceOrLeave]:
    """The absences of int_spells whose `absence_row` the query `wanted` gives, by row; each person's are compared in pairs."""
    found = con.execute(
        f"""with absences as (
                select person_row, absence_row, from_date, to_date,
                    day_before.working_day_index as index_before, at_end.working_day_index as index_at_end
                from {spells} as spell
                inner join intermediate.int_calendar as day_before on spell.from_date - 1 = day_before.calendar_date
                inner join intermediate.int_calendar as at_end on spell.to_date = at_end.calendar_date
                where absence_row in ({wanted})
            )
            select absence.absence_row, absence.from_date - date '1900-01-01', absence.to_date - date '1900-01-01',
                list(other.absence_row) filter (formulas.begins_spell(
                    absence.from_date, other.to_date, absence.index_before, other.index_at_end)),
                list(other.absence_row) filter (formulas.is_long_term(
                    absence.to_date - other.from_date + 1, short_term_max_days))
            from absences as absence inner join absences as other using (person_row)
            cross join (select short_term_max_days from raw.settings)
            group by all"""
    ).fetchall()
    return {
        row: AbsenceOrLeave(row, True, first, last, frozenset(begins_after or ()), frozenset(long_since or ()))
        for row, first, last, begins_after, long_since in found
    }


def long_term_rows(rows: Iterable[AbsenceOrLeave]) -> set[int]:
    """Rows of the absences whose spell, made of just these absences of one person, is long-term (metrics.md 4)."""
    found: set[int] = set()
    spell: list[AbsenceOrLeave] = []
    latest: AbsenceOrLeave | None = None

    def close() -> None:
        if latest is not None and spell[0].row in latest.long_since:
            found.update(absence.row for absence in spell)

    for absence in sorted((row for row in rows if row.is_absence), key=lambda row: (row.from_day, row.row)):
        if latest is not None and latest.row in absence.begins_after:
            close()
            spell, latest = [], None
        spell.append(absence)
        if latest is None or absence.to_day > latest.to_day:
            latest = absence
    close()
    return found


def in_order(rows: Sequence[AbsenceOrLeave], active: set[Key]) -> list[AbsenceOrLeave]:
    """The rows in the order in which they are worth keeping: active ones, then support, the nearest to them first."""
    counted = [row for row in rows if row.key in active]
    days = [(row.from_day, row.to_day) for row in counted if row.is_absence]

    def distance(row: AbsenceOrLeave) -> int:
        return min(max(0, first - row.to_day, row.from_day - last) for first, last in days)

    support = sorted((row for row in rows if row.key not in active), key=distance)
    return [*sorted(counted, key=lambda row: (row.is_absence, row.row)), *support]


def support_of_long_spells(con: duckdb.DuckDBPyConnection, absences: Relation, tried_persons: Relation) -> list[int]:
    """Further absences without which the counted ones of a person would not make their spell long-term.

    Args:
        absences: of name_absences_and_leaves.
        tried_persons: persons whose support is found already.
    """
    # Most spells are long-term by their counted absences alone: these cover both ends and leave no day out between them.
    doubtful = table(
        con,
        "doubtful_absences",
        f"""with counted as (
                select
                    person_row, spell_no, from_date, to_date, spell_absences,
                    max(to_date) over (
                        partition by person_row, spell_no order by from_date
                        rows between unbounded preceding and 1 preceding
                    ) as latest_end
                from {absences}
                where is_counted and is_long_term and spell_absences > 1 and person_row not in (from {tried_persons})
            ),
            doubtful as (
                select person_row, spell_no from counted group by person_row, spell_no
                having count(*) < max(spell_absences) and (
                    not formulas.is_long_term(
                        max(to_date) - min(from_date) + 1, (select short_term_max_days from raw.settings))
                    or bool_or(from_date > latest_end + 1))
            )
            select person_row, spell_no, absence_row, is_counted
            from {absences} semi join doubtful using (person_row, spell_no)""",
    )
    if is_empty(con, doubtful):
        return []
    by_row = read_absences(con, absences, f"select absence_row from {doubtful}")
    spells: dict[tuple[int, int], list[tuple[AbsenceOrLeave, bool]]] = defaultdict(list)
    for person, spell, row, is_counted in con.execute(f"from {doubtful} order by absence_row").fetchall():
        spells[person, spell].append((by_row[row], is_counted))
    return [row for spell in spells.values() for row in _support_of(spell)]


def _support_of(spell: Sequence[tuple[AbsenceOrLeave, bool]]) -> list[int]:
    """Of a spell's absences, each with whether it is counted, the further rows that keep the counted ones long-term."""
    counted = [absence for absence, is_counted in spell if is_counted]
    rows = {absence.row for absence in counted}
    if rows <= long_term_rows(counted):
        return []
    kept = smallest(
        in_order([absence for absence, _ in spell], {(row, True) for row in rows}),
        lambda some: rows <= long_term_rows(some),
        lambda absence: absence.row not in rows,
    )
    return [absence.row for absence in kept if absence.row not in rows]
