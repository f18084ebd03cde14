"""What someone who knows everything served and every relation can still find out about the withheld cells.
Not here: what to withhold against it (choice.py, widening.py), or the attack on a publication, which is code of its own.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np

from warehouse.sdc.suppression.problem import NEGLIGIBLE, Problem, View, between
from warehouse.sdc.linear.programs import Rows, program, quiet_solver

PRIME = 2**61 - 1
ROUNDS = 40


def computable(problem: Problem, unknown: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """The unknown cells that follow from the others by sums and differences: exact, by elimination modulo a prime.

    A random change of the unknown cells that keeps every relation moves each cell that does not follow from the rest; the
    chance that it misses one is one in 2^61.
    """
    unknown = unknown & exists
    rows: list[dict[int, int]] = []
    for left, right in between(problem.relations, exists):
        row: dict[int, int] = {}
        for sign, side in ((1, left), (PRIME - 1, right)):
            for i in side:
                if unknown[i]:
                    row[i] = (row.get(i, 0) + sign) % PRIME
        row = {i: c for i, c in row.items() if c}
        if row:
            rows.append(row)
    moved = _random_change(rows, np.random.default_rng(len(rows)))
    return np.array([i for i in np.flatnonzero(unknown).tolist() if moved.get(i, 1) == 0], dtype=int)


def _random_change(rows: list[dict[int, int]], random: np.random.Generator) -> dict[int, int]:
    """A random solution of the homogeneous relations, for the cells that occur in any."""
    holders: dict[int, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for i in row:
            holders[i].add(number)
    # A cell of one relation only can take up whatever the others of that relation do: the relation binds nothing else.
    solved: list[tuple[int, dict[int, int]]] = []
    left = set(range(len(rows)))
    lonely = [i for i, where in holders.items() if len(where) == 1]

    def release(number: int) -> None:
        for j in rows[number]:
            holders[j].discard(number)
            if len(holders[j]) == 1:
                lonely.append(j)

    while lonely:
        i = lonely.pop()
        if len(holders[i]) == 1:
            (number,) = holders[i]
            left.discard(number)
            solved.append((i, rows[number]))
            release(number)
    # What is left is eliminated, the shortest relation and its rarest cell first.
    core = {number: dict(rows[number]) for number in left}
    queue = [(len(row), number) for number, row in core.items()]
    heapq.heapify(queue)
    while queue:
        length, number = heapq.heappop(queue)
        if number not in core or len(core[number]) != length:
            continue
        row = core.pop(number)
        if not row:
            continue
        pivot = min(row, key=lambda i: (len(holders[i]), i))
        for i in row:
            holders[i].discard(number)
        solved.append((pivot, row))
        inverse = pow(row[pivot], -1, PRIME)
        for other in sorted(holders[pivot]):
            changed = core[other]
            factor = changed[pivot] * inverse % PRIME
            for i, coefficient in row.items():
                value = (changed.get(i, 0) - factor * coefficient) % PRIME
                if value:
                    changed[i] = value
                    holders[i].add(other)
                elif i in changed:
                    del changed[i]
                    holders[i].discard(other)
            heapq.heappush(queue, (len(changed), other))
    moved: dict[int, int] = {}
    for pivot, row in reversed(solved):
        total = 0
        for i, coefficient in row.items():
            if i != pivot:
                if i not in moved:
                    moved[i] = int(random.integers(1, PRIME))
                total += coefficient * moved[i]
        moved[pivot] = -total * pow(row[pivot], -1, PRIME) % PRIME
    return moved


class Ranges:
    """The figures withheld cells could have to someone of that view, found by linear programming over everything served.

    Each program's solution is another set of figures that agrees with all that is served; how far such sets lie apart in
    a cell is a lower bound of its range, and most cells are proven safe by a few solutions together. What was proven stays
    so when more is withheld.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.lowest = view.lowest
        self.highest = np.zeros(len(view.width))

    def see(self, change: np.ndarray) -> None:
        """Take notice of figures that agree with all that is served, told as changes of the true ones."""
        self.lowest = np.minimum(self.lowest, change)
        self.highest = np.maximum(self.highest, change)

    def missing(self) -> np.ndarray:
        """How much wider each cell's range must be."""
        missing = self.view.width - (self.highest - self.lowest)
        return np.where(missing > NEGLIGIBLE, missing, 0.0)

    def prove_many(self, withheld: np.ndarray) -> None:
        """Push all unproven cells up, then down, then either way, until hardly any more are proven so."""
        cells = np.flatnonzero(withheld)
        count = len(cells)
        if not count:
            return
        column = {int(i): n for n, i in enumerate(cells)}
        below, above, width = self.view.below[cells], self.view.above[cells], self.view.width[cells]
        rows: Rows = []
        for left, right in self.view.relations:
            row = [(column[i], 1.0) for i in left if i in column] + [(column[i], -1.0) for i in right if i in column]
            if row:
                rows.append(row)
        solver = quiet_solver()
        solver.passModel(program(rows, np.zeros(count), -below, above))
        every = np.arange(count, dtype=np.int32)
        random = np.random.default_rng(count)
        idle = 0
        for round_number in range(ROUNDS):
            unproven = self.missing()[cells] > 0
            if idle == 2 or not unproven.any():
                break
            direction = (np.ones(count), -np.ones(count), random.choice([-1.0, 1.0], count))[round_number % 3]
            # No further than needed, so that one cell does not use up what the others could move by.
            upper = np.where(unproven, np.clip(self.lowest[cells] + width, 0.0, above), above)
            lower = np.where(unproven, np.clip(self.highest[cells] - width, -below, 0.0), -below)
            solver.changeColsCost(count, every, np.where(unproven, direction * random.uniform(0.5, 1.5, count), 0.0))
            solver.changeColsBounds(count, every, lower, upper)
            solver.run()
            change = np.zeros(len(withheld))
            change[cells] = solver.getSolution().col_value
            self.see(change)
            idle = idle + 1 if (self.missing()[cells] > 0).sum() > 0.97 * unproven.sum() else 0
