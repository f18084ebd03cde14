"""The secondary rule: what else to withhold so that nothing withheld can be computed or narrowed down.
Not here: where the cells come from (relations.py) and where the decisions go (decisions.py).
"""

from __future__ import annotations

import itertools

import numpy as np

from warehouse.sdc.suppression.feasibility import Ranges, computable
from warehouse.sdc.suppression.choice import choose, rules_of_pairs, rules_of_room, rules_of_sums
from warehouse.sdc.suppression.problem import NEGLIGIBLE, Problem, View
from warehouse.sdc.linear.movement import Widening


def withhold(problem: Problem, protection_interval: float) -> np.ndarray:
    """The cells to withhold, primary ones included.

    First the cheapest set that keeps the rules of every single sum. Then, for each cell that an attacker who combines sums
    can compute or narrow down, the cheapest cells that hide it. `protection_interval` is the share of the threshold by which
    a withheld cell must at least be uncertain, up and down.
    """
    given = problem.primary if problem.begun is None else problem.primary | problem.begun
    if not (given & ~problem.is_own).any():
        return given
    all_knowing = problem.all_knowing(protection_interval)
    rules = [*rules_of_sums(problem), *rules_of_room(all_knowing), *rules_of_pairs(problem)]
    shield = Shield(problem, all_knowing)
    withheld = choose(problem, rules, given)
    while True:
        hidden = shield.hide(withheld)
        if (hidden == withheld).all():
            return hidden
        # What hides a cell must keep the rules itself.
        withheld = choose(problem, rules, hidden)


# So many cells whose range is not proven are looked at one by one; more are tried together first.
FEW = 100


class Shield:
    """Hides the cells of sets of which each holds the one before: what was proven safe stays safe."""

    def __init__(self, problem: Problem, all_knowing: View) -> None:
        self.problem = problem
        self.all_knowing = all_knowing
        self.ranges = [Ranges(view) for view in (all_knowing, *problem.summing())]
        # In every set of existing cells: those that can move there, and so do not follow from the rest.
        self.moving = np.zeros_like(problem.exists)

    def hide(self, withheld: np.ndarray) -> np.ndarray:
        """The cells to withhold so that nothing is found of any of them: the withheld ones and what hides them."""
        while True:
            hidden = withheld
            for ranges in self.ranges:
                hidden = self._widen(ranges, hidden)
            hidden = self._conceal(hidden)
            if (hidden == withheld).all():
                return hidden
            withheld = hidden

    def _widen(self, ranges: Ranges, withheld: np.ndarray) -> np.ndarray:
        """Give every withheld cell its range: for figures of the whole period."""
        if (withheld & (ranges.missing() > 0)).sum() > FEW:
            ranges.prove_many(withheld)
        if not (withheld & (ranges.missing() > 0)).any():
            return withheld
        widening = Widening(self.problem, ranges.view, withheld, self.problem.every)
        tried = np.zeros(len(withheld), dtype=bool)
        while (narrow := np.flatnonzero(widening.withheld & ~tried & (ranges.missing() > 0))).size:
            for cell in narrow:
                # First how far it can go as things are; then up where there is room, then down: a cell between two thresholds
                # may need both. One that is narrow even so is narrow by the thresholds alone: withholding does not help.
                for free, sign in itertools.product((True, False), (1.0, -1.0)):
                    if missing := ranges.missing()[cell]:
                        extreme = ranges.highest[cell] if sign > 0 else -ranges.lowest[cell]
                        change = widening.move(int(cell), sign * (extreme + missing), free=free)
                        ranges.see(change)
                        if ranges.view is self.all_knowing:
                            self._see(change)
                tried[cell] = True
        return widening.withheld

    def _conceal(self, withheld: np.ndarray) -> np.ndarray:
        """Hide what follows by sums and differences. Which cells are there differs from month to month, and with it that."""
        view = self.all_knowing
        for exists, moving in zip(self.problem.exists, self.moving, strict=True):
            while (withheld & exists & self.problem.protected & ~moving).any():
                moving |= withheld & exists
                moving[computable(self.problem, withheld, exists)] = False
                found = np.flatnonzero(withheld & exists & self.problem.protected & ~moving)
                if not found.size:
                    break
                widening = Widening(self.problem, view, withheld, exists)
                for cell in found:
                    if not moving[cell]:
                        amount = view.width[cell] or 1.0
                        self._see(widening.move(int(cell), amount if view.above[cell] > view.below[cell] else -amount))
                if not moving[found].any():
                    # They would follow if everything were withheld: from relations that are not true of them, such as those of
                    # persons who count in one table and not in the other.
                    moving[found] = True
                withheld = widening.withheld
        return withheld

    def _see(self, change: np.ndarray) -> None:
        """Take notice of other figures: they are possible wherever all the cells that differ exist."""
        moved = np.abs(change) > NEGLIGIBLE
        self.moving[~(moved & ~self.problem.exists).any(axis=1)] |= moved
