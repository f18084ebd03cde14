"""The printed figures that a subject is to give, as intervals of what rounds to them.
Not here: how they are reached.
"""

from decimal import Decimal

import pandas as pd

from sources.demo.printed_figures import printed_figures

# Figures that cannot hold beside the others, and why.
GIVEN_WAY = {
    "SYKSAK-021": "13,2 for Sykepleier; the report's own table prints 13,3",
    **dict.fromkeys(
        (f"LIKE2023-{number:03}" for number in (49, 50, 51, 52, 53)),
        "mean and gap of all pay groups; the printed means of the ten give 120 kr more for women and 637 kr more for men",
    ),
    **dict.fromkeys(
        ("HELT0324-019", "HELT0324-020"),
        "66,6 % of whole persons takes a department of 287; two thirds cut off. The department is closed by then",
    ),
    **dict.fromkeys(
        ("HELT0324-065", "HELT0324-067"),
        "Bråset avd 2 so far in its pilot; the table of 2024 prints others for the same ward and date",
    ),
    "HELT0324-059": "56,6 for Hurum; only 55,6 gives the printed growth of 9,1 %",
}


def figures(*indicators: str, source: str = "payroll") -> pd.DataFrame:
    """The figures of these indicators that the municipality itself must give, one row a cell.

    Columns are those of the printed figures, with `low` and `high`: what lies between them rounds to the figure.
    """
    printed = printed_figures()
    found = printed[printed["indicator"].isin(indicators) & (printed["source"] == source) & (printed["peer"] == "")]
    found = found[~found["figure_id"].isin(GIVEN_WAY)]
    columns = list(found.columns)
    dimensions = columns[columns.index("indicator") : columns.index("value")]
    found = found.sort_values("decimals", kind="stable").drop_duplicates(dimensions, keep="last")
    half = [Decimal(1).scaleb(-int(decimals)) / 2 for decimals in found["decimals"]]
    value = [Decimal(value.replace(",", ".")) for value in found["value"]]
    return found.assign(
        low=[float(middle - width) for middle, width in zip(value, half, strict=True)],
        high=[float(middle + width) for middle, width in zip(value, half, strict=True)],
        value=[float(middle) for middle in value],
    ).reset_index(drop=True)
