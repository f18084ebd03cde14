"""What the municipality's payroll system would export on a given day: the five feeds as tables of text.
Not here: drawing people and absence, and how a file is encoded (dialects.py).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sources.demo.organisation import Municipality
from sources.demo.people import LEADER_OF_LEVEL, OPEN, ORIGIN, day

# Each is made from a row of its feed and put after it; without changes it is an exact copy.
BAD_ROWS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "organisasjon",
        "unknown parent",
        {"Enhetskode": "899900", "Enhetsnavn": "Nedlagt", "Overordnet": "899000"},
    ),
    ("ansatte", "sex outside the code list", {"Ansattnr": "999001", "Kjønn": "X"}),
    ("stillinger", "its person is quarantined", {"Ansattnr": "999001"}),
    ("stillinger", "overlaps the row before it", {"Gyldig fra": "15.06.2024", "Stillingsprosent": "45"}),
    ("stillinger", "unknown unit", {"Stillingsnr": "7", "Enhetskode": "123456"}),
    ("stillinger", "percent above 100", {"Stillingsnr": "8", "Stillingsprosent": "120"}),
    ("stillinger", "same position and start twice", {"Stillingsprosent": "55"}),
    ("fravaer", "unknown person", {"Ansattnr": "999777"}),
    ("fravaer", "no such date", {"Fra dato": "31.02.2023", "Til dato": "03.03.2023"}),
    ("fravaer", "ends before it starts", {"Fra dato": "15.06.2023", "Til dato": "01.06.2023"}),
    ("fravaer", "percent below 1", {"Fraværsprosent": "0"}),
    ("fravaer", "exact copy", {}),
    ("fravaer", "exact copy", {}),
    (
        "permisjoner",
        "coverage neither 80 nor 100",
        {"Permisjonstype": "Foreldrepermisjon", "Dekningsgrad": "90"},
    ),
    ("permisjoner", "exact copy", {}),
)


def extract(
    municipality: Municipality,
    persons: pd.DataFrame,
    positions: pd.DataFrame,
    leaves: pd.DataFrame,
    absences: pd.DataFrame,
    taken: int,
) -> dict[str, pd.DataFrame]:
    """The feeds as known on the day `taken`: later starts and ends only where agreed by then."""
    positions = positions[positions["known"] <= taken]
    leaves, absences = (
        rows[(rows["known"] <= taken) & rows["person"].isin(positions["person"])] for rows in (leaves, absences)
    )
    coverage = text(leaves["coverage"], lambda percent: str(percent) if percent else "")
    return {
        "organisasjon": _organisasjon(municipality.units),
        "ansatte": _ansatte(persons[persons["person"].isin(positions["person"])]),
        "stillinger": _stillinger(municipality, persons, positions, taken),
        "fravaer": _absence_rows("Fravær", persons, absences, taken),
        "permisjoner": _absence_rows("Permisjon", persons, leaves, taken).assign(Dekningsgrad=coverage),
    }


def _organisasjon(units: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Enhetskode": units["unit_code"],
            "Enhetsnavn": units["name"],
            "Nivå": units["level"],
            "Overordnet": units["parent"],
            "Gruppe": units["group"],
            "Gyldig fra": text(units["valid_from"], lambda date: date_text(day(date))),
            "Gyldig til": text(units["valid_to"], lambda date: date_text(day(date)) if date else ""),
        }
    )


def _ansatte(persons: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Ansattnr": persons["number"],
            "Fødselsnummer": persons["national_number"],
            "Navn": persons["name"],
            "Kjønn": persons["sex"],
            "Fødselsdato": text(persons["birth"], date_text),
        }
    )


def _stillinger(municipality: Municipality, persons: pd.DataFrame, positions: pd.DataFrame, taken: int) -> pd.DataFrame:
    jobs = municipality.jobs.loc[positions["job"]].set_index(positions.index)
    end_known = (positions["end"] <= taken) | (positions["end_known"] <= taken)
    part_time = positions["percent"].between(1, 99.99) & ~positions["role"].isin(municipality.forms.index)
    return pd.DataFrame(
        {
            "Ansattnr": persons["number"].to_numpy()[positions["person"]],
            "Stillingsnr": positions["position"],
            "Enhetskode": municipality.units["unit_code"].to_numpy()[positions["unit"]],
            "Stillingskode": jobs["code"],
            "Stillingstittel": jobs["title"],
            "Ansettelsesform": positions["form"],
            "Stillingsprosent": text(positions["percent"], number_text),
            "Gyldig fra": text(positions["start"], date_text),
            "Gyldig til": text(positions["end"].where(end_known, OPEN), date_text),
            "Årslønn": text(positions["salary"].fillna(0), lambda amount: str(int(amount)) if amount else ""),
            "Lønnsgruppe": text(jobs["pay_group"].fillna(0), lambda group: str(group) if group else ""),
            "Ledernivå": jobs["role"].where(jobs["role"].isin(LEADER_OF_LEVEL.values()), ""),
            "Ønsker større stilling": positions["wish"].where(part_time, ""),
        }
    )


def _absence_rows(kind: str, persons: pd.DataFrame, rows: pd.DataFrame, taken: int) -> pd.DataFrame:
    """Absences or leaves; a row that names no position applies to all its person holds."""
    return pd.DataFrame(
        {
            "Ansattnr": persons["number"].to_numpy()[rows["person"]],
            "Stillingsnr": np.where(rows["named"], "1", ""),
            f"{kind}stype": rows["type"],
            "Fra dato": text(rows["start"], date_text),
            "Til dato": text(rows["end"].mask(rows["open"] & (rows["end"] > taken), OPEN), date_text),
            f"{kind}sprosent": text(rows["percent"], number_text),
        }
    )


def text(values: pd.Series, write: Callable[[Any], str]) -> np.ndarray:
    codes, distinct = pd.factorize(values)
    return np.array([write(value) for value in distinct], dtype=object)[codes]


def date_text(number: int) -> str:
    return "" if number >= OPEN else f"{(ORIGIN + int(number)).item():%d.%m.%Y}"


def number_text(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def sprinkle_bad_rows(feeds: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The feeds with a real extract's handful of bad rows, and one wrong check digit (a warning only)."""
    sprinkled = {}
    for name, feed in feeds.items():
        changes = [change for bad_feed, _, change in BAD_ROWS if bad_feed == name]
        source = feed
        if name == "stillinger":
            source = feed[(feed["Gyldig fra"] == "01.05.2024") & (feed["Gyldig til"] == "")]
        spread = source.index[np.linspace(0, len(source) - 1, len(changes) + 2).astype(int)[1:-1]]
        added = [feed.loc[[row]].assign(**change) for row, change in zip(spread, changes, strict=True)]
        # The stable sort puts each bad row right after the row it was made from.
        sprinkled[name] = pd.concat([feed, *added]).sort_index(kind="stable").reset_index(drop=True)
    number = str(sprinkled["ansatte"].at[17, "Fødselsnummer"])
    sprinkled["ansatte"].at[17, "Fødselsnummer"] = number[:-1] + str((int(number[-1]) + 1) % 10)
    return sprinkled
