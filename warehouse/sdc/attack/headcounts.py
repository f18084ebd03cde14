"""Withheld headcounts that follow because they are whole numbers: two cells below 5 of a unit of 8 persons are 4 and 4.
Not here: sums and intervals of årsverk and other measures (attacker.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from warehouse.sdc.attack.cells import PRIMARY, SECONDARY, Snapshot
from warehouse.sdc.attack.relations import ABSENT, ONCE, SERVED, UNION, WITHHELD, Grid
from warehouse.sdc.linear.equations import Ints
from warehouse.sdc.linear.whole_numbers import Bounds, Wholes


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
    Wholes(row[is_part], cell[is_part], grid.wholes, ~has_less, kinds == ONCE).narrow(bounds)
    return bounds


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
