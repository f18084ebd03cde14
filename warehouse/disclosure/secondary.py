"""The secondary rule: what else to withhold so that nothing withheld can be computed or narrowed down.
Not here: where the cells come from (relations.py) and where the decisions go (decisions.py).
"""

from __future__ import annotations

import numpy as np

from warehouse.disclosure.attacker import Ranges, computable
from warehouse.disclosure.choice import choose, costs, rules_of_pairs, rules_of_room, rules_of_sums
from warehouse.disclosure.problem import NEGLIGIBLE, Problem
from warehouse.disclosure.widening import Widening


def withhold(problem: Problem, protection_interval: float) -> np.ndarray:
    """The cells to withhold, primary ones included.

    First the cheapest set that keeps the rules of every single sum. Then, for each cell that an attacker who combines sums
    can compute or narrow down, the cheapest cells that hide it. `protection_interval` is the share of the threshold by which
    a withheld cell must at least be uncertain, up and down.
    """
    width = 2 * protection_interval * problem.threshold
    rules = [*rules_of_sums(problem), *rules_of_room(problem, width), *rules_of_pairs(problem)]
    attack = Attack(problem, width)
    withheld = choose(problem, rules, problem.primary if problem.begun is None else problem.primary | problem.begun)
    while True:
        hidden = attack.hide(withheld)
        # What hides a cell must keep the rules itself.
        withheld = choose(problem, rules, hidden)
        if (withheld == hidden).all():
            return withheld

# So many cells whose range is not proven are looked at one by one; more are tried together first.
FEW = 100


class Attack:
    """Attacks sets of withheld cells of which each holds the one before: what was proven safe stays safe."""

    def __init__(self, problem: Problem, width: np.ndarray) -> None:
        self.problem = problem
        self.width = width
        self.costs = costs(problem)
        self.ranges = Ranges(problem, width)
        self.hopeless = np.zeros(len(problem.cells), dtype=bool)
        # In every set of existing cells: those that can move there, and so do not follow from the rest.
        self.moving = np.zeros_like(problem.exists)

    def hide(self, withheld: np.ndarray) -> np.ndarray:
        """The cells to withhold so that nothing is found of any of them: the withheld ones and what hides them."""
        while True:
            wide = self._widen(withheld)
            hidden = self._conceal(wide)
            if (hidden == wide).all():
                return hidden
            withheld = hidden

    def _widen(self, withheld: np.ndarray) -> np.ndarray:
        """Give every withheld cell its range: for figures of the whole period."""
        if self._narrow(withheld).size > FEW:
            self.ranges.prove_many(withheld)
        widening = Widening(self.problem, withheld, np.ones(len(withheld), dtype=bool), self.width, self.costs)
        while (narrow := self._narrow(widening.withheld)).size:
            for cell in narrow:
                # Up where there is room, then down; a cell between two thresholds may need both.
                for sign, extreme in ((1.0, self.ranges.highest), (-1.0, self.ranges.lowest)):
                    if missing := self.ranges.missing()[cell]:
                        change = widening.move(int(cell), sign * (abs(extreme[cell]) + missing))
                        self.ranges.see(change)
                        self._see(change)
                # Narrow by the thresholds alone: withholding more does not help.
                self.hopeless[cell] = self.ranges.missing()[cell] > 0
        return widening.withheld

    def _narrow(self, withheld: np.ndarray) -> np.ndarray:
        return np.flatnonzero(withheld & ~self.hopeless & (self.ranges.missing() > 0))

    def _conceal(self, withheld: np.ndarray) -> np.ndarray:
        """Hide what follows by sums and differences. Which cells are there differs from month to month, and with it that."""
        for exists, moving in zip(self.problem.exists, self.moving, strict=True):
            while (withheld & exists & self.problem.protected & ~moving).any():
                moving |= withheld & exists
                moving[computable(self.problem, withheld, exists)] = False
                found = np.flatnonzero(withheld & exists & self.problem.protected & ~moving)
                if not found.size:
                    break
                widening = Widening(self.problem, withheld, exists, self.width, self.costs)
                for cell in found:
                    if not moving[cell]:
                        up = self.problem.above[cell] > self.problem.below[cell]
                        self._see(widening.move(int(cell), self.width[cell] if up else -self.width[cell]))
                withheld = widening.withheld
        return withheld

    def _see(self, change: np.ndarray) -> None:
        """Take notice of other figures: they are possible wherever all the cells that differ exist."""
        moved = np.abs(change) > NEGLIGIBLE
        self.moving[~(moved & ~self.problem.exists).any(axis=1)] |= moved
