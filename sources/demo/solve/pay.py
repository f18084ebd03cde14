"""Annual salaries on 31 December of the year that was printed: means by pay group and sex, to the printed krone and percent.

The means are a linear program within their intervals; the drawn salaries are then brought to their mean by one factor a group
and sex, and the last kroner are handed out one by one.
"""

from collections.abc import Hashable

import numpy as np
import pandas as pd

from sources.demo.solve.equality import POPULATION, REFERENCE
from sources.demo.solve.figures import figures
from sources.demo.solve.program import solve

SEXES = {"kvinne": "K", "mann": "M"}
# Kroner are rounded once more when they are handed out, percents hardly.
TIGHTNESS = {"nok": 0.8, "percent": 0.99}


def fit_salaries(positions: pd.DataFrame, pay_group: np.ndarray, sex: np.ndarray) -> pd.DataFrame:
    """The validity rows with the salaries of the reference date brought to the printed means.

    Args:
        pay_group: of each row, 0 where its job has none.
        sex: of each row's person.
    """
    paid = (
        (positions["start"] <= REFERENCE)
        & (positions["end"] >= REFERENCE)
        & positions["form"].isin(POPULATION)
        & (positions["percent"] > 0)
        & (pay_group > 0)
    )
    cells = positions[paid].assign(group=pay_group[paid], sex=sex[paid]).groupby(["group", "sex"])
    means = _means(cells.size())
    positions = positions.copy()
    for key, rows in cells:
        wanted = round(means[key] * len(rows))
        salaries = (rows["salary"] * wanted / rows["salary"].sum() / 100).round().astype(int) * 100
        each, rest = divmod(wanted - int(salaries.sum()), len(rows))
        positions.loc[rows.index, "salary"] = salaries + each + (np.arange(len(rows)) < rest)
    return positions


def _means(sizes: pd.Series) -> dict[Hashable, float]:
    """A mean for each pay group and sex with which every printed mean, gap and percent comes out."""
    columns = {key: place for place, key in enumerate(sizes.index)}
    parts: list[pd.DataFrame] = []
    low: list[float] = []
    high: list[float] = []

    def row(weights: pd.Series, lowest: float, highest: float) -> None:
        parts.append(pd.DataFrame({"row": len(low), "column": weights.index.map(columns), "value": weights.to_numpy()}))
        low.append(lowest)
        high.append(highest)

    def mean_of(group: str, sexes: list[str]) -> pd.Series:
        which = sizes.index.get_level_values("sex").isin(sexes)
        if group != "Total":
            which &= sizes.index.get_level_values("group") == int(group.split()[0])
        return sizes[which] / sizes[which].sum()

    for figure in figures("pay_mean", "pay_gap_nok", "pay_gap_percent").to_dict("records"):
        middle, half = (figure["low"] + figure["high"]) / 2, (figure["high"] - figure["low"]) / 2 * TIGHTNESS[figure["unit"]]
        women, men = (mean_of(figure["pay_group"], [sex]) for sex in SEXES.values())
        if figure["indicator"] == "pay_mean":
            sexes = [SEXES[figure["sex"]]] if figure["sex"] else list(SEXES.values())
            row(mean_of(figure["pay_group"], sexes), middle - half, middle + half)
        elif figure["indicator"] == "pay_gap_nok":
            row(pd.concat([men, -women]), middle - half, middle + half)
        else:
            row(pd.concat([men, -women * (1 + (middle - half) / 100)]), 0, np.inf)
            row(pd.concat([men, -women * (1 + (middle + half) / 100)]), -np.inf, 0)
    found, _ = solve(np.zeros(len(sizes)), np.full(len(sizes), 5e6), pd.concat(parts), np.array(low), np.array(high))
    return dict(zip(sizes.index, found.tolist(), strict=True))
