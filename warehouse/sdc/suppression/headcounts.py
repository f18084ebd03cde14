"""Headcounts that follow from several sums together because they are whole numbers, and what to withhold against it.
Not here: what a single sum demands (choice.py), or how bounds are narrowed (linear/whole_numbers.py).
"""

from __future__ import annotations

import numpy as np

from warehouse.sdc.linear.equations import Flags, Ints
from warehouse.sdc.linear.whole_numbers import Bounds, Wholes
from warehouse.sdc.suppression.problem import Problem


class Headcounts:
    """The sums of a problem between cells that count persons.

    A withheld unit of at least 9 persons by its siblings, and at most 9 by its sexes, has 9.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem, self._costs = problem, problem.costs
        self._counts, self._least, self._most = problem.whole_numbers
        self._sums = self._of_whole_numbers()
        self._always = _follow(self._bounds(np.ones(len(problem.cells), dtype=bool)))

    def _of_whole_numbers(self) -> Wholes:
        problem, is_own = self._problem, self._problem.is_own.tolist()
        known = (self._counts | self._problem.is_own).tolist()
        # A reader does not know in which cells the own positions of a unit are: in each there may be others, a part beside all.
        with_own = {problem.cells[left[0]].place for left, right in problem.relations if any(is_own[i] for i in right)}
        others = len(problem.cells)
        row: list[int] = []
        part: list[int] = []
        whole: list[int] = []
        is_inside: list[bool] = []
        is_once: list[bool] = []
        for once, relations in ((False, problem.relations), (True, problem.partitions)):
            for left, right in relations:
                if all(known[i] for i in (*left, *right)):
                    place = problem.cells[left[0]].place
                    is_open = place in with_own and place != problem.cells[right[0]].place
                    parts = [*right, others] if is_open else right
                    row += [len(whole)] * len(parts)
                    part += parts
                    # A group may be less than its units: those below them that count elsewhere stand beside it.
                    whole.append(left[0])
                    is_inside.append(len(left) == 1)
                    is_once.append(once)
        cells = [np.array(numbers, dtype=np.int64) for numbers in (row, part, whole)]
        return Wholes(cells[0], cells[1], cells[2], np.array(is_inside, dtype=bool), np.array(is_once, dtype=bool))

    def hide(self, withheld: Flags) -> Flags:
        """The withheld cells and what tells the headcounts of some: of each the cheapest, again until none follows."""
        withheld, given_up = withheld.copy(), self._always | ~(self._counts & self._problem.protected)
        while True:
            bounds, before = self._bounds(withheld), withheld.copy()
            follows = np.flatnonzero(_follow(bounds) & withheld & ~given_up)
            if not follows.size:
                return withheld
            for cell in follows.tolist():
                telling = self._telling(bounds.told_by[:, cell], before)
                given_up[cell] = not telling.size
                # What hides one of them may hide others.
                if telling.size and not withheld[telling].any():
                    withheld[telling[np.argmin(self._costs[telling])]] = True

    def _bounds(self, withheld: Flags) -> Bounds:
        least, most = (np.where(withheld, told, self._problem.size) for told in (self._least, self._most))
        bounds = Bounds(np.append(least, 0.0), np.append(most, np.inf))
        self._sums.narrow(bounds)
        return bounds

    def _telling(self, sums: Ints, withheld: Flags) -> Ints:
        """The cells of some sums that are served, and were not before: of a served whole that one alone."""
        found: set[int] = set()
        for n in sums[sums >= 0].tolist():
            whole = int(self._sums.whole[n])
            found |= {whole, *self._sums.part[self._sums.row == n].tolist()} if withheld[whole] else {whole}
        cells = np.array(sorted(found - {withheld.size}), dtype=np.int64)
        free: Flags = ~withheld[cells] & ~self._problem.known[cells] & ~self._problem.is_own[cells]
        return cells[free]


def _follow(bounds: Bounds) -> Flags:
    """The cells whose bounds have met; the last place is no cell."""
    met: Flags = bounds.least[:-1] == bounds.most[:-1]
    return met
