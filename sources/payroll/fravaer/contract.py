"""Contract of the feed fravaer: one row an absence."""

import pandas as pd
import pandera.pandas as pap

from sources.code_lists import kinds_of_class
from sources.contract import Feed, between, check, date, date_order, of_file, percent, text, unique_rows
from sources.signs import (
    FEWEST_ABSENCES,
    HOURS,
    are_fractions,
    are_percents,
    begin_as_absences_do,
    end_as_absences_do,
    outnumbered,
)

begins_as_usual = of_file(
    lambda frame: begin_as_absences_do(frame["Fra dato"]),
    "begins_as_usual",
    "absences begin on Mondays more than on Sundays or Tuesdays",
    "see whether the export moves dates by a day (time zone, 1904)",
    column="Fra dato",
)
ends_as_usual = of_file(
    lambda frame: end_as_absences_do(frame["Fra dato"], frame["Til dato"]),
    "ends_as_usual",
    "some absences of a file with many are of a single day, and few have no end after more than a year",
    "see whether the export gives the first day after the absence, or leaves ends out; Til dato is inclusive",
    column="Til dato",
)


def _of_both_classes(frame: pd.DataFrame) -> pd.Series:
    by_self, by_doctor = (frame["Fraværstype"].isin(kinds_of_class("absence_kinds", name)) for name in ("self", "doctor"))
    alone = [
        outnumbered(*pair, fewest=FEWEST_ABSENCES, times=FEWEST_ABSENCES)
        for pair in ((by_self, by_doctor), (by_doctor, by_self))
    ]
    # Of a file without either, as of other absences alone, every row is told.
    others = outnumbered(~by_self & ~by_doctor, by_self | by_doctor, fewest=FEWEST_ABSENCES, times=FEWEST_ABSENCES)
    return ~(alone[0] | alone[1] | others)


percents_as_usual = of_file(
    lambda frame: are_percents(frame["Fraværsprosent"], fewest=FEWEST_ABSENCES) & ~are_fractions(frame["Fraværsprosent"]),
    "percents_as_usual",
    f"some absence of a file with many is of more than {HOURS} %, and few are of 1 %",
    "see whether hours, fractions or another column were exported as Fraværsprosent",
    column="Fraværsprosent",
)
both_certifications = of_file(
    _of_both_classes,
    "both_certifications",
    "sick absences are self-certified and doctor-certified ones",
    "see whether the extract has a filter, or the other kind is kept in another system",
    column="Fraværstype",
)

SAME = ["Ansattnr", "Fraværstype", "Fra dato", "Til dato", "Fraværsprosent"]
# Copies are bad rows before: what is there again has another Stillingsnr.
told_once = check(
    lambda frame: ~(frame.duplicated(subset=SAME, keep=False) & frame["Stillingsnr"].isna()),
    "told_once",
    "an absence without Stillingsnr is not there again with one",
    "see whether the export has each absence for the person and for each position; all are loaded and summed",
    column="Stillingsnr",
    severity="warning",
    stage="duplicate",
)

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
            "Fra dato": date("from_date", "First day.", required=True, after_birth_of=("ansatte", "Ansattnr"), in_view=True),
            "Til dato": date(
                "to_date", "Last day, inclusive; empty while it lasts.", required=False, ends_most=True, in_view=True
            ),
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
            told_once,
            begins_as_usual,
            ends_as_usual,
            both_certifications,
            percents_as_usual,
        ],
    ),
)
