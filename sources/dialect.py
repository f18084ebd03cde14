"""Reads the files of the dialect (delimited text and XLSX) into text tables and text into typed columns, exactly.
Belongs here: encodings, separators, dates, numbers. Not here: which columns a feed has, or what makes a row wrong.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

BLOCK_BYTES = 64 << 20
UTF8_BOM = b"\xef\xbb\xbf"
XLSX_SIGNATURE = b"PK\x03\x04"
# UTF-8 æøåÆØÅ read as Windows-1252: the sign of a file that mixes encodings.
MIXED_ENCODING = re.compile("Ã[¦¸¥†˜…]")
NUMBER = r"-?\d{1,9}(,\d+)?"
SPACES = " \u00a0\u202f"
NUMBER_WITH_THOUSANDS = rf"-?(\d{{1,9}}|\d{{1,3}}([{SPACES}]\d{{3}}){{1,2}})(,\d+)?"


class FileRejected(Exception):
    """A whole file cannot be used. The message says what is wrong and what to do, without the file's name."""


@dataclass(frozen=True)
class TextTable:
    """A file as text: columns by header, each row's number (1 = first line after the header), and rows of the wrong shape.

    `width`: fields of the header row, nameless ones included. `misshapen`: row number → fields of the row.
    `added`: columns that a reader has put to those of the file. `set_aside`: rows that a reader has found broken and taken
    out, `noted` those that it has kept, both rule → row number → value. `merged`: row number → the further rows of the file
    that a reader has put together with it.
    """

    columns: dict[str, pa.ChunkedArray]
    row_numbers: np.ndarray
    misshapen: dict[int, int]
    width: int
    added: frozenset[str] = frozenset()
    set_aside: Mapping[str, Mapping[int, str | None]] = field(default_factory=dict)
    noted: Mapping[str, Mapping[int, str | None]] = field(default_factory=dict)
    merged: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def rows_delivered(self) -> int:
        return len(self.row_numbers) + len(self.misshapen) + sum(len(rows) for rows in self.set_aside.values())

    def with_column(self, header: str, cells: Sequence[str | None]) -> TextTable:
        """The same table with a column that the file does not have."""
        column = pa.chunked_array([pa.array(cells, pa.string())])
        return replace(self, columns={**self.columns, header: column}, added=self.added | {header})

    def with_constant(self, header: str, value: str) -> TextTable:
        """The same table with a column that is the same on every row, for what only the file's name says."""
        return self.with_column(header, [value] * len(self.row_numbers))


def read_text_table(path: Path, sheet: str | None = None) -> TextTable:
    """Read a CSV or XLSX file as text, told apart by content; of a workbook the named sheet, else the first.

    Cells are trimmed and NFC-normalised headers kept as delivered; an empty cell is null. Rows that are wholly empty
    are no rows, but keep their place in the numbering.

    Raises:
        FileRejected: unreadable, wrong encoding, no header, or a header used twice.
    """
    data = path.read_bytes().removeprefix(UTF8_BOM)
    if not data.strip():
        raise FileRejected("the file is empty; export it again")
    if data.startswith(XLSX_SIGNATURE):
        headers, columns = _read_xlsx(data, sheet)
        return _text_table(headers, columns, np.arange(1, len(columns[0]) + 1), {})
    if sheet is not None:
        raise FileRejected(f"is no XLSX workbook with the sheet {sheet}; save it as one")
    text = as_utf8(data)
    del data
    return _text_table(*_read_delimited(text))


def as_utf8(data: bytes) -> bytes:
    """The file's text, its BOM taken off, as UTF-8 bytes."""
    if b"\x00" in data:
        raise FileRejected("wrong encoding (binary or UTF-16); export as Windows-1252 or UTF-8")
    try:
        data.decode("utf-8")
        return data
    except UnicodeDecodeError:
        pass
    try:
        decoded = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise FileRejected(
            f"wrong encoding: byte {error.start + 1} is neither UTF-8 nor Windows-1252; export the file again in one of them"
        ) from None
    if mixed := MIXED_ENCODING.search(decoded):
        line = decoded.count("\n", 0, mixed.start()) + 1
        raise FileRejected(
            f"wrong encoding: UTF-8 and Windows-1252 are mixed, first seen on line {line}; export the file again"
        )
    return decoded.encode("utf-8")


