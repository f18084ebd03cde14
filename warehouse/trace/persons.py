"""Which positions make a figure that counts persons: headcounts, shares and bands of full time, equality and leaders.
Not here: which positions are in a cell's scope (full_time.py, equality.py, reference.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from warehouse.database import one
from warehouse.trace.lineage import Lineage
from warehouse.trace.minimal import smallest


@dataclass(frozen=True)
class Held:
    """A position of a person: its percent, the answer to whether a larger one is wanted, and what temporary work it is."""

    row: int
    percent: Decimal
    wants: str | None = None
    is_temporary: bool = False
    size_rank: int = 0


Outcome = Callable[[Sequence[Held]], object]


def total(held: Sequence[Held]) -> Decimal:
    return sum((position.percent for position in held), Decimal(0))


def is_person(held: Sequence[Held]) -> bool:
    return bool(held)


def is_part_time(held: Sequence[Held]) -> bool:
    return bool(held) and total(held) < 100


def is_involuntary(held: Sequence[Held]) -> bool:
    return is_part_time(held) and any(position.wants == "Ja" for position in held)


def has_answered(held: Sequence[Held]) -> bool:
    return is_part_time(held) and any(position.wants for position in held)


def is_temporary(held: Sequence[Held]) -> bool:
    return bool(held) and min(held, key=lambda position: position.size_rank).is_temporary


def in_band(low: int, high: float) -> Outcome:
    return lambda held: bool(held) and low <= total(held) < high


def at_least(threshold: Decimal) -> Outcome:
    return lambda held: bool(held) and total(held) >= threshold


def outcomes(threshold: Decimal) -> Mapping[str, tuple[Outcome, ...]]:
    """For each measure what of a person it counts; a share counts its denominator too."""
    return {
        "headcount": (is_person,),
        "employees": (is_person,),
        "leaders": (is_person,),
        "fte": (total,),
        "average_position_percent": (total, is_person),
        "full_time_100_percent": (is_person, at_least(Decimal(100))),
        "full_time_80_percent": (is_person, at_least(threshold)),
        "persons_0_20": (in_band(0, 20),),
        "persons_20_50": (in_band(20, 50),),
        "persons_50_80": (in_band(50, 80),),
        "persons_80_100": (in_band(80, 100),),
        "persons_100": (at_least(Decimal(100)),),
        "part_time": (is_part_time,),
        "part_time_employees": (is_part_time,),
        "involuntary_part_time": (is_involuntary,),
        "part_time_answered": (has_answered,),
        "involuntary_percent": (is_involuntary, has_answered),
        "temporary_employees": (is_temporary,),
        "employees_percent": (is_person,),
        "fte_percent": (total,),
        "leader_percent": (is_person,),
    }


def keep(lineage: Lineage, table: str, measures: Sequence[str]) -> None:
    """Reduce a temporary table of positions (person_id, row, percent, wants, is_temporary, size_rank) to those that make the
    measures. At least one person stays, so that the cell is there.
    """
    con = lineage.con
    threshold = Decimal(one(con, "select full_time_threshold from raw.settings")[0])
    wanted = dict.fromkeys(outcome for name in measures for outcome in outcomes(threshold)[name])
    if total in wanted:
        return

    def outcome(held: Sequence[Held]) -> tuple:
        return tuple(one_outcome(held) for one_outcome in wanted)

    nothing = outcome([])
    con.execute(
        f"""create or replace temp table only_held as
            from {table} where person_id in (select person_id from {table} group by person_id having count(*) = 1)"""
    )
    # Whoever holds one position counts as all do whose only one is like it.
    alike = "percent, wants, is_temporary"
    con.execute(f"create or replace temp table alike_row as select min(row) as row, {alike} from only_held group by all")
    counting = [
        row
        for row, *values in con.execute(f"select row, {alike} from alike_row").fetchall()
        if outcome([Held(row, *values)]) != nothing
    ]
    con.execute(
        """create or replace temp table kept_row as
            select held.row from only_held as held inner join alike_row as alike
                on held.percent = alike.percent and held.wants is not distinct from alike.wants
                    and held.is_temporary is not distinct from alike.is_temporary
            where alike.row in (select unnest($1))""",
        [counting],
    )
    kept = [
        position.row
        for held in _by_person(lineage, f"{table} anti join only_held using (row)")
        for position in smallest(held, outcome)
    ]
    if not kept and not counting:
        first = f"{table} where person_id = (select arg_min(person_id, row) from {table})"
        for witness in _by_person(lineage, first):
            kept = [position.row for position in smallest(witness, lambda held: (bool(held), outcome(held)))]
    if kept:
        con.execute("insert into kept_row select unnest($1)", [kept])
    con.execute(f"delete from {table} where row not in (select row from kept_row)")


def _by_person(lineage: Lineage, relation: str) -> Collection[list[Held]]:
    """The positions of the relation, those of a person together, in the file's order."""
    persons: dict[str, list[Held]] = defaultdict(list)
    for person, *values in lineage.con.execute(f"from {relation} order by row").fetchall():
        persons[person].append(Held(*values))
    return persons.values()
