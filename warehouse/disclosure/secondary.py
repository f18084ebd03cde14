"""The secondary rule: what else to withhold so that nothing withheld can be computed or narrowed down.
Not here: where the cells come from (relations.py) and where the decisions go (decisions.py).
"""

from __future__ import annotations

import numpy as np

from warehouse.disclosure.attacker import Ranges, computable
from warehouse.disclosure.choice import Rule, choose, extend, is_kept, rules_of_sums
from warehouse.disclosure.problem import Problem


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
    withheld = choose(problem, rules)
    while found := attack.on(withheld):
        rules += found
        withheld = extend(problem, rules, withheld)
    return withheld


class Attack:
    """Attacks sets of withheld cells of which each holds the one before: what was proven safe stays safe."""

    def __init__(self, problem: Problem, protection_interval: float) -> None:
        self.problem = problem
        self.width = 2 * protection_interval * problem.threshold
        self.proven = ~problem.protected
        self.before = np.zeros(len(problem.cells), dtype=bool)

    def on(self, withheld: np.ndarray) -> list[Rule]:
        """The rules that would have to be kept to hide the cells found; none when nothing is found."""
        if not (withheld & ~self.proven).any():
            return []
        ranges = Ranges(self.problem, withheld, np.ones(len(withheld), dtype=bool), self.width)
        if not self.before.any():
            ranges.prove_many()
        ranges.take_as_proven(self.proven)
        rules = ranges.narrow()
        self.proven[ranges.cells[~ranges.unproven]] = True
        self.before = withheld
        # Which cells are there differs from month to month, and with it what can be computed.
        for exists in self.problem.exists:
            revealed = computable(self.problem, withheld, exists)
            revealed = revealed[self.problem.protected[revealed]]
            if revealed.size:
                sought = np.ones(len(withheld), dtype=bool)
                sought[revealed] = False
                month = Ranges(self.problem, withheld, exists, np.full(len(withheld), 1e-3))
                month.take_as_proven(sought)
                rules += month.narrow()
                if len(rules) > 20:
                    break
        return rules
