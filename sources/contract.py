"""What a feed's contract is made of: Pandera columns with the metadata the house needs, and the row checks feeds share.
Belongs here: building blocks of contracts. Not here: any one feed's columns, reading of files, database or Dagster code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pandera.pandas as pap
import pyarrow as pa

from sources.dialect import read_text_table
from sources.naming import NamedFile, Naming
from sources.text_table import TextTable

Severity = Literal["error", "warning"]
Stored = Literal["value", "pseudonym", "year", "nothing"]
Stage = Literal["cell", "row", "reference", "duplicate", "overlap", "tree", "file"]

TEXT = pd.ArrowDtype(pa.string())
DATE = pd.ArrowDtype(pa.date32())
PERCENT = pd.ArrowDtype(pa.decimal128(9, 4))
AMOUNT = pd.ArrowDtype(pa.decimal128(12, 2))
NUMBER = pd.ArrowDtype(pa.decimal128(18, 6))
INTEGER = pd.ArrowDtype(pa.int32())

# So many rows of a payroll feed are never alike in some columns.
MANY_ROWS = 50
# Ages that a person who is or was employed may have.
YOUNGEST, OLDEST = 13, 99


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a row.

    `name` is unique within the feed and becomes the asset check's name and the quarantine reason; `remedy` tells the
    payroll office what to do. A row that breaks an `error` rule is quarantined, one that breaks a `warning` rule loads.
    `refers_to` is the feed that the row is held against, where it is another one.
    """

    name: str
    column: str
    description: str
    remedy: str
    severity: Severity
    stage: Stage
    refers_to: str = ""

    @property
    def sentence(self) -> str:
        """The rule as a sentence: rules of whole rows have words of their own, those of a cell begin with its column."""
        return self.description if self.stage not in ("cell", "reference") else f"{self.column} {self.description}".strip()


def _column(
    dtype: Any,
    name: str,
    description: str,
    *,
    required: bool,
    checks: Sequence[pap.Check] = (),
    personal: bool = False,
    stored_as: Stored = "value",
    references: tuple[str, str] | None = None,
    digits: int | None = None,
    thousands: bool = False,
    optional: bool = False,
    is_name: bool = False,
    listed_in: str | None = None,
    of_scale: bool = False,
    ends_most: bool = False,
    zero_is_empty: bool = False,
    is_birth_date: bool = False,
    after_birth_of: tuple[str, str] | None = None,
    in_view: bool = False,
) -> pap.Column:
    """A column with what the house knows of it beside Pandera.

    `required`: a cell must be filled; `optional`: the column itself may be missing. `is_name`: text that people read, in
    which signs of a wrong encoding are looked for. `listed_in`: the list (a seed) its kinds stand in. `of_scale`: percents,
    of which some must be above 1. `ends_most`: ends, of which a file of many rows must have some. `after_birth_of`: (feed,
    header) of the person, whose 13th birthday lies before the date. `in_view`: dates that are known a year ahead at most.
    """
    return pap.Column(
        dtype,
        checks=list(checks),
        nullable=not required,
        required=required,
        description=description,
        metadata={
            "name": name,
            "personal": personal,
            "stored_as": stored_as,
            "references": references,
            "digits": digits,
            "thousands": thousands,
            "optional": optional,
            "is_name": is_name,
            "listed_in": listed_in,
            "of_scale": of_scale,
            "ends_most": ends_most,
            "zero_is_empty": zero_is_empty,
            "is_birth_date": is_birth_date,
            "after_birth_of": after_birth_of,
            "in_view": in_view,
        },
    )


def text(name: str, description: str, **options: Any) -> pap.Column:
    """A text column. `digits` pads codes that a spreadsheet has stripped of leading zeros."""
    return _column(TEXT, name, description, **options)


def date(name: str, description: str, **options: Any) -> pap.Column:
    """A calendar date, `dd.mm.yyyy` in text files."""
    return _column(DATE, name, description, **options)


def percent(name: str, description: str, **options: Any) -> pap.Column:
    """A percentage, 0-100, exact to four decimals (more are rounded half away from zero)."""
    return _column(PERCENT, name, description, **options)


def amount(name: str, description: str, **options: Any) -> pap.Column:
    """Kroner, exact to the øre; spaces as thousands separators are allowed."""
    return _column(AMOUNT, name, description, thousands=True, **options)


def number(name: str, description: str, **options: Any) -> pap.Column:
    """A figure of any kind, exact to six decimals; spaces as thousands separators are allowed."""
    return _column(NUMBER, name, description, thousands=True, **options)


