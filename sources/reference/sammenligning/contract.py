"""Contract of the feed sammenligning: peers' figures, one row an indicator, period and peer."""

import pandera.pandas as pap

from sources.contract import Feed, matches, number, text, unique_rows
from sources.naming import Naming
from sources.reference.percents import no_fractions

period_form = matches(
    r"\d{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?", "year_quarter_or_month", "is 2023, 2023-Q1 or 2023-01", "write the period in that form"
)

FEED = Feed(
    required=False,
    needs_rows=False,
    files=Naming("sammenligning"),
    schema=pap.DataFrameSchema(
        name="sammenligning",
        description="One row an indicator, period and peer.",
        columns={
            "Indikator": text("indicator", "Column name of the measure, as in the marts.", required=True),
            "Periode": text("period", "Year, quarter or month.", required=True, checks=[period_form]),
            "Sammenligningsenhet": text("peer", "Whom the figure is about.", required=True, is_name=True),
            "Verdi": number("value", "The figure as published.", required=True),
            "Kilde": text("source_name", "Who published it.", required=True),
        },
        checks=[no_fractions("Verdi"), unique_rows("Indikator", "Periode", "Sammenligningsenhet", name="figure_unique")],
    ),
)
