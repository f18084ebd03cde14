"""Contract of the feed piloter: one row a unit in a pilot."""

import pandera.pandas as pap

from sources.contract import Feed, date, date_order, text, unique_rows
from sources.naming import Naming

FEED = Feed(
    required=False,
    needs_rows=False,
    files=Naming("piloter"),
    schema=pap.DataFrameSchema(
        name="piloter",
        description="One row a unit in a pilot; the units below it are in it too.",
        columns={
            "Enhetskode": text("unit_code", "The unit.", required=True, references=("organisasjon", "Enhetskode")),
            "Pilot": text("pilot", "Name of the pilot.", required=True, is_name=True),
            "Startdato": date("start_date", "First day.", required=True),
            "Sluttdato": date("end_date", "Last day, inclusive; empty while it lasts.", required=False),
        },
        checks=[date_order("Startdato", "Sluttdato"), unique_rows("Pilot", "Enhetskode", name="unit_unique_in_pilot")],
    ),
)
