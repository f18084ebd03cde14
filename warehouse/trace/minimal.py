"""Leaves out of a handful of rows those without which nothing changes: of two that cover the same day one is enough.
Not here: where the rows come from, or what their outcome is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

Row = TypeVar("Row")
Key = tuple[int, bool]
# A percent is counted in ten thousandths, as exact as it is stored.
FULL = 1_000_000


def smallest(
    rows: Sequence[Row], outcome: Callable[[Sequence[Row]], object], tried: Callable[[Row], bool] = lambda row: True
) -> list[Row]:
    """The rows that are left when every row that changes nothing is taken out, the last ones first.

    `tried` tells the rows that may be taken out.
    """
    kept = list(rows)
    wanted = outcome(kept)
    shrinking = True
    while shrinking:
        shrinking = False
        for row in [row for row in reversed(kept) if tried(row)]:
            without = [other for other in kept if other is not row]
            if outcome(without) == wanted:
                kept, shrinking = without, True
    return kept


class Outage(NamedTuple):
    """A leave or sick absence, by its row. An absence has its days as numbers and the working-day indexes of the day before its
    first and of its last day.
    """

    row: int
    is_absence: bool
    from_day: int = 0
    to_day: int = 0
    index_before: int = 0
    index_through: int = 0

    @property
    def key(self) -> Key:
        """What tells it from the others: absences and leaves are numbered each by themselves."""
        return self.row, self.is_absence


def long_outages(outages: Iterable[Outage], short_term_max_days: int) -> set[int]:
    """Rows of the absences whose spell, made of just these absences of one person, is long-term (metrics.md 4)."""
    found: set[int] = set()
    spell: list[Outage] = []
    latest: Outage | None = None

    def close() -> None:
        if latest is not None and latest.to_day - spell[0].from_day + 1 > short_term_max_days:
            found.update(absence.row for absence in spell)

    for absence in sorted((o for o in outages if o.is_absence), key=lambda o: (o.from_day, o.row)):
        if latest is not None and absence.from_day > latest.to_day and absence.index_before > latest.index_through:
            close()
            spell, latest = [], None
        spell.append(absence)
        if latest is None or absence.to_day > latest.to_day:
            latest = absence
    close()
    return found


def split(leaves: int, doctors: int, selves: int) -> tuple[int, int, int]:
    """Available, lost doctor-certified and lost self-certified percent of a day by the sums active on it (metrics.md 4)."""
    available = FULL - min(FULL, leaves)
    doctor_percent = min(FULL, doctors)
    doctor = min(doctor_percent, available)
    return available, doctor, min(min(FULL - doctor_percent, selves), available - doctor)
