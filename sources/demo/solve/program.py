"""Linear and integer programs by HiGHS, with bounds that give way at a price instead of making the program infeasible.
Not here: what the rows and columns mean.
"""

import highspy
import numpy as np
import pandas as pd

# What one outside a row's bounds costs unless told otherwise; far more than any column.
PRICE = 1e5


def solve(
    cost: np.ndarray,
    upper: np.ndarray,
    entries: pd.DataFrame,
    row_lower: np.ndarray,
    row_upper: np.ndarray,
    *,
    price: np.ndarray | float = PRICE,
    integer: bool | np.ndarray = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise `cost` over columns between 0 and `upper`, the rows within their bounds where that can be.

    Args:
        entries: the matrix, one nonzero a line: `row`, `column`, `value`.
        integer: which columns take whole numbers only.
        price: what one outside its bounds costs, by row.

    Returns:
        The columns' values, and by how much each row lies outside its bounds (0 where it holds).
    """
    columns, rows = len(cost), len(row_lower)
    # Two columns more a row: what is missing to its lower bound, what is beyond its upper.
    index = np.arange(rows)
    extra = pd.DataFrame(
        {
            "row": np.concatenate([index, index]),
            "column": columns + np.arange(2 * rows),
            "value": np.concatenate([np.ones(rows), -np.ones(rows)]),
        }
    )
    matrix = pd.concat([entries[["row", "column", "value"]], extra]).sort_values(["column", "row"], kind="stable")
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns + 2 * rows, rows
    model.col_cost_ = np.concatenate([cost, np.tile(np.broadcast_to(price, rows), 2)])
    model.col_lower_ = np.zeros(columns + 2 * rows)
    model.col_upper_ = np.concatenate([upper, np.full(2 * rows, highspy.kHighsInf)])
    model.row_lower_, model.row_upper_ = row_lower, row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.searchsorted(matrix["column"].to_numpy(), np.arange(columns + 2 * rows + 1))
    model.a_matrix_.index_ = matrix["row"].to_numpy()
    model.a_matrix_.value_ = matrix["value"].to_numpy(dtype=float)
    if np.any(integer):
        whole = np.append(np.broadcast_to(integer, columns), np.zeros(2 * rows, dtype=bool))
        model.integrality_ = [highspy.HighsVarType.kInteger if one else highspy.HighsVarType.kContinuous for one in whole]
    highs = highspy.Highs()
    # One thread and a seed: the same program has the same solution on every machine.
    for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 1), ("mip_rel_gap", 1e-3)):
        highs.setOptionValue(name, value)
    highs.passModel(model)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the program of {rows} rows ended as {highs.modelStatusToString(highs.getModelStatus())}")
    found = np.array(highs.getSolution().col_value)
    return found[:columns], found[columns : columns + rows] - found[columns + rows :]
