"""Contract of the feed permisjoner: one row a leave."""

import pandera.pandas as pap

from sources.contract import Feed, between, check, date, date_order, integer, percent, text, unique_rows

coverage = check(lambda s: s.isin([80, 100]), "in_code_list", "is 80 or 100", "enter 80 or 100, or leave it empty")

FEED = Feed(
    required=True,
    needs_rows=False,
    # Kind, percent and end may still be corrected.
    natural_key=("Ansattnr", "Fra dato"),
    changed_row=("Ansattnr", "Permisjonstype", "Fra dato"),
    schema=pap.DataFrameSchema(
        name="permisjoner",
        description="One row a leave. A row without position number applies to all the person's positions.",
        columns={
            "Ansattnr": text(
                "employee_no", "The person on leave.", required=True, personal=True, references=("ansatte", "Ansattnr")
            ),
            "Stillingsnr": text("position_no", "The position it applies to; empty for all of them.", required=False),
            "Permisjonstype": text(
                "leave_type", "Kind of leave (Foreldrepermisjon, Ulønnet permisjon …).", required=True, listed_in="leave_kinds"
            ),
            "Fra dato": date("from_date", "First day.", required=True, after_birth_of=("ansatte", "Ansattnr"), in_view=True),
            "Til dato": date("to_date", "Last day, inclusive; empty while it lasts.", required=False, ends_most=True),
            "Permisjonsprosent": percent(
                "leave_percent",
                "Percent of the position that is on leave.",
                required=True,
                checks=[between(1, 100)],
                of_scale=True,
            ),
            "Dekningsgrad": integer(
                "leave_coverage", "Parental benefit's coverage, 80 or 100.", required=False, checks=[coverage]
            ),
        },
        checks=[
            date_order("Fra dato", "Til dato"),
            unique_rows(
                "Ansattnr",
                "Stillingsnr",
                "Permisjonstype",
                "Fra dato",
                "Til dato",
                "Permisjonsprosent",
                "Dekningsgrad",
                name="no_copy",
            ),
        ],
    ),
)
