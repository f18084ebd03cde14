"""Reads the sheets of the 10-FAKTOR workbook and knows the factors' names. Not here: the rules of their rows."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.cells import NO_TEXT, header_key
from sources.dialect import read_text_table
from sources.errors import FileRejected
from sources.naming import NamedFile, Naming
from sources.text_table import TextTable, text_rows

FILES = Naming("10faktor", kinds=("xlsx",), yearly=True)
YEAR = "Undersøkelsesår"
SERVED_NAME = "Faktornavn"
NORWAY = "norge"
NORWAY_ROW = "Rad med Norge"
# What a row of the long form says of its one factor.
OF_ONE_FACTOR = ("Faktor", "Navn", "Snitt", "Norge")
SHEETS = {"Deltakelse": ("Enhet", "Enhetskode", "Planlagte svar", "Svar"), "Faktorer": ("Enhet", "Enhetskode", "Antall svar")}
# What the supplier prints where too few have answered.
NO_SCORE = ("-", "–", "*", "**", "..", ":")
# "Faktor 3", "F3", "3.", "03 - ": what may stand before a factor's name, or alone.
NUMBERED = re.compile(r"(?:f(?:aktor)?\s*)?0?(\d{1,2})\b\s*[.:–-]?\s*", re.IGNORECASE)
# What a row of sums is called. The whole municipality may be called "Totalt".
SUM = r"(?i)^\s*(sum|totalsum|til sammen|i alt)\s*:?\s*$"


@cache
def factor_names() -> dict[int, list[str]]:
    """The names of each factor, the served one first."""
    content = tomllib.loads(Path(__file__).with_name("factor_names.toml").read_text(encoding="utf-8"))
    return {int(number): names for number, names in content["factors"].items()}


def factor_of_name(name: str) -> int | None:
    """The factor a name stands for, with or without its number in front."""
    bare = NUMBERED.sub("", name, count=1) if NUMBERED.match(name) else name
    known = {header_key(alias): number for number, aliases in factor_names().items() for alias in aliases}
    return known.get(header_key(bare))


def _factor_of_header(header: str) -> int | None:
    match = NUMBERED.fullmatch(header)
    if match and int(match[1]) in factor_names():
        return int(match[1])
    return factor_of_name(header)


def read_participation(path: Path, named: NamedFile) -> TextTable:
    """The sheet Deltakelse with the round's year on every row."""
    return _sheet(path, "Deltakelse").with_constant(YEAR, named.part)


def read_factors(path: Path, named: NamedFile) -> TextTable:
    """The sheet Faktorer in long form, whichever it was delivered in, with the round's year on every row.

    A row whose score is a sign for none (`-`, `*`) is no row, as an empty cell of a wide sheet is none.
    """
    table = _sheet(path, "Faktorer")
    scores = [header for header in table.columns if header in ("Snitt", "Norge") or _factor_of_header(header) is not None]
    signs = pa.array([*NO_SCORE, *(NO_TEXT + sign for sign in NO_SCORE)])
    without = {header: pc.fill_null(pc.is_in(table.columns[header], signs), False) for header in scores}
    columns = {
        header: pc.if_else(none, pa.scalar(None, pa.string()), table.columns[header]) for header, none in without.items()
    }
    table = replace(table, columns={**table.columns, **columns})
    if "Snitt" in without and (rows := np.flatnonzero(without["Snitt"].to_numpy())).size:
        table = table.without_rows(rows, f"sheet Faktorer: {len(rows)} rows without a score are no rows")
    by_factor = {header: factor for header in table.columns if (factor := _factor_of_header(header)) is not None}
    if "Faktor" not in table.columns and by_factor:
        table = _long(table, by_factor)
    return _with_served_name(table).with_constant(YEAR, named.part)


def _sheet(path: Path, name: str) -> TextTable:
    """A sheet of the workbook. A row of sums, which has no code, is no unit.

    Raises:
        FileRejected: it cannot be read.
    """
    try:
        table = read_text_table(path, name, wanted=SHEETS[name])
    except FileRejected as rejected:
        raise FileRejected(f"sheet {name}: {rejected}") from None
    if "Enhet" not in table.columns:
        return table
    sums = pc.fill_null(pc.match_substring_regex(table.columns["Enhet"], SUM), False)
    if "Enhetskode" in table.columns:
        sums = pc.and_(sums, pc.is_null(table.columns["Enhetskode"]))
    rows = np.flatnonzero(sums.to_numpy())
    return table.without_rows(rows, f"sheet {name}: {len(rows)} rows of sums are no rows") if rows.size else table


def _with_served_name(table: TextTable) -> TextTable:
    """The table with the factor's name from the alias table, found by its number."""
    names = {str(number): names[0] for number, names in factor_names().items()}
    numbers = table.columns["Faktor"].to_pylist() if "Faktor" in table.columns else [None] * len(table.row_numbers)
    return table.with_column(SERVED_NAME, [names.get(number or "") for number in numbers])


def _long(table: TextTable, by_factor: dict[str, int]) -> TextTable:
    """One row a unit and factor of a sheet with one column a factor. Cells without a score are no rows."""
    cells = {header: column.to_pylist() for header, column in table.columns.items()}
    units = cells.get("Enhet", [None] * len(table.row_numbers))
    # A mean of all factors, or a national one, in a column of its own is of no factor: it is told as a column that is not used.
    made = {header: f"{header} (of no factor)" for header in table.columns if header in OF_ONE_FACTOR}
    kept = [header for header in table.columns if header not in by_factor]
    norway = {
        header: (cells[header][i], str(number))
        for i, number in enumerate(table.row_numbers.tolist())
        if (units[i] or "").casefold() == NORWAY
        for header in by_factor
    }
    rows, numbers = [], []
    for i, number in enumerate(table.row_numbers.tolist()):
        if (units[i] or "").casefold() == NORWAY:
            continue
        for header, factor in by_factor.items():
            if cells[header][i] is not None:
                known = [cells[name][i] for name in kept]
                rows.append(
                    [*known, str(factor), factor_names()[factor][0], cells[header][i], *norway.get(header, (None, None))]
                )
                numbers.append(number)
    return text_rows([*(made.get(header, header) for header in kept), *OF_ONE_FACTOR, NORWAY_ROW], rows, numbers)
