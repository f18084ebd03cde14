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
    try:
        lines = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
        headers, *rows = lines
    except (ValueError, csv.Error) as error:
        raise FileRejected(f"cannot be read as comma-separated UTF-8 text ({error}); export the file again") from None
    wrong = {number: len(row) for number, row in enumerate(rows, start=1) if row and len(row) != len(headers)}
    kept = {number: row for number, row in enumerate(rows, start=1) if row and number not in wrong}
    return replace(text_rows(headers, list(kept.values()), list(kept)), misshapen=wrong)
