"""Contract of the feed ansatte: one row a person employed by the municipality."""

import pandera.pandas as pap

from sources.contract import Feed, check, date, one_of, text, unique_rows, varies
from sources.national_number import tells_birth_date, tells_sex, valid_check_digits

check_digits = check(
    valid_check_digits,
    "check_digits",
    "has eleven digits with valid check digits",
    "compare the number with the National Registry; the row is loaded all the same",
    severity="warning",
)

OF_ANOTHER = "the row is loaded; where many rows are named, a column was moved or sorted alone, or is written otherwise"
birth_date_of_number = check(
    lambda frame: tells_birth_date(frame["Fødselsnummer"], frame["Fødselsdato"]),
    "birth_date_of_number",
    "Fødselsdato is the date in Fødselsnummer",
    f"correct the date or the number; {OF_ANOTHER}",
    column="Fødselsdato",
    severity="warning",
    stage="row",
)
sex_of_number = check(
    lambda frame: tells_sex(frame["Fødselsnummer"], frame["Kjønn"]),
    "sex_of_number",
    "Kjønn is that in Fødselsnummer, where it is not a synthetic one",
    f"correct the sex or the number; {OF_ANOTHER}",
    column="Kjønn",
    severity="warning",
    stage="row",
)

FEED = Feed(
    required=True,
    needs_rows=True,
    key="Ansattnr",
    natural_key=("Ansattnr",),
    schema=pap.DataFrameSchema(
        name="ansatte",
        description="One row a person.",
        columns={
            "Ansattnr": text("employee_no", "The person's employee number, unique in the file.", required=True, personal=True),
            "Fødselsnummer": text(
                "national_number",
                "National number; used only as the input of the keyed pseudonym, never stored.",
                required=True,
                personal=True,
                stored_as="pseudonym",
                digits=11,
                checks=[check_digits],
            ),
            "Navn": text(
                "person_name",
                "The person's name; never stored.",
                required=False,
                personal=True,
                stored_as="nothing",
                is_name=True,
            ),
            "Kjønn": text("sex_code", "K (kvinne) or M (mann).", required=True, personal=True, checks=[one_of("K", "M")]),
            "Fødselsdato": date(
                "birth_date",
                "Date of birth; only the year is stored.",
                required=True,
                personal=True,
                stored_as="year",
                is_birth_date=True,
            ),
        },
        checks=[
            birth_date_of_number,
            sex_of_number,
            unique_rows("Ansattnr", name="employee_no_unique"),
            unique_rows(
                "Fødselsnummer",
                name="national_number_unique",
                remedy="see whether they are one person; the row is loaded, and counts as a person of its own",
                severity="warning",
            ),
            varies("Kjønn", "sex_code_varies"),
        ],
    ),
)
