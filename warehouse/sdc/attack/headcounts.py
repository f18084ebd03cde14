"""Withheld headcounts that follow because they are whole numbers: two cells below 5 of a unit of 8 persons are 4 and 4.
Not here: sums and intervals of årsverk and other measures (attacker.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from warehouse.sdc.attack.cells import PRIMARY, SECONDARY, Snapshot
from warehouse.sdc.attack.relations import ABSENT, ONCE, SERVED, UNION, WITHHELD, Grid
from warehouse.sdc.linear.equations import Flags, Floats, Ints

# So many times at most bounds are made narrower by those of the cells beside them.
ROUNDS = 50


def known_headcounts(snapshot: Snapshot) -> list[tuple[int, list[int]]]:
    """The withheld cells whose headcount follows, each with the served cells it follows from.

    A cell that has a row has at least one person; a primary one has fewer than the threshold, a secondary one has not. A person
    may count in two units or job codes, so that a whole has at most as many persons as its parts together; in one sex alone.
    What follows from that where nothing is served is left out: no withholding hides it.
    """
    bounds = _narrowed(snapshot)
    pinned = (bounds.least == bounds.most) & (snapshot.state == WITHHELD)
    pinned[snapshot.grid.own_start :] = False
    if not pinned.any():
        return []
    of_nothing = _narrowed(replace(snapshot, state=np.where(snapshot.state == SERVED, WITHHELD, snapshot.state)))
    pinned &= of_nothing.least < of_nothing.most
    return [(cell, _telling(snapshot, bounds.told_by[:, cell])) for cell in np.flatnonzero(pinned).tolist()]


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


def _by_reason(snapshot: Snapshot) -> Bounds:
    """What each cell tells by itself."""
    grid = snapshot.grid
    thresholds = np.ceil(np.tile(grid.thresholds, grid.size // len(grid.slices)))
    is_there, is_cell = snapshot.state != ABSENT, np.arange(grid.size) < grid.own_start
    least = np.where(snapshot.reason == SECONDARY, thresholds, np.where(is_there & is_cell, 1.0, 0.0))
    most = np.where(snapshot.reason == PRIMARY, thresholds - 1, np.where(is_there, np.inf, 0.0))
    served = snapshot.state == SERVED
    least[served] = most[served] = snapshot.counted[served]
    return Bounds(least, most)


def _narrowed(snapshot: Snapshot) -> Bounds:
    """What the cells tell of each other."""
    grid, bounds = snapshot.grid, _by_reason(snapshot)
    kinds = _kinds(grid)
    holds = grid.holding(snapshot.state, snapshot.time) & (kinds > 0)
    entries = (snapshot.state[grid.cell] != ABSENT) & holds[grid.row]
    row, cell, coefficient = grid.row[entries], grid.cell[entries], grid.coefficient[entries]
    is_whole = cell == grid.wholes[row]
    # A group may be less than its units: those below them that count elsewhere.
    has_less = np.zeros(grid.n_rows, dtype=bool)
    has_less[row[~is_whole & (coefficient > 0)]] = True
    is_part = ~is_whole & (coefficient < 0)
    row, part = row[is_part], cell[is_part]
    whole, rows = grid.wholes[row], np.flatnonzero(holds)
    inside = ~has_less[row]
    once = inside & (kinds[row] == ONCE)
    for _ in range(ROUNDS):
        together, others = _sums(row, bounds.most[part], grid.n_rows)
        least_together = np.bincount(row, weights=bounds.least[part], minlength=grid.n_rows)
        beside = least_together[row] - bounds.least[part]
        news = [
            bounds.at_most(grid.wholes[rows], together[rows], rows),
            bounds.at_least(part, bounds.least[whole] - others, row),
            bounds.at_least(whole[inside], bounds.least[part[inside]], row[inside]),
            bounds.at_most(part[inside], bounds.most[whole[inside]], row[inside]),
            bounds.at_least(whole[once], least_together[row[once]], row[once]),
            bounds.at_most(part[once], bounds.most[whole[once]] - beside[once], row[once]),
        ]
        if not any(news):
            break
    return bounds


def _sums(row: Ints, values: Floats, n_rows: int) -> tuple[Floats, Floats]:
    """The sum of each row's values, and for each value that of the others of its row; values may be infinite."""
    is_open: Flags = np.isinf(values)
    finite = np.where(is_open, 0.0, values)
    sums, n_open = (np.bincount(row, weights=weights, minlength=n_rows) for weights in (finite, is_open))
    return np.where(n_open > 0, np.inf, sums), np.where(n_open[row] > is_open, np.inf, sums[row] - finite)


def _kinds(grid: Grid) -> Ints:
    """How the persons of each relation's parts make those of its whole: in the tree anybody may count twice."""
    of_identities = np.array([identity.persons for identity in grid.identities], dtype=np.int64)
    return np.concatenate([np.full(grid.identity_rows, UNION), np.tile(of_identities, len(grid.structure.units))])


def _telling(snapshot: Snapshot, relations: Ints) -> list[int]:
    """Of the relations that bound a cell the whole where it is served, else what is served of them."""
    grid = snapshot.grid
    found: set[int] = set()
    for relation in relations[relations >= 0].tolist():
        members = grid.cell[grid.row == relation]
        served = set(members[snapshot.state[members] == SERVED].tolist())
        whole = int(grid.wholes[relation])
        found |= {whole} if whole in served else served
    return sorted(found)
