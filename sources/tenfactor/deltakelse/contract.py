"""Contract of the sheet Deltakelse of a 10-FAKTOR workbook: planned and given answers of each unit."""

import pandera.pandas as pap

from sources.contract import Feed, between, check, integer, text, unique_rows
from sources.tenfactor.workbook import FILES, YEAR, read_participation

not_above_planned = check(
    lambda frame: frame["Svar"] <= frame["Planlagte svar"],
    "responses_not_above_planned",
    "Svar is not above Planlagte svar",
    "compare the counts with the supplier's report; the row is loaded all the same",
    column="Svar",
    severity="warning",
    stage="row",
)

FEED = Feed(
    required=False,
    needs_rows=False,
    changed_row=("Undersøkelsesår", "Enhetskode", "Enhet"),
    files=FILES,
    read=read_participation,
    schema=pap.DataFrameSchema(
        name="deltakelse",
        description="One row a unit of a round of 10-FAKTOR: answers planned and given.",
        columns={
            YEAR: integer("survey_year", "Year of the round, from the file's name.", required=True),
            "Enhet": text("unit_name", "The unit's name; a prefix like `01 - ` is allowed.", required=True, is_name=True),
            "Enhetskode": text("unit_code", "The unit's code in organisasjon.", required=False, optional=True),
            "Planlagte svar": integer(
                "planned_responses", "Employees who were asked.", required=True, checks=[between(0, 1_000_000)]
            ),
            "Svar": integer("responses", "Employees who answered.", required=True, checks=[between(0, 1_000_000)]),
        },
        checks=[not_above_planned, unique_rows("Enhet", "Enhetskode", name="unit_unique")],
    ),
)
