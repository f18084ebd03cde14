"""Writes rows as delivered files, in every variant of the dialect (feeds.md); column headers are those of the contracts.
Not here: which rows a municipality has (the modules beside this one), or what should come of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

from sources.contract import DATE, TEXT
from sources.registry import feeds

Row = dict[str, str]
# A row given as text is written as it is.
Rows = Sequence[Row | str]
Delivery = dict[str, list[Row]]

# The optional feeds have files of other forms.
PAYROLL = {name: feed for name, feed in feeds().items() if feed.required}
EXTRACT_DATE = date(2024, 9, 30)


def headers(feed: str, rows: Rows = ()) -> list[str]:
    """The contract's columns and after them what else the rows hold."""
    extra = [header for row in rows if isinstance(row, dict) for header in row]
    return list(dict.fromkeys([*feeds()[feed].columns, *extra]))


def header_line(feed: str, *, columns: int | None = None, without: Collection[str] = ()) -> str:
    """The contract's columns as the first line of a file: the first `columns` of them, and not those `without`.

    Tests write positions without their weekly hours unless those are what they are about.
    """
    without = {*without, *(("Timer per uke",) if feed == "stillinger" else ())}
    return ";".join([header for header in headers(feed) if header not in without][:columns])


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
                    sheet.write_number(number, place, float(cell.replace(" ", "").replace(",", ".")))
                else:
                    sheet.write_string(number, place, cell)
    return path


def write_delivery(folder: Path, delivery: Mapping[str, Rows], *, extract_date: date = EXTRACT_DATE) -> list[Path]:
    """Write every feed of a delivery as delimited text."""
    return [write_feed(folder, feed, rows, extract_date=extract_date) for feed, rows in delivery.items()]


def write_lines(path: Path, header: str, lines: Sequence[str]) -> Path:
    """A text file of ready lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join([header, *lines]) + "\r\n", encoding="utf-8")
    return path


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
