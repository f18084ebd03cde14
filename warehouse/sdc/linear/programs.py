"""HiGHS as the disclosure step uses it: linear and integer programs that maximise, built from rows of (column, coefficient).
Not here: what the programs mean.
"""

from __future__ import annotations

import highspy
import numpy as np

Rows = list[list[tuple[int, float]]]


def program(rows: Rows, gain: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> highspy.HighsLp:
    """Maximise `gain` times the columns, which lie between `lower` and `upper`, where every row sums to nothing."""
    found = highspy.HighsLp()
    found.num_col_, found.num_row_ = len(gain), len(rows)
    found.sense_ = highspy.ObjSense.kMaximize
    found.col_cost_, found.col_lower_, found.col_upper_ = gain, lower, upper
    found.row_lower_ = found.row_upper_ = np.zeros(len(rows))
    found.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    found.a_matrix_.start_ = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    found.a_matrix_.index_ = np.array([i for row in rows for i, _ in row], dtype=np.int32)
    found.a_matrix_.value_ = np.array([c for row in rows for _, c in row], dtype=float)
    return found


def quiet_solver() -> highspy.Highs:
    """A solver that prints nothing and gives the same answer every time."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    return solver