def _read_delimited(data: bytes) -> tuple[list[str], list[pa.ChunkedArray], np.ndarray, dict[int, int]]:
    """Headers, columns, the rows' numbers and the misshapen rows."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    header_line, _, _ = data.partition(b"\n")
    width = _width(header_line)
    misshapen: dict[int, int] = {}
    blank: list[int] = []
    unclosed: list[int] = []

    def note_misshapen(row: pacsv.InvalidRow) -> str:
        number = row.number - 1
        if not row.text.replace(";", "").replace('"', "").strip():
            blank.append(number)
        elif "\n" in row.text.rstrip("\r\n") and row.text.count('"') % 2:
            unclosed.append(number)
        else:
            misshapen[number] = row.actual_columns
        return "skip"

    names = [f"c{i}" for i in range(width)]
    try:
        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(
                delimiter=";",
                newlines_in_values=b'"' in data,
                ignore_empty_lines=False,
                invalid_row_handler=note_misshapen,
            ),
            convert_options=pacsv.ConvertOptions(column_types={name: pa.string() for name in names}),
        )
    except pa.ArrowInvalid as error:
        raise FileRejected(f"cannot be read as semicolon-separated text ({error}); export the file again") from None
    skipped = np.array([*misshapen, *blank, *unclosed], dtype=np.int64)
    numbers = np.setdiff1d(np.arange(table.num_rows + len(skipped)), skipped, assume_unique=True)
    if b'"' in data:
        unclosed += numbers[_swallowing_rows(table)].tolist()
    if unclosed:
        where = f"row {min(unclosed)}" if min(unclosed) else "the header row"
        raise FileRejected(f'{where} opens a quote (") that is never closed; close or remove it')
    if 0 in misshapen or not table.num_rows:
        raise FileRejected("the header row cannot be read; export the file again with headers")
    headers = [str(column[0]) for column in table.columns]
    return headers, [column[1:] for column in table.columns], numbers[1:], misshapen


def _swallowing_rows(table: pa.Table) -> list[int]:
    """Positions of rows with a cell that holds a whole further row: its quote was closed by chance or by the file's end."""
    found = []
    for column in table.columns:
        broken = np.flatnonzero(pc.match_substring(column, "\n").to_numpy())
        texts = column.take(pa.array(broken)).to_pylist()
        found += [
            i
            for i, text in zip(broken.tolist(), texts, strict=True)
            if text.partition("\n")[2].count(";") >= table.num_columns - 1
        ]
    return found


def _width(header_line: bytes) -> int:
    """Number of fields of the header line, separators inside quotes not counted."""
    return re.sub(rb'"[^"]*"', b"", header_line).count(b";") + 1


