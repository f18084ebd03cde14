"""Contract of the optional feed variable_timer: hours beside the fixed positions, one row a person, unit, month and kind."""

import pandera.pandas as pap

from sources.contract import Feed, amount, check, matches, number, of_file, one_of, text, unique_rows
from sources.signs import outnumbered

KINDS = ("Overtid", "Ekstravakt", "Timelønn", "Mertid")

known_kind = one_of(*KINDS, remedy="correct the kind; the row is loaded, but its hours count in no measure", severity="warning")

# No month has more hours. Minutes, or hours in hundredths, would be served as somebody's hundreds of years.
MOST_HOURS = 31 * 24
of_one_month = check(
    lambda hours: hours.between(-MOST_HOURS, MOST_HOURS),
    "in_range",
    f"is between -{MOST_HOURS} and {MOST_HOURS}",
    "deliver hours of the one month, in hours; the row is loaded",
    severity="warning",
)
hours_as_usual = of_file(
    lambda frame: ~outnumbered(frame["Timer"] < 0, frame["Timer"] > 0),
    "hours_as_usual",
    "more rows are of hours worked than of hours taken back",
    "see whether the export has the sign of an account",
    column="Timer",
)

FEED = Feed(
    required=False,
    needs_rows=False,
    changed_row=("Ansattnr", "Enhetskode", "Måned", "Lønnsart"),
    schema=pap.DataFrameSchema(
        name="variable_timer",
        description="One row a person, unit, month and kind of hours.",
        columns={
            "Ansattnr": text(
                "employee_no", "Who worked the hours.", required=True, personal=True, references=("ansatte", "Ansattnr")
            ),
            "Enhetskode": text(
                "unit_code", "The unit they were worked for.", required=True, references=("organisasjon", "Enhetskode")
            ),
            "Måned": text(
                "worked_month",
                "Month they were worked in.",
                required=True,
                checks=[matches(r"\d{4}-(0[1-9]|1[0-2])", "year_and_month", "is yyyy-mm", "write the month as yyyy-mm")],
            ),
            "Lønnsart": text("hours_kind", "Overtid, Ekstravakt, Timelønn or Mertid.", required=True, checks=[known_kind]),
            "Timer": number("hours", "Hours; corrections may be negative.", required=True, checks=[of_one_month]),
            "Beløp": amount("hours_pay", "Pay for the hours in kroner.", required=False),
        },
        checks=[
            unique_rows("Ansattnr", "Enhetskode", "Måned", "Lønnsart", name="hours_unique"),
            hours_as_usual,
        ],
    ),
)