def integer(name: str, description: str, **options: Any) -> pap.Column:
    """A whole number."""
    return _column(INTEGER, name, description, **options)


def check(
    function: Callable[[Any], Any],
    name: str,
    description: str,
    remedy: str,
    *,
    column: str = "",
    severity: Severity = "error",
    stage: Stage = "cell",
    code_list: Sequence[str] = (),
) -> pap.Check:
    """A Pandera check that carries what the quarantine report needs. `column` is the one to blame in a row check.

    `code_list`: the codes that cells are read as, where they are alike but for case, spaces and hyphens.
    """
    return pap.Check(
        function,
        name=name,
        error=description,
        ignore_na=stage == "cell",
        raise_warning=severity == "warning",
        statistics={"remedy": remedy, "column": column, "severity": severity, "stage": stage, "code_list": code_list},
    )


def one_of(*allowed: str, remedy: str = "", severity: Severity = "error") -> pap.Check:
    """The value is one of a closed code list. Cells are read in the list's spelling."""
    listed = ", ".join(allowed)
    return check(
        lambda s: s.isin(allowed),
        "in_code_list",
        f"is one of {listed}",
        remedy or f"use one of {listed}",
        severity=severity,
        code_list=allowed,
    )


def matches(pattern: str, name: str, description: str, remedy: str) -> pap.Check:
    """The whole value matches a regular expression."""
    return check(lambda s: s.str.fullmatch(pattern), name, description, remedy)


def between(low: int, high: int) -> pap.Check:
    """The value is within the range, both ends included."""
    return check(
        lambda s: s.between(low, high), "in_range", f"is between {low} and {high}", f"enter a value from {low} to {high}"
    )


def date_order(first: str, last: str) -> pap.Check:
    """A period does not end before it begins; an open end is in order."""
    return check(
        lambda frame: frame[last].isna() | (frame[last] >= frame[first]).fillna(False),
        "date_order",
        f"{last} is not before {first}",
        "correct the dates so that the period does not end before it begins; where many rows are named, see whether the two"
        " columns, or month and day, are exchanged",
        column=last,
        stage="row",
    )


def unique_rows(
    *key: str,
    name: str = "unique",
    remedy: str = "deliver the row once; remove the copy or correct its key",
    severity: Severity = "error",
) -> pap.Check:
    """No earlier row of the file has the same key. Every row after the first is at fault."""
    columns = list(key)
    return check(
        lambda frame: ~frame.duplicated(subset=columns, keep="first"),
        name,
        f"{' + '.join(key)} is not already in the file",
        remedy,
        column=key[0],
        severity=severity,
        stage="duplicate",
    )


def _free_of_overlap(frame: pd.DataFrame, key: Sequence[str], first: str, last: str) -> pd.Series:
    """True for rows that begin after every earlier accepted period of the same key has ended."""
    order = frame.assign(
        _row=np.arange(len(frame)), _end=frame[last].astype("datetime64[s]").fillna(pd.Timestamp.max.floor("s"))
    )
    order = order.sort_values([*key, first, "_row"], kind="stable")
    begin = order[first].astype("datetime64[s]")
    codes = order.groupby(list(key), sort=False).ngroup().to_numpy()
    starts, ends = begin.to_numpy(), order["_end"].to_numpy()
    suspects = np.flatnonzero((codes[1:] == codes[:-1]) & (starts[1:] <= ends[:-1]))
    accepted = np.ones(len(order), dtype=bool)
    if len(suspects):
        # Only keys with some neighbouring overlap are walked: a rejected period must not knock out the one after it.
        for code in np.unique(codes[suspects]):
            low, high = np.searchsorted(codes, [code, code + 1])
            latest = None
            for i in range(low, high):
                if latest is not None and starts[i] <= latest:
                    accepted[i] = False
                else:
                    latest = ends[i]
    result = np.ones(len(order), dtype=bool)
    result[order["_row"].to_numpy()] = accepted
    return pd.Series(result, index=frame.index)


def no_overlap(*key: str, first: str, last: str) -> pap.Check:
    """Periods of one key do not overlap; of two that do, the later-starting one is at fault."""
    return check(
        lambda frame: _free_of_overlap(frame, key, first, last),
        "no_overlap",
        f"the period does not overlap an earlier-starting one of the same {' + '.join(key)}",
        "end the earlier period before this one begins",
        column=first,
        stage="overlap",
    )


