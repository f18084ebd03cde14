"""Which cells of one time hide what the attack found there: the cheapest, the slice, or all of that time.
Not here: the rounds of attacking and withholding (protection.py), or how cells are found (attack).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from warehouse.sdc.attack.cells import Cells, Snapshot
from warehouse.sdc.attack.findings import Finding
from warehouse.sdc.attack.relations import ABSENT, SERVED, WITHHELD
from warehouse.sdc.linear.equations import Equations, Flags, Floats
from warehouse.sdc.linear.movement import NEGLIGIBLE, Change, Movement
from warehouse.sdc.suppression.problem import FAR
from warehouse.sdc.suppression.sums import TOP_LEVELS, UNIT_WEIGHT
from warehouse.settings import Settings

# The remedies, from the cheapest to the last resort.
CHEAPEST, SLICE, CHANGED, WHOLE = "the cheapest cells", "the slice", "all that has changed", "the whole time"
# A cell that the units or headcounts around it tell: what tells it cannot be served.
TOLD_APART = ("moved", "headcount")


def cells_to_withhold(snapshot: Snapshot, leaks: Sequence[Finding], remedy: str) -> list[int]:
    """The served cells that a remedy withholds at one time; of the cheapest, `cheapest_to_withhold` says more."""
    found = (
        set(range(snapshot.grid.own_start)) if remedy == WHOLE else {*_that_tell(snapshot, leaks), *_slices(snapshot, leaks)}
    )
    if remedy == CHANGED and snapshot.known_before is not None:
        found |= set(np.flatnonzero(~snapshot.known_before).tolist())
    return sorted(cell for cell in found if _is_served(snapshot, cell))


def cheapest_to_withhold(
    snapshot: Snapshot, leaks: Sequence[Finding], figures: Cells, settings: Settings
) -> tuple[list[int], list[int]]:
    """The served cells whose withholding costs least, and the withheld ones that are no secret any more.

    `figures` are the cells before masking, of the snapshot's family.
    """
    found = set(_that_tell(snapshot, leaks))
    # Where none of the sums that lost or gained it is served any more, a moved cell follows from others as well.
    others = [
        replace(leak, members=leak.members[:1]) if leak.kind in TOLD_APART else leak
        for leak in leaks
        if leak.kind not in TOLD_APART or not found.intersection(leak.members)
    ]
    search = _Search(snapshot, [leak for leak in others if len(leak.members) > 1], figures, settings)
    for leak in others:
        if len(leak.members) == 1 and leak.members[0] not in snapshot.given:
            search.hide_cell(leak)
    return sorted(search.found.union(cell for cell in found if _is_served(snapshot, cell))), sorted(search.stuck)


def _is_served(snapshot: Snapshot, cell: int) -> bool:
    return cell < snapshot.grid.own_start and bool(snapshot.state[cell] == SERVED)


def _that_tell(snapshot: Snapshot, leaks: Sequence[Finding]) -> Iterator[int]:
    """Cells that give others away as they stand.

    What the units of the publication before give away is what their sums have lost or gained. A change of årsverk does not hide
    a headcount. And the other sex's percentage tells this one's.
    """
    grid = snapshot.grid
    n = len(grid.slices)
    for leak in leaks:
        for cell in leak.members:
            if leak.kind in TOLD_APART and _is_served(snapshot, cell):
                yield cell
            if cell in snapshot.given:
                unit = cell // n * n
                yield from (unit + i for i, part in enumerate(grid.slices) if part.table == grid.slice_of(cell).table)


def _slices(snapshot: Snapshot, leaks: Sequence[Finding]) -> Iterator[int]:
    """All cells of the tables in question of the unit, its siblings and the unit above."""
    grid = snapshot.grid
    n = len(grid.slices)
    for cell in {cell for leak in leaks for cell in leak.members}:
        unit, position = grid.structure.index[grid.unit_of(cell)], cell % n
        above = grid.structure.parents.get(unit)
        units = [unit] if above is None else [above, *grid.structure.children[above]]
        if cell >= grid.own_start:
            units = [unit, *grid.structure.children[unit]]
        same_table = [i for i, part in enumerate(grid.slices) if part.table == grid.slices[position].table]
        yield from (of_unit * n + i for of_unit in units for i in same_table)


class _Search:
    """The cheapest changes of a time's cells that let what was found be otherwise, by what the attack knows.

    `found` are the cells they withhold. `stuck` are those that nothing can hide: they follow from what was served before. Sums
    are hidden at once, each by a column of its own.
    """

    def __init__(self, snapshot: Snapshot, sums: Sequence[Finding], figures: Cells, settings: Settings) -> None:
        self.snapshot = snapshot
        self.protection_interval = settings.protection_interval
        self.found: set[int] = set()
        self.stuck: set[int] = set()
        grid = snapshot.grid
        true = _true_sizes(snapshot, figures.snapshot(snapshot.time))
        self.thresholds = np.concatenate(
            [np.tile(grid.thresholds, len(grid.structure.units)), np.tile(grid.thresholds, len(grid.inner))]
        )
        self.candidate = _candidates(snapshot)
        below, above = self._room(true)
        equations = snapshot.equations()
        extended = _with_sums(equations, [leak.members for leak in sums])
        # Columns that are no cells: the attack's own, and those of the sums.
        more = extended.n_columns - grid.size
        self.movement = Movement(
            extended,
            np.concatenate([below, np.full(more, FAR)]),
            np.concatenate([above, np.full(more, FAR)]),
            np.concatenate([np.maximum(self.thresholds, 1.0), np.ones(more)]),
        )
        costs = np.where(self.candidate, _costs(snapshot, self.thresholds), np.inf)
        costs = np.where(snapshot.state == WITHHELD, 0.0, costs)
        self.charge = np.concatenate([costs, np.zeros(more)])
        for place, leak in enumerate(sums):
            members = list(leak.members)
            of_table = [cell % len(grid.slices) for cell in members if cell < grid.own_start]
            need = grid.sum_limit(np.unique(np.array(of_table))) - float(true[members].sum())
            self._take(self.movement.around(equations.n_columns + place, self.charge).cheapest(max(need, 1.0)))

    def _room(self, true: Floats) -> tuple[Floats, Floats]:
        """How far each cell may fall and rise from its figure."""
        snapshot = self.snapshot
        free = snapshot.state == WITHHELD
        below = np.where(free, np.maximum(true - snapshot.lower, 0.0), np.maximum(true, 0.0))
        above = np.where(free, np.maximum(np.minimum(snapshot.upper, FAR) - true, 0.0), FAR)
        if snapshot.family.bounded and snapshot.is_judged:
            below = np.where(self.candidate, np.maximum(true - self.thresholds, 0.0), below)
        return below, above

    def hide_cell(self, leak: Finding) -> None:
        """Let a single cell move by more than the protection interval, in the cheaper of two directions."""
        snapshot = self.snapshot
        (cell,) = leak.members
        amount = 2.2 * self.protection_interval * float(self.thresholds[cell]) if snapshot.is_judged else 1.0
        around = self.movement.around(cell, self.charge)
        ways = [around.cheapest(sign * (amount or 1.0)) for sign in (1.0, -1.0)]
        most = max(abs(way.of(cell)) for way in ways)
        is_decided_here = not snapshot.family.has_periods or len(snapshot.time) == len("2023")
        if most > NEGLIGIBLE:
            self._take(min((way for way in ways if abs(way.of(cell)) >= 0.9 * most), key=lambda way: way.cost))
        elif leak.kind in ("pinned", "moved") and is_decided_here and cell < snapshot.grid.own_start:
            self.stuck.add(cell)

    def _take(self, change: Change) -> None:
        """Withhold what a change moves; it is free for the changes after it."""
        new = change.columns[change.columns < self.snapshot.grid.own_start]
        new = new[self.candidate[new]]
        self.charge[new] = 0.0
        self.found.update(new.tolist())


def _candidates(snapshot: Snapshot) -> Flags:
    """The cells that may be withheld yet: served, and not by the publication before, which cannot be taken back."""
    own_start = snapshot.grid.own_start
    candidate = snapshot.state == SERVED
    candidate[own_start:] = False
    if snapshot.known_before is not None:
        candidate[:own_start] &= ~snapshot.known_before
    return candidate


def _true_sizes(snapshot: Snapshot, figures: Snapshot) -> Floats:
    """The figures of all cells, and of what sits on units themselves."""
    grid = snapshot.grid
    true = np.where(figures.state == SERVED, figures.size, 0.0)
    own = np.zeros(len(grid.inner) * len(grid.slices))
    entries = (grid.row < grid.group_rows) & (grid.cell < grid.own_start)
    np.add.at(own, grid.row[entries], grid.coefficient[entries] * true[grid.cell[entries]])
    true[grid.own_start :] = np.where(snapshot.state[grid.own_start :] == ABSENT, 0.0, np.maximum(own, 0.0))
    return true


def _with_sums(equations: Equations, sums: Sequence[Sequence[int]]) -> Equations:
    """With a further column for each sum of columns."""
    row, column, coefficient = [equations.row], [equations.column], [equations.coefficient]
    for place, members in enumerate(sums):
        row.append(np.full(len(members) + 1, equations.n_rows + place))
        column.append(np.array([*members, equations.n_columns + place]))
        coefficient.append(np.array([1] * len(members) + [-1]))
    return Equations(
        np.concatenate(row),
        np.concatenate(column),
        np.concatenate(coefficient),
        equations.n_rows + len(sums),
        equations.n_columns + len(sums),
    )


def _costs(snapshot: Snapshot, thresholds: Floats) -> Floats:
    """What withholding each cell costs: by its level, and rising with its size."""
    grid = snapshot.grid
    levels = [TOP_LEVELS.get(level, 1.0) for level, _ in grid.structure.units]
    weight = np.repeat(np.array(levels), len(grid.slices))
    weight *= np.tile(np.where([not part.dimensions for part in grid.slices], UNIT_WEIGHT, 1.0), len(levels))
    weight = np.concatenate([weight, np.ones(grid.size - grid.own_start)])
    return weight * (1 + np.minimum(snapshot.size / (10 * np.maximum(thresholds, 1.0)), 10.0)) + np.arange(grid.size) * 1e-7
