"""What someone who knows everything served and every relation can still find out about the withheld cells.
Not here: what to withhold against it (choice.py), or the attack on a finished publication, which is code of its own.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

import highspy
import numpy as np

from warehouse.disclosure.choice import Rule, quiet_solver
from warehouse.disclosure.problem import Problem

PRIME = 2**61 - 1
# How far a withheld cell may be moved at most, in the unit of its table: above every figure of a municipality.
FAR = 1e6
ROUNDS = 40
NEGLIGIBLE = 1e-6
PRIMAL = 4


def computable(problem: Problem, unknown: np.ndarray, exists: np.ndarray) -> np.ndarray:
    """The unknown cells that follow from the others by sums and differences: exact, by elimination modulo a prime.

    A random change of the unknown cells that keeps every relation moves each cell that does not follow from the rest; the
    chance that it misses one is one in 2^61.
    """
    unknown = unknown & exists
    rows: list[dict[int, int]] = []
    for left, right in _within(problem, exists):
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


def _within(problem: Problem, exists: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """The relations between the cells of one period. One that has nothing on one side says nothing of the other."""
    present = []
    for left, right in problem.relations:
        here = [i for i in left if exists[i]], [i for i in right if exists[i]]
        if all(here):
            present.append(here)
    return present


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
    """The figures a withheld cell could have, found by linear programming over everything served.

    Each program's solution is another set of figures that agrees with all that is served; how far such sets lie apart in
    a cell is a lower bound of its range, and most cells are proven safe by a few solutions together.
    """

    def __init__(self, problem: Problem, withheld: np.ndarray, exists: np.ndarray, width: np.ndarray) -> None:
        self.problem = problem
        self.exists = exists
        self.cells = np.flatnonzero(withheld & exists)
        self.width = width[self.cells]
        self.lowest = np.zeros(len(self.cells))
        self.highest = np.zeros(len(self.cells))
        self.relations = _within(problem, exists)
        # The reader knows why a cell is withheld: a primary one is below its threshold, a secondary one is not.
        size, threshold = problem.size[self.cells], problem.threshold[self.cells]
        below = problem.primary[self.cells] & ~problem.is_own[self.cells]
        self.floor = np.where(problem.primary[self.cells], -size, np.minimum(threshold - size, 0.0))
        self.ceiling = np.where(below, np.maximum(threshold - size, 0.0), FAR)
        self._column = {int(i): n for n, i in enumerate(self.cells)}
        self._pass_model()

    def _pass_model(self) -> None:
        entries = []
        self._rows = []
        for left, right in self.relations:
            row = [(self._column[i], 1.0) for i in left if i in self._column]
            row += [(self._column[i], -1.0) for i in right if i in self._column]
            if row:
                entries.append(row)
                self._rows.append((left, right))
        self._entries = entries
        self._solver = quiet_solver()
        self._solver.passModel(self._program([self.floor], [self.ceiling]))

    def _program(self, lower: list[np.ndarray], upper: list[np.ndarray]) -> highspy.HighsLp:
        """The relations between the cells' changes, one block of columns a bound; a second block counts downwards."""
        count, signs = len(self.cells), (1.0, -1.0)[: len(lower)]
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = count * len(signs), len(self._entries)
        program.sense_ = highspy.ObjSense.kMaximize
        program.col_cost_ = np.zeros(count * len(signs))
        program.col_lower_, program.col_upper_ = np.concatenate(lower), np.concatenate(upper)
        program.row_lower_ = program.row_upper_ = np.zeros(len(self._entries))
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.cumsum([0, *(len(signs) * len(row) for row in self._entries)]).astype(np.int32)
        entries = [(i + block * count, s * c) for row in self._entries for i, c in row for block, s in enumerate(signs)]
        program.a_matrix_.index_ = np.array([i for i, _ in entries], dtype=np.int32)
        program.a_matrix_.value_ = np.array([c for _, c in entries], dtype=float)
        return program

    def _seen(self, change: np.ndarray) -> None:
        self.lowest = np.minimum(self.lowest, change)
        self.highest = np.maximum(self.highest, change)

    @property
    def unproven(self) -> np.ndarray:
        return self.highest - self.lowest < self.width - NEGLIGIBLE

    def prove_many(self) -> None:
        """Push all unproven cells up, then down, then either way, until hardly any more are proven so."""
        count = len(self.cells)
        if not count:
            return
        every = np.arange(count, dtype=np.int32)
        random = np.random.default_rng(count)
        idle = 0
        for round_number in range(ROUNDS):
            unproven = self.unproven
            direction = (np.ones(count), -np.ones(count), random.choice([-1.0, 1.0], count))[round_number % 3]
            # No further than needed, so that one cell does not use up what the others could move by.
            upper = np.where(unproven, np.clip(self.lowest + self.width, 0.0, self.ceiling), self.ceiling)
            lower = np.where(unproven, np.clip(self.highest - self.width, self.floor, 0.0), self.floor)
            self._solver.changeColsCost(count, every, np.where(unproven, direction * random.uniform(0.5, 1.5, count), 0.0))
            self._solver.changeColsBounds(count, every, lower, upper)
            self._solver.run()
            self._seen(np.array(self._solver.getSolution().col_value))
            idle = idle + 1 if self.unproven.sum() > 0.97 * unproven.sum() else 0
            if idle == 3 or not self.unproven.any():
                break

    def take_as_proven(self, proven: np.ndarray) -> None:
        """Do not look at these cells again: they were proven safe when less was withheld."""
        done = proven[self.cells]
        self.highest[done] = np.maximum(self.highest[done], self.lowest[done] + self.width[done])

    def narrow(self) -> list[Rule]:
        """Look at each unproven cell by itself; for each that is too narrow, the rule that would widen it."""
        # Every cell goes up by one column and down by another, so that the solver can start from no change at all: from
        # there only a cell's neighbourhood has to move, which the primal simplex finds quickly.
        count = len(self.cells)
        self._solver = quiet_solver()
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("simplex_strategy", PRIMAL)
        self._solver.passModel(self._program([np.zeros(count)] * 2, [self.ceiling, -self.floor]))
        self._no_change = highspy.HighsBasis()
        self._no_change.col_status = [highspy.HighsBasisStatus.kLower] * (2 * count)
        self._no_change.row_status = [highspy.HighsBasisStatus.kBasic] * len(self._entries)
        self._no_change.valid = True
        return [rule for n in np.flatnonzero(self.unproven) if (rule := self._rule_for(int(n)))]

    def _room(self, column: int) -> float:
        count = len(self.cells)
        return float(self.ceiling[column] if column < count else -self.floor[column - count])

    def _rule_for(self, n: int) -> Rule | None:
        helpers: dict[int, float] = defaultdict(float)
        for direction in (1.0, -1.0):
            column, opposite = (n, n + len(self.cells)) if direction > 0 else (n + len(self.cells), n)
            self._solver.changeColCost(column, 1.0)
            self._solver.changeColBounds(column, 0.0, min(self.width[n], self._room(column)))
            self._solver.changeColBounds(opposite, 0.0, 0.0)
            self._solver.setBasis(self._no_change)
            self._solver.run()
            # Read before the next change, which throws the solution away.
            solution = self._solver.getSolution()
            columns, prices = np.array(solution.col_value), np.array(solution.row_dual)
            self._solver.changeColCost(column, 0.0)
            self._solver.changeColBounds(column, 0.0, self._room(column))
            self._solver.changeColBounds(opposite, 0.0, self._room(opposite))
            self._seen(columns[: len(self.cells)] - columns[len(self.cells) :])
            if self.highest[n] - self.lowest[n] >= self.width[n] - NEGLIGIBLE:
                return None
            # The relations' prices show what holds the cell. By them every change that keeps the relations moves the cell
            # by no more than the withheld cells allow, plus, were they withheld: what a served cell of positive
            # coefficient could fall by, and anything for one of negative coefficient, which could rise.
            combined: dict[int, float] = defaultdict(float)
            for number in np.flatnonzero(np.abs(prices) > NEGLIGIBLE):
                left, right = self._rows[number]
                for i in left:
                    combined[i] += prices[number]
                for i in right:
                    combined[i] -= prices[number]
            for i, coefficient in combined.items():
                if i not in self._column and abs(coefficient) > NEGLIGIBLE:
                    room = max(self.problem.size[i] - self.problem.threshold[i], 0.0)
                    helpers[i] += coefficient * room if coefficient > 0 else self.width[n]
        if not helpers:
            # No served figure holds the cell: it is narrow by the thresholds alone, which withholding cannot change.
            return None
        need = self.width[n] - (self.highest[n] - self.lowest[n])
        return Rule(int(self.cells[n]), tuple(helpers), tuple(helpers.values()), float(need))