def no_cycle(child: str, parent: str) -> pap.Check:
    """Following the parents of a row never leads back to the row."""

    def free_of_cycle(frame: pd.DataFrame) -> pd.Series:
        parents = dict(zip(frame[child], frame[parent], strict=True))

        def in_cycle(code: str) -> bool:
            seen, current = set(), parents.get(code)
            while isinstance(current, str) and current not in seen:
                if current == code:
                    return True
                seen.add(current)
                current = parents.get(current)
            return False

        return pd.Series([not in_cycle(code) for code in frame[child]], index=frame.index, dtype=bool)

    return check(
        free_of_cycle,
        "no_cycle",
        f"following {parent} never leads back to the same {child}",
        "correct the parent of one of the units in the circle",
        column=parent,
        stage="tree",
    )


def of_file(
    function: Callable[[pd.DataFrame], pd.Series], name: str, description: str, remedy: str, *, column: str
) -> pap.Check:
    """A sign that a whole file is wrong, which no row shows alone (signs.py): the rows that give it are told, and load."""
    return check(function, name, description, f"{remedy}; the rows are loaded", column=column, severity="warning", stage="file")


def varies(header: str, name: str) -> pap.Check:
    """A column that is the same on every one of many rows, where no municipality's is: a filter, or cells filled down."""

    def not_all_the_same(frame: pd.DataFrame) -> pd.Series:
        is_good = len(frame) < MANY_ROWS or frame[header].nunique(dropna=False) > 1
        return pd.Series(is_good, index=frame.index)

    return of_file(
        not_all_the_same,
        name,
        f"{header} is not the same in all of {MANY_ROWS} or more rows",
        "see whether the extract has a filter, or the column was filled down",
        column=header,
    )


@dataclass(frozen=True)
class Feed:
    """One kind of file: its Pandera schema (the only statement of columns, types, rules and descriptions) and its place.

    A `required` feed must be present for a night, one that `needs_rows` is rejected when it holds a header alone. `key` is
    the column that other feeds refer to. Unless `files` says otherwise the feed's name is the first part of its file's name
    and the file belongs to the payroll delivery of its date; its rows may also stand in several files, each with a name of
    its own. `read` makes the feed's columns of a file of another form than the dialect, and `parser_rules` are those it
    holds the rows against.
    By its `natural_key` a row of a full extract is known again in the next one, whatever else of it has changed. Rows of two
    extracts that agree in `changed_row`, by default the natural key, are told as one row that has changed.
    """

    schema: pap.DataFrameSchema
    required: bool
    needs_rows: bool
    key: str | None = None
    files: Naming | tuple[Naming, ...] = ()
    read: Callable[[Path, NamedFile], TextTable] | None = None
    parser_rules: tuple[Rule, ...] = ()
    natural_key: tuple[str, ...] = ()
    changed_row: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = [column for column in self.columns.values() if column.metadata["is_name"]]
        of_files = (*OF_EVERY_FILE, NAME_DECODED) if names else OF_EVERY_FILE
        object.__setattr__(self, "rules", (*of_files, *self.parser_rules, *_rules(self.schema)))

    @property
    def name(self) -> str:
        return str(self.schema.name)

    def read_file(self, path: Path, named: NamedFile) -> TextTable:
        """The feed's columns of one of its files.

        Raises:
            FileRejected: the file cannot be read as one of the feed.
        """
        return self.read(path, named) if self.read else read_text_table(path, wanted=self.columns)

    @property
    def namings(self) -> tuple[Naming, ...]:
        """How the feed's files are called, each naming a file of its own."""
        files = (self.files,) if isinstance(self.files, Naming) else self.files
        return files or (Naming(self.name, of_payroll=True),)

    @property
    def stems(self) -> frozenset[str]:
        """The first parts of the names of its files, by which an arrival's `feed` is told."""
        return frozenset(naming.stem for naming in self.namings)

    @property
    def naming(self) -> Naming:
        """How the feed's only file is called."""
        (only,) = self.namings
        return only

    @property
    def columns(self) -> dict[str, pap.Column]:
        """The contract's columns by delivered header."""
        return dict(self.schema.columns)

    def column_names(self, headers: Sequence[str]) -> list[str]:
        """The names that columns have once they are loaded."""
        return [self.columns[header].metadata["name"] for header in headers]

    @property
    def identity(self) -> list[str]:
        """Loaded columns in which two versions of one row agree; none when the feed says nothing of it."""
        return self.column_names(self.changed_row or self.natural_key)

    @property
    def is_personal(self) -> bool:
        """Whether its files hold something about a person."""
        return any(column.metadata["personal"] for column in self.columns.values())

    @property
    def references(self) -> dict[str, tuple[str, str]]:
        """Header → (feed, header) for each column whose values must exist in another feed (or in this one)."""
        return {
            header: column.metadata["references"] for header, column in self.columns.items() if column.metadata["references"]
        }