def _read_xlsx(data: bytes, sheet_name: str | None) -> tuple[list[str], list[pa.ChunkedArray]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if sheet_name is not None and sheet_name not in workbook.sheet_names:
            found = ", ".join(workbook.sheet_names)
            raise FileRejected(f"the sheet {sheet_name} is missing (found {found}); save it with the file")
        sheet = workbook.get_sheet_by_name(sheet_name) if sheet_name else workbook.get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise FileRejected(f"cannot be read as an XLSX workbook ({error}); save the file again") from None
    if not rows or not any(cell != "" for cell in rows[0]):
        where = f"sheet {sheet_name}" if sheet_name else "first sheet"
        raise FileRejected(f"no header row on the first line of the {where}; export the file again with headers")
    headers = [cell_text(cell) for cell in rows[0]]
    columns = [pa.chunked_array([pa.array([cell_text(row[i]) for row in rows[1:]], pa.string())]) for i in range(len(headers))]
    return headers, columns


def cell_text(cell: object) -> str:
    """A spreadsheet cell in the dialect: dates dd.mm.yyyy, decimal comma, whole numbers without decimals."""
    if isinstance(cell, dt.datetime | dt.date):
        return cell.strftime("%d.%m.%Y")
    if isinstance(cell, float):
        return format(Decimal(repr(cell)).normalize(), "f").replace(".", ",")
    return str(cell)


def text_rows(headers: list[str], rows: Sequence[Sequence[str | None]], numbers: Sequence[int]) -> TextTable:
    """A table put together by a reader of another form; several rows may come from one delivered row."""
    columns = [pa.chunked_array([pa.array([row[i] for row in rows], pa.string())]) for i in range(len(headers))]
    return _text_table(headers, columns, np.array(numbers, dtype=np.int64), {})


def _text_table(
    headers: list[str], columns: list[pa.ChunkedArray], numbers: np.ndarray, misshapen: dict[int, int]
) -> TextTable:
    names = [unicodedata.normalize("NFC", header.strip()) for header in headers]
    if repeated := [place for place, name in enumerate(names, start=1) if name and names.count(name) > 1]:
        # By place: without a header row the names would be somebody's values.
        places = " and ".join(map(str, repeated))
        raise FileRejected(f"the same header is used twice (columns {places}); keep one column of each name")
    trimmed = []
    for column in columns:
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
        trimmed.append(pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text))
    filled = np.zeros(len(numbers), dtype=bool)
    for column in trimmed:
        filled |= pc.is_valid(column).to_numpy()
    if not filled.all():
        trimmed = [column.filter(pa.array(filled)) for column in trimmed]
        numbers = numbers[filled]
    by_name = {name: column for name, column in zip(names, trimmed, strict=True) if name}
    return TextTable(by_name, numbers, misshapen, len(headers))


def parse(
    column: pa.ChunkedArray, dtype: pd.ArrowDtype, *, thousands: bool = False, digits: int | None = None
) -> pa.ChunkedArray:
    """Text to the column's Arrow type; what cannot be read becomes null."""
    kind = dtype.pyarrow_dtype
    if pa.types.is_string(kind):
        if digits is not None:
            bare = pc.match_substring_regex(column, r"^\d+$")
            column = pc.if_else(pc.fill_null(bare, False), pc.utf8_lpad(column, digits, "0"), column)
        return column
    if pa.types.is_date(kind):
        return _parse_dates(column)
    return _parse_numbers(column, kind, thousands)


def _only(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    wellformed = pc.fill_null(pc.match_substring_regex(column, f"^(?:{pattern})$"), False)
    return pc.if_else(wellformed, column, pa.scalar(None, pa.string()))


def _parse_dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # A delivery has far fewer different dates than rows.
    codes = _only(column, r"\d\d\.\d\d\.\d\d\d\d").combine_chunks().dictionary_encode()
    different = codes.dictionary.to_pandas()
    parsed = pd.to_datetime(different, format="%d.%m.%Y", errors="coerce").astype("datetime64[s]")
    dates = pa.array(parsed, from_pandas=True).cast(pa.date32())
    return pa.chunked_array([dates.take(codes.indices)])


def _parse_numbers(column: pa.ChunkedArray, kind: pa.DataType, thousands: bool) -> pa.ChunkedArray:
    if pa.types.is_integer(kind):
        return _only(column, r"-?\d{1,9}").cast(kind)
    codes = _only(column, NUMBER_WITH_THOUSANDS if thousands else NUMBER).combine_chunks().dictionary_encode()
    places = Decimal(1).scaleb(-kind.scale)
    numbers = [
        Decimal(re.sub(f"[{SPACES}]", "", number).replace(",", ".")).quantize(places, ROUND_HALF_UP)
        for number in codes.dictionary.to_pylist()
    ]
    limit = Decimal(10) ** (kind.precision - kind.scale)
    values = pa.array([number if abs(number) < limit else None for number in numbers], kind)
    return pa.chunked_array([values.take(codes.indices)])
