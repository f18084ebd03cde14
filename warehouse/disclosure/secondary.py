"""The secondary rule: what else to withhold so that nothing withheld can be computed or narrowed down.
Not here: where the cells come from (relations.py) and where the decisions go (decisions.py).
"""

from __future__ import annotations

import numpy as np

from warehouse.disclosure.attacker import Ranges, computable
from warehouse.disclosure.choice import Rule, choose, extend, is_kept, rules_of_sums
from warehouse.disclosure.problem import Problem
from warehouse.errors import Refused


def withhold(problem: Problem, protection_interval: float) -> np.ndarray:
    """The cells to withhold, primary ones included.

    The decisions of the publication before are kept when they still do. Else: the cheapest set that keeps the rules of
    every single sum; then, as long as an attacker who combines sums finds a cell, the cheapest addition that stops him.
    `protection_interval` is the share of the threshold by which a withheld cell must at least be uncertain, up and down.
    """
    rules = rules_of_sums(problem)
    attack = Attack(problem, protection_interval)
    if problem.kept is not None and is_kept(problem, rules, problem.kept) and not attack.on(problem.kept):
        return problem.kept
    attack = Attack(problem, protection_interval)
    if problem.carried is not None:
        withheld = extend(problem, rules, problem.primary | problem.carried)
    else:
        withheld = choose(problem, rules)
        # What elimination finds is worth a new choice; what only linear programs see is mended by additions.
        for _ in range(CHOICES):
            if not (found := attack.by_elimination(withheld)):
                break
            rules += found
            withheld = choose(problem, rules)
    while found := attack.on(withheld):
        rules += found
        withheld = extend(problem, rules, withheld)
    return withheld


CHOICES = 4
# Of the cells that are computable in a month, so many are looked at before more is withheld and all are tried again.
AT_ONCE = 200


class Attack:
    """Attacks sets of withheld cells of which each holds the one before: what was proven safe stays safe."""

    def __init__(self, problem: Problem, protection_interval: float) -> None:
        self.problem = problem
        self.width = 2 * protection_interval * problem.threshold
        self.proven = ~problem.protected

    def on(self, withheld: np.ndarray) -> list[Rule]:
        """The rules that would have to be kept to hide the cells found; none when nothing is found."""
        if not (withheld & ~self.proven).any():
            return []
        # First what can be computed, which is quick to see; only a set that holds there is worth the linear programs.
        return self.by_elimination(withheld) or self._by_ranges(withheld)

    def by_elimination(self, withheld: np.ndarray) -> list[Rule]:
        # Which cells are there differs from month to month, and with it what can be computed.
        for exists in self.problem.exists:
            revealed = computable(self.problem, withheld, exists)
            revealed = revealed[self.problem.protected[revealed]]
            if revealed.size:
                passed = np.ones(len(withheld), dtype=bool)
                passed[revealed[:AT_ONCE]] = False
                month = Ranges(self.problem, withheld, exists, np.full(len(withheld), 1e-3))
                month.take_as_proven(passed)
                # Any one of the served cells in the combination hides the cell.
                rules = [Rule(r.cell, r.helpers, (1.0,) * len(r.helpers), 1.0) for r in month.narrow()]
                if not rules:
                    raise Refused("a withheld cell can be computed whatever else is withheld; this is a fault of the program")
                return rules
        return []

    def _by_ranges(self, withheld: np.ndarray) -> list[Rule]:
        ranges = Ranges(self.problem, withheld, np.ones(len(withheld), dtype=bool), self.width)
        ranges.take_as_proven(self.proven)
        ranges.prove_many()
        rules = ranges.narrow()
        self.proven[ranges.cells[~ranges.unproven]] = True
        return rules
