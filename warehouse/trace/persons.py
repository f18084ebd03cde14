"""Which positions make a figure that counts persons: headcounts, shares and bands of full time, equality and leaders.
Not here: which positions are in a cell's scope (full_time.py, equality.py), or when a person is counted as what
(dbt_project/macros/formulas.sql).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

import duckdb

from warehouse.database import one, quoted
from warehouse.trace.evaluated import Evaluated
from warehouse.trace.minimal import smallest
from warehouse.trace.temporary import Relation, table

# What a measure counts of a person, as SQL on the person's `person_percent`, `wants_larger`, `has_answered` and `is_temporary`.
TOTAL = "person_percent"
IS_PERSON = "true"
IS_PART_TIME = "formulas.is_part_time(person_percent)"
IS_INVOLUNTARY = "formulas.is_involuntary_part_time(person_percent, wants_larger)"
HAS_ANSWERED = "formulas.has_answered_part_time(person_percent, has_answered)"
IS_AT_THRESHOLD = "formulas.is_at_threshold(person_percent, (select full_time_threshold from raw.settings))"
BANDS = ("persons_0_20", "persons_20_50", "persons_50_80", "persons_80_100", "persons_100")
# By measure; a share counts its denominator too.
COUNTS: Mapping[str, tuple[str, ...]] = {
    "headcount": (IS_PERSON,),
    "employees": (IS_PERSON,),
    "leaders": (IS_PERSON,),
    "fte": (TOTAL,),
    "average_position_percent": (TOTAL, IS_PERSON),
    "full_time_100_percent": (IS_PERSON, f"not {IS_PART_TIME}"),
    "full_time_80_percent": (IS_PERSON, IS_AT_THRESHOLD),
    **{band: (f"formulas.band(person_percent) = '{band}'",) for band in BANDS},
    "part_time": (IS_PART_TIME,),
    "part_time_employees": (IS_PART_TIME,),
    "involuntary_part_time": (IS_INVOLUNTARY,),
    "part_time_answered": (HAS_ANSWERED,),
    "involuntary_percent": (IS_INVOLUNTARY, HAS_ANSWERED),
    "temporary_employees": ("is_temporary",),
    "employees_percent": (IS_PERSON,),
    "fte_percent": (TOTAL,),
    "leader_percent": (IS_PERSON,),
}
PERSON = {"person_percent": "decimal(18, 4)", "wants_larger": "boolean", "has_answered": "boolean", "is_temporary": "boolean"}
# Of a person with up to so many positions every choice of them is evaluated beforehand, in one query for everybody.
FEW = 4


@dataclass(frozen=True)
class Held:
    """A position of a person: its percent, the answer to whether a larger one is wanted, and what temporary work it is.

    The one with the lowest `size_rank` says whether the person is a temporary employee.
    """

    row: int
    percent: Decimal
    wants: str | None
    is_temporary: bool
    size_rank: int


def keep(con: duckdb.DuckDBPyConnection, held: Relation, measures: Sequence[str]) -> Relation:
    """Of positions (person_id, row, percent, wants, is_temporary, size_rank) the rows (`row`) that make the measures.

    At least one person's stay, so that the cell is there.
    """
    counted = list(dict.fromkeys(expression for name in measures for expression in COUNTS[name]))
    if TOTAL in counted:
        return table(con, "kept_rows", f"select row from {held}")
    asked = None
    if IS_INVOLUNTARY in counted and HAS_ANSWERED not in counted:
        asked, is_wished = _asked(con, held)
        if asked is None:
            # Nobody may become one who has answered: no count of wishes is not the same as 0.
            counted.append(HAS_ANSWERED)
        elif is_wished:
            asked = None
    several = table(
        con,
        "of_several",
        f"from {held} where person_id in (select person_id from {held} group by person_id having count(*) > 1)",
    )
    only = f"""(select row, percent as person_percent, coalesce(wants = 'Ja', false) as wants_larger,
                wants is not null as has_answered, is_temporary from {held} anti join {several} as several using (row))"""
    kept = table(con, "kept_rows", f"select row from {only} as person where {' or '.join(f'({part})' for part in counted)}")
    outcome = _Outcome(Evaluated(con, ", ".join(counted), PERSON), len(counted))
    persons = _by_person(con, several)
    outcome.prepare(persons)
    rows = [position.row for positions in persons for position in smallest(positions, outcome)]
    if asked is not None:
        rows = _with_one_answer(con, held, asked, counted, kept, rows)
    if not rows and not con.execute(f"select 1 from {kept} limit 1").fetchone():
        first = f"(from {held} where person_id = (select arg_min(person_id, row) from {held}))"
        for positions in _by_person(con, first):
            rows = [position.row for position in smallest(positions, lambda some: (bool(some), outcome(some)))]
    if rows:
        con.execute(f"insert into {kept} select unnest($1)", [rows])
    return kept


def _asked(con: duckdb.DuckDBPyConnection, held: Relation) -> tuple[str | None, bool]:
    """The first person who is part-time and has answered, if any, and whether somebody wants a larger position."""
    return one(
        con,
        f"""select arg_min(person_id, row) filter ({HAS_ANSWERED}), coalesce(bool_or({IS_INVOLUNTARY}), false)
            from (
                select person_id, min(row) as row, sum(percent) as person_percent,
                    coalesce(bool_or(wants = 'Ja'), false) as wants_larger, count(wants) > 0 as has_answered
                from {held} group by person_id
            )""",
    )


def _with_one_answer(
    con: duckdb.DuckDBPyConnection, held: Relation, person: str, counted: Sequence[str], kept: Relation, rows: list[int]
) -> list[int]:
    """The rows with those that let this person have answered: nobody's wish is counted then, and 0 is not missing."""
    (positions,) = _by_person(con, f"(from {held} where person_id = {quoted(person)})")
    expressions = [*counted, HAS_ANSWERED]
    outcome = _Outcome(Evaluated(con, ", ".join(expressions), PERSON), len(expressions))
    own = {position.row for position in positions}
    needed = [position.row for position in smallest(positions, outcome)]
    con.execute(f"delete from {kept} where list_contains($1, row)", [list(own)])
    return [*(row for row in rows if row not in own), *needed]


class _Outcome:
    """What of a person some of the positions make."""

    def __init__(self, counted: Evaluated, width: int) -> None:
        self._counted = counted
        self._nothing = (False,) * width

    def prepare(self, persons: Collection[Sequence[Held]]) -> None:
        few = [positions for positions in persons if len(positions) <= FEW]
        self._counted.prepare(
            {
                _person(some)
                for positions in few
                for number in range(1, len(positions) + 1)
                for some in combinations(positions, number)
            }
        )

    def __call__(self, positions: Sequence[Held]) -> tuple:
        return self._counted(*_person(positions)) if positions else self._nothing


def _person(positions: Sequence[Held]) -> tuple[Decimal, bool, bool, bool]:
    """The person that holds these positions, as `PERSON` has it."""
    return (
        sum((position.percent for position in positions), Decimal(0)),
        any(position.wants == "Ja" for position in positions),
        any(position.wants is not None for position in positions),
        bool(min(positions, key=lambda position: position.size_rank).is_temporary),
    )


def _by_person(con: duckdb.DuckDBPyConnection, relation: str) -> Collection[list[Held]]:
    """The positions of the relation, those of a person together, in the file's order."""
    persons: dict[str, list[Held]] = defaultdict(list)
    for person, *values in con.execute(f"from {relation} order by row").fetchall():
        persons[person].append(Held(*values))
    return persons.values()
