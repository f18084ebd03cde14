"""The cells of a family of tables at one time: what is there, what is served, what is known of the rest.
Not here: reading them (served.py), or attacking them (attacker.py).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from warehouse.sdc.attack.families import Family
from warehouse.sdc.attack.relations import ABSENT, ROUNDING, SERVED, WITHHELD, Grid, States
from warehouse.sdc.linear.equations import Equations, Flags, Floats, Ints

# Why a cell is withheld, as the publication says.
PRIMARY, SECONDARY, RUNNING = 1, 2, 3


@dataclass
class Snapshot:
    """The cells of a family at one time: what is there, what is served, and what is known of the rest."""

    family: Family
    time: str
    grid: Grid
    state: States
    size: Floats
    counted: Floats
    lower: Floats
    upper: Floats
    # Why each cell is withheld; 0 where it is not.
    reason: Ints
    # Cells that a served ratio gives away, with the ratio.
    given: dict[int, str] = field(default_factory=dict)
    # Cells that the publication before served with the figure they have now: withholding them hides nothing.
    known_before: Flags | None = None
    # Whether this publication serves any of the cells itself.
    serves: bool = True
    # The own parts that are no small group, by the year's figures; none where that is not asked.
    large_own: Flags | None = None
    # The same without what the publication before served, where that takes part.
    alone: Snapshot | None = None
    # Said of a finding when cells that the publication before served took part.
    with_previous: str = ""
    # The publication before, where what was found follows from its units as well.
    by_units_of: Snapshot | None = None
    # The day to which the publication counts, where it says that.
    counted_to: date | None = None

    @property
    def is_judged(self) -> bool:
        """Whether sizes at this time are held against the thresholds: decisions are taken by the year's average."""
        return self.family.narrow and (not self.family.has_periods or len(self.time) == len("2023"))

    @property
    def is_judged_by_size(self) -> bool:
        """Whether the size is at this time what is held against the thresholds."""
        return self.is_judged and self.family.sums_by_size

    def beside(self, earlier: Snapshot) -> Snapshot:
        """The same with what the publication before served and this one withholds, where nothing shows that it has changed.

        Those cells are known, whatever is withheld now: they count as served.
        """
        place = _places(self.grid, earlier.grid)
        here = place >= 0
        cells = slice(0, self.grid.own_start)
        was_served = np.zeros(self.grid.own_start, dtype=bool)
        was_served[here] = earlier.state[place[here]] == SERVED
        before = np.zeros(self.grid.own_start)
        before[here] = earlier.size[place[here]]
        is_same = np.abs(before - self.size[cells]) <= ROUNDING
        # What both serve with one figure is known, whatever has moved below it.
        known = was_served & (self.state[cells] == SERVED) & is_same
        was_served &= ~self._recomposed(earlier, place)[: self.grid.own_start]
        both = was_served & (self.state[cells] == SERVED)
        changed = both & ~is_same
        remembered = np.flatnonzero(was_served & (self.state[cells] == WITHHELD))
        remembered = remembered[~self._have_changed(remembered, both, changed, earlier)]
        known[remembered] = True
        if not remembered.size:
            return replace(self, known_before=known)
        measures = ("state", "size", "counted", "lower", "upper")
        copies = {name: getattr(self, name).copy() for name in measures}
        together = replace(self, known_before=known, alone=replace(self, known_before=known), **copies)
        together.with_previous = ", with the publication before"
        together.state[remembered] = SERVED
        for measure in (together.size, together.lower, together.upper):
            measure[remembered] = earlier.size[place[remembered]]
        together.counted[remembered] = earlier.counted[place[remembered]]
        return together

    def has_other_units(self, earlier: Snapshot) -> bool:
        """Whether some unit consists of other units than in the publication before."""
        return self.grid.structure.parts != earlier.grid.structure.parts

    def columns_before(self, earlier: Snapshot) -> Ints:
        """For each cell and own part of the publication before the one that is its figure now, -1 where none is.

        A figure is taken to be the same where nothing shows that it has changed: neither the smallest cell around it that both
        serve and that consists of the same units, nor what is below it.
        """
        grid, old = self.grid, earlier.grid
        place = _places(grid, old)
        here = np.flatnonzero(place >= 0)
        recomposed = self._recomposed(earlier, place)
        size = np.zeros(grid.own_start)
        size[here] = earlier.size[place[here]]
        both = np.zeros(grid.own_start, dtype=bool)
        both[here] = (self.state[here] == SERVED) & (earlier.state[place[here]] == SERVED) & ~recomposed[here]
        changed = both & (np.abs(size - self.size[: grid.own_start]) > ROUNDING)
        found = np.full(old.size, -1, dtype=np.int64)
        same = here[~recomposed[here] & (self.state[here] != ABSENT)]
        same = same[~self._have_changed(same, both, changed, earlier)]
        found[place[same]] = same
        n, of_before = len(grid.slices), {unit: i for i, unit in enumerate(old.inner)}
        for i, unit in enumerate(grid.inner):
            before = of_before.get(old.structure.index.get(grid.structure.units[unit], -1))
            if before is not None:
                for position, there in enumerate(place[unit * n : (unit + 1) * n].tolist()):
                    if there >= 0:
                        own = old.own_start + before * len(old.slices) + there % len(old.slices)
                        found[own] = grid.own_start + i * n + position
        return found

    def equations(self) -> Equations:
        """The relations between all cells, of the units before too where these take part.

        After the grid's columns come those of what was withheld before and is another figure now.
        """
        own, earlier = self.grid.equations(self.state, self.time), self.by_units_of
        if earlier is None:
            return own
        theirs, column = earlier.grid.equations(earlier.state, earlier.time), self.columns_before(earlier)
        others = np.flatnonzero((column < 0) & (earlier.state == WITHHELD))
        column[others] = own.n_columns + np.arange(others.size)
        # What was served before and is another figure now is a constant there.
        kept = earlier.grid.holds_before(theirs.row) & (column[theirs.column] >= 0)
        return Equations(
            np.concatenate([own.row, theirs.row[kept] + own.n_rows]),
            np.concatenate([own.column, column[theirs.column[kept]]]),
            np.concatenate([own.coefficient, theirs.coefficient[kept]]),
            own.n_rows + theirs.n_rows,
            own.n_columns + others.size,
        )

    def is_gone(self, earlier: Snapshot) -> Flags:
        """The cells of the publication before, own parts not among them, that are not there any more."""
        gone = np.arange(earlier.grid.size) < earlier.grid.own_start
        place = _places(self.grid, earlier.grid)
        gone[place[(place >= 0) & (self.state[: self.grid.own_start] != ABSENT)]] = False
        return gone

    def lost_or_gained(self, earlier: Snapshot) -> Ints:
        """The cells that both publications serve with other figures, of units below which there are other units than before, or
        beside which there are: their differences are the figures of what has moved.
        """
        structure, before, n = self.grid.structure, earlier.grid.structure, len(self.grid.slices)
        parents_before = {before.units[child]: before.units[parent] for child, parent in before.parents.items()}
        others = np.zeros(len(structure.units), dtype=bool)
        for i, unit in enumerate(structure.units):
            above = structure.units[structure.parents[i]] if i in structure.parents else None
            others[i] = structure.below.get(unit) != before.below.get(unit) or any(
                structure.parts.get(parent) != before.parts.get(parent)
                for parent in (above, parents_before.get(unit))
                if parent is not None
            )
        place = _places(self.grid, earlier.grid)
        found = np.flatnonzero((place >= 0) & (self.state[: self.grid.own_start] == SERVED) & np.repeat(others, n))
        found = found[earlier.state[place[found]] == SERVED]
        return found[np.abs(earlier.size[place[found]] - self.size[found]) > ROUNDING]

    def _recomposed(self, earlier: Snapshot, place: Ints) -> Flags:
        """The cells of which something below has appeared or vanished, or whose unit has other units below it than before.

        Their earlier figures are not those of now, whatever is served.
        """
        grid = self.grid
        there = self.state[: grid.own_start] != ABSENT
        was_there = np.zeros_like(there)
        was_there[place >= 0] = earlier.state[place[place >= 0]] != ABSENT
        changed = np.zeros(grid.size, dtype=bool)
        changed[: grid.own_start] = there != was_there
        n = len(grid.slices)
        for unit, key in enumerate(grid.structure.units):
            before = earlier.grid.structure.parts.get(key, frozenset())
            if grid.structure.parts.get(key, frozenset()) != before:
                changed[unit * n : (unit + 1) * n] = True
        is_part = grid.cell != grid.wholes[grid.row]
        while True:
            rows = np.bincount(grid.row, weights=changed[grid.cell] & is_part, minlength=grid.n_rows) > 0
            more = changed.copy()
            more[grid.wholes[rows]] = True
            if (more == changed).all():
                return changed
            changed = more

    def of_before(self) -> Snapshot | None:
        """The same with nothing served but the cells that the publication before told as well; None where there are none.

        Of `alone` they are what both serve with one figure. Else also what only the one before served: that such a figure has
        not changed since is a belief. Where it has, the old one tells nothing, and those around it may tell the new one.
        """
        hidden = self.state == SERVED
        if self.known_before is None or not hidden[: self.grid.own_start][self.known_before].any():
            return None
        hidden[: self.grid.own_start] &= ~self.known_before
        state, lower, upper = self.state.copy(), self.lower.copy(), self.upper.copy()
        state[hidden], lower[hidden], upper[hidden] = WITHHELD, 0.0, np.inf
        return replace(self, state=state, lower=lower, upper=upper, given={}, alone=None)

    def beside_changes(self, earlier: Snapshot) -> Flags:
        """The cells that share a relation with one that is decided otherwise than in the publication before, or has another
        value there.
        """
        place = _places(self.grid, earlier.grid)
        here = np.flatnonzero(place >= 0)
        same = np.zeros(self.grid.size, dtype=bool)
        same[here] = (self.state[here] == earlier.state[place[here]]) & (
            np.abs(self.size[here] - earlier.size[place[here]]) <= ROUNDING
        )
        same[self.grid.own_start :] = True
        changed = np.bincount(self.grid.row, weights=~same[self.grid.cell], minlength=self.grid.n_rows) > 0
        beside = np.zeros(self.grid.size, dtype=bool)
        beside[self.grid.cell[changed[self.grid.row]]] = True
        return beside

    def _have_changed(self, cells: Ints, both: Flags, changed: Flags, earlier: Snapshot) -> Flags:
        """Whether the smallest cell around each that both publications serve differs between them.

        Where there is none, as around units that have been merged: whether the period has become longer since.
        """
        n = len(self.grid.slices)
        parents = np.full(len(self.grid.structure.units), -1, dtype=np.int64)
        for child, parent in self.grid.structure.parents.items():
            parents[child] = parent
        unit, found = cells // n, np.full(cells.size, self._is_longer(earlier))
        is_open = np.ones(cells.size, dtype=bool)
        while is_open.any():
            for candidate in (unit * n + cells % n, unit * n):
                hit = is_open & both[candidate]
                found[hit] = changed[candidate[hit]]
                is_open &= ~hit
            unit = parents[unit]
            is_open &= unit >= 0
        return found

    def _is_longer(self, earlier: Snapshot) -> bool:
        """Whether the period went on after what the publication before counted, and counts further now."""
        if self.counted_to is None or earlier.counted_to is None:
            return False
        return earlier.counted_to < min(self.counted_to, last_day_of(self.time))

    def with_own_parts(self, cells: Ints) -> Snapshot:
        """The same where the units of these cells, and those above them, may have positions of their own."""
        freed = replace(self, state=self.state.copy(), alone=self.alone and self.alone.with_own_parts(cells))
        n = len(self.grid.slices)
        units = {cell // n for cell in cells.tolist() if cell < self.grid.own_start}
        units |= {self.grid.structure.parents[unit] for unit in units if unit in self.grid.structure.parents}
        for i, unit in enumerate(self.grid.inner):
            if unit in units:
                freed.free_own_part(i)
        return freed

    def free_own_part(self, inner: int) -> None:
        """What sits on the unit itself is unknown, in every slice in which the unit has a cell."""
        n, unit, start = len(self.grid.slices), self.grid.inner[inner], self.grid.own_start
        there = self.state[unit * n : (unit + 1) * n] != ABSENT
        self.state[start + inner * n : start + (inner + 1) * n] = np.where(there, WITHHELD, ABSENT)

    def cell(self, index: int) -> tuple[str, dict[str, str]]:
        """Table and grain of a cell."""
        part = self.grid.slice_of(index)
        level, code = self.grid.unit_of(index)
        unit = {"org_level": level, "org_unit_code": code} if code else {}
        time = self.time[:4] if part.time == "year" else self.time
        return part.table, {part.time: time, **unit, **dict(part.dimensions)}


def is_quarter(time: str) -> bool:
    """Whether a time of a family with periods is a quarter."""
    return "Q" in time


def last_day_of(time: str) -> date:
    """The last day of a year, quarter or month; a reference date is its own."""
    year, _, rest = time.partition("-")
    if "-" in rest:
        return date.fromisoformat(f"{year}-{rest}")
    month = 3 * int(rest[1:]) if rest.startswith("Q") else int(rest or 12)
    return date(int(year), month, monthrange(int(year), month)[1])


def _places(grid: Grid, other: Grid) -> Ints:
    """For each cell of a grid its place in another one, -1 where the other has no such unit or slice."""
    at = {part.key: i for i, part in enumerate(other.slices)}
    slices = np.array([at.get(part.key, -1) for part in grid.slices])
    units = np.array([other.structure.index.get(unit, -1) for unit in grid.structure.units])
    place = units[:, None] * len(other.slices) + slices[None, :]
    return np.where((units[:, None] < 0) | (slices[None, :] < 0), -1, place).ravel()


class Cells:
    """The cells of a family: compact, and made into snapshots one at a time."""

    def __init__(
        self,
        family: Family,
        grid: Grid,
        rows: Mapping[str, Sequence[np.ndarray]],
        given: Mapping[str, dict[int, str]],
        own: Collection[tuple[str, str]],
        own_positions: Collection[tuple[str, str]] | None,
        weights: Cells | None,
        counted_to: date | None,
    ) -> None:
        self.family, self.grid, self._rows, self._given = family, grid, rows, given
        self._own_positions, self._weights, self._counted_to = own_positions, weights, counted_to
        self._shown = {time: self._own_parts(time) for time in rows}
        self._ever = np.array([grid.structure.units[unit] in own for unit in grid.inner], dtype=bool)
        for some, _ in self._shown.values():
            self._ever |= some

    @property
    def times(self) -> list[str]:
        return list(self._rows)

    def withheld(self, time: str) -> int:
        """How many cells are withheld at one time."""
        return int(np.count_nonzero(self._rows[time][1]))

    @property
    def own_units(self) -> list[tuple[str, str]]:
        """Units that had positions of their own at some time."""
        return [self.grid.structure.units[self.grid.inner[i]] for i in np.flatnonzero(self._ever).tolist()]

    def snapshot(self, time: str) -> Snapshot:
        """The cells at one time.

        Where a unit has positions of its own, what sits on it is unknown: where served figures show them, and where too much
        is withheld to tell, if it is known to have positions that year. Where that is not known either, it has them if figures
        show them at any time of the family.
        """
        snapshot = self._bare(time)
        if self.family.hides_own:
            year = self._bare(time[:4]) if time[:4] in self._rows else snapshot
            snapshot.large_own = self.grid.large_own_parts(year.lower, year.upper)
        some, none = self._shown[time]
        for i in np.flatnonzero(some | (self._likely(time) & ~none)).tolist():
            snapshot.free_own_part(i)
        return snapshot

    def _likely(self, time: str) -> Flags:
        if self._own_positions is None:
            return self._ever
        codes = [self.grid.structure.units[unit][1] for unit in self.grid.inner]
        return np.array([(code, time[:4]) in self._own_positions for code in codes], dtype=bool)

    def _own_parts(self, time: str) -> tuple[Flags, Flags]:
        if self._weights is not None:
            # Without the responses nothing adds up.
            unknown = np.ones(len(self.grid.inner), dtype=bool)
            return self._weights._own_parts(time) if time in self._weights.times else (unknown, ~unknown)
        snapshot = self._bare(time)
        return self.grid.own_parts(snapshot.lower, snapshot.upper, snapshot.state != ABSENT)

    def _bare(self, time: str) -> Snapshot:
        grid = self.grid
        cell, withheld, size, counted = self._rows[time]
        state = np.full(grid.size, ABSENT, dtype=np.int8)
        sizes, counts, lower, upper = np.zeros((4, grid.size))
        state[cell] = np.where(withheld > 0, WITHHELD, SERVED)
        sizes[cell], counts[cell] = size, counted
        reasons = np.zeros(grid.size, dtype=np.int64)
        reasons[cell] = withheld
        lower[cell] = np.where(withheld > 0, 0, size)
        upper[cell] = np.where(withheld > 0, np.inf, size)
        upper[grid.own_start :] = np.inf
        # The decision compares the year's average: a month or quarter may lie on the other side.
        if self.family.bounded and len(time) == len("2023"):
            thresholds = grid.thresholds[cell % len(grid.slices)]
            # Below the threshold whole numbers end one before it.
            below = np.ceil(thresholds) - 1 if self.family.is_whole else thresholds
            upper[cell[withheld == PRIMARY]] = below[withheld == PRIMARY]
            lower[cell[withheld == SECONDARY]] = thresholds[withheld == SECONDARY]
        snapshot = Snapshot(self.family, time, grid, state, sizes, counts, lower, upper, reasons, self._given.get(time, {}))
        return replace(snapshot, serves=bool((withheld == 0).any()), counted_to=self._counted_to)
