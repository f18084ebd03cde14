"""Chooses the cells to withhold at the least cost under given rules: an integer program, solved by HiGHS to within 1 %.
Not here: what can still be found out (feasibility.py), or what more to withhold against it (secondary.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from warehouse.sdc.linear.equations import Flags, Floats, Ints
from warehouse.sdc.linear.movement import NEGLIGIBLE
from warehouse.sdc.linear.programs import Program
from warehouse.sdc.suppression.problem import Problem, View

Member = TypeVar("Member")

TOLERANCE = 1e-9
# The search ends when the choice is proven to cost at most this share more than the best one.
GAP = 0.01
# Where more than this share of the rules would be kept, all of them are: then none is found wanting and asked for later.
MANY = 0.4


class Rule(NamedTuple):
    """When `cell` is withheld, the withheld ones of `helpers` must together weigh at least `need`."""

    cell: int
    helpers: tuple[int, ...]
    weights: tuple[float, ...]
    need: float


def rules_of_sums(problem: Problem) -> list[Rule]:
    """What every single sum demands.

    A withheld cell is not the only one in a sum; and withheld cells whose sum can be computed are together at or above
    the threshold, unless they are all the parts of one served cell, whose figure is public anyway.
    """
    rules = []
    # Lists: arrays are slow to ask for one number after the other.
    size, threshold = problem.size.tolist(), problem.threshold.tolist()
    is_primary, is_protected = problem.primary.tolist(), problem.protected.tolist()
    is_company = (problem.protected | ~problem.is_own).tolist()
    for whole in problem.sums:
        # What sits on the unit itself and is not protected is no company: who knows who sits there knows how much it is.
        left, right = ([i for i in side if is_company[i]] for side in whole)
        members = [*left, *right]
        # One primary cell speaks for all: with two in the sum nobody is alone.
        primary = [i for i in members if is_primary[i]]
        if len(primary) < 2 and len(members) > 1:
            for at, cell in enumerate(members):
                if is_protected[cell] and (is_primary[cell] or not primary):
                    others = _without(members, at)
                    rules.append(Rule(cell, others, (1.0,) * len(others), 1.0))
        # Persons who count in several parts make the whole less than its parts: who subtracts finds that much too little.
        twice = sum(size[i] for i in whole[1]) - sum(size[i] for i in whole[0])
        for side, other, lost in ((left, right, -twice), (right, left, twice)):
            if not side or not other or any(is_primary[i] for i in other):
                continue
            need = max(threshold[i] for i in side) + max(lost, 0.0)
            if len(other) == 1:
                need = min(need, sum(size[i] for i in side))
            sizes = [size[i] for i in side]
            for at in [at for at, i in enumerate(side) if is_primary[i]][:1] or range(len(side)):
                weights = (*_without(sizes, at), *(need,) * len(other))
                rules.append(Rule(side[at], (*_without(side, at), *other), weights, need - sizes[at]))
    return rules


def _without(members: list[Member], at: int) -> tuple[Member, ...]:
    """The members but one."""
    return (*members[:at], *members[at + 1 :])


def rules_of_capacity(view: View) -> list[Rule]:
    """What every single sum of a whole period demands for the range of each of its cells.

    A cell moves one way by no more than its reason for being withheld allows, and the other way by no more than the other
    withheld cells of the sum can make up for.
    """
    rules = []
    below, above, width = view.below.tolist(), view.above.tolist(), view.width.tolist()
    for left, right in view.relations:
        for side, other in ((left, right), (right, left)):
            for at, cell in enumerate(side):
                for same, opposite in ((below, above), (above, below)):
                    need = width[cell] - same[cell]
                    if need > NEGLIGIBLE:
                        company = _without(side, at)
                        capacity = np.array([*(same[i] for i in company), *(opposite[i] for i in other)])
                        capacity = np.minimum(capacity, width[cell])
                        # All of them together can be too little: the cell is narrow by the thresholds alone.
                        need = min(need, float(capacity.sum()))
                        rules.append(Rule(cell, (*company, *other), tuple(capacity.tolist()), need))
    return rules


def rules_of_whole_numbers(problem: Problem) -> list[Rule]:
    """What every single sum demands of cells that count persons: that one more or one less is possible.

    Two primary cells of a unit of eight persons are four and four; and where a person counts in one part alone, a primary cell
    beside a secondary one of five in six is one. Where a person may count in several, the parts can be more than the whole
    together.
    """
    counts, least, most = problem.whole_numbers
    can_fall, can_rise = (problem.size > least).tolist(), (problem.size < most).tolist()
    is_whole, is_protected = counts.tolist(), problem.protected.tolist()
    rules = []
    for is_once, relations in ((False, problem.relations), (True, problem.partitions)):
        for wholes, parts in relations:
            # How many sit on the unit itself is not told, so that it makes up for the others.
            if not all(is_whole[i] for i in (*wholes, *parts)):
                continue
            for cell in parts:
                if is_protected[cell] and (is_once or not can_rise[cell]):
                    up = [i for i in wholes if can_rise[i]] + [i for i in parts if i != cell and can_fall[i]]
                    down = [i for i in wholes if can_fall[i]] + [i for i in parts if i != cell and can_rise[i]]
                    helpers = {*(up if can_rise[cell] else ()), *(down if can_fall[cell] or not is_once else ())}
                    rules.append(Rule(cell, tuple(sorted(helpers)), (1.0,) * len(helpers), 1.0))
    return rules


def rules_of_pairs(problem: Problem) -> list[Rule]:
    """Cells that give each other away are withheld together."""
    both = [*problem.pairs, *((other, cell) for cell, other in problem.pairs), *problem.implied]
    return [Rule(cell, (other,), (1.0,), 1.0) for cell, other in both]


class Choice:
    """The cheapest sets of cells that keep rules, for one set of given cells after the other."""

    def __init__(self, problem: Problem, rules: Sequence[Rule]) -> None:
        self._known, self._costs = problem.known, problem.costs
        # An entry for each helper of each rule, in their order.
        self._cell = np.array([rule.cell for rule in rules], dtype=np.int64)
        self._need = np.array([rule.need for rule in rules], dtype=float)
        self._row = np.repeat(np.arange(len(rules)), [len(rule.helpers) for rule in rules])
        self._helper = np.array([i for rule in rules for i in rule.helpers], dtype=np.int64)
        self._weight = np.array([weight for rule in rules for weight in rule.weights], dtype=float)

    def cheapest(self, given: Flags) -> Flags:
        """The cheapest set of cells that holds the given ones and keeps every rule, as far as cells that are not known can.

        Rules of cells that are not withheld ask nothing: those of given cells are kept first, then also those of what that
        chooses. Where the search ends without a set, everything is withheld: that keeps any rule.
        """
        free = ~given & ~self._known
        helps = free[self._helper] & (self._weight > 0)
        need = self._need - self._together(given[self._helper])
        # What is known helps nobody: then as much as there is.
        need = np.where(need > TOLERANCE, np.minimum(need, self._together(helps)), need)
        column = np.where(free, np.cumsum(free) - 1, -1)
        helps &= need[self._row] > TOLERANCE
        share = np.minimum(self._weight[helps] / need[self._row[helps]], 1.0)
        rows = _Rows(self._row[helps], column[self._helper[helps]], share, column[self._cell], self._costs[free])
        asked = (need > TOLERANCE) & (given | free)[self._cell]
        kept, chosen = np.zeros_like(asked), given.copy()
        while (new := asked & chosen[self._cell] & ~kept).any():
            kept |= new
            helpers = np.zeros_like(free)
            helpers[self._helper[helps & kept[self._row]]] = True
            kept |= asked & helpers[self._cell]
            if kept.sum() > MANY * asked.sum():
                kept = asked
            chosen[free] = rows.solve(kept)
        return chosen

    def _together(self, entries: Flags) -> Floats:
        """What some of each rule's helpers weigh together."""
        return np.bincount(self._row, weights=self._weight * entries, minlength=self._need.size).astype(float)


