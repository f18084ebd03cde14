"""Contract of the sheet Faktorer of a 10-FAKTOR workbook: each unit's score on each factor."""

import pandas as pd
import pandera.pandas as pap

from sources.contract import Feed, between, check, integer, number, text, unique_rows
from sources.tenfactor.workbook import FILES, NORWAY_ROW, SERVED_NAME, YEAR, factor_of_name, read_factors


def _factors(names: pd.Series) -> pd.Series:
    """The factor each name stands for; 0 for a name that is not in the alias table."""
    known = {name: factor_of_name(name) or 0 for name in names.dropna().unique()}
    return names.map(known).fillna(0).astype("int64")


known_name = check(
    lambda names: _factors(names) > 0,
    "in_alias_table",
    "is a name of one of the ten factors",
    "add the name to sources/tenfactor/factor_names.toml; the row is loaded by its Faktor",
    severity="warning",
)
name_of_factor = check(
    lambda frame: _factors(frame["Navn"]).isin([0]) | (_factors(frame["Navn"]) == frame["Faktor"]).fillna(False),
    "name_of_factor",
    "Navn is not the name of another factor than Faktor says",
    "correct Faktor or Navn so that they are of the same factor",
    column="Navn",
    stage="row",
)

FEED = Feed(
    required=False,
    needs_rows=False,
    changed_row=("Undersøkelsesår", "Enhetskode", "Enhet", "Faktor"),
    files=FILES,
    read=read_factors,
    schema=pap.DataFrameSchema(
        name="faktorer",
        description="One row a unit and factor of a round of 10-FAKTOR. A wide sheet is read as one row a factor.",
        columns={
            YEAR: integer("survey_year", "Year of the round, from the file's name.", required=True),
            "Enhet": text("unit_name", "The unit's name; a prefix like `01 - ` is allowed.", required=True, is_name=True),
            "Enhetskode": text("unit_code", "The unit's code in organisasjon.", required=False, optional=True),
            "Faktor": integer("factor_no", "Number of the factor.", required=True, checks=[between(1, 10)]),
            "Navn": text("factor_name", "Name of the factor, in either official set.", required=True, checks=[known_name]),
            SERVED_NAME: text("served_name", "The factor's name in the alias table, found by its number.", required=False),
            "Snitt": number("score", "Mean score of the unit's answers.", required=True, checks=[between(1, 5)]),
            "Antall svar": integer("responses", "Answers behind the score.", required=True, checks=[between(0, 1_000_000)]),
            "Norge": number("norway", "The national mean score.", required=False, optional=True, checks=[between(1, 5)]),
            NORWAY_ROW: integer(
                "norway_row",
                "Row of a wide sheet that the national mean stands in; empty in a long one.",
                required=False,
                optional=True,
            ),
        },
        checks=[name_of_factor, unique_rows("Enhet", "Enhetskode", "Faktor", name="unit_factor_unique")],
    ),
)
