"""The values of columns that equations determine, by substitution and conjugate gradients.
Not here: which columns follow from the equations at all (elimination.py), or what a column is.
"""

from __future__ import annotations

import numpy as np

from warehouse.sdc.linear.equations import Flags, Floats, Ints, components
from warehouse.sdc.linear.intervals import System

# So many steps at most to a solution of the equations.
STEPS = 500


def determined(system: System, columns: Ints, sought: Flags, *, exact_to: float) -> tuple[Floats, bool]:
    """The values of columns that the equations determine: any solution has them; conjugate gradients find one.

    Those that are not `sought` are 0 where it takes several equations together. And whether the equations fit together, as far
    as they were needed.
    """
    row, column, coefficient = system.row, system.column, system.coefficient.astype(float)
    solution = np.zeros(system.lower.size)
    unsolved = np.ones(solution.size, dtype=bool)
    rest = system.right.astype(float)
    # Most stand alone in an equation, or do when others are solved.
    while unsolved[columns].any():
        entries = np.flatnonzero(unsolved[column])
        alone = entries[np.bincount(row[entries], minlength=rest.size)[row[entries]] == 1]
        alone = alone[np.unique(column[alone], return_index=True)[1]]
        if not alone.size:
            break
        solution[column[alone]] = rest[row[alone]] / coefficient[alone]
        unsolved[column[alone]] = False
        rest = system.right - np.bincount(row, weights=coefficient * solution[column], minlength=rest.size)
    is_solved = np.bincount(row[unsolved[column]], minlength=rest.size) == 0
    fits = bool((np.abs(rest[is_solved]) <= exact_to).all())
    wanted = columns[sought & unsolved[columns]]
    if not wanted.size:
        return solution[columns], fits
    entries = np.flatnonzero(unsolved[column])
    tied = [part for part in components(solution.size, row[entries], column[entries]) if np.isin(part, wanted).any()]
    kept = np.isin(column, np.concatenate(tied)) & unsolved[column]
    rest = np.where(np.isin(np.arange(rest.size), row[kept]), rest, 0.0)
    row, column, coefficient = row[kept], column[kept], coefficient[kept]

    def back(residual: Floats) -> Floats:
        return np.bincount(column, weights=coefficient * residual[row], minlength=solution.size).astype(float)

    gradient = back(rest)
    direction, size = gradient, float(np.square(gradient).sum())
    for _ in range(STEPS):
        if size <= (exact_to / 10) ** 2:
            break
        change = np.bincount(row, weights=coefficient * direction[column], minlength=rest.size).astype(float)
        step = size / float(np.square(change).sum())
        solution += step * direction
        rest -= step * change
        gradient = back(rest)
        before, size = size, float(np.square(gradient).sum())
        direction = gradient + size / before * direction
    return solution[columns], fits and bool((np.abs(rest) <= exact_to).all())
