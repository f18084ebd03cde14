"""Turns the rows of a vendor's file into rows of a feed, in the columns and cells of the dialect.
Not here: which file and columns those are (profile.py), or the rules of the rows (the contracts).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic.dataclasses import dataclass

from sources.cells import header_key, nearest, without_mark
from sources.contract import Feed
from sources.dialect import read_text_table
from sources.payroll.records import read_records
from sources.text_table import TextTable, refuse_missing
from sources.toml_file import Allowed, known

OTHERS = "*"
LARGEST_WINS = "largest_wins"
DATE_FORMS = {
    "dd.mm.yyyy": (r"(\d{2})\.(\d{2})\.(\d{4})", r"\1.\2.\3"),
    "yyyymmdd": (r"(\d{4})(\d{2})(\d{2})", r"\3.\2.\1"),
    # A time that is not midnight may be a day of another time zone: it stays as it is, for the rules to tell.
    "yyyy-mm-dd": (r"(\d{4})-(\d{2})-(\d{2})(?:T00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?", r"\3.\2.\1"),
}


def _cell(given: object) -> object:
    return {"header": given} if isinstance(given, str) else given


DateForm = Annotated[Annotated[str, known(DATE_FORMS)] | None, Allowed(f"one of {', '.join(DATE_FORMS)}")]
FileName = Annotated[str, Field(pattern=r"^[^<]*<date>[^<]*$"), Allowed("a file name with one <date>, as Personer_<date>.csv")]
# A profile is read into the classes below; what they do not know is refused.
CHECKED = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=CHECKED)
class Cell:
    """Where a column of the contract stands in the vendor's file and how its cells are written there.

    `value` is the same on every row. `open` lists the words for no end date, `codes` maps the vendor's codes to the
    contract's (`*`: all others), `decimals` are implied ones (2: 10000 is 100), `point` says that they follow a point.
    """

    header: str = ""
    value: str | None = None
    open: tuple[str, ...] = ()
    date: DateForm = None
    codes: Mapping[str, str] = field(default_factory=dict)
    decimals: StrictInt = 0
    point: StrictBool = False

    def in_dialect(self, cell: str | None) -> str | None:
        """The cell as the dialect writes it. What has another form is left as it is, for the rules to tell."""
        if cell is None or without_mark(cell) in self.open:
            return None
        if self.codes:
            return self.codes.get(cell, self.codes.get(OTHERS, cell)) or None
        if self.date:
            pattern, dialect = DATE_FORMS[self.date]
            return re.sub(f"^{pattern}$", dialect, without_mark(cell))
        if self.decimals and re.fullmatch(r"-?\d+", cell):
            return format(Decimal(cell).scaleb(-self.decimals), "f").replace(".", ",")
        return cell.replace(".", ",") if self.point and re.fullmatch(r"-?\d+\.\d+", cell) else cell

    def knows(self, cell: str | None) -> bool:
        return cell is None or not self.codes or OTHERS in self.codes or cell in self.codes


@dataclass(frozen=True, config=CHECKED)
class VendorFile:
    """A file of the vendor: the form of its name, where JSON keeps its records and their number, prefixes of retired codes."""

    stem: str
    name: FileName
    records: str = ""
    total: str = ""
    drop_prefix: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, config=CHECKED)
class Reading:
    """How the rows of one file become rows of one feed (README.md tells what each key does)."""

    feed: str
    file: str
    columns: Mapping[str, Annotated[Cell, BeforeValidator(_cell)]]
    each: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless_blank: tuple[str, ...] = ()
    largest_wins: str = ""
    of_same: tuple[str, ...] = ()
    distinct: StrictBool = False
    join_days: StrictBool = False
    apart_by: tuple[str, ...] = ()

    @property
    def headers(self) -> list[str]:
        """All columns of the vendor's file that the reading needs."""
        named = [cell.header for cell in self.columns.values() if cell.header]
        control = [*self.only, *self.unless_blank, *self.of_same, *self.apart_by, self.largest_wins]
        return list(dict.fromkeys([*named, *filter(None, control)]))

    @property
    def person(self) -> list[str]:
        """The column of the vendor's file that says whose row it is, where the feed has one."""
        return [cell.header for name, cell in self.columns.items() if name == "Ansattnr" and cell.header]

    def takes(self, table: pa.Table) -> np.ndarray:
        """Which rows of the file are rows of the feed, by what the reading says itself."""
        taken = np.ones(table.num_rows, dtype=bool)
        for header, codes in self.only.items():
            taken &= pc.is_in(table[header], pa.array(codes, pa.string())).to_numpy()
        if self.unless_blank:
            taken &= np.any([pc.is_valid(table[header]).to_numpy() for header in self.unless_blank], axis=0)
        return taken