FIELD_COUNT = Rule(
    "field_count",
    "",
    "the row has as many fields as the header",
    "check for a stray separator or an unclosed quote in the row",
    "error",
    "cell",
)

QUOTE_CLOSED = Rule(
    "quote_closed",
    "",
    'a quote (") that the row opens is closed in it',
    "close or remove the quote",
    "error",
    "cell",
)
CELL_IS_TEXT = Rule(
    "cell_is_text",
    "",
    "a text column holds no date, error value, formula without a value or word for none (NULL)",
    "enter the text itself, in a cell formatted as text, or leave the cell empty",
    "error",
    "cell",
)
NAME_DECODED = Rule(
    "name_decoded",
    "",
    "a name has no signs of a wrong encoding (Ã¥ for å, lost letters)",
    "correct the name where it was entered, or the export that turned its letters",
    "error",
    "cell",
)
OF_EVERY_FILE = (FIELD_COUNT, QUOTE_CLOSED, CELL_IS_TEXT)

READABLE_AS = {
    str(DATE): ("a date dd.mm.yyyy", "write the date as dd.mm.yyyy, without a time of day"),
    str(PERCENT): ("a number with decimal comma", "write the number with decimal comma, without thousands separator"),
    str(AMOUNT): ("an amount with decimal comma", "write the amount with decimal comma"),
    str(NUMBER): ("a number with decimal comma", "write the number with decimal comma"),
    str(INTEGER): ("a whole number", "write a whole number"),
}


def readable_as(column: pap.Column) -> tuple[str, str] | None:
    """What a cell of the column has to look like and how to mend it; None for text, which is always readable."""
    return READABLE_AS.get(str(column.dtype.type)) if column.dtype is not None else None


def check_rule_name(column: pap.Column, check: pap.Check) -> str:
    return f"{column.metadata['name']}_{check.name}"


def rule_of(column: pap.Column, what: str) -> str:
    """Name of one of the rules that follow from a column's metadata."""
    return f"{column.metadata['name']}_{what}"


def _rules(schema: pap.DataFrameSchema) -> Iterator[Rule]:
    """All rules of a schema in the order they are tried."""
    for header, column in schema.columns.items():
        yield from _cell_rules(header, column)
    for header, column in schema.columns.items():
        if reference := column.metadata["references"]:
            described = f"exists in {reference[0]} ({reference[1]})"
            remedy = f"deliver the row in {reference[0]} too, or correct the code (has a spreadsheet taken its leading zeros?)"
            yield Rule(rule_of(column, "known"), header, described, remedy, "error", "reference", reference[0])
        if person := column.metadata["after_birth_of"]:
            described = f"is not before the year the person turns {YOUNGEST}"
            remedy = f"correct the date, or the person's birth date in {person[0]}"
            yield Rule(rule_of(column, "after_birth"), header, described, remedy, "error", "reference", person[0])
    for c in schema.checks:
        m = c.statistics
        yield Rule(str(c.name), m["column"], str(c.error), m["remedy"], m["severity"], m["stage"])


def _cell_rules(header: str, column: pap.Column) -> Iterator[Rule]:
    meta = column.metadata
    if not column.nullable:
        yield Rule(rule_of(column, "required"), header, "is filled in", "fill in the column", "error", "cell")
    if readable := readable_as(column):
        yield Rule(rule_of(column, "readable"), header, f"is {readable[0]}", readable[1], "error", "cell")
    if listed := meta["listed_in"]:
        remedy = f"correct the kind, or add it with its class to dbt_project/seeds/{listed}.csv"
        yield Rule(rule_of(column, "listed"), header, f"is in the list {listed}.csv", remedy, "error", "cell")
    if meta["is_birth_date"]:
        described = f"makes the person {YOUNGEST} to {OLDEST} years old at the extract"
        yield Rule(rule_of(column, "plausible"), header, described, "correct the birth date (the century)", "error", "cell")
    if meta["in_view"]:
        described = "is at most a year after the extract"
        remedy = "see whether the year is right; the row is loaded, and what lies after the extract counts for nothing"
        yield Rule(rule_of(column, "in_view"), header, described, remedy, "warning", "cell")
    if meta["zero_is_empty"]:
        remedy = "leave the cell empty where there is none; 0 is read as empty, and the row is loaded"
        yield Rule(rule_of(column, "not_zero"), header, "is not 0", remedy, "warning", "cell")
    for c in column.checks:
        m = c.statistics
        yield Rule(check_rule_name(column, c), header, str(c.error), m["remedy"], m["severity"], "cell")
