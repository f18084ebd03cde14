"""Writes small hand-made deliveries: rows as tuples, everything unsaid filled in.
Not here: expected figures, which stand beside each case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from tests.building import build_withholding_small_cells_alone, settings_with
from warehouse.database import connect
from warehouse.paths import Home

HEADERS = {
    "organisasjon": "Enhetskode;Enhetsnavn;Nivå;Overordnet;Gruppe;Gyldig fra;Gyldig til",
    "ansatte": "Ansattnr;Fødselsnummer;Navn;Kjønn;Fødselsdato",
    "stillinger": "Ansattnr;Stillingsnr;Enhetskode;Stillingskode;Stillingstittel;Ansettelsesform;Stillingsprosent;"
    "Gyldig fra;Gyldig til;Årslønn;Lønnsgruppe;Ledernivå;Ønsker større stilling",
    "fravaer": "Ansattnr;Stillingsnr;Fraværstype;Fra dato;Til dato;Fraværsprosent",
    "permisjoner": "Ansattnr;Stillingsnr;Permisjonstype;Fra dato;Til dato;Permisjonsprosent;Dekningsgrad",
}

PAI_HEADER = (
    "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Enhetskode;Grunnlønn;Timer per uke"
)


@dataclass
class Municipality:
    """Collects rows in the text of the dialect. A person is made when first named by a position."""

    rows: dict[str, list[str]] = field(default_factory=lambda: {feed: [] for feed in HEADERS})
    persons: set[str] = field(default_factory=set)
    pai_rows: dict[int, list[str]] = field(default_factory=dict)

    def unit(self, code: str, level: str, parent: str = "", group: str = "", name: str = "") -> None:
        self.rows["organisasjon"].append(f"{code};{name or code};{level};{parent};{group};01.01.2000;")

    def person(self, number: str, sex: str = "K", born: str = "01.01.1985") -> None:
        self.persons.add(number)
        # Check digits of invented numbers do not matter: a failing one is a warning.
        self.rows["ansatte"].append(f"{number};{born[:2]}81{born[8:]}00000;;{sex};{born}")

    def position(
        self,
        person: str,
        unit: str,
        percent: str = "100",
        first: str = "01.01.2023",
        last: str = "",
        *,
        number: str = "1",
        form: str = "Fast",
        code: str = "7174",
        title: str = "Sykepleier",
        rest: str = ";;;",
    ) -> None:
        if person not in self.persons:
            self.person(person)
        self.rows["stillinger"].append(f"{person};{number};{unit};{code};{title};{form};{percent};{first};{last};{rest}")

    def absence(self, person: str, kind: str, first: str, last: str, percent: str = "100", position: str = "") -> None:
        self.rows["fravaer"].append(f"{person};{position};{kind};{first};{last};{percent}")

    def leave(
        self,
        person: str,
        first: str,
        last: str,
        percent: str = "100",
        kind: str = "Ulønnet permisjon",
        *,
        position: str = "",
        coverage: str = "",
    ) -> None:
        self.rows["permisjoner"].append(f"{person};{position};{kind};{first};{last};{percent};{coverage}")

    def pai(self, year: int, person: int, percent: str, unit: str = "", *, form: str = "F", code: str = "7174") -> None:
        """A position in PAI, of a person whom payroll need not know."""
        row = f"018185{person:05};{person};{code};{percent};{form};2530;{unit};500000;35,5"
        self.pai_rows.setdefault(year, []).append(row)

    def deliver(self, landing: Path, extract_date: date) -> None:
        """Write the files as UTF-8 CSV."""
        for feed, rows in self.rows.items():
            text = "\n".join([HEADERS[feed], *rows]) + "\n"
            (landing / f"{feed}_{extract_date}.csv").write_text(text, encoding="utf-8")
        for year, rows in self.pai_rows.items():
            (landing / f"pai_{year}.csv").write_text("\n".join([PAI_HEADER, *rows]) + "\n", encoding="utf-8")


@contextlib.contextmanager
def built(municipality: Municipality, folder: Path, as_of: date) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build database of a municipality's delivery, from the landing folder to the served tables."""
    home, settings = Home(folder / "home"), settings_with(folder)
    home.prepare()
    municipality.deliver(home.landing, as_of)
    build_withholding_small_cells_alone(home, settings)
    with connect(home.build_database, settings, read_only=True) as con:
        yield con
