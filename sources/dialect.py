"""Reads the files of the dialect (delimited text and XLSX, told apart by content) into text tables, and text into types.
Not here: the two forms themselves (delimited.py, workbook.py), which columns a feed has, or what makes a row wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sources.cells import HYPHENS, LINES_ABOVE_HEADER, NO_TEXT, SPACES, header_key, header_line, known
from sources.delimited import UTF8_BOM, XLSX_SIGNATURE, as_utf8, read_delimited
from sources.errors import FileRejected
from sources.isolated import in_own_process
from sources.text_table import TextTable, text_table
from sources.workbook import read_sheet

NUMBER = r"-?\d{1,9}(,\d+)?"
NUMBER_WITH_THOUSANDS = rf"-?(\d{{1,9}}|\d{{1,3}}([{SPACES}]\d{{3}}){{1,2}})(,\d+)?"


def read_text_table(path: Path, sheet: str | None = None, *, wanted: Collection[str] = ()) -> TextTable:
    """Read a CSV or XLSX file as text, told apart by content; of a workbook the named sheet, else the first.

    Cells are trimmed and in NFC; an empty cell is null. Headers that are alike but for case, spaces and hyphens are given as
    in `wanted`, by which the header line is found too; others as delivered. Rows that are wholly empty are no rows, but keep
    their place in the numbering.

    Raises:
        FileRejected: unreadable, wrong encoding, no header, a header used twice, or no table but something else.
    """
    data = path.read_bytes().removeprefix(UTF8_BOM)
    if not data.strip():
        raise FileRejected("the file is empty; export it again")
    if data.startswith(XLSX_SIGNATURE):
        del data
        return _of_workbook(in_own_process(read_sheet, path, sheet), sheet, wanted)
    if sheet is not None:
        # A password or an old workbook is told by its name.
        as_utf8(data)
        raise FileRejected(f"is no XLSX workbook with the sheet {sheet}; save it as one")
    return read_delimited(data, wanted)


def _of_workbook(columns: list[list[str | None]], sheet: str | None, wanted: Collection[str]) -> TextTable:
    first = [
        [cell or "" for cell in cells] for cells in zip(*(column[: LINES_ABOVE_HEADER + 1] for column in columns), strict=True)
    ]
    keys = {header_key(header) for header in wanted}
    place = header_line(first, keys)
    if not any(first[place]):
        where = f"sheet {sheet}" if sheet else "first sheet"
        raise FileRejected(f"no header row on the first lines of the {where}; export the file again with headers")
    headers = first[place]
    if sheet is None and wanted and not known(headers, keys):
        raise FileRejected(
            "no header of the feed stands on the first lines of the first sheet;"
            " move the sheet with the table to the front, with its headers on the first line"
        )
    texts = [pa.chunked_array([pa.array(column[place + 1 :], pa.string())]) for column in columns]
    count = len(columns[0]) - place - 1
    table = text_table(headers, texts, np.arange(1, count + 1), wanted)
    notes = table.notes
    if any(any(cells) for cells in first[:place]):
        notes = (f"the header stands on line {place + 1}; the lines above it are no rows", *notes)
    return replace(table, lines=np.arange(count + 1) + place + 1, notes=notes)


def parse(
    column: pa.ChunkedArray, dtype: pd.ArrowDtype, *, thousands: bool = False, digits: int | None = None
) -> pa.ChunkedArray:
    """Text to the column's Arrow type; what cannot be read becomes null. Of a text column nothing is lost but `digits`.

    `digits`: codes of this length that a spreadsheet has stripped of leading zeros are padded.
    """
    kind = dtype.pyarrow_dtype
    if pa.types.is_string(kind):
        if digits is not None:
            bare = pc.match_substring_regex(column, rf"^\d{{{_shortest(digits)},}}$")
            column = pc.if_else(pc.fill_null(bare, False), pc.utf8_lpad(column, digits, "0"), column)
        return column
    if pa.types.is_date(kind):
        return _parse_dates(column)
    return _parse_numbers(column, kind, thousands)


def _shortest(digits: int) -> int:
    """How many digits a stripped code may still have: a national number's day has one leading zero at most."""
    return digits - 1 if digits > 4 else 1


def _only(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    wellformed = pc.fill_null(pc.match_substring_regex(column, f"^(?:{pattern})$"), False)
    return pc.if_else(wellformed, column, pa.scalar(None, pa.string()))


def _parse_dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # A delivery has far fewer different dates than rows.
    codes = _only(column, rf"{NO_TEXT}?\d\d\.\d\d\.\d\d\d\d").combine_chunks().dictionary_encode()
    different = codes.dictionary.to_pandas().str.removeprefix(NO_TEXT)
    parsed = pd.to_datetime(different, format="%d.%m.%Y", errors="coerce").astype("datetime64[s]")
    dates = pa.array(parsed, from_pandas=True).cast(pa.date32())
    return pa.chunked_array([dates.take(codes.indices)])


def _parse_numbers(column: pa.ChunkedArray, kind: pa.DataType, thousands: bool) -> pa.ChunkedArray:
    pattern = r"-?\d{1,9}" if pa.types.is_integer(kind) else NUMBER_WITH_THOUSANDS if thousands else NUMBER
    if not pc.all(pc.string_is_ascii(column), min_count=0).as_py():
        column = pc.replace_substring_regex(column, f"^[{HYPHENS}]", "-")
    if pa.types.is_integer(kind):
        return _only(column, pattern).cast(kind)
    codes = _only(column, pattern).combine_chunks().dictionary_encode()
    places = Decimal(1).scaleb(-kind.scale)
    numbers = [
        Decimal(re.sub(f"[{SPACES}]", "", number).replace(",", ".")).quantize(places, ROUND_HALF_UP)
        for number in codes.dictionary.to_pylist()
    ]
    limit = Decimal(10) ** (kind.precision - kind.scale)
    values = pa.array([number if abs(number) < limit else None for number in numbers], kind)
    return pa.chunked_array([values.take(codes.indices)])