@dataclass(frozen=True)
class _Rows:
    """What rules ask of columns that may be chosen: of each entry the rule, the column and its share of what the rule needs.

    `cell` is the column of each rule's cell, -1 where it is withheld whatever is chosen.
    """

    row: Ints
    column: Ints
    share: Floats
    cell: Ints
    costs: Floats

    def solve(self, kept: Flags) -> Flags:
        """The columns to choose so that some of the rules are kept."""
        rules = np.flatnonzero(kept)
        place = np.cumsum(kept) - 1
        entries, if_chosen = kept[self.row], rules[self.cell[rules] >= 0]
        row = np.concatenate([place[self.row[entries]], place[if_chosen]])
        order = np.argsort(row, kind="stable")
        column = np.concatenate([self.column[entries], self.cell[if_chosen]])
        share = np.concatenate([self.share[entries], np.full(if_chosen.size, -1.0)])
        # Rounding must not forbid what just suffices.
        need = np.where(self.cell[rules] < 0, 1 - TOLERANCE, 0.0)
        count = self.costs.size
        program = Program(
            (row[order], column[order], share[order]),
            (need, np.full(rules.size, np.inf)),
            (np.zeros(count), np.ones(count)),
            self.costs,
            integers=True,
            mip_rel_gap=GAP,
        )
        found = program.solve()
        return np.ones(count, dtype=bool) if found is None else found > 0.5
