"""The cheapest change of figures that keeps every sum and moves one column: a linear program around that column.
Not here: which columns must move (suppression/secondary.py, protection.py), or what a column is.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from warehouse.sdc.linear.equations import Equations, Floats, Ints
from warehouse.sdc.linear.programs import Program

# Less than this is nothing: what linear programs are exact to.
NEGLIGIBLE = 1e-6
# What a change by one costs in a column that is free: little, so that few columns have to move.
FREE = 0.02
# The share of its scale that a column counts as changed at the least, so that none is too dear for a change at all.
ALWAYS = 0.05
# The nearest so many columns are tried, then so many more; all of them when those are not enough.
NEIGHBOURHOODS = (120, 500, 2000)
# Beyond the nearest no column counts as farther away than this many free ones: else all that is free in the table would come
# before the first that costs something.
FARTHEST = 5 * FREE
# More than any change costs.
REWARD = 1e7


@dataclass(frozen=True)
class Change:
    """The columns that change, by how much, and what it costs: the charges of those that were not free."""

    columns: Ints
    amounts: Floats
    cost: float

    def of(self, column: int) -> float:
        """How much a column changes."""
        return float(self.amounts[self.columns == column].sum())

    def dense(self, size: int) -> Floats:
        """The change of every column."""
        change = np.zeros(size)
        change[self.columns] = self.amounts
        return change


class Movement:
    """Finds changes that keep every equation: Widening of one column's feasibility interval at the least charge.

    A column that changes at all costs its `charge`, whatever the amount. A linear program cannot say so; the charge is spread
    over the amount, and what the first change costs tells how to spread it better.
    """

    def __init__(self, equations: Equations, below: Floats, above: Floats, scale: Floats) -> None:
        self._equations, self._rows, self._of = equations, equations.rows, equations.of_column
        self._below, self._above, self._scale = below, above, scale
        self._whole: Program | None = None

    def cheapest(self, column: int, amount: float, charge: Floats) -> Change:
        """Move a column by the amount (down when negative), or as far as it can be moved at all.

        `charge` is what each column costs: 0 where it may move freely, infinite where it may not move.
        """
        capacity = self._above[column] if amount > 0 else self._below[column]
        amount = math.copysign(min(abs(amount), capacity), amount)
        price = np.where(charge == 0, FREE, charge / self._scale)
        near: list[int] = []
        for columns in self._neighbourhoods(column, price):
            if len(columns) <= sum(NEIGHBOURHOODS):
                near = columns
            change = self._change(column, columns, amount, price, charge)
            if abs(change.of(column)) > abs(amount) - NEGLIGIBLE:
                break
        # A cheaper one is sought near by and among what that one changes.
        near = list(dict.fromkeys([*near, *change.columns.tolist()]))
        while (charge[change.columns] > 0).sum() > 1:
            whole = np.abs(change.dense(charge.size)) + ALWAYS * self._scale
            cheaper = self._change(column, near, amount, np.where(charge == 0, FREE, charge / whole), charge)
            if abs(cheaper.of(column)) < abs(change.of(column)) - NEGLIGIBLE or cheaper.cost >= change.cost:
                break
            change = cheaper
        return change

    def _neighbourhoods(self, column: int, price: Floats) -> Iterator[list[int]]:
        """More and more columns around one: the cheapest to reach, those few steps away, all."""
        near = list(itertools.islice(self._reached(column, price), NEIGHBOURHOODS[0]))
        yield near
        if len(near) < NEIGHBOURHOODS[0]:
            return
        further = self._reached(column, np.where(np.isinf(price), price, np.minimum(price, FARTHEST)))
        for count in NEIGHBOURHOODS[1:]:
            more = list(itertools.islice(further, count))
            near = list(dict.fromkeys([*near, *more]))
            yield near
            if len(more) < count:
                return
        yield list(range(len(self._of)))

    def _reached(self, column: int, price: Floats) -> Iterator[int]:
        """The columns in the order of the price at which they are reached, by equations from column to column."""
        reached: set[int] = set()
        prices = price.tolist()
        best = {column: 0.0}
        passed: set[int] = set()
        queue = [(0.0, column)]
        while queue:
            so_far, i = heapq.heappop(queue)
            if i in reached:
                continue
            reached.add(i)
            yield i
            for number in self._of[i]:
                if number in passed:
                    continue
                passed.add(number)
                for j in self._rows[number]:
                    if j not in reached:
                        there = so_far + prices[j]
                        if there < best.get(j, math.inf):
                            best[j] = there
                            heapq.heappush(queue, (there, j))

    def _change(self, column: int, columns: list[int], amount: float, price: Floats, charge: Floats) -> Change:
        """The cheapest change of these columns alone that moves one of them by the amount."""
        if len(columns) == len(self._of):
            # The program of all columns is made once, in this order.
            columns = list(range(len(columns)))
        count, place = len(columns), columns.index(column)
        cost = np.tile(price[columns], 2)
        capacity = np.concatenate([self._above[columns], self._below[columns]])
        may_not_move = np.isinf(cost)
        cost[may_not_move], capacity[may_not_move] = 0.0, 0.0
        forth, back = (place, place + count) if amount > 0 else (place + count, place)
        cost[forth], capacity[forth], capacity[back] = -REWARD, abs(amount), 0.0
        program = self._program(columns)
        program.bound(np.zeros(2 * count), capacity)
        found = program.solve(cost)
        if found is None:
            return Change(np.zeros(0, dtype=np.int64), np.zeros(0), 0.0)
        amounts = found[:count] - found[count:]
        moved = np.abs(amounts) > NEGLIGIBLE
        changed = np.array(columns, dtype=np.int64)[moved]
        return Change(changed, amounts[moved], float(charge[changed].sum()))

    def _program(self, columns: list[int]) -> Program:
        is_whole = len(columns) == len(self._of)
        if is_whole and self._whole is not None:
            self._whole.forget()
            return self._whole
        program = up_and_down(self._equations, np.array(columns, dtype=np.int64))
        if is_whole:
            self._whole = program
        return program


def up_and_down(equations: Equations, columns: Ints) -> Program:
    """The equations among some columns. Each goes up by one variable and down by another, so that both have their price."""
    row, at, coefficient, n_rows = equations.within(columns)
    both = np.stack([at, at + columns.size], axis=1).ravel()
    entries = np.repeat(row, 2), both, np.repeat(coefficient, 2) * np.tile([1.0, -1.0], row.size)
    nothing, nowhere = np.zeros(n_rows), np.zeros(2 * columns.size)
    # Without presolve the dual simplex method starts where nothing changes and needs few more steps than columns move.
    return Program(entries, (nothing, nothing), (nowhere, nowhere), presolve="off")
