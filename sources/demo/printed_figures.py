"""The figures that the municipality's documents print, as the feed publiserte_tall reads them.
Not here: the feeds made from them (from_printed.py), or what the drawn municipality is fitted to (solve/figures.py).
"""

from pathlib import Path

import pandas as pd

from sources.reference.publiserte_tall.printed_figures import read_printed_figures

PRINTED_FIGURES = Path(__file__).with_name("printed_figures.csv")


def printed_figures() -> pd.DataFrame:
    """One row a figure, all columns as text in the dialect; a cell is empty where nothing is said."""
    columns = read_printed_figures(PRINTED_FIGURES).columns
    return pd.DataFrame({header: cells.to_pandas().fillna("") for header, cells in columns.items()})
