"""Tries a person's overlapping absences and leaves one after the other: a row is left out when nothing changes without it.
Not here: for whom that is needed (overlaps.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from warehouse.trace.evaluated import Evaluated
from warehouse.trace.minimal import smallest
from warehouse.trace.sick_leave.days import KINDS, SUM_TYPE, SUMS, terms_of_day
from warehouse.trace.sick_leave.scope import InScope
from warehouse.trace.sick_leave.spells import AbsenceOrLeave, Key, in_order, long_term_rows, read_absences
from warehouse.trace.temporary import Relation, table

# What is active on a segment: row, kind and percent of each.
Active = list[tuple[Key, str, Decimal]]


def try_one_after_the_other(
    con: duckdb.DuckDBPyConnection, found: InScope, active: Relation, tried: Relation, persons: Relation
) -> tuple[list[AbsenceOrLeave], list[int]]:
    """Of the rows to try that are not fixed those that are needed, and further absences that keep a spell long-term."""
    segments = _segments_in_doubt(con, active, tried, persons)
    if not segments:
        return [], []
    terms = found.terms
    day = Evaluated(
        con,
        ", ".join((*terms_of_day(terms, SUMS), f"formulas.lost_percent({', '.join(SUMS)}) > 0")),
        dict.fromkeys(SUMS, SUM_TYPE),
    )
    kept: list[AbsenceOrLeave] = []
    support: list[int] = []
    for person, rows in _rows_by_person(con, found, tried, persons).items():
        active_keys = {row.key for row, is_active, _ in rows if is_active}
        fixed = {row.key for row, _, is_fixed in rows if is_fixed}
        outcome = _Outcome(terms, day, list(segments[person].values()), fixed)
        ordered = in_order([row for row, *_ in rows], active_keys)
        for row in smallest(ordered, outcome, outcome.may_leave):
            if row.key not in active_keys:
                support.append(row.row)
            elif row.key not in fixed:
                kept.append(row)
    return kept, support


@dataclass(frozen=True)
class _Outcome:
    """What some of a person's absences and leaves make of the segments in doubt, and of the class of the fixed ones."""

    terms: frozenset[str]
    day: Evaluated
    segments: Sequence[Active]
    fixed: set[Key]

    def may_leave(self, row: AbsenceOrLeave) -> bool:
        return row.key not in self.fixed

    def __call__(self, rows: Sequence[AbsenceOrLeave]) -> list[object]:
        present = {row.key for row in rows}
        wants_class = "long" in self.terms
        long_rows = {(row, True) for row in long_term_rows(rows)} if wants_class else set()
        # Where all rows are fixed only the class can change, and a row has one class on all its days.
        result: list[object] = [self.fixed & long_rows]
        for segment in self.segments:
            sums = dict.fromkeys(KINDS, Decimal(0))
            is_long = False
            for key, kind, percent in segment:
                if key in present:
                    sums[kind] += percent
                    is_long = is_long or key in long_rows
            *values, is_lost = self.day(*sums.values())
            result.append((*values, is_lost and is_long) if wants_class else tuple(values))
        return result


def _segments_in_doubt(
    con: duckdb.DuckDBPyConnection, active: Relation, tried: Relation, persons: Relation
) -> dict[int, dict[tuple[int, int], Active]]:
    """By person the segments on which a row is active that may be left out, with all that is active on them."""
    segments: dict[int, dict[tuple[int, int], Active]] = defaultdict(lambda: defaultdict(list))
    for person, position, day, kind, row, percent in con.execute(
        f"""with in_doubt as (
                select distinct position_row, from_date from {active}
                where (row, kind <> 'leave') in (select (row, is_absence) from {tried} where not is_fixed)
            )
            select person_row, position_row, from_date - date '1900-01-01', kind, row, percent
            from {active} semi join {persons} as tried using (person_row)
            semi join in_doubt using (position_row, from_date) order by all"""
    ).fetchall():
        segments[person][position, day].append(((row, kind != "leave"), kind, percent))
    return segments


def _rows_by_person(
    con: duckdb.DuckDBPyConnection, found: InScope, tried: Relation, persons: Relation
) -> dict[int, list[tuple[AbsenceOrLeave, bool, bool]]]:
    """By person the rows to try, and where the class counts all absences of the long-term spells that these belong to. Of each
    whether it is one to try, and whether it is fixed.
    """
    whole_spells = f"""
        or (is_long_term and (spell.person_row, spell.spell_no) in (
            select (person_row, spell_no) from {found.spells}
            where absence_row in (select row from {tried} where is_absence)))"""
    rows = table(
        con,
        "rows_of_persons",
        f"""select person_row, true as is_active, is_fixed, row, false as is_absence from {tried} where not is_absence
            union all
            select spell.person_row, tried.row is not null, coalesce(tried.is_fixed, false), spell.absence_row, true
            from {found.spells} as spell
            left join {tried} as tried on spell.absence_row = tried.row and tried.is_absence
            where spell.person_row in (from {persons})
                and (tried.row is not null {whole_spells if "long" in found.terms else ""})""",
    )
    absences = read_absences(con, found.spells, f"select row from {rows} where is_absence")
    by_person: dict[int, list[tuple[AbsenceOrLeave, bool, bool]]] = defaultdict(list)
    for person, is_active, is_fixed, row, is_absence in con.execute(f"from {rows} order by all").fetchall():
        absence_or_leave = absences[row] if is_absence else AbsenceOrLeave(row, False)
        by_person[person].append((absence_or_leave, is_active, is_fixed))
    return by_person
