"""Linear programming over equations: the feasibility intervals of columns.
Not here: which equations hold, or which intervals are too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from warehouse.sdc.linear.equations import Equations, Flags, Floats, Ints, components, in_rings
from warehouse.sdc.linear.movement import FREE, NEGLIGIBLE, Movement, up_and_down
from warehouse.sdc.linear.programs import PRIMAL, Program

TIGHTENINGS = 30
# From equation to equation around much that no block of a very large table proves. More steps prove next to nothing more, and
# all columns together take several times as long.
STEPS = (2, 3, 4)
# In a block: so many pushes at most, and one by one where the block is small.
PUSHES = 24
ONE_BY_ONE = 700
# A push takes about as long as one column by itself for each so many of its columns: it must gain more than those.
WORTH = 5_000
# So many columns at most of several small parts make one block.
HANDFULS = 100
# A smaller share of a large block is pushed by the simplex method from where nothing changes: few columns have to move, each in
# about twenty steps. Where it takes more steps than these, many are tied together over the whole table.
FEW = 0.05
SIMPLEX_STEPS = 100_000
# So many columns are pushed all together only while few of them are asked.
VERY_LARGE = 30_000
# Many times what a change costs there.
PULL = 1000.0
# From so many columns on an interior point method is quicker than the simplex method.
LARGE = 3000
INTERIOR_POINT: dict[str, bool | int | float | str] = {"presolve": "on", "solver": "ipm", "run_crossover": "off"}
# For a point in the middle of what is possible, from where most columns can move both ways.
CENTRE: dict[str, bool | int | float | str] = INTERIOR_POINT | {"presolve": "off"}
# Figures are doubles that were divided once: a difference below this is rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class System:
    """Equalities sum(coefficient × column) = right side, entries sorted by row, and bounds of the columns."""

    row: Ints
    column: Ints
    coefficient: Ints
    right: Floats
    lower: Floats
    upper: Floats

    def part(self, columns: Ints) -> System:
        """The equalities among some columns; they must hold no others."""
        place = np.full(self.lower.size, -1, dtype=np.int64)
        place[columns] = np.arange(columns.size)
        kept = place[self.column] >= 0
        rows, row = np.unique(self.row[kept], return_inverse=True)
        return System(
            row, place[self.column[kept]], self.coefficient[kept], self.right[rows], self.lower[columns], self.upper[columns]
        )


class Intervals:
    """Feasibility intervals around one possible set of figures, as changes of it.

    Each solution of a linear program is another possible set; how far such sets lie apart in a column is a lower bound of its
    interval. `below` and `above` are how far each column can go, `width` how wide its interval must be (0: nothing is asked).
    """

    def __init__(self, equations: Equations, below: Floats, above: Floats, width: Floats, lowest: Floats | None = None) -> None:
        self.equations, self.below, self.above, self.width = equations, below, above, width.copy()
        self.lowest = np.zeros(width.size) if lowest is None else lowest.copy()
        self.highest = np.zeros(width.size)

    def see(self, columns: Ints, change: Floats) -> None:
        """Take notice of another possible set of figures."""
        self.lowest[columns] = np.minimum(self.lowest[columns], change)
        self.highest[columns] = np.maximum(self.highest[columns], change)

    def settle(self, columns: Ints) -> None:
        """Ask no more of some columns than what has been found: there is no more to be found."""
        self.width[columns] = np.minimum(self.width[columns], self.highest[columns] - self.lowest[columns])

    def missing(self, columns: Ints | slice = slice(None)) -> Floats:
        """How much wider each interval must be."""
        missing = self.width[columns] - (self.highest[columns] - self.lowest[columns])
        return np.where(missing > NEGLIGIBLE, missing, 0.0)

    def prove(self, free: Flags, blocks: Sequence[Ints] | None, seen: Callable[[Ints, Floats], None] | None = None) -> None:
        """Widen the intervals of free columns by changes within blocks; None: within each connected part.

        A change that moves the columns of one block alone and keeps every equation they stand in is possible whatever lies
        around them, so that the effort grows with the number of blocks and not with the table's square. Columns that are not
        proven within their block are tried with what lies around them.
        """
        singly = blocks is None
        if blocks is None:
            among = self._prove_without_rings(free)
            blocks = _together([part for part in components(free.size, among.row, among.column) if part.size > 1])
        for block in blocks:
            columns = block[free[block]]
            if self.missing(columns).any():
                self._prove(columns, seen, singly=singly)
        if not singly and len(blocks) != 1:
            for columns in self._around(free):
                self._prove(columns, seen)

    def _around(self, free: Flags) -> Iterator[Ints]:
        """What may move to prove what no block has proven: all free columns. Where they are very many, all only for few that
        are left, and then those some steps around what is left.
        """
        count = np.count_nonzero(free)
        left = np.flatnonzero(free & (self.missing() > 0))
        if left.size and (count < VERY_LARGE or left.size < FEW * count):
            yield np.flatnonzero(free)
        for steps in STEPS if count >= VERY_LARGE else ():
            if (left := np.flatnonzero(free & (self.missing() > 0))).size:
                yield np.flatnonzero(self.equations.among(free).around(left, steps))

    def _prove_without_rings(self, free: Flags) -> Equations:
        """The ends of columns whose equations form no ring, without a program; returns the other equations.

        Where no chain of equations leads back to a column, what each equation leaves its columns, taken up again and again, is
        all there is to know. What stands in no equation moves as it likes.
        """
        alone = np.flatnonzero(free & (np.bincount(self.equations.column, minlength=free.size) == 0))
        self.see(alone, self.above[alone])
        self.see(alone, -self.below[alone])
        among = self.equations.among(free)
        ringed = in_rings(among)
        trees = among.only(~ringed)
        system = System(trees.row, trees.column, trees.coefficient, np.zeros(trees.n_rows), -self.below, self.above)
        lowest, highest = tightened(system, trees.row.size)
        column = np.unique(trees.column)
        self.see(column, highest[column])
        self.see(column, lowest[column])
        return among.only(ringed)

    def _prove(self, columns: Ints, seen: Callable[[Ints, Floats], None] | None, *, singly: bool = False) -> None:
        count = columns.size
        row, column, coefficient, n_rows = self.equations.within(columns)
        below, above, width = self.below[columns], self.above[columns], self.width[columns]
        nothing = np.zeros(n_rows)
        program = Program((row, column, coefficient), (nothing, nothing), (-below, above), presolve="off")
        if count > LARGE:
            program.set(**INTERIOR_POINT)
        random = np.random.default_rng(count)
        idle, is_tied = 0, False
        near: Program | None = None
        for round_number in range(PUSHES):
            left = self.missing(columns) > 0
            if idle == 2 or not left.any():
                break
            # All upwards, or each its own way.
            direction = np.ones(count) if round_number % 2 == 0 else random.choice([-1.0, 1.0], count)
            # No further than needed, so that one column does not use up what the others could move by.
            upper = np.where(left, np.clip(self.lowest[columns] + width, 0.0, above), above)
            lower = np.where(left, np.clip(self.highest[columns] - width, -below, 0.0), -below)
            pull = np.where(left, direction * random.uniform(0.5, 1.5, count), 0.0)
            if count > ONE_BY_ONE and left.sum() < FEW * count and not is_tied:
                if near is None:
                    near = up_and_down(self.equations, columns)
                    near.set(simplex_iteration_limit=SIMPLEX_STEPS)
                near.forget()
                near.bound(np.zeros(2 * count), np.concatenate([upper, -lower]))
                both = near.solve(FREE + PULL * np.concatenate([-pull, pull]))
                if both is None:
                    is_tied = True
                    continue
                change: Floats | None = both[:count] - both[count:]
            else:
                program.bound(lower, upper)
                change = program.solve(-pull)
            self._take(columns, change, seen)
            gained = left.sum() - (self.missing(columns) > 0).sum()
            idle = idle + 1 if gained < max(0.03 * left.sum(), count // WORTH) else 0
        if not singly or count > ONE_BY_ONE:
            return
        program.set(simplex_strategy=PRIMAL)
        for n in np.flatnonzero(self.missing(columns) > 0).tolist():
            for sign in (-1.0, 1.0):
                if missing := self.missing(columns[[n]])[0]:
                    cost, least, most = np.zeros(count), -below, above.copy()
                    cost[n] = sign
                    least[n] = max(float(least[n]), float(self.lowest[columns[n]]) - missing)
                    most[n] = min(float(most[n]), float(self.highest[columns[n]]) + missing)
                    program.bound(least, most)
                    self._take(columns, program.solve(cost), seen)

    def _take(self, columns: Ints, change: Floats | None, seen: Callable[[Ints, Floats], None] | None) -> None:
        if change is not None:
            moved = np.abs(change) > NEGLIGIBLE
            self.see(columns[moved], change[moved])
            if seen is not None:
                seen(columns[moved], change[moved])


def _together(parts: Sequence[Ints]) -> list[Ints]:
    """Small parts taken together: one program for many columns takes less time than one for each handful."""
    blocks: list[list[Ints]] = [[]]
    for part in parts:
        if sum(of_block.size for of_block in blocks[-1]) + part.size > HANDFULS:
            blocks.append([])
        blocks[-1].append(part)
    return [np.concatenate(block) for block in blocks if block]


class Contradiction(Exception):
    """No values fulfil the relations: one of them does not hold in this publication."""


def reach(
    system: System, wanted: Floats, blocks: Sequence[Ints] = (), first: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """For each column the lowest and highest value found, and one point that fulfils all relations: `first` where it is known.

    They are the true ends of the interval wherever it is narrower than `wanted`; a column whose interval is found to be wide
    enough is not followed to its ends, and one that wants 0 is not sought at all. Most columns are found wide within `blocks`.

    Raises:
        Contradiction: no values fulfil the relations.
    """
    n = system.lower.size
    lower, upper = tightened(system)
    # What the bounds alone close in on needs no program.
    open_columns = (wanted > 0) & (upper - lower >= wanted)
    first = np.clip(_possible(system) if first is None else first, system.lower, system.upper)
    equations = Equations(system.row, system.column, system.coefficient, system.right.size, n)
    below, above = first - system.lower, system.upper - first
    # A little wider than wanted, so that what is wide enough is not narrow by rounding.
    intervals = Intervals(equations, below, above, np.where(open_columns, wanted + 2 * NEGLIGIBLE, 0.0))
    intervals.prove(np.ones(n, dtype=bool), blocks or [np.arange(n)])
    movement, free = Movement(equations, below, above, np.ones(n)), np.zeros(n)
    for column in np.flatnonzero(intervals.missing() > 0).tolist():
        around = movement.around(column, free)
        for sign, end in ((1.0, intervals.highest), (-1.0, intervals.lowest)):
            if missing := float(intervals.missing(np.array([column]))[0]):
                change = around.cheapest(float(end[column]) + sign * missing)
                intervals.see(change.columns, change.amounts)
    closed = (wanted > 0) & ~open_columns
    return np.where(closed, lower, first + intervals.lowest), np.where(closed, upper, first + intervals.highest), first


def _possible(system: System) -> Floats:
    """A point that fulfils all relations; of a large system one in the middle of what is possible.

    Raises:
        Contradiction: there is none.
    """
    entries = system.row, system.column, system.coefficient.astype(float)
    program = Program(entries, (system.right, system.right), (system.lower, system.upper))
    found = None
    if system.lower.size > LARGE:
        program.set(**CENTRE)
        found = program.solve()
        program.set(solver="choose", presolve="on")
    if found is None:
        found = program.solve()
    if found is None:
        raise Contradiction
    return found


def tightened(system: System, rounds: int = TIGHTENINGS) -> tuple[Floats, Floats]:
    """Bounds that follow from the relations one by one, again and again until little changes: outer ends of the intervals.

    Where the relations form no ring, so many rounds as they have entries end at the intervals themselves.

    Raises:
        Contradiction: a lower end lies above the upper one.
    """
    lower, upper = system.lower.copy(), system.upper.copy()
    n_rows = system.right.size
    up, size = system.coefficient > 0, np.abs(system.coefficient)

    def of_others(ends: Floats) -> Floats:
        """For each entry the sum of the other entries' ends in its relation; infinite ones are counted, not added."""
        infinite = np.isinf(ends)
        finite = np.where(infinite, 0, ends)
        total = np.bincount(system.row, weights=finite, minlength=n_rows)[system.row] - finite
        count = np.bincount(system.row, weights=infinite, minlength=n_rows)[system.row] - infinite
        return np.where(count > 0, np.inf, total)

    for _ in range(rounds):
        # coefficient × column = right side − the others' sum.
        least = np.where(up, lower[system.column], -upper[system.column]) * size
        most = np.where(up, upper[system.column], -lower[system.column]) * size
        others_least = of_others(least)
        highest = system.right[system.row] - np.where(np.isinf(others_least), -np.inf, others_least)
        lowest = system.right[system.row] - of_others(most)
        new_upper, new_lower = upper.copy(), lower.copy()
        np.minimum.at(new_upper, system.column, np.where(up, highest, -lowest) / size)
        np.maximum.at(new_lower, system.column, np.where(up, lowest, -highest) / size)
        # Gains within rounding are left: taken up, they would drive each other on.
        gain_above, gain_below = new_upper < upper - ROUNDING, new_lower > lower + ROUNDING
        upper, lower = np.where(gain_above, new_upper, upper), np.where(gain_below, new_lower, lower)
        if (lower > upper + 10 * ROUNDING).any():
            raise Contradiction
        if not (gain_above | gain_below).any():
            break
    return lower, upper
