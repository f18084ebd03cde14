"""The ledger of published figures as the municipality printed them.
Not here: the feeds made from it (published.py), or what the drawn municipality is fitted to (solve/figures.py).
"""

from pathlib import Path

import pandas as pd

LEDGER = Path(__file__).with_name("published_figures.csv")


def read_published() -> pd.DataFrame:
    """The ledger as text, with empty cells for what is not said."""
    table: pd.DataFrame = pd.read_csv(LEDGER, dtype=str, keep_default_na=False, encoding="utf-8")
    return table
