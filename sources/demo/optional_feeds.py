"""The optional feeds about the demo municipality's own people and units: variable hours, PAI and pilots.
Not here: the five required payroll feeds (extracts.py), and what is made of printed figures (from_printed.py).
"""

import numpy as np
import pandas as pd

from sources.demo.extracts import date_text, number_text, text
from sources.demo.organisation import Municipality
from sources.demo.people import ON_SHIFTS, ORIGIN, day
from sources.demo.solve.pai import with_hourly_paid

HOURS_FROM = "2023-01"
# Who may have hours of a kind: kind, share of them with hours in a month, mean hours, pay by the hour's rate.
HOURS = (
    ("Timelønn", 0.75, 42, 1.0),
    ("Ekstravakt", 0.10, 15, 1.0),
    ("Mertid", 0.14, 12, 1.0),
    ("Overtid", 0.06, 7, 1.5),
)
SUMMER_MONTHS = (6, 7, 8)
SMALLEST_SHIFT = 0.25

EMPLOYMENT_CODES = {"Fast": "F", "Vikar": "V", "Midlertidig": "M", "Lærling": "M"}
BY_THE_HOUR = {"Timelønnet": "M", "Tilkallingsvikar": "V"}
EDUCATION_OF_PAY_GROUP = {1: "299", 2: "499", 3: "699", 4: "699", 5: "799", 6: "799", 7: "799", 8: "799", 9: "699", 10: "799"}
# Named after KOSTRA's functions; KS' own list of places is another.
SERVICE_PLACES = {
    "barneskole": "2020",
    "ungdomsskole": "2020",
    "spesialavdeling": "2020",
    "spesialpedagogikk": "2110",
    "barnehage": "2010",
    "sfo": "2150",
    "familie": "2320",
    "helse": "2410",
    "nav": "2420",
    "barnevern": "2440",
    "sykehjem": "2530",
    "hjemmetjeneste": "2540",
    "bolig": "2540",
    "inkludering": "2750",
    "teknisk": "3350",
    "ingeniør": "3010",
    "renhold": "1300",
    "bibliotek": "3700",
    "kultur": "3850",
    "kulturskole": "3830",
}
ADMINISTRATION = "1200"

PILOTS = (
    ("310203", "Heltid Bråset avd 2", "2022-09-01", ""),
    ("310211", "Langvakter Hurum", "2023-05-01", ""),
    ("330104", "Årsturnus Løkenes", "2023-02-01", "2024-01-31"),
)


def draw_hours(rng: np.random.Generator, municipality: Municipality, positions: pd.DataFrame) -> pd.DataFrame:
    """One row a person, unit, month and kind of hours, as numbers, from `HOURS_FROM` to the end of the positions' year."""
    shifts = municipality.units["workplace"].isin(ON_SHIFTS).to_numpy()
    parts = []
    for month in pd.period_range(HOURS_FROM, "2024-12", freq="M"):
        held = positions[_valid_on(positions, day(f"{month}-15"))]
        may = {
            "Timelønn": held["form"].isin(["Timelønnet", "Tilkallingsvikar"]),
            "Ekstravakt": held["form"].isin(["Fast", "Vikar"]) & held["percent"].between(1, 60) & shifts[held["unit"]],
            "Mertid": held["form"].isin(["Fast", "Vikar"]) & held["percent"].between(1, 95),
            "Overtid": held["form"].eq("Fast") & held["percent"].ge(95),
        }
        busy = 1.5 if month.month in SUMMER_MONTHS else 1.0
        for kind, share, mean, rate in HOURS:
            some = held[may[kind]]
            some = some[rng.random(len(some)) < share * busy * np.where(shifts[some["unit"]], 1.2, 0.6)]
            hours = np.ceil(rng.gamma(2, mean / 2, len(some)) / SMALLEST_SHIFT) * SMALLEST_SHIFT
            pay = hours * rate * some["salary"].to_numpy() / 1950
            drawn = some[["person", "unit", "known"]].assign(month=str(month), kind=kind, hours=hours.clip(max=140), pay=pay)
            parts.append(drawn)
    key = ["month", "person", "unit", "kind"]
    return pd.concat(parts).groupby(key, as_index=False).agg({"hours": "sum", "pay": "sum", "known": "max"})


