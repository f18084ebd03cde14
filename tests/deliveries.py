"""Writes delivery files in every variant of the dialect (feeds.md) from rows of text by header, and holds them against a feed.
Not here: what should come of them; random municipalities (random_municipality.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import xlsxwriter

from sources.contract import DATE, TEXT
from sources.registry import feeds
from sources.validate import Validated, validate

Row = dict[str, str]
# A row given as text is written as it is.
Rows = Sequence[Row | str]
Delivery = dict[str, list[Row]]

# The optional feeds have files of other forms, and tests of their own in unit/.
PAYROLL = {name: feed for name, feed in feeds().items() if feed.required}
EXTRACT_DATE = date(2024, 9, 30)

# No other row refers to the last one of a feed, and all its columns are filled: a test may break any cell of it.
SMALL_DELIVERY = {
    "organisasjon": """
Enhetskode;Enhetsnavn;Nivå;Overordnet;Gruppe;Gyldig fra;Gyldig til
1000;Prøve kommune;kommune;;;01.01.2020;
1100;Oppvekst;tjenesteområde;1000;;01.01.2020;
1110;Østre barneskole;virksomhet;1100;Barneskole;01.01.2020;
1111;Østre SFO;avdeling;1110;SFO;01.01.2020;
1120;Åsen barneskole;virksomhet;1100;Barneskole;01.01.2020;31.12.2029
""",
    "ansatte": """
Ansattnr;Fødselsnummer;Navn;Kjønn;Fødselsdato
700411;01818048439;Prøvine Prøvestad;K;01.01.1980
700412;03879107732;Testulf Skisseli;M;03.07.1991
700413;30830270201;Eksempla Testemoen;K;30.03.2002
700414;11906533385;Mønstrid Fiktivøy;M;11.10.1965
""",
    "stillinger": """
Ansattnr;Stillingsnr;Enhetskode;Stillingskode;Stillingstittel;Ansettelsesform;Timer per uke;Stillingsprosent;\
Gyldig fra;Gyldig til;Årslønn;Lønnsgruppe;Ledernivå;Ønsker større stilling
700411;1;1110;0951;Rektor;Fast;;100;01.01.2020;31.07.2023;812500;;;
700411;1;1110;0951;Rektor;Fast;37,5;80,5;01.08.2023;;1034567,89;10;Virksomhetsleder;Nei
700412;1;1111;6572;Assistent;Vikar;;33,3333;15.03.2022;;;;;
700413;2;1000;7174;Sykepleier;Midlertidig;35,5;50;01.01.2024;30.06.2025;498000,5;3;Avdelingsleder;Ja
""",
    "fravaer": """
Ansattnr;Stillingsnr;Fraværstype;Fra dato;Til dato;Fraværsprosent
700411;;Egenmelding;04.03.2024;05.03.2024;100
700412;;Sykmelding;01.09.2024;;66,7
700413;2;Sykt barn;12.02.2024;12.02.2024;50
""",
    "permisjoner": """
Ansattnr;Stillingsnr;Permisjonstype;Fra dato;Til dato;Permisjonsprosent;Dekningsgrad
700412;;Ulønnet permisjon;01.05.2024;;20;
700413;2;Foreldrepermisjon;01.04.2024;30.06.2024;100;80
""",
}


def small_delivery() -> Delivery:
    """A fresh copy of a valid delivery of the five required feeds."""
    return {feed: list(csv.DictReader(io.StringIO(text.strip()), delimiter=";")) for feed, text in SMALL_DELIVERY.items()}


def headers(feed: str, rows: Rows = ()) -> list[str]:
    """The contract's columns and after them what else the rows hold."""
    extra = [header for row in rows if isinstance(row, dict) for header in row]
    return list(dict.fromkeys([*feeds()[feed].columns, *extra]))


def csv_text(columns: Sequence[str], rows: Rows, *, newline: str = "\r\n", quote_all: bool = False) -> str:
    """Header and rows in the dialect; cells are quoted where they have to be, or all of them."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator=newline, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    for row in rows:
        if isinstance(row, str):
            out.write(row + newline)
        else:
            writer.writerow([row.get(column, "") for column in columns])
    return out.getvalue()


def write_feed(
    folder: Path,
    feed: str,
    rows: Rows,
    *,
    extract_date: date = EXTRACT_DATE,
    columns: Sequence[str] | None = None,
    encoding: str = "cp1252",
    newline: str = "\r\n",
    quote_all: bool = False,
) -> Path:
    """Write a delivery file as delimited text."""
    text = csv_text(columns or headers(feed, rows), rows, newline=newline, quote_all=quote_all)
    path = folder / f"{feed}_{extract_date}.csv"
    path.write_bytes(text.encode(encoding))
    return path


def write_feed_xlsx(
    folder: Path,
    feed: str,
    rows: Sequence[Row],
    *,
    extract_date: date = EXTRACT_DATE,
    native: bool = True,
    number_columns: Collection[str] = (),
) -> Path:
    """Write a delivery file as XLSX: dates and numbers native, or all cells text.

    `number_columns`: text columns whose codes the spreadsheet takes for numbers.
    """
    path = folder / f"{feed}_{extract_date}.xlsx"
    columns = headers(feed, rows)
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        as_date = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, columns)
        for place, header in enumerate(columns):
            column = feeds()[feed].columns.get(header)
            kind = column.dtype.type if column else TEXT
            for number, row in enumerate(rows, start=1):
                cell = row.get(header, "")
                if not cell:
                    continue
                if native and kind == DATE:
                    day, month, year = map(int, cell.split("."))
                    sheet.write_datetime(number, place, date(year, month, day), as_date)
                elif header in number_columns or (native and kind != TEXT):
                    sheet.write_number(number, place, float(cell.replace(",", ".")))
                else:
                    sheet.write_string(number, place, cell)
    return path


def write_delivery(folder: Path, delivery: Mapping[str, Rows], *, extract_date: date = EXTRACT_DATE) -> list[Path]:
    """Write every feed of a delivery as delimited text."""
    return [write_feed(folder, feed, rows, extract_date=extract_date) for feed, rows in delivery.items()]


def known_codes(delivery: Delivery) -> dict[tuple[str, str], pd.Index]:
    """The codes of a valid delivery that its feeds may refer to."""
    referred = {reference for feed in feeds().values() for reference in feed.references.values()}
    return {
        (feed, header): pd.Index([row[header] for row in delivery[feed]], dtype=pd.ArrowDtype(pa.string()))
        for feed, header in referred
    }


def judged(path: Path) -> Validated:
    """A file held against its feed's contract, with the small delivery around it."""
    feed = feeds()[path.name.rpartition("_")[0]]
    named = feed.naming.read(path.name)
    assert named, path.name
    return validate(
        feed,
        feed.read_file(path, named),
        known_codes(small_delivery()),
        extract_date=named.extract_date,
        birth_years=birth_years(small_delivery()),
    )


def birth_years(delivery: Delivery) -> pd.Series:
    """Birth year by employee number."""
    return pd.Series({row["Ansattnr"]: int(row["Fødselsdato"][-4:]) for row in delivery["ansatte"]})


def judged_rows(folder: Path, feed: str, rows: Rows) -> Validated:
    """Rows written as a file and held against the feed's contract."""
    return judged(write_feed(folder, feed, rows))


def broken_rules(validated: Validated) -> dict[int, list[str]]:
    """Quarantined row number → the rules it breaks."""
    rules: dict[int, list[str]] = {}
    for row, rule in zip(validated.quarantined["row_number"], validated.quarantined["rule"], strict=True):
        rules.setdefault(row, []).append(rule)
    return rules
