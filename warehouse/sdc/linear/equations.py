"""Sparse equations between columns: the sums of tables as pure matrices, for elimination and linear programs alike.
Not here: what a column is, or which sums hold (suppression/sums.py and attack/relations.py, each by its own knowledge).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Equations:
    """Entries (row, column, coefficient), rows and columns numbered from 0. Each row sums to a constant that is known."""

    row: Ints
    column: Ints
    coefficient: Ints
    n_rows: int
    n_columns: int

    @staticmethod
    def of_sides(sides: Iterable[tuple[Sequence[int], Sequence[int]]], n_columns: int) -> Equations:
        """Of pairs of lists of columns: the sum of the left ones less the sum of the right ones is a constant."""
        rows, columns, signs = [], [], []
        count = 0
        for left, right in sides:
            rows += [count] * (len(left) + len(right))
            columns += [*left, *right]
            signs += [1] * len(left) + [-1] * len(right)
            count += 1
        return Equations(
            np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64), np.array(signs, dtype=np.int64), count, n_columns
        )

    def among(self, kept: Flags) -> Equations:
        """The same between the kept columns alone; the others are constants."""
        return self.only(kept[self.column])

    def only(self, entries: Flags) -> Equations:
        """The same with some of the entries."""
        return Equations(self.row[entries], self.column[entries], self.coefficient[entries], self.n_rows, self.n_columns)

    def around(self, columns: Ints, steps: int) -> Flags:
        """The columns that are reached from some by so many steps from a column to all that stand in an equation with it."""
        reached = np.zeros(self.n_columns, dtype=bool)
        reached[columns] = True
        for _ in range(steps):
            rows = np.zeros(self.n_rows, dtype=bool)
            rows[self.row[reached[self.column]]] = True
            reached[self.column[rows[self.row]]] = True
        return reached

    @cached_property
    def rows(self) -> list[list[int]]:
        """The columns of each row."""
        entries, ends = self._by_row
        columns, of_rows = self.column[entries].tolist(), ends.tolist()
        return [columns[a:b] for a, b in itertools.pairwise(of_rows)]

    @cached_property
    def of_column(self) -> list[list[int]]:
        """The rows in which each column stands."""
        entries, ends = self._by_column
        rows, of_columns = self.row[entries].tolist(), ends.tolist()
        return [rows[a:b] for a, b in itertools.pairwise(of_columns)]

    def within(self, columns: Ints) -> tuple[Ints, Ints, Floats, int]:
        """The entries of some columns, as (row, place among them, coefficient) sorted by row, and the number of their rows."""
        by_column, ends = self._by_column
        first, count = ends[columns], ends[columns + 1] - ends[columns]
        # The places of each column's entries follow each other.
        steps = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        entries = by_column[np.repeat(first, count) + steps]
        place = np.repeat(np.arange(columns.size), count)
        order = np.argsort(self._rank[entries])
        entries, place = entries[order], place[order]
        rows, row = np.unique(self.row[entries], return_inverse=True)
        return row, place, self.coefficient[entries].astype(float), rows.size

    @cached_property
    def _by_row(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.row, kind="stable")
        return order, np.searchsorted(self.row[order], np.arange(self.n_rows + 1))

    @cached_property
    def _by_column(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.column, kind="stable")
        return order, np.searchsorted(self.column[order], np.arange(self.n_columns + 1))

    @cached_property
    def _rank(self) -> Ints:
        """The place of each entry in the order of rows."""
        rank = np.empty(self.row.size, dtype=np.int64)
        rank[self._by_row[0]] = np.arange(self.row.size)
        return rank


def in_rings(equations: Equations) -> Flags:
    """The entries of the connected parts in which some chain of equations leads from a column back to it."""
    row, column = equations.row, equations.column
    left = np.ones(row.size, dtype=bool)
    while True:
        # An entry that ends a chain is no part of a ring.
        rows = np.bincount(row[left], minlength=equations.n_rows)
        columns = np.bincount(column[left], minlength=equations.n_columns)
        kept = left & (rows[row] > 1) & (columns[column] > 1)
        if (kept == left).all():
            break
        left = kept
    while True:
        reached = np.zeros(equations.n_columns, dtype=bool)
        reached[column[left]] = True
        rows_reached = np.zeros(equations.n_rows, dtype=bool)
        rows_reached[row[reached[column]]] = True
        kept = rows_reached[row]
        if (kept == left).all():
            return left
        left = kept


def components(n_columns: int, row: Ints, column: Ints) -> list[Ints]:
    """The columns by connected part; rows connect their columns."""
    label = np.arange(n_columns)
    n_rows = int(row.max()) + 1 if row.size else 0
    while True:
        lowest = np.full(n_rows, n_columns)
        np.minimum.at(lowest, row, label[column])
        new = label.copy()
        np.minimum.at(new, column, lowest[row])
        new = new[new]
        if (new == label).all():
            break
        label = new
    order = np.argsort(label, kind="stable")
    ends = np.flatnonzero(np.diff(label[order])) + 1
    return [order[a:b] for a, b in itertools.pairwise([0, *ends.tolist(), n_columns])]