def variable_timer(municipality: Municipality, persons: pd.DataFrame, hours: pd.DataFrame, taken: int) -> pd.DataFrame:
    """The feed as exported on the day `taken`, with two bad rows and one kind of hours that no measure counts."""
    hours = hours[(hours["month"] <= str(ORIGIN + taken)[:7]) & (hours["known"] <= taken)]
    feed = pd.DataFrame(
        {
            "Ansattnr": persons["number"].to_numpy()[hours["person"]],
            "Enhetskode": municipality.units["unit_code"].to_numpy()[hours["unit"]],
            "Måned": hours["month"],
            "Lønnsart": hours["kind"],
            "Timer": text(hours["hours"], number_text),
            "Beløp": text(hours["pay"].round(), number_text),
        }
    )
    bad = [{"Ansattnr": "999777"}, {"Måned": "2024-13"}, {"Lønnsart": "Beredskap", "Beløp": ""}]
    return pd.concat([feed, *(feed.iloc[[row * 100]].assign(**change) for row, change in enumerate(bad, 1))])


def pai(
    rng: np.random.Generator, municipality: Municipality, persons: pd.DataFrame, positions: pd.DataFrame, year: int
) -> pd.DataFrame:
    """The positions of 1 December in the default layout, with some of those that are paid by the hour."""
    held = positions[_valid_on(positions, day(f"{year}-12-01"))]
    monthly = held[held["form"].isin(EMPLOYMENT_CODES)]
    hourly = held[held["form"].isin(BY_THE_HOUR) & ~held["person"].isin(monthly["person"])].drop_duplicates("person")
    held = with_hourly_paid(rng, monthly, hourly, year).sort_values(["person", "position"], kind="stable", ignore_index=True)
    jobs = municipality.jobs.loc[held["job"]].set_index(held.index)
    workplace = municipality.units["workplace"].loc[held["unit"]].set_axis(held.index)
    on_shifts = workplace.isin(ON_SHIFTS)
    pay = held["salary"] * held["percent"] / 100
    # Told apart by employee number, so that the same person has the same supplements every year.
    lot = held["person"] % 10
    education = jobs["pay_group"].map(EDUCATION_OF_PAY_GROUP).fillna("")
    seniority = held["start"].groupby(held["person"]).transform("min") - 365 * lot
    return pd.DataFrame(
        {
            "Fødselsnummer": persons["national_number"].to_numpy()[held["person"]],
            "Ansattnr": persons["number"].to_numpy()[held["person"]],
            "Stillingskode": jobs["code"],
            "Stillingsprosent": text(held["percent"], number_text),
            "Tilsettingsforhold": held["form"].map({**EMPLOYMENT_CODES, **BY_THE_HOUR}),
            "Tjenestested": workplace.map(SERVICE_PLACES).fillna(ADMINISTRATION),
            "Enhetskode": municipality.units["unit_code"].to_numpy()[held["unit"]],
            "Grunnlønn": text(held["salary"], number_text),
            "Faste tillegg": text((pay * 0.01 * lot).round().where(~on_shifts, 0), number_text),
            "Variable tillegg": text((pay * (0.06 + 0.01 * lot)).round().where(on_shifts, 0), number_text),
            "Overtid": text((pay * 0.02).round().where(lot < 2, 0), number_text),
            # KS pads the code with blanks.
            "Utdanningskode": education.mask(education != "", education + "  "),
            "Timer per uke": np.where(on_shifts, "35,5", "37,5"),
            "Lønnsansiennitetsdato": text(seniority, date_text),
        }
    )


def piloter() -> pd.DataFrame:
    """Three pilots, one of them ended."""
    pilots = pd.DataFrame(PILOTS, columns=["Enhetskode", "Pilot", "Startdato", "Sluttdato"])
    dates = {column: text(pilots[column], norwegian_date) for column in ("Startdato", "Sluttdato")}
    return pilots.assign(**dates)


def norwegian_date(iso: str) -> str:
    return date_text(day(iso)) if iso else ""


def _valid_on(positions: pd.DataFrame, when: int) -> pd.Series:
    return (positions["start"] <= when) & (positions["end"] >= when)
