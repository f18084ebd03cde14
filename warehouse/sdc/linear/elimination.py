"""Exact elimination over the relations between withheld cells: which of them follow from what is served.
Only the pattern is looked at (which cells are withheld, which relations tie them). Not here: values, which intervals.py uses.

A withheld cell is revealed when its unit vector lies in the row space of the relations, that is when every vector of their
null space is zero in it. A random vector of the null space, taken modulo a large prime, shows that for all cells at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from warehouse.sdc.linear.equations import Flags, Ints

PRIME = 2**61 - 1
# A reduced row over more cells than this is not tried as a sum: so many cells lie above any threshold.
LONGEST_SUM = 40


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
    n_columns, pinned = known.size, known.copy()
    reason = np.full(n_columns, -1, dtype=np.int64)
    if row.size == 0:
        return Revealed(pinned, reason, [])
    solved, left = _peel(row, column, pinned, reason)
    pivots = _core(row[left], column[left], coefficient[left])
    by_row = _entries_by_row(row, column, coefficient, ~pinned[column])
    steps = [(c, {k: v for k, v in by_row[r].items() if k != c}, by_row[r][c]) for r, c in solved]
    steps += pivots
    _pin_by_null_space(n_columns, steps, column, pinned)
    return Revealed(pinned, reason, list(_sums(steps, pinned)) if sums else [])


def _peel(row: Ints, column: Ints, pinned: Flags, reason: Ints) -> tuple[list[tuple[int, int]], Flags]:
    """Take off what needs no arithmetic: a relation's only unknown is pinned; a relation with an unknown that stands nowhere
    else tells of that unknown alone. Returns the latter relations with their unknowns in order, and the entries that are left.
    """
    alive = ~pinned[column]
    solved: list[tuple[int, int]] = []
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
        solved += zip(rows.tolist(), column[private][first].tolist(), strict=True)
        taken = np.zeros(n_rows, dtype=bool)
        taken[rows] = True
        alive &= ~taken[row]
    return solved, alive


def _entries_by_row(row: Ints, column: Ints, coefficient: Ints, kept: Flags) -> dict[int, dict[int, int]]:
    rows: dict[int, dict[int, int]] = {}
    for r, c, v in zip(row[kept].tolist(), column[kept].tolist(), coefficient[kept].tolist(), strict=True):
        entries = rows.setdefault(r, {})
        entries[c] = (entries.get(c, 0) + v) % PRIME
    return rows


def _core(row: Ints, column: Ints, coefficient: Ints) -> list[tuple[int, dict[int, int], int]]:
    """Sparse elimination of what peeling leaves, always by the column that stands in the fewest relations.

    Returns the pivots in order: column, the other entries of its relation, its coefficient.
    """
    rows = _entries_by_row(row, column, coefficient, np.ones(row.size, dtype=bool))
    columns: dict[int, set[int]] = {}
    for r, entries in rows.items():
        for c in entries:
            columns.setdefault(c, set()).add(r)
    buckets: dict[int, set[int]] = {}
    for c, holders in columns.items():
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
        chosen = min(holders, key=lambda r: (len(rows[r]), r))
        entries = rows.pop(chosen)
        value = entries.pop(c)
        holders.discard(chosen)
        pivots.append((c, entries, value))
        changed: dict[int, int] = {k: len(columns[k]) for k in entries}
        for k in entries:
            columns[k].discard(chosen)
        inverse = pow(value, -1, PRIME) if holders else 0
        for r in holders:
            target = rows[r]
            factor = target.pop(c) * inverse % PRIME
            for k, v in entries.items():
                old = target.get(k)
                if old is None:
                    target[k] = -factor * v % PRIME
                    columns[k].add(r)
                elif new := (old - factor * v) % PRIME:
                    target[k] = new
                else:
                    del target[k]
                    columns[k].discard(r)
        for k, before in changed.items():
            now = len(columns[k])
            if now != before:
                buckets[before].discard(k)
                if not buckets[before]:
                    del buckets[before]
                buckets.setdefault(now, set()).add(k)
    return pivots


def _pin_by_null_space(n_columns: int, steps: list[tuple[int, dict[int, int], int]], column: Ints, pinned: Flags) -> None:
    """Solve a random vector of the null space backwards through the pivots; what is zero in it is pinned, but once in 2⁶¹."""
    draw = random.Random(n_columns)
    pivot_columns = {c for c, _, _ in steps}
    vector = [0] * n_columns
    for c in np.unique(column).tolist():
        if not pinned[c] and c not in pivot_columns:
            vector[c] = draw.randrange(1, PRIME)
    for c, entries, value in reversed(steps):
        total = sum(v * vector[k] for k, v in entries.items())
        vector[c] = -total * (1 if value == 1 else pow(value, -1, PRIME)) % PRIME
    for c in pivot_columns:
        if not vector[c]:
            pinned[c] = True


def _sums(steps: list[tuple[int, dict[int, int], int]], pinned: Flags) -> Iterator[Ints]:
    """Reduced relations in which all cells have one sign: their sum is known. Each pivot is put into the others backwards."""
    reduced: dict[int, dict[int, int] | None] = {}
    for c, entries, value in reversed(steps):
        inverse = 1 if value == 1 else pow(value, -1, PRIME)
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
