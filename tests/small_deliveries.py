"""Writes small deliveries by hand for tests: text files in the dialect, workbooks, and a municipality of a few units.
Not here: tests, or anything random (random_municipality.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import xlsxwriter

from sources.contract import Feed
from sources.validate import validate

HEADERS = {
    "organisasjon": "Enhetskode;Enhetsnavn;Nivå;Overordnet;Gruppe;Gyldig fra;Gyldig til",
    "ansatte": "Ansattnr;Fødselsnummer;Navn;Kjønn;Fødselsdato",
    "stillinger": "Ansattnr;Stillingsnr;Enhetskode;Stillingskode;Stillingstittel;Ansettelsesform;Stillingsprosent;"
    "Gyldig fra;Gyldig til;Årslønn;Lønnsgruppe;Ledernivå;Ønsker større stilling",
    "fravaer": "Ansattnr;Stillingsnr;Fraværstype;Fra dato;Til dato;Fraværsprosent",
    "permisjoner": "Ansattnr;Stillingsnr;Permisjonstype;Fra dato;Til dato;Permisjonsprosent;Dekningsgrad",
}
UNITS = [
    "K;Asker kommune;kommune;;;01.01.2020;",
    "O;Oppvekst;tjenesteområde;K;;01.01.2020;",
    "V;Velferd;tjenesteområde;K;;01.01.2020;",
    "V1;Solhaug sykehjem;virksomhet;V;;01.01.2020;",
    "V2;Bråset sykehjem;virksomhet;V;;01.01.2020;",
]


def write_lines(path: Path, header: str, lines: Sequence[str]) -> Path:
    """A text file of ready lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join([header, *lines]) + "\r\n", encoding="utf-8")
    return path


def write_payroll(landing: Path, day: str, **feeds: Sequence[str]) -> None:
    """The five required files of one extract date, from lines in the order of HEADERS; units default to UNITS.

    Persons are made from the positions: number n is a woman born in 1980 when n is odd, else a man.
    """
    positions = feeds.get("stillinger", ["1;1;V1;7174;Sykepleier;Fast;100;01.01.2020;"])
    numbers = sorted({int(line.split(";")[0]) for line in positions})
    persons = [f"{n};{national_number(n)};Navn {n};{'KM'[n % 2 == 0]};01.02.1980" for n in numbers]
    content: dict[str, Sequence[str]] = {"organisasjon": UNITS, "ansatte": persons, "fravaer": [], "permisjoner": [], **feeds}
    content["stillinger"] = positions
    for name, header in HEADERS.items():
        # Lines may leave their last cells out.
        padded = [line + ";" * (header.count(";") - line.count(";")) for line in content[name]]
        write_lines(landing / f"{name}_{day}.csv", header, padded)


def national_number(n: int) -> str:
    """The n-th synthetic number (month +80) born 1 February 1980 whose check digits exist."""
    found = 0
    for individual in range(1000):
        digits = [int(digit) for digit in f"018280{individual:03d}"]
        first = 11 - sum(w * d for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), digits, strict=True)) % 11
        first = 0 if first == 11 else first
        second = 11 - sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), [*digits, first], strict=True)) % 11
        second = 0 if second == 11 else second
        if first < 10 and second < 10:
            found += 1
            if found == n:
                return "".join(map(str, [*digits, first, second]))
    raise ValueError(f"there are not {n} such numbers")


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """A workbook of sheets, each a list of rows with the header first; None is an empty cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(i, j, cell)
    return path


def broken_rules(feed: Feed, path: Path, known: Mapping[tuple[str, str], pd.Index] = {}) -> list[str]:
    """Names of the rules a file breaks, one a row and rule, for tests that break each once."""
    named = feed.naming.read(path.name)
    assert named, f"{path.name} is not a name of {feed.name}"
    validated = validate(feed, feed.read_file(path, named), known)
    assert validated.rows_delivered == len(validated.accepted) + validated.rows_quarantined
    return [*validated.quarantined["rule"], *validated.warnings["rule"]]
