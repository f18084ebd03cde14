"""The secondary rule (complementary suppression): what else to withhold so that nothing withheld can be computed or narrowed.
Not here: where the cells come from (sources.py) and where the decisions go (decisions.py).
"""

from __future__ import annotations

import numpy as np

from warehouse.sdc.linear.equations import Flags, Floats, Ints
from warehouse.sdc.linear.intervals import Intervals
from warehouse.sdc.linear.movement import Change, Movement
from warehouse.sdc.suppression.choice import (
    Choice,
    rules_of_capacity,
    rules_of_pairs,
    rules_of_sums,
    rules_of_whole_numbers,
)
from warehouse.sdc.suppression.feasibility import Computable, intervals_of
from warehouse.sdc.suppression.headcounts import Headcounts
from warehouse.sdc.suppression.problem import Problem, View

# So many narrow cells are hidden before the others are looked at again.
TOGETHER = 25


def withhold(problem: Problem, protection_interval: float) -> Flags:
    """The cells to withhold, primary ones included.

    First the cheapest set that keeps the rules of every single sum. Then, for each cell that someone who combines sums can
    compute or narrow down, the cheapest cells that hide it. `protection_interval` is the protection level: the share of the
    threshold by which a withheld cell must at least be uncertain, up and down.
    """
    given = problem.given
    if not (given & (problem.protected | ~problem.is_own)).any():
        return given
    all_knowing = problem.all_knowing(protection_interval)
    rules = [
        *rules_of_sums(problem),
        *rules_of_capacity(all_knowing),
        *rules_of_whole_numbers(problem),
        *rules_of_pairs(problem),
    ]
    complement = Complement(problem, all_knowing)
    choice, headcounts = Choice(problem, rules), Headcounts(problem)
    withheld = choice.cheapest(given)
    while True:
        hidden = headcounts.hide(complement.hide(withheld))
        if (hidden == withheld).all():
            return hidden
        # What hides a cell must keep the rules itself.
        withheld = choice.cheapest(hidden)


class Complement:
    """Hides the cells of sets of which each holds the one before: what was proven safe stays safe."""

    def __init__(self, problem: Problem, all_knowing: View) -> None:
        self.problem = problem
        self.all_knowing = all_knowing
        views = (all_knowing, *problem.summing())
        fixed = problem.known & ~problem.given
        self.intervals = [intervals_of(view, fixed) for view in views]
        self._movements = [Movement(view.equations, view.below, view.above, problem.scale, problem.alongside) for view in views]
        self._costs = np.where(problem.known, np.inf, problem.costs)
        # In every set of existing cells: those that can move there, and so do not follow from the rest.
        self._moving = np.zeros_like(problem.exists)

    def hide(self, withheld: Flags) -> Flags:
        """The cells to withhold so that nothing is found of any of them: the withheld ones and what hides them."""
        withheld = withheld.copy()
        while True:
            before = withheld.sum()
            for intervals, movement in zip(self.intervals, self._movements, strict=True):
                self._widen(intervals, movement, withheld)
            self._conceal(withheld)
            if withheld.sum() == before:
                return withheld

    def _charge(self, withheld: Flags) -> Floats:
        return np.where(withheld, 0.0, self._costs)

    def _widen(self, intervals: Intervals, movement: Movement, withheld: Flags) -> None:
        """Give every withheld cell its interval: for figures of the whole period."""
        is_all_knowing = intervals is self.intervals[0]
        seen = self._see if is_all_knowing else None
        blocks = self.problem.blocks if is_all_knowing else None
        intervals.prove(withheld, blocks, seen)
        charge = self._charge(withheld)
        while (narrow := np.flatnonzero(withheld & (intervals.missing() > 0))).size:
            for cell in narrow[:TOGETHER].tolist():
                for change in _ways(intervals, movement, cell, charge):
                    intervals.see(change.columns, change.amounts)
                    if seen is not None:
                        seen(change.columns, change.amounts)
                    withheld[change.columns] = True
                    charge[change.columns] = 0.0
            # One that is narrow even so is narrow by the thresholds alone: withholding does not help.
            intervals.settle(narrow[:TOGETHER])
            if narrow.size > 2 * TOGETHER:
                # What hides these cells hides others.
                intervals.prove(withheld, None if blocks is None else [], seen)

    def _conceal(self, withheld: Flags) -> None:
        """Hide what follows by sums and differences. Which cells are there differs from month to month, and with it that."""
        view = self.all_knowing
        computable: Computable | None = None
        for number, (exists, moving) in enumerate(zip(self.problem.exists, self._moving, strict=True)):
            movement: Movement | None = None
            while (withheld & exists & self.problem.protected & ~moving).any():
                if computable is None or (computable.unknown != withheld).any():
                    computable = Computable(self.problem, withheld.copy())
                pinned = computable.among(number)
                moving |= withheld & exists
                moving[pinned] = False
                found = pinned[self.problem.protected[pinned]]
                if not found.size:
                    break
                movement = movement or Movement(self.problem.equations(exists), view.below, view.above, self.problem.scale)
                charge = self._charge(withheld)
                for cell in found.tolist():
                    if not moving[cell]:
                        way = 1 if view.above[cell] > view.below[cell] else -1
                        change = movement.around(cell, charge).cheapest(way * (view.width[cell] or 1.0))
                        self._see(change.columns, change.amounts)
                        withheld[change.columns] = True
                        charge[change.columns] = 0.0
                if not moving[found].any():
                    # They would follow if everything were withheld: from relations that are not true of them, such as those of
                    # persons who count in one table and not in the other; or from what was served before.
                    moving[found] = True

    def _see(self, columns: Ints, change: Floats) -> None:
        """Take notice of other figures: they are possible wherever all the cells that differ exist."""
        there = self.problem.exists[:, columns].all(axis=1)
        self._moving[np.ix_(there, columns)] = True


def _ways(intervals: Intervals, movement: Movement, cell: int, charge: Floats) -> list[Change]:
    """The cheapest changes that give a cell its interval: upwards or downwards, or both where one does not suffice."""
    missing = float(intervals.missing(np.array([cell]))[0])
    around = movement.around(cell, charge)
    up = around.cheapest(float(intervals.highest[cell]) + missing)
    gained = up.of(cell) - float(intervals.highest[cell])
    if gained > missing - 1e-6 and not up.cost:
        return [up]
    down = around.cheapest(float(intervals.lowest[cell]) - missing)
    lost = float(intervals.lowest[cell]) - down.of(cell)
    wide = [change for change, far in ((up, gained), (down, lost)) if far > missing - 1e-6]
    if wide:
        return [min(wide, key=lambda change: change.cost)]
    return [up, down]
