"""The sums that tie served and withheld cells together: units in a tree, groups of units, breakdowns of a unit (metrics.md 10).
Relations are built from public knowledge alone. Not here: reading a publication (served.py), or solving (elimination.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from warehouse.sdc.linear.blocks import blocks_of_tree
from warehouse.sdc.linear.equations import Equations, Flags, Floats, Ints
from warehouse.sdc.linear.intervals import ROUNDING

States = NDArray[np.int8]

ABSENT, SERVED, WITHHELD = 0, 1, 2
# How the persons of the parts make those of the whole: nothing is known, a person may count in several parts, or in one alone.
UNKNOWN, UNION, ONCE = 0, 1, 2
# Their figures are served whatever sits on the unit above them.
TOP_LEVELS = {"kommune", "tjenesteområde"}


@dataclass(frozen=True)
class Structure:
    """The units: (level, code), each one's parent, and the group it counts in. Groups stand among the units."""

    units: Sequence[tuple[str, str]]
    parents: Mapping[int, int]
    # The group that the nearest unit with one on the way up decides; only units of the tree.
    groups: Mapping[int, int]

    @cached_property
    def index(self) -> dict[tuple[str, str], int]:
        return {unit: i for i, unit in enumerate(self.units)}

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """Units with others directly below them."""
        found: dict[int, list[int]] = {}
        for child, parent in self.parents.items():
            found.setdefault(parent, []).append(child)
        return found

    @cached_property
    def parts(self) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
        """The units directly below each, and those a group consists of, by name."""
        below = {self.units[unit]: frozenset(self.units[child] for child in found) for unit, found in self.children.items()}
        return below | {
            self.units[group]: frozenset(self.units[unit] for unit, _ in found) for group, found in self.members.items()
        }

    @cached_property
    def below(self) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
        """All units below each that has some, by name; of a group the units it consists of and those below them."""
        found: dict[int, set[int]] = {}
        for unit in range(len(self.units)):
            above = self.parents.get(unit)
            while above is not None:
                found.setdefault(above, set()).add(unit)
                above = self.parents.get(above)
        for unit, group in self.groups.items():
            found.setdefault(group, set()).add(unit)
        return {self.units[unit]: frozenset(self.units[one] for one in units) for unit, units in found.items()}

    @cached_property
    def members(self) -> dict[int, list[tuple[int, int]]]:
        """For each group its units with sign: +1 for the topmost of it, −1 for one below that counts elsewhere."""
        found: dict[int, list[tuple[int, int]]] = {}
        for unit in range(len(self.units)):
            own = self.groups.get(unit)
            above = self.groups.get(self.parents.get(unit, -1))
            if own != above:
                if own is not None:
                    found.setdefault(own, []).append((unit, 1))
                if above is not None:
                    found.setdefault(above, []).append((unit, -1))
        return found


