"""The one builder of linear and integer programs (HiGHS) of disclosure control.
Not here: what the programs mean.
"""

from __future__ import annotations

import highspy
import numpy as np

from warehouse.sdc.linear.equations import Floats, Ints

# HiGHS' number of the primal simplex method.
PRIMAL = 4
BIG = 1e7
# An interior point method is at its end after some dozens of steps, or goes to and fro by rounding for ever.
IPM_STEPS = 300


class Program:
    """Columns between bounds, rows between bounds, and a cost to minimise: solved once, or again and again with other costs.

    It prints nothing and gives the same answer every time. Entries must be sorted by row.
    """

    def __init__(
        self,
        entries: tuple[Ints, Ints, Floats],
        rows: tuple[Floats, Floats],
        columns: tuple[Floats, Floats],
        cost: Floats | None = None,
        *,
        integers: bool = False,
        **options: bool | int | float | str,
    ) -> None:
        row, column, coefficient = entries
        lower, upper = columns
        self._every = np.arange(lower.size, dtype=np.int32)
        self._highs = highspy.Highs()
        self.set(output_flag=False, threads=1, ipm_iteration_limit=IPM_STEPS, **options)
        # Arrays are taken over whole; the attributes of a model would be, number by number.
        self._highs.passModel(
            lower.size,
            rows[0].size,
            row.size,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            np.zeros(lower.size) if cost is None else cost,
            lower,
            np.minimum(upper, BIG),
            *rows,
            np.searchsorted(row, np.arange(rows[0].size + 1)).astype(np.int32),
            np.asarray(column, dtype=np.int32),
            np.asarray(coefficient, dtype=float),
            np.full(lower.size, int(highspy.HighsVarType.kInteger if integers else highspy.HighsVarType.kContinuous), np.int32),
        )

    def set(self, **options: bool | int | float | str) -> None:
        """Options of HiGHS by their names."""
        for name, value in options.items():
            self._highs.setOptionValue(name, value)

    def bound(self, lower: Floats, upper: Floats) -> None:
        """Other bounds of the columns."""
        self._highs.changeColsBounds(self._every.size, self._every, lower, np.minimum(upper, BIG))

    def forget(self) -> None:
        """Start the next solution from nothing, as if it were the first."""
        self._highs.clearSolver()

    def solve(self, cost: Floats | None = None) -> Floats | None:
        """The columns of a solution of least cost; None when there is none at all, or an interior point method finds none."""
        if cost is not None:
            self._highs.changeColsCost(self._every.size, self._every, cost)
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.array(self._highs.getSolution().col_value)
