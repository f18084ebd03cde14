"""Values that equations determine, for what sits on units themselves; and equations that do not fit together.
Not here: which columns are determined (test_solvers.py).
"""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.sdc.linear.intervals import System
from warehouse.sdc.linear.solution import determined


def system(rows: list[tuple[list[int], list[int], float]], columns: int) -> System:
    """Equations as (columns, coefficients, right side)."""
    return System(
        np.array([n for n, (members, _, _) in enumerate(rows) for _ in members]),
        np.array([member for members, _, _ in rows for member in members]),
        np.array([sign for _, signs, _ in rows for sign in signs]),
        np.array([right for _, _, right in rows]),
        np.zeros(columns),
        np.full(columns, np.inf),
    )


TIED = [([0, 1], [1, 1], 7.0), ([0, 2], [1, 1], 9.0), ([1, 2], [1, 1], 8.0)]


@pytest.mark.parametrize(
    ("rows", "fits"),
    [
        (TIED, True),
        ([*TIED, ([3], [1], 2.0), ([2, 3], [1, 1], 7.0)], True),
        # A figure of before that is no longer true: among equations that need each other, and among those solved one by one.
        ([*TIED, ([0, 1, 2], [1, 1, 1], 13.0)], False),
        ([*TIED, ([3], [1], 2.0), ([3], [1], 2.5)], False),
    ],
)
def test_values_follow_from_equations_that_fit_together(rows: list[tuple[list[int], list[int], float]], fits: bool) -> None:
    values, found = determined(system(rows, 4), np.array([0, 1, 2]), np.ones(3, dtype=bool), exact_to=1e-3)
    assert found == fits
    if fits:
        assert values == pytest.approx([4, 3, 5])