def read_rows(path: Path, file: VendorFile, reading: Reading, beside: Sequence[Reading], contract: Feed) -> TextTable:
    """The feed's columns of a vendor's file, each row with the number of the vendor's row it came from.

    `beside`: all readings of the file, this one among them.

    Raises:
        FileRejected: the file cannot be read, or lacks a column that a reading names.
    """
    alike = [one for one in beside if one.each == reading.each]
    wanted = dict.fromkeys([*file.drop_prefix, *(header for one in alike for header in one.headers)])
    if file.name.endswith(".json"):
        source = read_records(path, file.records, file.total, reading.each, wanted)
        _refuse_renamed(source, wanted)
    else:
        source = read_text_table(path, wanted=wanted)
        refuse_missing([header for header in wanted if header not in source.columns], source, wanted)
    used = {header for one in beside for header in one.headers} | {one.each for one in beside}
    columns = dict(source.columns)
    for header, prefix in file.drop_prefix.items():
        columns[header] = pc.replace_substring_regex(columns[header], f"^{re.escape(prefix)}", "")
    table, numbers = pa.table(columns), source.row_numbers
    taken = reading.takes(table)
    if reading is alike[0]:
        # No row is lost: what no feed takes comes to the first one, whose rules tell what it lacks.
        taken |= ~np.any([one.takes(table) for one in alike], axis=0)
    table, numbers = table.filter(pa.array(taken)), numbers[taken]
    set_aside = {}
    if reading.largest_wins:
        wins = _wins(table, reading)
        set_aside = {LARGEST_WINS: dict.fromkeys(numbers[~wins].tolist())}
        table, numbers = table.filter(pa.array(wins)), numbers[wins]
    converted, noted = _converted(table, numbers, reading, contract)
    converted, numbers, merged = _fewer_rows(converted, numbers, table, reading)
    kept = set(numbers.tolist())
    noted = {rule: {row: value for row, value in rows.items() if row in kept} for rule, rows in noted.items()}
    result = {header: converted[header] for header in reading.columns}
    nothing = pa.chunked_array([pa.nulls(len(numbers), pa.string())])
    # What the vendor does not have is empty; what it has and did not deliver was refused above.
    for header, column in contract.columns.items():
        if column.nullable and not column.metadata["optional"]:
            result.setdefault(header, nothing)
    for header in source.columns:
        if header not in used:
            result[f"{header} (not in the profile)" if header in contract.columns else header] = nothing
    return replace(source, columns=result, row_numbers=numbers, set_aside=set_aside, noted=noted, merged=merged)


def _refuse_renamed(source: TextTable, wanted: Collection[str]) -> None:
    """Refuse JSON in which no record has a path of the profile, and some have one with nearly its name.

    JSON leaves out what is empty. But an end date that is called otherwise would leave every absence without an end.

    Raises:
        FileRejected: such a path is there.
    """
    unknown = [header for header in source.columns if header not in wanted]
    empty = [header for header in wanted if source.columns[header].null_count == len(source.row_numbers)]
    refuse_missing([header for header in empty if any(_is_nearly(header, other) for other in unknown)], source, wanted)


def _is_nearly(path: str, other: str) -> bool:
    """Whether two paths differ in one name alone, and little there: `periode.slutt` is nearly `periode.sluttdato`.

    Long names before it count for nothing: beside an end that is empty, `beskrivelse` is another thing.
    """
    names, others = path.split("."), other.split(".")
    if len(names) != len(others):
        return False
    differing = [(one, found) for one, found in zip(names, others, strict=True) if header_key(one) != header_key(found)]
    return len(differing) <= 1 and all(nearest(one, [found], cutoff=0.7) for one, found in differing)


