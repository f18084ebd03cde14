"""The cells that are decided together and the sums that tie them: what the secondary rule works on.
Not here: how a problem is read from the marts (sources.py, sums.py) or solved (secondary.py).
"""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from warehouse.sdc.linear.equations import Equations, Flags, Floats, components
from warehouse.sdc.linear.movement import NEGLIGIBLE

# How far a withheld cell can be moved at most, in the unit of its table: above every figure of a municipality.
FAR = 1e6
Relation = tuple[list[int], list[int]]


class Cell(NamedTuple):
    """One decision: a row of a table's decisions. `size` is in the threshold's unit; `weight` is what withholding it costs;
    `place` is the unit or group it tells of, `natural_key` what it is at every date.

    What sits on a unit itself, beside the units below it, is a cell without a table: hidden, but no figure of any table.
    `fewest` is how many a cell that is there has at least, where its size is a whole number.
    """

    table: str
    key: tuple[Hashable, ...]
    size: float
    threshold: float
    is_primary: bool
    weight: float
    place: Hashable = ()
    natural_key: tuple[Hashable, ...] = ()
    fewest: int | None = None


@dataclass(frozen=True)
class View:
    """What someone makes of withheld cells: the relations used, and how far a figure can be from the true one, down and up.

    `lowest` is how far below the true figure every cell may be thought at once; `width` is how wide its range must at least
    be, 0 for a cell about which nothing is asked.
    """

    relations: list[Relation]
    below: np.ndarray
    above: np.ndarray
    lowest: np.ndarray
    width: np.ndarray

    @functools.cached_property
    def equations(self) -> Equations:
        """The relations as a matrix."""
        return Equations.of_sides(self.relations, len(self.width))


