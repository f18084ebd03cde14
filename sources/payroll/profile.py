"""Reads another payroll system's files by a profile, a TOML file in profiles/, into the columns and cells of the dialect.
Not here: what any one vendor calls things (profiles/), or the rules of the rows (the contracts).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import Feed, Rule
from sources.dialect import FileRejected, TextTable, read_text_table, text_rows
from sources.naming import NamedFile, Naming
from sources.registry import feeds

PROFILES = Path(__file__).parent / "profiles"
DEFAULT = "default"
OTHERS = "*"
LARGEST_WINS = "largest_wins"
# Rows of these feeds are told apart across the whole feed, which rules that see one file at a time cannot do.
IN_SEVERAL_FILES = ("fravaer", "permisjoner", "variable_timer")
DATE_FORMS = {
    "dd.mm.yyyy": (r"(\d{2})\.(\d{2})\.(\d{4})", r"\1.\2.\3"),
    "yyyymmdd": (r"(\d{4})(\d{2})(\d{2})", r"\3.\2.\1"),
    # A time that is not midnight may be a day of another time zone: it stays as it is, for the rules to tell.
    "yyyy-mm-dd": (r"(\d{4})-(\d{2})-(\d{2})(?:T00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?", r"\3.\2.\1"),
}


class ProfileError(Exception):
    """A profile that cannot be used. The message names it and what is wrong."""


@dataclass(frozen=True)
class Cell:
    """Where a column of the contract stands in the vendor's file and how its cells are written there.

    `value` is the same on every row. `open` lists the words for no end date, `codes` maps the vendor's codes to the
    contract's (`*`: all others), `decimals` are implied ones (2: 10000 is 100), `point` says that they follow a point.
    """

    header: str = ""
    value: str | None = None
    open: tuple[str, ...] = ()
    date: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    decimals: int = 0
    point: bool = False

    def in_dialect(self, cell: str | None) -> str | None:
        """The cell as the dialect writes it. What has another form is left as it is, for the rules to tell."""
        if cell is None or cell in self.open:
            return None
        if self.codes:
            return self.codes.get(cell, self.codes.get(OTHERS, cell)) or None
        if self.date:
            pattern, dialect = DATE_FORMS[self.date]
            return re.sub(f"^{pattern}$", dialect, cell)
        if self.decimals and re.fullmatch(r"-?\d+", cell):
            return format(Decimal(cell).scaleb(-self.decimals), "f").replace(".", ",")
        return cell.replace(".", ",") if self.point and re.fullmatch(r"-?\d+\.\d+", cell) else cell

    def knows(self, cell: str | None) -> bool:
        return cell is None or not self.codes or OTHERS in self.codes or cell in self.codes


@dataclass(frozen=True)
class VendorFile:
    """A file of the vendor: the form of its name, where a JSON file keeps its records, and prefixes of retired codes."""

    stem: str
    name: str
    records: str = ""
    drop_prefix: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """How the rows of one file become rows of one feed (README.md tells what each key does)."""

    feed: str
    file: str
    columns: Mapping[str, Cell]
    each: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless_blank: tuple[str, ...] = ()
    largest_wins: str = ""
    of_same: tuple[str, ...] = ()
    distinct: bool = False
    join_days: bool = False
    apart_by: tuple[str, ...] = ()

    @property
    def headers(self) -> list[str]:
        """All columns of the vendor's file that the reading needs."""
        named = [cell.header for cell in self.columns.values() if cell.header]
        control = [*self.only, *self.unless_blank, *self.of_same, *self.apart_by, self.largest_wins]
        return list(dict.fromkeys([*named, *filter(None, control)]))

    def takes(self, table: pa.Table) -> np.ndarray:
        """Which rows of the file are rows of the feed, by what the reading says itself."""
        taken = np.ones(table.num_rows, dtype=bool)
        for header, codes in self.only.items():
            taken &= pc.is_in(table[header], pa.array(codes, pa.string())).to_numpy()
        if self.unless_blank:
            taken &= np.any([pc.is_valid(table[header]).to_numpy() for header in self.unless_blank], axis=0)
        return taken


