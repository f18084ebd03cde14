"""Contract of the feed ssb: tables of Statistics Norway, one row a cell."""

import pandera.pandas as pap

from sources.contract import Feed, matches, number, text
from sources.naming import Naming
from sources.reference.ssb.json_stat import read_cells

time_form = matches(
    r"\d{4}(K[1-4]|M(0[1-9]|1[0-2]))?",
    "year_quarter_or_month",
    "is a year, quarter or month (2023, 2023K1, 2023M04)",
    "fetch a table by year, quarter or month",
)

FEED = Feed(
    required=False,
    needs_rows=False,
    files=Naming("ssb", kinds=("json",), in_parts=True),
    read=read_cells,
    schema=pap.DataFrameSchema(
        name="ssb",
        description="One row a cell of a table; a cell without a value has a status that says why.",
        columns={
            "Tabell": text("table_id", "Number of the table, from the file's name.", required=True),
            "Regionkode": text("region_code", "Code of the region.", required=False),
            "Region": text("region", "Name of the region.", required=False),
            "Innhold": text("contents", "What the figure is, with its unit.", required=False),
            "Tid": text("time_code", "Period as the table codes it.", required=True, checks=[time_form]),
            "Utvalg": text("selection", "The other dimensions that are not at their total.", required=False),
            "Verdi": number("value", "The figure.", required=False),
            "Status": text("status", "Why a value is missing or how it should be read.", required=False),
        },
    ),
)
