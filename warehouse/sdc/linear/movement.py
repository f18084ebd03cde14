"""The cheapest change of figures that keeps every sum and moves one column: a linear program around that column.
Not here: which columns must move (suppression/secondary.py, protection.py), or what a column is.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

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
    over the amount, and what the first change costs tells how to spread it better. `likely` names columns that may well change
    with a column, though others are nearer to it.
    """

    def __init__(
        self,
        equations: Equations,
        below: Floats,
        above: Floats,
        scale: Floats,
        likely: Callable[[int], list[int]] | None = None,
    ) -> None:
        self.equations, self.below, self.above, self.scale, self.likely = equations, below, above, scale, likely

    def around(self, column: int, charge: Floats) -> Around:
        """The changes that move one column. `charge` is what each column costs: 0 where it may move freely, infinite where not
        at all.
        """
        return Around(self, column, charge)

    @cached_property
    def whole(self) -> Neighbourhood:
        """All columns: their program is made once."""
        return Neighbourhood(self, range(self.equations.n_columns))

    def reached(self, column: int, price: Floats) -> Iterator[int]:
        """The columns in the order of the price at which they are reached, by equations from column to column."""
        rows, of_column = self.equations.rows, self.equations.of_column
        prices = price.tolist()
        best = {column: 0.0}
        passed: set[int] = set()
        queue = [(0.0, column)]
        while queue:
            so_far, i = heapq.heappop(queue)
            if so_far > best[i]:
                continue
            yield i
            for number in of_column[i]:
                if number in passed:
                    continue
                passed.add(number)
                for j in rows[number]:
                    there = so_far + prices[j]
                    if there < best.get(j, math.inf):
                        best[j] = there
                        heapq.heappush(queue, (there, j))


class Neighbourhood:
    """Some columns, of which alone a change is sought: one program for any amount and price."""

    def __init__(self, movement: Movement, columns: Iterable[int]) -> None:
        self.columns = np.array(list(dict.fromkeys(columns)), dtype=np.int64)
        self._program = up_and_down(movement.equations, self.columns)
        self._capacity = np.concatenate([movement.above[self.columns], movement.below[self.columns]])

    def change(self, column: int, amount: float, price: Floats, charge: Floats) -> Change:
        """The cheapest change that moves a column by the amount, or as far as it goes."""
        count = self.columns.size
        place = int(np.flatnonzero(self.columns == column)[0])
        cost, capacity = np.tile(price[self.columns], 2), self._capacity.copy()
        may_not_move = np.isinf(cost)
        cost[may_not_move], capacity[may_not_move] = 0.0, 0.0
        forth, back = (place, place + count) if amount > 0 else (place + count, place)
        cost[forth], capacity[forth], capacity[back] = -REWARD, abs(amount), 0.0
        self._program.forget()
        self._program.bound(np.zeros(2 * count), capacity)
        found = self._program.solve(cost)
        if found is None:
            return Change(np.zeros(0, dtype=np.int64), np.zeros(0), 0.0)
        amounts = found[:count] - found[count:]
        moved = np.abs(amounts) > NEGLIGIBLE
        changed = self.columns[moved]
        return Change(changed, amounts[moved], float(charge[changed].sum()))


class Around:
    """The changes that move one column at given charges, up or down: sought in one neighbourhood after the other."""

    def __init__(self, movement: Movement, column: int, charge: Floats) -> None:
        self._movement, self._column, self._charge = movement, column, charge
        self._price = np.where(charge == 0, FREE, charge / movement.scale)
        self._made: list[Neighbourhood] = []
        # It knows nothing of this object: a cycle would keep the programs of every column in memory.
        self._ahead = _more_and_more(movement, column, self._price)

    def cheapest(self, amount: float) -> Change:
        """Move the column by the amount (down when negative), or as far as it can be moved at all."""
        capacity = self._movement.above[self._column] if amount > 0 else self._movement.below[self._column]
        amount = math.copysign(min(abs(amount), capacity), amount)
        near: Iterable[int] = ()
        for neighbourhood in self._neighbourhoods():
            # The likely ones and the whole are too many to seek in again and again.
            if neighbourhood.columns.size <= sum(NEIGHBOURHOODS):
                near = neighbourhood.columns.tolist()
            change = neighbourhood.change(self._column, amount, self._price, self._charge)
            if abs(change.of(self._column)) > abs(amount) - NEGLIGIBLE:
                break
        if (self._charge[change.columns] > 0).sum() > 1:
            # A cheaper one is sought near by and among what that one changes.
            return self._cheaper(change, amount, Neighbourhood(self._movement, [*near, *change.columns.tolist()]))
        return change

    def _cheaper(self, change: Change, amount: float, near: Neighbourhood) -> Change:
        while (self._charge[change.columns] > 0).sum() > 1:
            whole = np.abs(change.dense(self._charge.size)) + ALWAYS * self._movement.scale
            price = np.where(self._charge == 0, FREE, self._charge / whole)
            cheaper = near.change(self._column, amount, price, self._charge)
            if abs(cheaper.of(self._column)) < abs(change.of(self._column)) - NEGLIGIBLE or cheaper.cost >= change.cost:
                break
            change = cheaper
        return change

    def _neighbourhoods(self) -> Iterator[Neighbourhood]:
        yield from self._made.copy()
        for neighbourhood in self._ahead:
            self._made.append(neighbourhood)
            yield neighbourhood


def _more_and_more(movement: Movement, column: int, price: Floats) -> Iterator[Neighbourhood]:
    """More and more columns: the cheapest to reach, those few steps away, the likely ones, all."""
    near = list(itertools.islice(movement.reached(column, price), NEIGHBOURHOODS[0]))
    yield Neighbourhood(movement, near)
    if len(near) < NEIGHBOURHOODS[0]:
        return
    further = movement.reached(column, np.where(np.isinf(price), price, np.minimum(price, FARTHEST)))
    for count in NEIGHBOURHOODS[1:]:
        more = list(itertools.islice(further, count))
        near += more
        yield Neighbourhood(movement, near)
        if len(more) < count:
            return
    if movement.likely is not None and (likely := movement.likely(column)):
        yield Neighbourhood(movement, [*near, *likely])
    yield movement.whole


def up_and_down(equations: Equations, columns: Ints) -> Program:
    """The equations among some columns. Each goes up by one variable and down by another, so that both have their price."""
    row, at, coefficient, n_rows = equations.within(columns)
    both = np.stack([at, at + columns.size], axis=1).ravel()
    entries = np.repeat(row, 2), both, np.repeat(coefficient, 2) * np.tile([1.0, -1.0], row.size)
    nothing, nowhere = np.zeros(n_rows), np.zeros(2 * columns.size)
    # Without presolve the dual simplex method starts where nothing changes and needs few more steps than columns move.
    return Program(entries, (nothing, nothing), (nowhere, nowhere), presolve="off")
