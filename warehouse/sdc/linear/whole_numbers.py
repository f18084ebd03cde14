"""Bounds of headcounts, which are whole numbers, made narrower by what wholes and parts tell of each other.
Not here: which cells and relations there are, or what is asked of the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from warehouse.sdc.linear.equations import Flags, Floats, Ints

# So many times at most bounds are made narrower by those of the cells beside them.
ROUNDS = 50


@dataclass
class Bounds:
    """The fewest and the most persons of each cell, and the relations that say so, -1 where none does."""

    least: Floats
    most: Floats
    told_by: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.told_by = np.full((2, self.least.size), -1, dtype=np.int64)

    def at_least(self, cells: Ints, persons: Floats, relations: Ints) -> bool:
        """Take notice of what relations say of cells; whether that is news."""
        more = persons > self.least[cells]
        np.maximum.at(self.least, cells[more], persons[more])
        self.told_by[0, cells[more]] = relations[more]
        return bool(more.any())

    def at_most(self, cells: Ints, persons: Floats, relations: Ints) -> bool:
        less = persons < self.most[cells]
        np.minimum.at(self.most, cells[less], persons[less])
        self.told_by[1, cells[less]] = relations[less]
        return bool(less.any())


@dataclass(frozen=True)
class Wholes:
    """Wholes and their parts: an entry for each part, and of each relation the whole.

    A whole has at most as many persons as its parts together. `is_inside`: every person of a part is one of the whole's;
    `is_once`: and counts in one part alone.
    """

    row: Ints
    part: Ints
    whole: Ints
    is_inside: Flags
    is_once: Flags

    def narrow(self, bounds: Bounds) -> None:
        """Make bounds narrower by all relations, again and again."""
        row, part, n_rows = self.row, self.part, self.whole.size
        whole, rows = self.whole[row], np.unique(row)
        inside, once = self.is_inside[row], (self.is_inside & self.is_once)[row]
        for _ in range(ROUNDS):
            together, others = _sums(row, bounds.most[part], n_rows)
            least_together = np.bincount(row, weights=bounds.least[part], minlength=n_rows).astype(float)
            beside = least_together[row] - bounds.least[part]
            news = [
                bounds.at_most(self.whole[rows], together[rows], rows),
                bounds.at_least(part, bounds.least[whole] - others, row),
                bounds.at_least(whole[inside], bounds.least[part[inside]], row[inside]),
                bounds.at_most(part[inside], bounds.most[whole[inside]], row[inside]),
                bounds.at_least(whole[once], least_together[row[once]], row[once]),
                bounds.at_most(part[once], bounds.most[whole[once]] - beside[once], row[once]),
            ]
            if not any(news):
                break


def _sums(row: Ints, values: Floats, n_rows: int) -> tuple[Floats, Floats]:
    """The sum of each row's values, and for each value that of the others of its row; values may be infinite."""
    is_open: Flags = np.isinf(values)
    finite = np.where(is_open, 0.0, values)
    sums, n_open = (np.bincount(row, weights=weights, minlength=n_rows) for weights in (finite, is_open))
    return np.where(n_open > 0, np.inf, sums), np.where(n_open[row] > is_open, np.inf, sums[row] - finite)