@dataclass(frozen=True)
class Slice:
    """A part of a unit that a table serves: `dimensions` are its grain columns beside period and unit.

    `threshold` is what a cell must reach to be served, `time` the grain's column that says when.
    """

    table: str
    dimensions: tuple[tuple[str, str], ...]
    threshold: float
    time: str

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What it is in every publication, whose thresholds may differ."""
        return self.table, self.dimensions


@dataclass(frozen=True)
class Identity:
    """Slices of one unit whose sum, with signs, is zero.

    `limit` is the threshold for a sum of its withheld cells, `persons` how the headcounts of its parts make that of the whole.
    It holds in the calendar `years` from the first on and before the second; None: always.
    """

    text: str
    terms: tuple[tuple[int, int], ...]
    limit: float
    persons: int = UNKNOWN
    years: tuple[int, int] | None = None

    def holds_at(self, time: str) -> bool:
        return self.years is None or self.years[0] <= int(time[:4]) < self.years[1]


@dataclass(frozen=True)
class Grid:
    """All cells of a family of tables at one time, units × slices, and behind them the own parts of units with children.

    An own part is what sits on a unit itself; it is never served. Entries of relations are (row, cell, coefficient).
    """

    structure: Structure
    slices: Sequence[Slice]
    identities: Sequence[Identity]
    row: Ints = field(init=False)
    cell: Ints = field(init=False)
    coefficient: Ints = field(init=False)

    def __post_init__(self) -> None:
        rows, cells, coefficients = [], [], []
        n = len(self.slices)
        every_slice = np.arange(n)

        def add(first_row: int, base: int, sign: int) -> None:
            rows.append(first_row + every_slice)
            cells.append(base + every_slice)
            coefficients.append(np.full(n, sign))

        for i, unit in enumerate(self.inner):
            add(i * n, unit * n, 1)
            add(i * n, self.own_start + i * n, -1)
            for child in self.structure.children[unit]:
                add(i * n, child * n, -1)
        for i, group in enumerate(self.grouped):
            add(self.group_rows + i * n, group * n, 1)
            for unit, sign in self.structure.members[group]:
                add(self.group_rows + i * n, unit * n, -sign)
        every_unit = np.arange(len(self.structure.units))
        for i, identity in enumerate(self.identities):
            for position, sign in identity.terms:
                rows.append(self.identity_rows + every_unit * len(self.identities) + i)
                cells.append(every_unit * n + position)
                coefficients.append(np.full(every_unit.size, sign))
        for name, parts in (("row", rows), ("cell", cells), ("coefficient", coefficients)):
            object.__setattr__(self, name, np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64))

    @cached_property
    def inner(self) -> list[int]:
        return sorted(self.structure.children)

    @cached_property
    def grouped(self) -> list[int]:
        return sorted(self.structure.members)

    @property
    def own_start(self) -> int:
        """Number of served cells; the own parts come behind them."""
        return len(self.structure.units) * len(self.slices)

    @property
    def size(self) -> int:
        return self.own_start + len(self.inner) * len(self.slices)

    @property
    def group_rows(self) -> int:
        return len(self.inner) * len(self.slices)

    @property
    def identity_rows(self) -> int:
        return self.group_rows + len(self.grouped) * len(self.slices)

    @property
    def n_rows(self) -> int:
        return self.identity_rows + len(self.structure.units) * len(self.identities)

    @cached_property
    def wholes(self) -> Ints:
        """For each relation the cell that is the sum of the others."""
        n, every_unit = len(self.slices), np.arange(len(self.structure.units))[:, None]
        units = np.array([*self.inner, *self.grouped], dtype=np.int64)[:, None]
        first = np.array([identity.terms[0][0] for identity in self.identities], dtype=np.int64)[None, :]
        return np.concatenate([(units * n + np.arange(n)[None, :]).ravel(), (every_unit * n + first).ravel()])

    def holding(self, state: States, time: str) -> Flags:
        """The relations that say something at a time: they hold then, the whole has a row, and so has a part of it."""
        is_part = (self.cell != self.wholes[self.row]) & (state[self.cell] != ABSENT)
        says_something = (state[self.wholes] != ABSENT) & (np.bincount(self.row[is_part], minlength=self.n_rows) > 0)
        holds = np.array([identity.holds_at(time) for identity in self.identities], dtype=bool)
        says_something[self.identity_rows :] &= np.tile(holds, len(self.structure.units))
        return says_something

    @cached_property
    def thresholds(self) -> Floats:
        return np.array([part.threshold for part in self.slices])

    def sum_limit(self, slices: Ints) -> float:
        """What a sum of cells must reach: their slice's threshold, for a sum over several slices that of the whole unit."""
        return float(self.thresholds[slices[0]] if slices.size == 1 else self.thresholds[0])

    def own_alone(self, state: States) -> Flags:
        """The cells whose people all sit on units that have others below them: no unit without any has such a cell there."""
        n = len(self.slices)
        is_there = state[: self.own_start].reshape(-1, n) != ABSENT
        at_the_bottom = np.zeros_like(is_there)
        for unit in range(len(self.structure.units)):
            if unit in self.structure.children or unit in self.structure.members:
                continue
            above: int | None = unit
            while above is not None:
                at_the_bottom[above] |= is_there[unit]
                above = self.structure.parents.get(above)
        for group, members in self.structure.members.items():
            for unit, sign in members:
                if sign > 0:
                    at_the_bottom[group] |= at_the_bottom[unit]
        return (is_there & ~at_the_bottom).ravel()

    def holds_before(self, rows: Ints) -> Flags:
        """Which of these relations hold of an earlier publication: which units form a group was not told then."""
        return (rows < self.group_rows) | (rows >= self.identity_rows)

    def equations(self, state: States, time: str) -> Equations:
        """The relations that hold, between all cells that exist."""
        entries = (state[self.cell] != ABSENT) & self.holding(state, time)[self.row]
        return Equations(self.row[entries], self.cell[entries], self.coefficient[entries], self.n_rows, self.size)

    def blocks(self, cells: Ints) -> list[Ints]:
        """Places of these cells by neighbouring units, own parts and groups included."""
        n = len(self.slices)
        units = [np.repeat(np.arange(len(self.structure.units)), n), np.repeat(np.array(self.inner, dtype=np.int64), n)]
        unit_of = np.concatenate(units)[cells]
        order = np.argsort(unit_of, kind="stable")
        starts = np.searchsorted(unit_of[order], np.arange(len(self.structure.units) + 1))
        of_unit = [order[a:b] for a, b in itertools.pairwise(starts.tolist())]
        tops = [unit for unit in range(len(self.structure.units)) if unit not in self.structure.parents]
        groups: dict[int, list[int]] = {}
        for group, members in self.structure.members.items():
            for unit, _ in members:
                groups.setdefault(unit, []).append(group)
        found = []
        for block in blocks_of_tree(tops, self.structure.children, lambda unit: of_unit[unit].size):
            around = dict.fromkeys(group for unit in block for group in groups.get(unit, []))
            found.append(np.unique(np.concatenate([of_unit[unit] for unit in (*block, *around)])))
        return found

    def slice_of(self, cell: int) -> Slice:
        return self.slices[cell % len(self.slices)]

    def unit_of(self, cell: int) -> tuple[str, str]:
        """The unit of a cell, or of an own part."""
        if cell >= self.own_start:
            return self.structure.units[self.inner[(cell - self.own_start) // len(self.slices)]]
        return self.structure.units[cell // len(self.slices)]

    def relation_text(self, row: int) -> str:
        """A relation in words."""
        n = len(self.slices)
        if row >= self.identity_rows:
            unit, identity = divmod(row - self.identity_rows, len(self.identities))
            return f"{self.identities[identity].text} of {_named(self.structure.units[unit])}"
        which, position = divmod(row, n)
        part = self.slices[position]
        of = "".join(f", {value}" for _, value in part.dimensions)
        if row >= self.group_rows:
            group = self.grouped[which - len(self.inner)]
            return f"{_named(self.structure.units[group])} = its units ({part.table}{of})"
        return f"{_named(self.structure.units[self.inner[which]])} = the units below it ({part.table}{of})"

    @cached_property
    def sum_limits(self) -> Floats:
        """For each relation the threshold that a sum of its withheld cells must reach."""
        by_unit = np.tile(self.thresholds, len(self.inner) + len(self.grouped))
        limits = np.array([identity.limit for identity in self.identities])
        return np.concatenate([by_unit, np.tile(limits, len(self.structure.units))])

    @cached_property
    def below_the_top(self) -> Flags:
        """The units with others below them, own parts by slice: some of those others can be withheld.

        Between the municipality and its service areas nothing is: these are what its reports are about.
        """
        levels = [{self.structure.units[child][0] for child in self.structure.children[unit]} for unit in self.inner]
        return np.repeat(np.array([not found <= TOP_LEVELS for found in levels], dtype=bool), len(self.slices))

    def large_own_parts(self, lower: Floats, upper: Floats) -> Flags:
        """The own parts that the bounds of the cells show to be groups at or above their threshold."""
        least, _ = self._bounds_of_own_parts(lower, upper)
        return (least >= self.thresholds[None, :] - ROUNDING).ravel()

    def _bounds_of_own_parts(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        """What sits on each unit with children at least and at most, by slice."""
        entries = (self.row < self.group_rows) & (self.cell < self.own_start)
        row, cell, whole = self.row[entries], self.cell[entries], self.coefficient[entries] > 0
        least = np.where(whole, lower[cell], -upper[cell])
        most = np.where(whole, upper[cell], -lower[cell])
        shape = (-1, len(self.slices))
        return (
            np.bincount(row, weights=least, minlength=self.group_rows).astype(float).reshape(shape),
            np.bincount(row, weights=most, minlength=self.group_rows).astype(float).reshape(shape),
        )

    def own_parts(self, lower: Floats, upper: Floats, is_there: Flags) -> tuple[Flags, Flags]:
        """For each unit with children: the bounds of the cells show that it has positions of its own; that it has none.

        A served cell's bounds are its value, so that a family that is served whole tells for certain; and a slice that none of
        the units below has (a job code, say) is the unit's own. The first slice is the whole unit: without an own part there,
        there is none in any slice.
        """
        entries = (self.row < self.group_rows) & (self.cell < self.own_start)
        row, cell, whole = self.row[entries], self.cell[entries], self.coefficient[entries] > 0
        shape = (-1, len(self.slices))
        least_own, most_own = self._bounds_of_own_parts(lower, upper)
        below = np.bincount(row, weights=is_there[cell] & ~whole, minlength=self.group_rows).reshape(shape)
        above = np.bincount(row, weights=is_there[cell] & whole, minlength=self.group_rows).reshape(shape)
        some = ((least_own > ROUNDING) | ((above > 0) & (below == 0))).any(axis=1)
        unit_is_there = is_there[np.array(self.inner, dtype=np.int64) * len(self.slices)]
        return some, unit_is_there & ~some & (most_own[:, 0] <= ROUNDING)


def _named(unit: tuple[str, str]) -> str:
    return " ".join(part for part in unit if part) or "the municipality"
