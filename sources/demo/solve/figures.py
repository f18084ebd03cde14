"""The printed figures that a subject is to give, as intervals of what rounds to them.
Not here: how they are reached.
"""

import re
from decimal import Decimal

import numpy as np
import pandas as pd

from sources.demo.printed_figures import printed_figures

# Figures that cannot hold beside the others, and why.
GIVEN_WAY = {
    "SYKSAK-021": "13,2 for Sykepleier; the report's own table prints 13,3",
    **dict.fromkeys(
        (f"LIKE2023-{number:03}" for number in (49, 50, 51, 52, 53)),
        "mean and gap of all pay groups; the printed means of the ten give 120 kr more for women and 637 kr more for men",
    ),
    "HELT0324-059": "56,6 for Hurum; only 55,6 gives the printed growth of 9,1 %",
}
# 66,6 % of whole persons takes a ward of 287. Two thirds were cut off, not rounded: what is cut off to the figure is reached.
CUT_OFF = {"HELT0324-019"}
# What a printed change is held to of its interval; what a rise or fall without a number is; how far beyond a bound.
HELD_TO = 0.9
LEAST_CHANGE, MOST_CHANGE = 0.05, 4.0
BOUND_ROOM = 0.6
USUAL_PERCENT = 8.0
# The day of a pilot's start, which no document prints.
PILOT_START = "2022-09-30"


def figures(*indicators: str, source: str = "payroll") -> pd.DataFrame:
    """The figures of these indicators that the municipality itself must give, one row a cell.

    Columns are those of the printed figures, with `low` and `high`: what lies between them rounds to the figure; and
    `date`, the day it counts to, where a document says so or the period does.
    """
    printed = printed_figures()
    found = printed[printed["indicator"].isin(indicators) & (printed["source"] == source) & (printed["peer"] == "")]
    found = found[(found["kind"] == "figure") & ~found["figure_id"].isin(GIVEN_WAY)]
    columns = list(found.columns)
    cell = [*columns[columns.index("indicator") : columns.index("value")], "counted_to"]
    # A closing zero is formatting where the cell is printed elsewhere with fewer digits; else more digits say more.
    digits = found["decimals"].astype(int)
    fewest = digits.groupby([found[name] for name in cell]).transform("min")
    found = found[~(found["value"].str.endswith("0") & (digits > fewest))]
    found = found.sort_values("decimals", kind="stable").drop_duplicates(cell, keep="last")
    half = [Decimal(1).scaleb(-int(decimals)) / 2 for decimals in found["decimals"]]
    is_cut = [figure_id in CUT_OFF for figure_id in found["figure_id"]]
    below = [Decimal(0) if cut else width for cut, width in zip(is_cut, half, strict=True)]
    above = [2 * width if cut else width for cut, width in zip(is_cut, half, strict=True)]
    value = [Decimal(value.replace(",", ".")) for value in found["value"]]
    return found.assign(
        date=[end_of(period, counted_to) for period, counted_to in zip(found["period"], found["counted_to"], strict=True)],
        low=[float(middle - width) for middle, width in zip(value, below, strict=True)],
        high=[float(middle + width) for middle, width in zip(value, above, strict=True)],
        value=[float(middle) for middle in value],
    ).reset_index(drop=True)


def changes(*indicators: str) -> pd.DataFrame:
    """What documents print of these indicators' changes and bounds, one row a printed one, as intervals to be reached.

    Columns are those of the printed figures, with `low` and `high` of what is reached: the figure of the period less `times`
    that of the period it is compared with, in points; of a bound without a comparison the figure itself.
    """
    printed = printed_figures()
    found = printed[printed["indicator"].isin(indicators) & (printed["source"] == "payroll") & (printed["kind"] != "figure")]
    before = figures(*indicators)
    dimensions = ["indicator", "org_level", "org_unit", "sex", "age_group", "job_title", "pay_group"]
    level = before.set_index(["period", *dimensions])["value"].to_dict()
    rows = []
    for figure in found.to_dict("records"):
        value = float(figure["value"].replace(",", "."))
        half = 0.5 * 10.0 ** -int(figure["decimals"]) * HELD_TO
        low, high, times = _wanted(figure, value, half)
        if figure["kind"] == "change_percent" or (figure["compared_with"] and figure["unit"] == "percent_change"):
            # Relative to what is printed of the period before, or to a usual level.
            base = level.get((figure["compared_with"], *(figure[name] for name in dimensions)), USUAL_PERCENT)
            middle = min(max(value, low), high)
            low, high, times = (low - middle) * base / 100, (high - middle) * base / 100, 1 + middle / 100
        rows.append({**figure, "low": low, "high": high, "times": times})
    return pd.DataFrame(rows)


def _wanted(figure: dict, value: float, half: float) -> tuple[float, float, float]:
    if figure["kind"] == "direction":
        low, high = (LEAST_CHANGE, MOST_CHANGE) if value > 0 else (-MOST_CHANGE, -LEAST_CHANGE)
        return low, high, 1.0
    if figure["kind"] != "bound":
        return value - half, value + half, 1.0
    is_least = "upper end" not in figure["note"] and any(word in figure["note"] for word in ("over", "lower end"))
    beyond = is_least == (value >= 0)
    room = BOUND_ROOM if figure["unit"] != "percent_change" else 10.0
    return (value + 0.02, value + room, 1.0) if beyond else (value - room, value - 0.02, 1.0)


def end_of(period: str, counted_to: str) -> str:
    """The last day that a figure of the period counts."""
    if counted_to:
        return "-".join(reversed(counted_to.split(".")))
    if period == "pilot start":
        return PILOT_START
    if re.fullmatch(r"\d{4}", period):
        return f"{period}-12-31"
    if re.fullmatch(r"\d{4}-\d{2}", period):
        return str(np.datetime64(period, "M") + 1 - np.timedelta64(1, "D"))
    return period
