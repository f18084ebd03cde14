"""The cheapest further cells to withhold so that one cell's figure could be another: linear programs around that cell.
Not here: which cells need it (secondary.py), or the choice under the rules of single sums (choice.py).
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict

import numpy as np

from warehouse.sdc.suppression.choice import costs
from warehouse.sdc.suppression.problem import NEGLIGIBLE, Problem, View, between
from warehouse.sdc.linear.programs import Rows, program, quiet_solver

# What a cell costs on the way that is withheld anyway: little, so that few cells have to move.
WITHHELD = 0.02
# The share of its threshold that a cell counts as changed at the least, so that none is too dear for a change at all.
ALWAYS = 0.05
# The nearest so many cells are tried, then more; all of them when those are not enough.
NEIGHBOURHOODS = (500, 2000)
# Simplex from no change at all is quick where little has to move; a large program is better reduced first.
REDUCED_FROM = 1000
PRIMAL = 4
# More than any change costs.
REWARD = 1e7


class Widening:
    """Finds changes of the figures that keep every relation, move one cell, and move served cells as cheaply as can be.

    The served cells that such a change moves are the ones to withhold: then the changed figures agree with all that is
    served. A cell's cost is spread over its changes; what the first change costs tells how to spread it better.
    """

    def __init__(self, problem: Problem, view: View, withheld: np.ndarray, exists: np.ndarray) -> None:
        self.view = view
        self.withheld = withheld.copy()
        self._relations = between(view.relations, exists)
        self._costs = costs(problem)
        self._scale = problem.scale
        self._of: dict[int, list[int]] = defaultdict(list)
        for number, sides in enumerate(self._relations):
            for side in sides:
                for i in side:
                    self._of[i].append(number)

    def move(self, cell: int, amount: float, *, free: bool = False) -> np.ndarray:
        """Withhold what lets the cell move by the amount, down for a negative one, or as far as it can be moved at all.

        A `free` move withholds nothing: it goes as far as it goes.

        Returns:
            The change of every cell.
        """
        room = self.view.above[cell] if amount > 0 else self.view.below[cell]
        amount = math.copysign(min(abs(amount), room), amount)
        prices = np.where(self.withheld, WITHHELD, np.inf) if free else self._prices(self._scale)
        for count in (*NEIGHBOURHOODS, len(self.withheld)):
            near = self._nearest(cell, count, prices)
            change = self._change(near, amount, prices)
            if abs(change[cell]) > abs(amount) - NEGLIGIBLE or len(near) < count:
                break
        while self._new(change).sum() > 1:
            cheaper = self._change(near, amount, self._prices(np.abs(change) + ALWAYS * self._scale))
            if abs(cheaper[cell]) < abs(change[cell]) - NEGLIGIBLE or self._cost(cheaper) >= self._cost(change):
                break
            change = cheaper
        self.withheld |= np.abs(change) > NEGLIGIBLE
        return change

    def _prices(self, whole: np.ndarray) -> np.ndarray:
        """What a change by one costs, so that a cell that changes by `whole` costs what withholding it does."""
        return np.where(self.withheld, WITHHELD, self._costs / whole)

    def _new(self, change: np.ndarray) -> np.ndarray:
        return (np.abs(change) > NEGLIGIBLE) & ~self.withheld

    def _cost(self, change: np.ndarray) -> float:
        return float(self._costs[self._new(change)].sum())

    def _nearest(self, cell: int, count: int, prices: np.ndarray) -> list[int]:
        """The cells that are reached at the least price, by relations from cell to cell."""
        reached: dict[int, None] = {}
        best = {cell: 0.0}
        passed: set[int] = set()
        queue = [(0.0, cell)]
        while queue and len(reached) < count:
            so_far, i = heapq.heappop(queue)
            if i in reached:
                continue
            reached[i] = None
            for number in self._of[i]:
                if number in passed:
                    continue
                passed.add(number)
                for side in self._relations[number]:
                    for j in side:
                        price = so_far + prices[j]
                        if j not in reached and price < best.get(j, np.inf):
                            best[j] = price
                            heapq.heappush(queue, (price, j))
        return list(reached)

    def _change(self, cells: list[int], amount: float, prices: np.ndarray) -> np.ndarray:
        """The cheapest change of these cells alone that moves the first of them by the amount."""
        # Each cell goes up by one column and down by another, so that both have their price.
        count = len(cells)
        column = {i: n for n, i in enumerate(cells)}
        rows: Rows = []
        for number in sorted({number for i in cells for number in self._of[i]}):
            row = []
            for sign, side in zip((1.0, -1.0), self._relations[number], strict=True):
                for i in side:
                    if i in column:
                        row += [(column[i], sign), (column[i] + count, -sign)]
            rows.append(row)
        gain = np.tile(-prices[cells], 2)
        room = np.concatenate([self.view.above[cells], self.view.below[cells]])
        forth, back = (0, count) if amount > 0 else (count, 0)
        gain[forth], room[forth], room[back] = REWARD, abs(amount), 0.0
        solver = quiet_solver()
        if count < REDUCED_FROM:
            solver.setOptionValue("presolve", "off")
            solver.setOptionValue("simplex_strategy", PRIMAL)
        solver.passModel(program(rows, gain, np.zeros(2 * count), room))
        solver.run()
        found = np.array(solver.getSolution().col_value)
        change = np.zeros(len(self.withheld))
        change[cells] = found[:count] - found[count:]
        return change