@dataclass
class Problem:
    """Cells, and relations between them that a reader knows hold: the sum of the left equals the sum of the right.

    A relation may hold up to a constant the reader knows. `exists` has a row for each set of cells that occurs together in
    a period; a cell that is missing there counts nothing. `pairs` are cells of which each gives away the other; `implied`
    are (cell, other): where the cell is withheld, the other gives it away. `protected` are the cells that must not be
    found: all, or all but `only_own`, which are what sits on a unit itself and what consists of nothing else.
    `withheld_before` are cells to begin with, which the publication before withheld, or which are withheld at the date
    before: a cell that comes and goes leaks by comparison. `known` ones were served by the publication before with the same
    figure: withholding them hides nothing.
    `blocks` are parts of the table in which most cells can be proven safe. `sum_threshold` is what sums over several
    breakdowns of a unit are held against: the unit's own threshold. `partitions` are relations in which a person counts in one
    part alone.
    """

    name: str
    cells: list[Cell]
    relations: list[Relation]
    exists: np.ndarray
    pairs: list[tuple[int, int]] = field(default_factory=list)
    implied: list[tuple[int, int]] = field(default_factory=list)
    protected: np.ndarray = field(default_factory=lambda: np.array([], dtype=bool))
    only_own: np.ndarray = field(default_factory=lambda: np.array([], dtype=bool))
    withheld_before: np.ndarray | None = None
    known: np.ndarray = field(default_factory=lambda: np.array([], dtype=bool))
    blocks: list[np.ndarray] = field(default_factory=list)
    sum_threshold: float = 0.0
    partitions: list[Relation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.size = np.array([cell.size for cell in self.cells], dtype=float)
        self.threshold = np.array([cell.threshold for cell in self.cells], dtype=float)
        # What sizes are measured by: a threshold may be 0.
        self.scale = np.maximum(self.threshold, 1.0)
        self.primary = np.array([cell.is_primary for cell in self.cells], dtype=bool)
        self.is_own = np.array([not cell.table for cell in self.cells], dtype=bool)
        if not self.protected.size:
            self.protected = np.ones(len(self.cells), dtype=bool)
        if not self.only_own.size:
            self.only_own = self.is_own
        if not self.known.size:
            self.known = np.zeros(len(self.cells), dtype=bool)
        if not self.blocks:
            self.blocks = [np.arange(len(self.cells))]

    @property
    def given(self) -> Flags:
        """The cells that are withheld whatever is chosen."""
        return self.primary if self.withheld_before is None else self.primary | self.withheld_before

    @functools.cached_property
    def costs(self) -> Floats:
        """What withholding each cell costs; equal ones are told apart by their place, so that there is one best choice."""
        weight = np.array([cell.weight for cell in self.cells])
        return weight * (1 + self.size / (10 * self.scale)) + np.arange(len(self.cells)) * 1e-7

    @functools.cached_property
    def whole_numbers(self) -> tuple[Flags, Floats, Floats]:
        """Which cells count persons, and how many each has at least and at most, as its being withheld tells.

        A primary cell is below its threshold by one at least, and a cell that is there has its fewest. Nothing is told of
        others, such as how many sit on a unit itself.
        """
        fewest = np.array([np.nan if cell.fewest is None else cell.fewest for cell in self.cells])
        counts, limit = ~np.isnan(fewest), np.ceil(self.threshold)
        least = np.where(counts, np.where(self.primary, fewest, limit), 0.0)
        return counts, least, np.where(counts & self.primary, limit - 1, np.inf)

    def learn(self, known: Flags) -> None:
        """Take cells as known, and with them what is left over in a sum of which everything else is.

        Where persons who count in several parts make a sum untrue, nobody learns a figure from it.
        """
        self.known = self.known | known
        every = self.every_equation
        is_true = np.abs(np.bincount(every.row, every.coefficient * self.size[every.column], every.n_rows)) < NEGLIGIBLE
        while True:
            is_open = ~(self.known & ~self.given)[every.column]
            last = is_open & (is_true & (np.bincount(every.row, is_open, every.n_rows) == 1))[every.row]
            follows = every.column[last]
            follows = follows[~self.given[follows]]
            if not follows.size:
                return
            self.known[follows] = True

    def equations(self, exists: Flags) -> Equations:
        """The relations between existing cells."""
        every = self.every_equation
        return every.only(exists[every.column] & self.holding(exists)[every.row])

    def holding(self, exists: Flags) -> Flags:
        """The relations that hold between existing cells: one that has nothing on one side says nothing of the other."""
        every = self.every_equation
        is_left, here = every.coefficient > 0, exists[every.column]
        lefts = np.bincount(every.row, weights=here & is_left, minlength=every.n_rows)
        rights = np.bincount(every.row, weights=here & ~is_left, minlength=every.n_rows)
        holding: Flags = (lefts > 0) & (rights > 0)
        return holding

    @functools.cached_property
    def every_equation(self) -> Equations:
        """The relations as a matrix, whether they hold or not."""
        return Equations.of_sides(self.relations, len(self.cells))

    def all_knowing(self, protection_interval: float) -> View:
        """Every relation is used and the reason of every cell: a primary one is below its threshold, a secondary one is not.

        What is asked is uncertainty: `protection_interval` of the threshold, up and down.
        """
        below = np.where(self.primary, self.size, np.maximum(self.size - self.threshold, 0.0))
        above = np.where(self.primary & ~self.is_own, np.maximum(self.threshold - self.size, 0.0), FAR)
        # How many sit on a unit itself is no secret: what they were away must not follow exactly.
        width = np.where(self.protected & ~self.only_own, 2 * protection_interval * self.threshold, 0.0)
        return View(self.relations, below, above, np.zeros(len(self.cells)), width)

    def summing(self) -> list[View]:
        """Sums within one unit, and sums of the same breakdown over the tree; known is only that nothing is negative.

        What is asked is that a primary cell could be as large as the threshold: then no sum of withheld cells with it is
        known that is below.
        """
        small = self.primary & self.protected
        within, across = self._within_and_across
        far = np.full(len(self.cells), FAR)
        return [
            View(relations, self.size, far, -self.size, np.where(small, limit, 0.0))
            for relations, limit in ((within, np.minimum(self.threshold, self.sum_threshold)), (across, self.threshold))
        ]

    def alongside(self, cell: int) -> list[int]:
        """The cells of all places that have a cell of the same kind, such as a job code.

        Where few units have it, only these can make up for its figures. None where that is half of the problem or more.
        """
        places = self._places_of[self._kind[cell]]
        if 2 * sum(len(self._cells_of[place]) for place in places) >= len(self.cells):
            return []
        return [i for place in places for i in self._cells_of[place]]

    @functools.cached_property
    def _within_and_across(self) -> tuple[list[Relation], list[Relation]]:
        """The relations within one place, and those between places: between cells of one kind over the tree."""
        within: list[Relation] = []
        across: list[Relation] = []
        for left, right in self.relations:
            places = {self.cells[i].place for i in (*left, *right)}
            (within if len(places) == 1 else across).append((left, right))
        return within, across

    @functools.cached_property
    def _kind(self) -> list[int]:
        """A number for each cell: that of all cells of its kind, which relations between places tie together."""
        across = Equations.of_sides(self._within_and_across[1], len(self.cells))
        kind = np.zeros(len(self.cells), dtype=np.int64)
        for number, part in enumerate(components(len(self.cells), across.row, across.column)):
            kind[part] = number
        found: list[int] = kind.tolist()
        return found

    @functools.cached_property
    def _places_of(self) -> dict[int, list[Hashable]]:
        """The places that have a cell of each kind, in their order."""
        places: dict[int, dict[Hashable, None]] = defaultdict(dict)
        for cell, kind in zip(self.cells, self._kind, strict=True):
            places[kind][cell.place] = None
        return {kind: list(of_kind) for kind, of_kind in places.items()}

    @functools.cached_property
    def _cells_of(self) -> dict[Hashable, list[int]]:
        """The cells of each place."""
        cells: dict[Hashable, list[int]] = defaultdict(list)
        for i, cell in enumerate(self.cells):
            cells[cell.place].append(i)
        return cells

    @functools.cached_property
    def sums(self) -> list[Relation]:
        """Every distinct form the relations take in some period: (left, right), both sides without the missing cells."""
        found: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = {}
        # A bit for each set of cells that occurs together; most relations are whole in all of them.
        bits = [1 << n for n in range(len(self.exists))]
        there = [sum(bit for bit, exists in zip(bits, column, strict=True) if exists) for column in self.exists.T.tolist()]
        for left, right in self.relations:
            masks = [there[i] for i in (*left, *right)]
            some, all_there = functools.reduce(operator.or_, masks), functools.reduce(operator.and_, masks)
            if all_there:
                found[tuple(left), tuple(right)] = None
            for bit in bits:
                if some & ~all_there & bit:
                    here = tuple(i for i in left if there[i] & bit), tuple(i for i in right if there[i] & bit)
                    if all(here):
                        found[here] = None
        return [(list(left), list(right)) for left, right in found]


def distinct(patterns: Sequence[np.ndarray]) -> np.ndarray:
    """The different ones of some sets of existing cells, as rows in their order as numbers."""
    rows = {pattern.tobytes(): pattern for pattern in patterns}
    return np.array([rows[key] for key in sorted(rows)], dtype=bool)
