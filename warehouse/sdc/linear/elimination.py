"""Exact elimination over the relations between withheld cells: which of them follow from what is served.
Only the pattern is looked at (which cells are withheld, which relations tie them). Not here: values, which intervals.py uses.

A withheld cell is revealed when its unit vector lies in the row space of the relations, that is when every vector of their
null space is zero in it. A random vector of the null space, taken modulo a large prime, shows that for all cells at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from warehouse.sdc.linear.equations import Flags, Ints

PRIME = 2**61 - 1
# Half of its digits. Numbers below are left as they are, and doubles hold the sums of many.
HALF = 31
SMALL = 2**HALF
# A reduced row over more cells than this is not tried as a sum: so many cells lie above any threshold.
LONGEST_SUM = 40
Entries = tuple[Ints, Ints, Ints]
# Relations of which each has an unknown that stands in no other, with these unknowns.
Solved = tuple[Ints, Ints]
# A column, the other entries of a relation that gives it, and its coefficient there.
Step = tuple[int, dict[int, int], int]


@dataclass(frozen=True)
class Revealed:
    """What elimination finds among the columns of a system.

    `pinned` columns follow from the relations; `reason` is the one relation that pins a column when all else in it is known,
    -1 when it takes several. `sums` are sets of columns whose plain sum follows from several relations together.
    """

    pinned: Flags
    reason: Ints
    sums: list[Ints]


def eliminate(known: Flags, row: Ints, column: Ints, coefficient: Ints, *, sums: bool = False) -> Revealed:
    """Reduce the relations given as entries (row, column, coefficient), rows and columns numbered from 0.

    `known` columns are known from elsewhere and count as pinned. Sums are sought on demand.
    """
    pinned, reason = known.copy(), np.full(known.size, -1, dtype=np.int64)
    if row.size == 0:
        return Revealed(pinned, reason, [])
    solved, left = _peel(row, column, pinned, reason)
    pivots = _core(_entries_by_row(row[left], column[left], coefficient[left]))
    unknown = ~pinned[column]
    entries = row[unknown], column[unknown], coefficient[unknown]
    _pin_by_null_space(entries, solved, pivots, pinned)
    return Revealed(pinned, reason, list(_sums(_steps(entries, solved) + pivots, pinned)) if sums else [])


class Reduced:
    """Relations that are reduced once for several patterns, in each of which some of the `kept` columns are missing."""

    def __init__(self, row: Ints, column: Ints, coefficient: Ints, kept: Flags) -> None:
        self._rest = _entries_by_row(row, column, coefficient)
        self._pivots = _core(self._rest, set(np.flatnonzero(kept).tolist()))

    def pinned(self, missing: Flags) -> Flags:
        """The columns that follow from the relations where the missing ones count as nothing."""
        absent = set(np.flatnonzero(missing).tolist())
        rest = {r: {c: v for c, v in entries.items() if c not in absent} for r, entries in self._rest.items()}
        pivots = [*self._pivots, *_core(rest)]
        free = ~missing
        free[[c for c, _, _ in pivots]] = False
        values = _drawn(free)
        _solve_backwards(pivots, values)
        return ~missing & np.array([not value for value in values])


def _peel(row: Ints, column: Ints, pinned: Flags, reason: Ints) -> tuple[list[Solved], Flags]:
    """Take off what needs no arithmetic: a relation's only unknown is pinned; a relation with an unknown that stands nowhere
    else tells of that unknown alone. Returns the latter relations with their unknowns, round by round, and the entries left.
    """
    alive = ~pinned[column]
    solved: list[Solved] = []
    n_rows, n_columns = int(row.max()) + 1, pinned.size
    while alive.any():
        alone = alive & (np.bincount(row[alive], minlength=n_rows)[row] == 1)
        if alone.any():
            new, first = np.unique(column[alone], return_index=True)
            pinned[new] = True
            reason[new] = row[alone][first]
            alive &= ~pinned[column]
            continue
        private = alive & (np.bincount(column[alive], minlength=n_columns)[column] == 1)
        if not private.any():
            break
        rows, first = np.unique(row[private], return_index=True)
        solved.append((rows, column[private][first]))
        taken = np.zeros(n_rows, dtype=bool)
        taken[rows] = True
        alive &= ~taken[row]
    return solved, alive


def _entries_by_row(row: Ints, column: Ints, coefficient: Ints) -> dict[int, dict[int, int]]:
    rows: dict[int, dict[int, int]] = {}
    for r, c, v in zip(row.tolist(), column.tolist(), coefficient.tolist(), strict=True):
        entries = rows.setdefault(r, {})
        entries[c] = entries.get(c, 0) + v
    return rows


def _core(rows: dict[int, dict[int, int]], kept: Collection[int] = ()) -> list[Step]:
    """Sparse elimination of relations, always by the column that stands in the fewest, never by a `kept` one.

    Returns the pivots in order: column, the other entries of its relation, its coefficient. What stays in `rows` are relations
    between kept columns.
    """
    columns: dict[int, set[int]] = {}
    for r, entries in rows.items():
        for c in entries:
            columns.setdefault(c, set()).add(r)
    buckets: dict[int, set[int]] = {}
    for c, holders in columns.items():
        if c not in kept:
            buckets.setdefault(len(holders), set()).add(c)
    pivots = []
    while buckets:
        count = min(buckets)
        c = buckets[count].pop()
        if not buckets[count]:
            del buckets[count]
        holders = columns.pop(c)
        if not holders:
            continue
        chosen = min((len(rows[r]), r) for r in holders)[1]
        entries = rows.pop(chosen)
        value = entries.pop(c)
        holders.discard(chosen)
        pivots.append((c, entries, value))
        changed: dict[int, int] = {k: len(columns[k]) for k in entries if k not in kept}
        for k in entries:
            columns[k].discard(chosen)
        inverse = -_inverse(value) if holders else 0
        for r in holders:
            target = rows[r]
            factor = target.pop(c) * inverse
            if not -SMALL < factor < SMALL:
                factor %= PRIME
            for k, v in entries.items():
                old = target.get(k)
                new = factor * v if old is None else old + factor * v
                # Most stay 1 or -1: the prime comes in where numbers grow.
                if not -SMALL < new < SMALL:
                    new %= PRIME
                if not new:
                    del target[k]
                    columns[k].discard(r)
                    continue
                target[k] = new
                if old is None:
                    columns[k].add(r)
        for k, before in changed.items():
            now = len(columns[k])
            if now != before:
                buckets[before].discard(k)
                if not buckets[before]:
                    del buckets[before]
                buckets.setdefault(now, set()).add(k)
    return pivots


def _pin_by_null_space(entries: Entries, solved: list[Solved], pivots: list[Step], pinned: Flags) -> None:
    """Solve a random vector of the null space backwards; what is zero in it is pinned, but once in 2⁶¹."""
    row, column, coefficient = entries
    is_free = np.zeros(pinned.size, dtype=bool)
    is_free[column] = True
    for _, columns in solved:
        is_free[columns] = False
    is_free[[c for c, _, _ in pivots]] = False
    values = _drawn(is_free)
    _solve_backwards(pivots, values)
    for c, _, _ in pivots:
        pinned[c] = not values[c]
    vector = np.array(values, dtype=np.int64)
    for rows, columns in reversed(solved):
        place = np.full(int(row.max()) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        here = np.flatnonzero(place[row] >= 0)
        at, weight, drawn = place[row[here]], coefficient[here], vector[column[here]]
        high = np.bincount(at, weights=weight * (drawn >> HALF), minlength=rows.size).astype(np.int64).tolist()
        low = np.bincount(at, weights=weight * (drawn % SMALL), minlength=rows.size).astype(np.int64).tolist()
        own = np.bincount(at, weights=weight * (column[here] == columns[at]), minlength=rows.size).astype(np.int64).tolist()
        vector[columns] = [-(h * SMALL + rest) * _inverse(v) % PRIME for h, rest, v in zip(high, low, own, strict=True)]
        pinned[columns] = vector[columns] == 0


def _drawn(free: Flags) -> list[int]:
    """Random values of the free columns, 0 for the others."""
    values: list[int] = np.where(free, np.random.default_rng(free.size).integers(1, PRIME, free.size), 0).tolist()
    return values


def _solve_backwards(pivots: list[Step], values: list[int]) -> None:
    """Give each pivot the value that its relation asks of it."""
    for c, others, value in reversed(pivots):
        values[c] = -sum(v * values[k] for k, v in others.items()) * _inverse(value) % PRIME


def _inverse(value: int) -> int:
    return value if value in (1, -1) else pow(value, -1, PRIME)


def _steps(entries: Entries, solved: list[Solved]) -> list[Step]:
    """The peeled relations as pivots: column, the other entries of its relation, its coefficient."""
    by_row = _entries_by_row(*entries)
    pairs = ((r, c) for rows, columns in solved for r, c in zip(rows.tolist(), columns.tolist(), strict=True))
    return [(c, {k: v for k, v in by_row[r].items() if k != c}, by_row[r][c]) for r, c in pairs]


def _sums(steps: list[Step], pinned: Flags) -> Iterator[Ints]:
    """Reduced relations in which all cells have one sign: their sum is known. Each pivot is put into the others backwards."""
    reduced: dict[int, dict[int, int] | None] = {}
    for c, entries, value in reversed(steps):
        inverse = _inverse(value)
        expressed: dict[int, int] | None = {}
        substituted = False
        for k, v in entries.items():
            if pinned[k]:
                # Known by now: what is left of the relation tells more than the relation does.
                substituted = True
                continue
            factor = -v * inverse % PRIME
            if k not in reduced:
                parts: dict[int, int] | None = {k: 1}
            else:
                parts = reduced[k]
                substituted = True
            if parts is None or expressed is None:
                expressed = None
                break
            for free, weight in parts.items():
                expressed[free] = (expressed.get(free, 0) + factor * weight) % PRIME
            expressed = {free: weight for free, weight in expressed.items() if weight}
            if len(expressed) > LONGEST_SUM:
                expressed = None
                break
        reduced[c] = expressed
        if substituted and expressed and not pinned[c] and all(weight == PRIME - 1 for weight in expressed.values()):
            yield np.array(sorted([c, *expressed]), dtype=np.int64)