@dataclass(frozen=True)
class Profile:
    """What one payroll system calls its files, columns and codes."""

    name: str
    files: Mapping[str, VendorFile]
    readings: tuple[Reading, ...]

    def naming(self, stem: str) -> Naming:
        return Naming(stem, of_payroll=True, pattern=self.files[stem].name)

    def read(self, reading: Reading, path: Path) -> TextTable:
        """The feed's columns of one of the vendor's files, each row with the number of the vendor's row it came from.

        Raises:
            FileRejected: the file cannot be read, or lacks a column that the profile names.
        """
        file = self.files[reading.file]
        beside = [one for one in self.readings if one.file == reading.file]
        alike = [one for one in beside if one.each == reading.each]
        source = _records(path, file, reading.each, alike) if file.name.endswith(".json") else read_text_table(path)
        wanted = dict.fromkeys(header for one in alike for header in one.headers)
        if missing := [header for header in wanted if header not in source.columns]:
            raise FileRejected(f"column {', '.join(missing)} of the profile {self.name} is missing; export the file with it")
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
        contract = feeds()[reading.feed]
        converted, noted = _converted(table, numbers, reading, contract)
        converted, numbers = _fewer_rows(converted, numbers, table, reading)
        kept = set(numbers.tolist())
        noted = {rule: {row: value for row, value in rows.items() if row in kept} for rule, rows in noted.items()}
        result = {header: converted[header] for header in reading.columns}
        nothing = pa.chunked_array([pa.nulls(len(numbers), pa.string())])
        for header in source.columns:
            if header not in used:
                result[f"{header} (not in the profile)" if header in contract.columns else header] = nothing
        return TextTable(result, numbers, source.misshapen, source.width, set_aside=set_aside, noted=noted)


def _wins(table: pa.Table, reading: Reading) -> np.ndarray:
    """True for the row with the largest value among those of the same key; of equals the first."""
    frame = table.select(reading.of_same).to_pandas()
    sizes = table[reading.largest_wins].to_pandas().astype("string").str.replace(",", ".")
    frame["_size"] = pd.to_numeric(sizes, errors="coerce").fillna(-np.inf).to_numpy(dtype=float)
    ordered = frame.sort_values("_size", ascending=False, kind="stable")
    return (~ordered.duplicated(subset=list(reading.of_same))).sort_index().to_numpy()


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
            noted[_in_profile(contract, name)] = dict(zip(numbers[found].tolist(), values, strict=True))
    return pa.table(columns), noted


def _fewer_rows(converted: pa.Table, numbers: np.ndarray, table: pa.Table, reading: Reading) -> tuple[pa.Table, np.ndarray]:
    """Rows said several times once, and periods of adjoining days; each with the number of its first row."""
    if reading.distinct:
        first = ~converted.to_pandas().duplicated().to_numpy()
        return converted.filter(pa.array(first)), numbers[first]
    if not reading.join_days:
        return converted, numbers
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
    return periods, numbers[order[first]]


def _records(path: Path, file: VendorFile, each: str, readings: list[Reading]) -> TextTable:
    """The records of a JSON file as rows, numbered from 1, with a column for each path (`periode.start`) to a value.

    `each` names what every record holds one (an object) or several (a list) of: these are the rows then.
    """
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
        for key in filter(None, file.records.split(".")):
            found = found[key]
        records = [record for whole in _several(found) for record in _exploded(whole, each)]
        flat = [_flat(record) for record in records]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileRejected(
            f"cannot be read as JSON with records at {file.records or 'its top'} ({type(error).__name__}); export it again"
        ) from None
    # A path that no record has is a column without values: JSON leaves out what is empty.
    headers = dict.fromkeys(header for reading in readings for header in reading.headers)
    headers |= dict.fromkeys(header for record in flat for header in record)
    return text_rows(list(headers), [[row.get(header) for header in headers] for row in flat], range(1, len(flat) + 1))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _exploded(record: dict[str, Any], each: str) -> list[dict[str, Any]]:
    return [{**record, each: one} for one in _several(record.get(each))] if each else [record]


def _flat(record: Mapping[str, Any]) -> dict[str, str | None]:
    cells: dict[str, str | None] = {}
    for key, value in record.items():
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(inner, dict):
            cells |= {f"{key}.{path}": cell for path, cell in _flat(inner).items()}
        elif isinstance(inner, Decimal):
            cells[key] = format(inner, "f").replace(".", ",")
        else:
            cells[key] = inner if isinstance(inner, str) or inner is None else json.dumps(inner, default=str)
    return cells


def _in_profile(contract: Feed, header: str) -> str:
    return f"{contract.columns[header].metadata['name']}_in_profile"


