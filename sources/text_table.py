"""A delivered file as text: columns by header, with the numbers of rows and lines that tell where each row stands.
Belongs here: what every form of file has in common. Not here: reading of any one form, types (dialect.py), rules of the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.cells import MOST_COLUMNS, header_key, is_totals, nearest, refuse_other_count
from sources.errors import FileRejected

LONGEST_NORMALISED = 10_000
NO_LINES = np.array([], dtype=np.int64)


@dataclass(frozen=True)
class TextTable:
    """A file as text: columns by header, each row's number (1 = first row after the header), and rows of the wrong shape.

    `width`: fields of the header row, nameless ones included. `misshapen`: row number → fields of the row, `unclosed`: row
    number → column of the quote that the row opens and does not close. `lines`: the file's line by row number (0 = header);
    empty where the form has no lines. `added`: columns that a parser has put to those of the file. `set_aside`: rows that a
    parser has found broken and taken out, `noted` those that it has kept, both rule → row number → value. `merged`: row
    number → the further rows of the file that a parser has put together with it. `notes`: what was read otherwise than as
    a plain table, for people.
    """

    columns: dict[str, pa.ChunkedArray]
    row_numbers: np.ndarray
    misshapen: Mapping[int, int]
    width: int
    unclosed: Mapping[int, str] = field(default_factory=dict)
    lines: np.ndarray = field(default_factory=lambda: NO_LINES)
    added: frozenset[str] = frozenset()
    set_aside: Mapping[str, Mapping[int, str | None]] = field(default_factory=dict)
    noted: Mapping[str, Mapping[int, str | None]] = field(default_factory=dict)
    merged: Mapping[int, Sequence[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rows_delivered(self) -> int:
        set_aside = sum(len(rows) for rows in self.set_aside.values())
        return len(self.row_numbers) + len(self.misshapen) + len(self.unclosed) + set_aside

    def with_column(self, header: str, cells: Sequence[str | None]) -> TextTable:
        """The same table with a column that the file does not have."""
        column = pa.chunked_array([pa.array(cells, pa.string())])
        return replace(self, columns={**self.columns, header: column}, added=self.added | {header})

    def with_constant(self, header: str, value: str) -> TextTable:
        """The same table with a column that is the same on every row, for what only the file's name says."""
        return self.with_column(header, [value] * len(self.row_numbers))

    def without_rows(self, drop: np.ndarray, note: str) -> TextTable:
        """The same table without the rows at these positions, which are none of the feed's."""
        kept = np.ones(len(self.row_numbers), dtype=bool)
        kept[drop] = False
        columns = {header: column.filter(pa.array(kept)) for header, column in self.columns.items()}
        return replace(self, columns=columns, row_numbers=self.row_numbers[kept], notes=(*self.notes, note))

    def line_of(self, row: int) -> int | None:
        """The file's line that a row begins on."""
        return int(self.lines[row]) if row < len(self.lines) else None


def text_rows(headers: Sequence[str], rows: Sequence[Sequence[str | None]], numbers: Sequence[int]) -> TextTable:
    """A table put together by a parser of another form; several rows may come from one delivered row."""
    columns = [pa.chunked_array([pa.array([row[i] for row in rows], pa.string())]) for i in range(len(headers))]
    return text_table(headers, columns, np.array(numbers, dtype=np.int64))


def text_table(
    headers: Sequence[str | None],
    columns: Sequence[pa.ChunkedArray],
    numbers: np.ndarray,
    wanted: Collection[str] = (),
) -> TextTable:
    """Cells trimmed and in NFC, empty ones null, wholly empty rows left out; headers as in `wanted` where they are alike.

    Rows that repeat the header, and a last row of totals, are no rows.

    Raises:
        FileRejected: too many columns, a header used twice, or a second header of other columns.
    """
    names = named(headers, wanted)
    trimmed = [_cleaned(column) for column in columns]
    filled = reduce(np.logical_or, (pc.is_valid(column).to_numpy() for column in trimmed), np.zeros(len(numbers), dtype=bool))
    if not filled.all():
        trimmed = [column.filter(pa.array(filled)) for column in trimmed]
        numbers = numbers[filled]
    by_name = {name: column for name, column in zip(names, trimmed, strict=True) if name}
    table = TextTable(by_name, numbers, {}, len(headers))
    return _without_totals(_without_headers(table, trimmed, names, wanted), wanted) if wanted else table


