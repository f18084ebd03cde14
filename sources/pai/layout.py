"""Reads a PAI file by a layout, which is a TOML file beside this one. Not here: the rules of the rows (pai/contract.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from sources.delimited import SEPARATORS, UTF8_BOM, XLSX_SIGNATURE, as_utf8
from sources.dialect import read_text_table
from sources.errors import FileRejected
from sources.naming import NamedFile
from sources.text_table import TextTable, text_rows
from sources.toml_file import Allowed, TomlError, known, read_toml

LAYOUTS = Path(__file__).parent / "layouts"
YEAR = "PAI-år"
DATE_FORMS = {
    "yyyymmdd": (r"(\d{4})(\d{2})(\d{2})", r"\3.\2.\1"),
    "ddmmyyyy": (r"(\d{2})(\d{2})(\d{4})", r"\1.\2.\3"),
    "yyyy-mm-dd": (r"(\d{4})-(\d{2})-(\d{2})", r"\3.\2.\1"),
}


DateForm = Annotated[Annotated[str, known(DATE_FORMS)] | None, Allowed(f"one of {', '.join(DATE_FORMS)}")]
Places = Annotated[StrictInt, Field(ge=0), Allowed("a whole number, 0 or more")]


class LayoutColumn(BaseModel):
    """Where a column of the contract stands in the file and how its cells are written there.

    `header` defaults to the contract's; `start` (from 1) and `length` are those of a fixed record. `decimals` are implied:
    digits without a comma. `codes` maps the file's codes to the contract's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str | None = None
    start: Places = 0
    length: Places = 0
    decimals: Places = 0
    date: DateForm = None
    codes: Mapping[str, str] = {}

    def in_dialect(self, cell: str | None) -> str | None:
        """The cell as the dialect writes it. What has another form is left as it is, for the rules to tell."""
        if cell is None:
            return None
        if self.decimals and re.fullmatch(r"-?\d+", cell):
            digits = cell.lstrip("-").rjust(self.decimals + 1, "0")
            whole = digits[: -self.decimals].lstrip("0") or "0"
            return f"{'-' * cell.startswith('-')}{whole},{digits[-self.decimals :]}"
        if self.date:
            pattern, dialect = DATE_FORMS[self.date]
            return re.sub(f"^{pattern}$", dialect, cell)
        return self.codes.get(cell, cell)


class Layout(BaseModel):
    """One way a PAI file may be laid out. `record_length` is 0 when it is delimited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    kind: Annotated[Literal["delimited", "fixed"], Allowed("delimited or fixed")]
    columns: Mapping[str, LayoutColumn]
    record_length: Places = 0

    @model_validator(mode="after")
    def _places_fit(self) -> Self:
        if (self.kind == "fixed") != (self.record_length > 0):
            raise ValueError('record_length belongs to kind = "fixed", and must be above 0 there')
        for name, column in self.columns.items():
            if self.record_length and not 0 < column.start <= column.start + column.length - 1 <= self.record_length:
                raise ValueError(f"{name} needs a start and a length within the record of {self.record_length} characters")
        return self

    def known_headers(self, headers: Mapping[str, object]) -> int:
        return sum((column.header or name) in headers for name, column in self.columns.items())


@cache
def layouts() -> dict[str, Layout]:
    """All layouts, by file name.

    Raises:
        FileRejected: a layout cannot be used; without it nobody knows which one fits a file.
    """
    try:
        return {path.stem: read_toml(path, Layout) for path in sorted(LAYOUTS.glob("*.toml"))}
    except TomlError as error:
        raise FileRejected(f"cannot be read before its layouts are mended: {error}") from None


def read_pai(path: Path, named: NamedFile) -> TextTable:
    """The contract's columns of a PAI file, by the layout that fits it, with the file's year on every row."""
    data = path.read_bytes().removeprefix(UTF8_BOM)
    first = b"".join(data.split(b"\n", 5)[:5])
    is_delimited = data.startswith(XLSX_SIGNATURE) or any(separator in first for separator in SEPARATORS)
    table = _read_delimited(path) if is_delimited else _read_fixed(data)
    return table.with_constant(YEAR, named.part)


def _read_delimited(path: Path) -> TextTable:
    delimited = [one for one in layouts().values() if not one.record_length]
    wanted = dict.fromkeys(column.header or name for one in delimited for name, column in one.columns.items())
    table = read_text_table(path, wanted=wanted)
    layout = max(delimited, key=lambda one: one.known_headers(table.columns))
    named = {column.header or name: name for name, column in layout.columns.items()}
    columns = {}
    for header, cells in table.columns.items():
        column = layout.columns.get(named.get(header, ""))
        if column and (column.decimals or column.date or column.codes):
            cells = pa.chunked_array([pa.array([column.in_dialect(cell) for cell in cells.to_pylist()], pa.string())])
        columns[named.get(header, header)] = cells
    return replace(table, columns=columns)


def _read_fixed(data: bytes) -> TextTable:
    lines = re.split("\r\n|\n|\r", as_utf8(data).decode("utf-8"))
    layout = _fixed_layout(lines)
    rows, numbers, misshapen = [], [], {}
    for number, line in enumerate(lines, start=1):
        if len(line.rstrip()) > layout.record_length:
            misshapen[number] = len(layout.columns) + 1
        elif line.strip():
            rows.append([_cell(column, line) for column in layout.columns.values()])
            numbers.append(number)
    table = text_rows(list(layout.columns), rows, numbers)
    # Without a header row 1 stands on line 1.
    return replace(table, misshapen=misshapen, lines=np.arange(len(lines) + 1))


def _fixed_layout(lines: Sequence[str]) -> Layout:
    """The layout whose record is as long as most lines; where they have lost their trailing blanks, the shortest that most fit.

    One line alone says little: its last fields may be empty, which would make it fit a shorter layout.

    Raises:
        FileRejected: there is none.
    """
    fixed = sorted((one for one in layouts().values() if one.record_length), key=lambda one: one.record_length)
    filled = [line for line in lines if line.strip()]
    most = len(filled) / 2
    for layout in fixed:
        if sum(len(line) == layout.record_length for line in filled) > most:
            return layout
    for layout in fixed:
        if sum(len(line.rstrip()) <= layout.record_length for line in filled) > most:
            return layout
    first = len(lines[0].rstrip())
    raise FileRejected(f"has neither `;` nor records of a known length ({first} characters); add its layout to sources/pai")


def _cell(column: LayoutColumn, line: str) -> str | None:
    return column.in_dialect(line[column.start - 1 : column.start - 1 + column.length].strip() or None)