def _wins(table: pa.Table, reading: Reading) -> np.ndarray:
    """True for the row with the largest value among those of the same key; of equals the first.

    Rows are copies of one person alone: a vendor may number absences anew for each. A row with a blank in its key is no copy.
    """
    key = list(dict.fromkeys([*reading.of_same, *reading.person]))
    frame = table.select(key).to_pandas()
    is_blank = frame.isna().any(axis=1).to_numpy()
    sizes = table[reading.largest_wins].to_pandas().astype("string").str.replace(",", ".")
    frame["_size"] = pd.to_numeric(sizes, errors="coerce").fillna(-np.inf).to_numpy(dtype=float)
    ordered = frame.sort_values("_size", ascending=False, kind="stable")
    return (~ordered.duplicated(subset=key)).sort_index().to_numpy() | is_blank


def _converted(
    table: pa.Table, numbers: np.ndarray, reading: Reading, contract: Feed
) -> tuple[pa.Table, dict[str, dict[int, str | None]]]:
    """The contract's columns in the dialect, and the rows with codes that the profile does not know."""
    columns, noted = {}, {}
    for name, cell in reading.columns.items():
        if not cell.header:
            columns[name] = pa.chunked_array([pa.array([cell.value] * table.num_rows, pa.string())])
            continue
        # A delivery has far fewer different cells than rows.
        encoded = pa.array(table[cell.header].combine_chunks(), pa.string()).dictionary_encode()
        different = encoded.dictionary.to_pylist()
        dialect = pa.array([cell.in_dialect(text) for text in different], pa.string())
        columns[name] = pa.chunked_array([dialect.take(encoded.indices)])
        if unknown := [text for text in different if not cell.knows(text)]:
            found = np.flatnonzero(pc.is_in(table[cell.header], pa.array(unknown, pa.string())).to_numpy())
            values = table[cell.header].take(pa.array(found)).to_pylist()
            noted[in_profile(contract, name)] = dict(zip(numbers[found].tolist(), values, strict=True))
    return pa.table(columns), noted


def _fewer_rows(
    converted: pa.Table, numbers: np.ndarray, table: pa.Table, reading: Reading
) -> tuple[pa.Table, np.ndarray, dict[int, list[int]]]:
    """Rows said several times once, and periods of adjoining days; each with the number of its first row.

    With them the numbers of a period's further rows by that of its first: all of them make it. Of rows said several times
    each one alone would do.
    """
    if reading.distinct:
        first = ~converted.to_pandas().duplicated().to_numpy()
        return converted.filter(pa.array(first)), numbers[first], {}
    if not reading.join_days:
        return converted, numbers, {}
    begin, end = (
        pd.to_datetime(converted[name].to_pandas(), format="%d.%m.%Y", errors="coerce").to_numpy("datetime64[D]")
        for name in ("Fra dato", "Til dato")
    )
    same = converted.drop_columns(["Fra dato", "Til dato"]).to_pandas()
    for header in reading.apart_by:
        same[f"apart by {header}"] = table[header].to_pandas()
    group = same.groupby(list(same.columns), dropna=False, sort=False).ngroup().to_numpy()
    order = np.lexsort((begin, group))
    adjoins = (group[order][1:] == group[order][:-1]) & (begin[order][1:] == end[order][:-1] + 1)
    first = np.flatnonzero(np.r_[True, ~adjoins][: len(order)])
    last = np.r_[first[1:] - 1, len(order) - 1][: len(first)]
    periods = converted.take(pa.array(order[first]))
    place = periods.column_names.index("Til dato")
    periods = periods.set_column(place, "Til dato", converted["Til dato"].take(pa.array(order[last])))
    days = numbers[order]
    merged = {
        int(days[begins]): days[begins + 1 : ends + 1].tolist()
        for begins, ends in zip(first, last, strict=True)
        if ends > begins
    }
    return periods, numbers[order[first]], merged


def in_profile(contract: Feed, header: str) -> str:
    """Name of the rule that a coded column has only codes of the profile."""
    return f"{contract.columns[header].metadata['name']}_in_profile"
