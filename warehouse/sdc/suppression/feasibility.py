"""What someone who knows everything served and every sum of the house can still find out about the withheld cells.
Not here: what to withhold against it (choice.py, secondary.py), or the attack on a publication, whose knowledge is its own.
"""

from __future__ import annotations

import numpy as np

from warehouse.sdc.linear.elimination import Reduced
from warehouse.sdc.linear.equations import Flags, Ints
from warehouse.sdc.linear.intervals import Intervals, System, tightened
from warehouse.sdc.suppression.problem import Problem, View

# Most of what single sums say at all they say in so many rounds.
ROUNDS = 3


class Computable:
    """Which of some unknown cells follow from the others by sums and differences: exact, by elimination modulo a prime.

    The sets of cells that exist together have most of them in common, so that these are eliminated once.
    """

    def __init__(self, problem: Problem, unknown: Flags) -> None:
        self.unknown = unknown
        every = problem.every_equation
        holding = np.array([problem.holding(exists) for exists in problem.exists])
        holds: Flags = np.any(holding, axis=0)
        # Where a relation does not hold, a column of its own takes up whatever it says.
        own = np.flatnonzero(holds & ~np.all(holding, axis=0))
        entries = unknown[every.column] & holds[every.row]
        self._missing = np.hstack([unknown & ~problem.exists, holding[:, own]])
        self._reduced = Reduced(
            np.concatenate([every.row[entries], own]),
            np.concatenate([every.column[entries], every.n_columns + np.arange(own.size)]),
            np.concatenate([every.coefficient[entries], np.ones(own.size, dtype=np.int64)]),
            np.bitwise_or.reduce(self._missing),
        )

    def among(self, number: int) -> Ints:
        """Those among the cells of a set that exists together."""
        pinned = self._reduced.pinned(self._missing[number])[: self.unknown.size]
        return np.flatnonzero(pinned & self.unknown)


def intervals_of(view: View, fixed: Flags) -> Intervals:
    """The feasibility intervals of cells to someone of that view, of which only the true figures are known as yet.

    No more is asked of them than what single sums leave them when all is withheld but `fixed` cells.
    """
    equations = view.equations
    lowest, highest = (np.where(fixed, 0.0, ends) for ends in (-view.below, view.above))
    system = System(equations.row, equations.column, equations.coefficient, np.zeros(equations.n_rows), lowest, highest)
    lowest, highest = tightened(system, ROUNDS)
    return Intervals(equations, view.below, view.above, np.minimum(view.width, highest - lowest), view.lowest)
