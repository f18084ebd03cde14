"""Contract of the feed fravaer: one row an absence."""

import pandera.pandas as pap

from sources.contract import Feed, between, date, date_order, percent, text, unique_rows

FEED = Feed(
    required=True,
    needs_rows=False,
    # Kind, percent and end may still be corrected: a self-certified absence becomes a doctor-certified one.
    natural_key=("Ansattnr", "Fra dato"),
    changed_row=("Ansattnr", "Fraværstype", "Fra dato"),
    schema=pap.DataFrameSchema(
        name="fravaer",
        description="One row an absence. A row without position number applies to all the person's positions.",
        columns={
            "Ansattnr": text(
                "employee_no", "The absent person.", required=True, personal=True, references=("ansatte", "Ansattnr")
            ),
            "Stillingsnr": text("position_no", "The position it applies to; empty for all of them.", required=False),
            "Fraværstype": text(
                "absence_type",
                "Egenmelding (self-certified), Sykmelding (doctor-certified); anything else is not sick leave.",
                required=True,
                listed_in="absence_kinds",
            ),
            "Fra dato": date("from_date", "First day.", required=True, after_birth_of=("ansatte", "Ansattnr")),
            "Til dato": date("to_date", "Last day, inclusive; empty while it lasts.", required=False),
            "Fraværsprosent": percent(
                "absence_percent",
                "Percent of the position that is lost.",
                required=True,
                checks=[between(1, 100)],
                of_scale=True,
            ),
        },
        checks=[
            date_order("Fra dato", "Til dato"),
            unique_rows("Ansattnr", "Stillingsnr", "Fraværstype", "Fra dato", "Til dato", "Fraværsprosent", name="no_copy"),
        ],
    ),
)
