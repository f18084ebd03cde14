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

    @cached_property
    def rows(self) -> list[tuple[list[int], list[float]]]:
        """Each row as its columns and their coefficients."""
        order = np.argsort(self.row, kind="stable")
        ends = np.searchsorted(self.row[order], np.arange(self.n_rows + 1)).tolist()
        columns, coefficients = self.column[order].tolist(), self.coefficient[order].astype(float).tolist()
        return [(columns[a:b], coefficients[a:b]) for a, b in itertools.pairwise(ends)]

    @cached_property
    def of_column(self) -> list[list[int]]:
        """The rows in which each column stands."""
        order = np.argsort(self.column, kind="stable")
        ends = np.searchsorted(self.column[order], np.arange(self.n_columns + 1)).tolist()
        rows = self.row[order].tolist()
        return [rows[a:b] for a, b in itertools.pairwise(ends)]


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
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
