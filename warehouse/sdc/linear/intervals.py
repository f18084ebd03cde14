"""Linear programming over the relations: the interval that is still possible for each withheld cell.
Not here: which relations hold (relations.py), or which intervals are too narrow to be served (audit.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from warehouse.sdc.linear.elimination import Ints
from warehouse.sdc.attack.relations import ROUNDING, Floats

# Rounds in which all cells are pushed up and down at once before the rest are taken one by one.
ROUNDS = 12
TIGHTENINGS = 30
BIG = 1e7
# HiGHS' number of the primal simplex method.
PRIMAL = 4


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


class Contradiction(Exception):
    """No values fulfil the relations: one of them does not hold in this publication."""


class Program:
    """One linear program that is solved again and again with other objectives, each time from the last solution."""

    def __init__(self, system: System) -> None:
        self._columns = np.arange(system.lower.size, dtype=np.int32)
        model = highspy.HighsLp()
        model.num_col_ = system.lower.size
        model.num_row_ = system.right.size
        model.col_cost_ = np.zeros(system.lower.size)
        model.col_lower_ = system.lower
        model.col_upper_ = np.minimum(system.upper, BIG)
        model.row_lower_ = model.row_upper_ = system.right
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.searchsorted(system.row, np.arange(system.right.size + 1))
        model.a_matrix_.index_ = system.column
        model.a_matrix_.value_ = system.coefficient.astype(float)
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        self._highs.setOptionValue("presolve", "off")
        self._highs.passModel(model)
        self.point(np.zeros(system.lower.size))

    def bound(self, lower: Floats, upper: Floats, *, last: bool = False) -> None:
        """Set other bounds; the points found so far must lie within. The `last` ones stay: from then on the last point is
        still feasible under another objective, and the primal method goes on from it.
        """
        if last:
            self._highs.setOptionValue("simplex_strategy", PRIMAL)
        self._highs.changeColsBounds(self._columns.size, self._columns, lower, np.minimum(upper, BIG))

    def point(self, cost: Floats) -> Floats:
        """A point of lowest cost.

        Raises:
            Contradiction: there is no point at all.
        """
        self._highs.changeColsCost(self._columns.size, self._columns, cost)
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise Contradiction
        return np.array(self._highs.getSolution().col_value)


def reach(system: System, wanted: Floats) -> tuple[Floats, Floats, Floats]:
    """For each column the lowest and highest value found, and one point that fulfils all relations.

    They are the true ends of the interval wherever it is narrower than `wanted`; a column whose interval is found to be wide
    enough is not followed to its ends, and one that wants 0 is not sought at all.

    Raises:
        Contradiction: no values fulfil the relations.
    """
    n = system.lower.size
    lower, upper = tightened(system)
    # What the bounds alone close in on needs no program.
    open_columns = (wanted > 0) & (upper - lower >= wanted)
    program = Program(system)
    first = program.point(np.zeros(n))
    low, high = first.copy(), first.copy()

    def push(cost: Floats) -> None:
        point = program.point(cost)
        np.minimum(low, point, out=low)
        np.maximum(high, point, out=high)

    draw = np.random.default_rng(n)
    left = open_columns & (wanted > high - low)
    idle = 0
    for _ in range(ROUNDS):
        if left.sum() <= 2 or idle == 4:
            break
        # No column much further than it needs, so that one does not use up what the others could move by.
        room = 1.1 * wanted
        program.bound(
            np.where(left, np.maximum(system.lower, high - room), system.lower),
            np.where(left, np.minimum(system.upper, low + room), system.upper),
        )
        signs = np.where(left, draw.choice([-1.0, 1.0], n) * draw.uniform(0.5, 1.5, n), 0.0)
        push(signs)
        push(-signs)
        before, left = left.sum(), left & (wanted > high - low)
        idle = idle + 1 if left.sum() > 0.9 * before else 0
    program.bound(system.lower, system.upper, last=True)
    for column in np.flatnonzero(left).tolist():
        for direction in (-1.0, 1.0):
            if wanted[column] > high[column] - low[column]:
                cost = np.zeros(n)
                cost[column] = direction
                push(cost)
    closed = (wanted > 0) & ~open_columns
    return np.where(closed, lower, low), np.where(closed, upper, high), first


def tightened(system: System) -> tuple[Floats, Floats]:
    """Bounds that follow from the relations one by one, again and again until little changes: outer ends of the intervals.

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

    for _ in range(TIGHTENINGS):
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


def components(n_columns: int, row: Ints, column: Ints) -> list[Ints]:
    """The columns by connected part; relations connect their columns."""
    label = np.arange(n_columns)
    n_rows = int(row.max()) + 1 if row.size else 0
    while True:
        lowest = np.full(n_rows, n_columns)
        np.minimum.at(lowest, row, label[column])
        new = label.copy()
        np.minimum.at(new, column, lowest[row])
        new = new[new]
        if (new == label).all():
            break
        label = new
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
