"""How the demo deliveries are written: every variant of the file dialect once or more over the ten payroll files.
Not here: what stands in them (extracts.py, optional_feeds.py, from_printed.py).
"""

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xlsxwriter

NO_BREAK_SPACE = "\u00a0"
AMOUNT = "Årslønn"
NATIVE_NUMBERS = ("Ansattnr", "Stillingsnr", "Permisjonsprosent", "Dekningsgrad")
NATIVE_DATES = ("Gyldig fra", "Gyldig til", "Fra dato", "Til dato")
# Without a fixed date a workbook would differ from run to run.
CREATED = dt.datetime(2024, 1, 1)
REMARK = 'Avtalt med leder; se "notat i saken"'


@dataclass(frozen=True)
class Dialect:
    """How one file is written.

    Attributes:
        thousands: the thousands separator of amounts.
        unknown_column: header of a column that no contract knows.
    """

    xlsx: bool = False
    encoding: str = "cp1252"
    newline: str = "\r\n"
    thousands: str = ""
    quote_all: bool = False
    shuffled: bool = False
    unknown_column: str = ""


DIALECTS = {
    ("2024-09-30", "organisasjon"): Dialect(xlsx=True),
    ("2024-09-30", "ansatte"): Dialect(),
    ("2024-09-30", "stillinger"): Dialect(encoding="utf-8", newline="\n", thousands=" "),
    ("2024-09-30", "fravaer"): Dialect(shuffled=True),
    ("2024-09-30", "permisjoner"): Dialect(encoding="utf-8-sig", unknown_column="Merknad"),
    ("2024-10-31", "organisasjon"): Dialect(encoding="utf-8-sig", quote_all=True),
    ("2024-10-31", "ansatte"): Dialect(encoding="utf-8", newline="\n", shuffled=True),
    ("2024-10-31", "stillinger"): Dialect(thousands=NO_BREAK_SPACE, unknown_column="Kontering"),
    ("2024-10-31", "fravaer"): Dialect(encoding="utf-8-sig", newline="\n"),
    ("2024-10-31", "permisjoner"): Dialect(xlsx=True, shuffled=True),
}


def write_feed(path: Path, table: pd.DataFrame, dialect: Dialect, rng: np.random.Generator) -> None:
    """Write a table of text cells to `path` in the dialect; `rng` shuffles the columns where asked for."""
    if dialect.unknown_column:
        remarked = table.iloc[:, 0].str.endswith("77")
        table = table.assign(**{dialect.unknown_column: np.where(remarked, REMARK, "")})
    if dialect.thousands and AMOUNT in table:
        amounts = [f"{int(text):,}".replace(",", dialect.thousands) if text else "" for text in table[AMOUNT]]
        table = table.assign(**{AMOUNT: amounts})
    if dialect.shuffled:
        table = table[rng.permutation(table.columns)]
    if dialect.xlsx:
        _write_xlsx(path, table)
        return
    quoting: Literal[0, 1] = csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL
    with path.open("w", encoding=dialect.encoding, newline="") as file:
        table.to_csv(file, sep=";", index=False, quoting=quoting, lineterminator=dialect.newline)


def _write_xlsx(path: Path, table: pd.DataFrame) -> None:
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": CREATED})
        sheet = book.add_worksheet("Eksport")
        as_date = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, table.columns)
        for column, header in enumerate(table.columns):
            for row, text in enumerate(table[header], start=1):
                if text and header in NATIVE_DATES:
                    sheet.write_datetime(row, column, dt.datetime.strptime(text, "%d.%m.%Y"), as_date)
                elif text and header in NATIVE_NUMBERS:
                    sheet.write_number(row, column, float(text))
                elif text:
                    sheet.write_string(row, column, text)


def write_sheets(path: Path, sheets: dict[str, pd.DataFrame]) -> None:
    """Write a workbook with one sheet a table, its cells as they are; empty cells stay empty."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": CREATED})
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, table.columns)
            for number, row in enumerate(table.itertuples(index=False), start=1):
                for column, cell in enumerate(row):
                    if cell != "" and not pd.isna(cell):
                        sheet.write(number, column, cell)