def named(headers: Sequence[str | None], wanted: Collection[str] = ()) -> list[str]:
    """The columns' names: the contract's spelling of headers that are alike, others as delivered.

    Raises:
        FileRejected: too many columns, or a header used twice.
    """
    if len(headers) > MOST_COLUMNS:
        raise FileRejected(f"the header has {len(headers)} columns, more than any feed; export the table alone")
    by_key = {header_key(header): header for header in wanted}
    shown = [" ".join((header or "").split()) for header in headers]
    names = [by_key.get(header_key(header), header) for header in shown]
    counted = Counter(header_key(name) for name in names)
    if repeated := [place for place, name in enumerate(names, start=1) if name and counted[header_key(name)] > 1]:
        # By place: without a header row the names would be somebody's values.
        places = " and ".join(map(str, repeated[:10]))
        raise FileRejected(f"the same header is used twice (columns {places}); keep one column of each name")
    return names


def _cleaned(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = column.cast(pa.string())
    if not pc.all(pc.string_is_ascii(text), min_count=0).as_py():
        # A delivery has far fewer different cells than rows.
        encoded = text.combine_chunks().dictionary_encode()
        words = encoded.dictionary
        short = pc.less(pc.binary_length(words), LONGEST_NORMALISED)
        normal = pc.utf8_normalize(pc.if_else(short, words, pa.scalar("", pa.string())), form="NFC")
        words = pc.utf8_trim(pc.if_else(short, normal, words), characters="\ufeff\u200b")
        text = pa.chunked_array([words.take(encoded.indices)])
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _without_headers(
    table: TextTable, columns: Sequence[pa.ChunkedArray], names: Sequence[str], wanted: Collection[str]
) -> TextTable:
    """The table without the lines that say its header again."""
    keys = {header_key(header) for header in wanted}
    first = columns[0].combine_chunks().dictionary_encode()
    candidates = [i for i, cell in enumerate(first.dictionary.to_pylist()) if len(cell) < 100 and header_key(cell) in keys]
    if not candidates:
        return table
    own = [header_key(name) for name in names]
    repeats = []
    for place in np.flatnonzero(pc.is_in(first.indices, pa.array(candidates, first.indices.type)).to_numpy(False)).tolist():
        cells = [header_key(column[place].as_py() or "") for column in columns]
        if cells == own:
            repeats.append(place)
        elif sum(cell in keys for cell in cells) > len(own) / 2:
            row = int(table.row_numbers[place])
            raise FileRejected(f"row {row} is a second header, of other columns; export one table a file")
    if not repeats:
        return table
    rows = ", ".join(str(table.row_numbers[place]) for place in repeats[:5]) + (", …" if len(repeats) > 5 else "")
    return table.without_rows(np.array(repeats), f"row {rows} is the header again, and no row")


def _without_totals(table: TextTable, wanted: Collection[str]) -> TextTable:
    """The table without a last row that sums it up.

    Raises:
        FileRejected: the row says another number of rows.
    """
    if not len(table.row_numbers):
        return table
    last = len(table.row_numbers) - 1
    cells = [column[last].as_py() for header, column in table.columns.items() if header in wanted]
    if not is_totals([cell or "" for cell in cells]):
        return table
    refuse_other_count(" ".join(filter(None, cells)), last, int(table.row_numbers[last]) - 1)
    note = f"row {table.row_numbers[last]}, the last one, sums the table up, and is no row"
    return table.without_rows(np.array([last]), note)


def refuse_missing(missing: Sequence[str], table: TextTable, wanted: Collection[str]) -> None:
    """Say which columns a file lacks and what it has instead.

    Raises:
        FileRejected: some are missing.
    """
    if not missing:
        return
    delivered = [header for header in table.columns if header not in table.added]
    unknown = [header for header in delivered if header not in wanted]
    names = f"required column {', '.join(missing)} is missing"
    if len(unknown) == len(delivered):
        # Without one known header the first line may well be a data row, whose values are nobody's business.
        look = (
            f"none of the {table.width} fields on its first line is a header of the feed"
            if table.width > 1
            else ("its first line is one field, without a semicolon")
        )
        raise FileRejected(f"{names}: {look}; export the file with its header on the first line, separated by semicolons")
    hint = f" (found instead: {', '.join(unknown)})" if unknown else ""
    alike = [f"; the nearest to {header} is {found}" for header in missing if (found := nearest(header, unknown))]
    raise FileRejected(f"{names}{hint}{''.join(alike)}; export the file with that header, also where its cells are empty")
