"""Reads a file of printed figures, in the dialect or comma-separated with decimal points and ISO dates.
Not here: the rules of its rows.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sources.delimited import UTF8_BOM, as_utf8, one_line_end, records
from sources.dialect import read_text_table
from sources.errors import FileRejected
from sources.naming import NamedFile
from sources.text_table import TextTable, text_rows


def read_printed_figures(path: Path, named: NamedFile | None = None) -> TextTable:
    """The figures as text in the dialect, whichever form they were written in. The file's name says nothing of them.

    Raises:
        FileRejected: the file can be read in neither form.
    """
    first_line = path.read_bytes().partition(b"\n")[0]
    table = _read_commas(path) if b"," in first_line and b";" not in first_line else read_text_table(path)
    columns = dict(table.columns)
    _replace(columns, "value", r"^(-?\d+)\.(\d+)$", r"\1,\2")
    for header in ("published_on", "counted_to"):
        _replace(columns, header, r"^(\d{4})-(\d{2})-(\d{2})$", r"\3.\2.\1")
    return replace(table, columns=columns)


def _replace(columns: dict[str, pa.ChunkedArray], header: str, pattern: str, replacement: str) -> None:
    if header in columns:
        columns[header] = pc.replace_substring_regex(columns[header], pattern, replacement)


def _read_commas(path: Path) -> TextTable:
    text = one_line_end(as_utf8(path.read_bytes().removeprefix(UTF8_BOM)))
    lines = text.rstrip(b"\r\n").split(b"\n")
    headers = _fields(lines[0])
    found = records(lines, b",", len(headers))
    rows, wrong, unclosed = {}, {}, {}
    for number, (at, length, is_unclosed) in enumerate(zip(found.first, found.lengths, found.unclosed, strict=True)):
        row = [] if is_unclosed else _fields(b"\n".join(lines[at : at + length]))
        if is_unclosed:
            unclosed[number] = ""
        elif row and len(row) != len(headers):
            wrong[number] = len(row)
        elif row and number:
            rows[number] = row
    return replace(text_rows(headers, list(rows.values()), list(rows)), misshapen=wrong, unclosed=unclosed)


def _fields(record: bytes) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(record.decode("utf-8").rstrip("\r\n"), newline="")), [])
    except csv.Error as error:
        raise FileRejected(f"cannot be read as comma-separated text ({error}); export the file again") from None