@cache
def read_profile(name: str) -> Profile:
    """A profile by its name.

    Raises:
        ProfileError: no such profile, or one that says something impossible.
    """
    try:
        content = tomllib.loads((PROFILES / f"{name}.toml").read_text(encoding="utf-8"))
        files = {stem: VendorFile(stem, **values) for stem, values in content.get("files", {}).items()}
        readings = [
            _reading(feed, values) for feed, several in content.get("feeds", {}).items() for values in _several(several)
        ]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ProfileError(f"the payroll profile {name} cannot be read: {error}") from None
    if problems := _problems(files, readings):
        raise ProfileError(f"the payroll profile {name}: {'; '.join(problems)}")
    return Profile(name, files, tuple(readings))


def _reading(feed: str, values: Mapping[str, Any]) -> Reading:
    columns = {
        header: Cell(header=cell) if isinstance(cell, str) else Cell(**cell) for header, cell in values["columns"].items()
    }
    return Reading(feed, **{**values, "columns": columns})


def _problems(files: Mapping[str, VendorFile], readings: list[Reading]) -> list[str]:
    found = [f"{stem}: the name needs one <date>" for stem, file in files.items() if file.name.count("<date>") != 1]
    found += [f"{stem}: no feed is read from it" for stem in files if stem not in {one.file for one in readings}]
    if beside := sorted({one.feed for one in readings} - {name for name, feed in feeds().items() if feed.naming.of_payroll}):
        return [*found, f"{', '.join(beside)} is no payroll feed"]
    for one in readings:
        where = f"{one.feed} from {one.file}"
        contract = feeds()[one.feed]
        own = [other for other in readings if other.feed == one.feed]
        if one.file not in files:
            found.append(f"{where}: no such file")
        if unknown := sorted(set(one.columns) - set(contract.columns)):
            found.append(f"{where}: the contract has no column {', '.join(unknown)}")
        if lacking := [header for header, column in contract.columns.items() if column.required and header not in one.columns]:
            found.append(f"{where}: required column {', '.join(lacking)} is not mapped")
        if unread := [header for header, cell in one.columns.items() if cell.date and cell.date not in DATE_FORMS]:
            found.append(f"{where}: the date form of {', '.join(unread)} is none of {', '.join(DATE_FORMS)}")
        if bool(one.largest_wins) != bool(one.of_same):
            found.append(f"{where}: largest_wins and of_same belong together")
        if one.join_days and not {"Fra dato", "Til dato"} <= one.columns.keys():
            found.append(f"{where}: join_days needs Fra dato and Til dato")
        if one.each and not any(other.file == one.file and not other.each for other in readings):
            found.append(f"{where}: a record without {one.each} would be lost; read a feed from whole records as well")
        if len(own) > 1 and (one.feed not in IN_SEVERAL_FILES or len({other.file for other in own}) < len(own)):
            found.append(f"{where}: only {', '.join(IN_SEVERAL_FILES)} may come in several files, and once from each")
    return found


@cache
def feeds_by(profile_name: str) -> dict[str, Feed]:
    """All feeds, those that the profile reads from the vendor's files with its names, reader and rules."""
    profile = read_profile(profile_name)
    return {name: _read_by(profile, feed) for name, feed in feeds().items()}


def _read_by(profile: Profile, feed: Feed) -> Feed:
    readings = {reading.file: reading for reading in profile.readings if reading.feed == feed.name}
    if not readings:
        return feed

    def read(path: Path, named: NamedFile) -> TextTable:
        return profile.read(readings[named.stem], path)

    namings = tuple(profile.naming(stem) for stem in readings)
    return replace(feed, files=namings, read=read, reader_rules=_rules(feed, list(readings.values())))


def _rules(feed: Feed, readings: list[Reading]) -> tuple[Rule, ...]:
    coded = {
        header: cell for one in readings for header, cell in one.columns.items() if cell.codes and OTHERS not in cell.codes
    }
    rules = [
        Rule(
            _in_profile(feed, header),
            header,
            "is a code that the profile knows; others are read as they are",
            f"add the code of {cell.header} to the profile",
            "warning",
            "cell",
        )
        for header, cell in coded.items()
    ]
    for one in readings:
        if one.largest_wins and LARGEST_WINS not in {rule.name for rule in rules}:
            described = f"no row of the same {' + '.join(one.of_same)} has a larger {one.largest_wins}, or as large and earlier"
            rules.append(Rule(LARGEST_WINS, "", described, "nothing: the larger row is loaded", "error", "cell"))
    return tuple(rules)
