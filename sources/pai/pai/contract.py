"""Contract of the feed pai: one row a position on 1 December of the file's year."""

from decimal import Decimal

import pandas as pd
import pandera.pandas as pap

from sources.contract import (
    DATE,
    Feed,
    amount,
    between,
    check,
    date,
    integer,
    matches,
    of_file,
    one_of,
    percent,
    text,
    unique_rows,
    varies,
)
from sources.naming import Naming
from sources.national_number import eleven_digits, looks_masked
from sources.pai.layout import YEAR, read_pai
from sources.payroll.ansatte.contract import check_digits
from sources.signs import are_fractions, many_of_all

WEEKLY_HOURS = ("33,6", "34", "34,5", "35", "35,5", "36", "37,5")

known_hours = check(
    lambda hours: hours.isin([Decimal(value.replace(",", ".")) for value in WEEKLY_HOURS]),
    "in_code_list",
    f"is one of {' '.join(WEEKLY_HOURS)}",
    "use the hours of a full position",
)
four_digits = matches(r"\d{4}", "four_digits", "has four digits", "use the four-digit code")


def _one_employee_no(frame: pd.DataFrame) -> pd.Series:
    return frame.groupby("Fødselsnummer")["Ansattnr"].transform("nunique") == 1


def _reference_dates(frame: pd.DataFrame) -> pd.Series:
    dates = pd.to_datetime(frame["PAI-år"].astype("int64").astype(str) + "-12-01")
    return dates.astype("datetime64[s]").astype(DATE)


has_eleven_digits = check(
    eleven_digits,
    "eleven_digits",
    "has eleven digits, none of them masked",
    "deliver the whole number: without it two persons cannot be told apart",
)
unmasked = check(
    lambda frame: ~looks_masked(frame["Fødselsnummer"]) | _one_employee_no(frame),
    "national_number_unmasked",
    "Fødselsnummer is no masked number (00000 or 99999 at its end) of several employee numbers",
    "deliver the whole number: without it two persons cannot be told apart",
    column="Fødselsnummer",
    stage="row",
)
one_employee_no = check(
    lambda frame: frame["Ansattnr"] == frame.groupby("Fødselsnummer")["Ansattnr"].transform("first"),
    "one_employee_no",
    "a national number has one employee number",
    "see whether they are one person; the row is loaded, and the person's positions are summed",
    column="Fødselsnummer",
    severity="warning",
    stage="row",
)
seniority_by_reference = check(
    lambda frame: frame["Lønnsansiennitetsdato"].isna() | (frame["Lønnsansiennitetsdato"] <= _reference_dates(frame)),
    "seniority_by_reference",
    "Lønnsansiennitetsdato is not after 1 December of the year in the name of the file",
    "see whether the file is of the year in its name; the row is loaded, and counts in that year",
    column="Lønnsansiennitetsdato",
    severity="warning",
    stage="row",
)
# A person may hold two positions that are alike; a whole file that came twice would double everybody's.
no_copy = unique_rows(
    "Stillingskode",
    "Fødselsnummer",
    "Ansattnr",
    "Stillingsprosent",
    "Tilsettingsforhold",
    "Tjenestested",
    "Enhetskode",
    "Grunnlønn",
    name="no_copy",
    remedy="see whether the person holds two such positions; the row is loaded, and both are summed",
    severity="warning",
)
# Few hold more than a position and a half together.
MOST_OF_A_PERSON = 150


def _sizes_as_usual(frame: pd.DataFrame) -> pd.Series:
    sizes = frame["Stillingsprosent"].astype(float)
    together = sizes.groupby(frame["Fødselsnummer"]).transform("sum")
    return ~are_fractions(sizes) & ~many_of_all(together > MOST_OF_A_PERSON)


sizes_as_usual = of_file(
    _sizes_as_usual,
    "sizes_as_usual",
    f"few positions are between 0 and 1 %, and few persons hold more than {MOST_OF_A_PERSON} %",
    "see whether fractions were exported as Stillingsprosent, or each position twice",
    column="Stillingsprosent",
)

FEED = Feed(
    required=False,
    needs_rows=False,
    changed_row=("PAI-år", "Ansattnr", "Enhetskode", "Stillingskode"),
    files=Naming("pai", kinds=("csv", "txt", "xlsx"), yearly=True, reference_day=(12, 1)),
    read=read_pai,
    schema=pap.DataFrameSchema(
        name="pai",
        description="One row a position on 1 December. The layout is a reconstruction (sources/pai/README.md).",
        columns={
            YEAR: integer("pai_year", "Year of the reference date, from the file's name.", required=True),
            "Fødselsnummer": text(
                "national_number",
                "National number; used only as the input of the keyed pseudonym, never stored.",
                required=True,
                personal=True,
                stored_as="pseudonym",
                digits=11,
                checks=[has_eleven_digits, check_digits],
            ),
            "Ansattnr": text("employee_no", "The person's employee number.", required=True, personal=True),
            "Stillingskode": text("job_code", "KS' job code.", required=True, digits=4, checks=[four_digits]),
            "Stillingsprosent": percent(
                "position_percent", "Percent of a full position.", required=True, checks=[between(0, 100)], of_scale=True
            ),
            "Tilsettingsforhold": text(
                "employment_code", "F (fast), V (vikar) or M (midlertidig).", required=True, checks=[one_of("F", "V", "M")]
            ),
            "Tjenestested": text("service_place", "KS' place of service.", required=True, digits=4, checks=[four_digits]),
            "Enhetskode": text("unit_code", "The unit's code in organisasjon.", required=False, optional=True),
            "Grunnlønn": amount(
                "base_pay",
                "Basic pay in kroner; 0 is read as empty, and counts in no mean.",
                required=True,
                zero_is_empty=True,
                checks=[between(0, 5_000_000)],
            ),
            "Faste tillegg": amount("fixed_supplements", "Fixed supplements in kroner.", required=False, optional=True),
            "Variable tillegg": amount(
                "variable_supplements", "Variable supplements in kroner.", required=False, optional=True
            ),
            "Overtid": amount("overtime_pay", "Overtime pay in kroner.", required=False, optional=True),
            "Utdanningskode": text(
                "education_code",
                "Code of education, three digits.",
                required=False,
                optional=True,
                checks=[matches(r"\d{3}", "three_digits", "has three digits", "use the three-digit code")],
            ),
            "Timer per uke": percent("weekly_hours", "Weekly hours of a full position.", required=True, checks=[known_hours]),
            "Lønnsansiennitetsdato": date(
                "seniority_date", "Date the pay seniority counts from.", required=False, optional=True
            ),
        },
        checks=[
            unmasked,
            one_employee_no,
            seniority_by_reference,
            no_copy,
            sizes_as_usual,
            varies("Stillingsprosent", "position_percent_varies"),
            varies("Tilsettingsforhold", "employment_code_varies"),
        ],
    ),
)
