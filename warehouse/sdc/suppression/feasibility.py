"""What someone who knows everything served and every sum of the house can still find out about the withheld cells.
Not here: what to withhold against it (choice.py, secondary.py), or the attack on a publication, whose knowledge is its own.
"""

from __future__ import annotations

import numpy as np

from warehouse.sdc.linear.elimination import eliminate
from warehouse.sdc.linear.equations import Equations, Flags, Ints
from warehouse.sdc.linear.intervals import Intervals, System, tightened
from warehouse.sdc.suppression.problem import View

# Most of what single sums say at all they say in so many rounds.
ROUNDS = 3


def computable(equations: Equations, unknown: Flags) -> Ints:
    """The unknown cells that follow from the others by sums and differences: exact, by elimination modulo a prime."""
    among = equations.among(unknown)
    found = eliminate(~unknown, among.row, among.column, among.coefficient).pinned
    return np.flatnonzero(found & unknown)


def intervals_of(view: View, fixed: Flags) -> Intervals:
    """The feasibility intervals of cells to someone of that view, of which only the true figures are known as yet.

    No more is asked of them than what single sums leave them when all is withheld but `fixed` cells.
    """
    equations = view.equations
    lowest, highest = (np.where(fixed, 0.0, ends) for ends in (-view.below, view.above))
    system = System(equations.row, equations.column, equations.coefficient, np.zeros(equations.n_rows), lowest, highest)
    lowest, highest = tightened(system, ROUNDS)
    return Intervals(equations, view.below, view.above, np.minimum(view.width, highest - lowest), view.lowest)
