"""The COLUMN=VALUE words by which a command names a cell, and the one cell of a table that they mean.
Not here: what is said of the cell (trace, history.py), or how its figures are printed (numbers.py).
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from warehouse.catalogue import Table
from warehouse.database import one, quoted
from warehouse.errors import UsageError

VALUES_NAMED = 20
CELLS_NAMED = 10
# What a shell leaves as it is, letters of every language among it; an age group `<25` is not.
PLAIN = re.compile(r"[\w@%+=:,./-]*")


class Unknown(UsageError):
    """There is no such table, column, measure or cell. `note` says so in a few words."""

    def __init__(self, note: str, message: str) -> None:
        super().__init__(message)
        self.note = note


def parse_conditions(words: Iterable[str]) -> dict[str, str]:
    """COLUMN=VALUE words as a mapping.

    Raises:
        UsageError: a word is not COLUMN=VALUE or not text, or a column is given twice.
    """
    values: dict[str, str] = {}
    for word in words:
        # Python keeps bytes that are no text of the terminal's encoding as half characters, which DuckDB cannot read.
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise UsageError(f"{word!a} is not written in the terminal's encoding; set the terminal and LANG to UTF-8")
        column, equals, value = word.partition("=")
        if not equals or not column:
            raise UsageError(f"{word!r} is not COLUMN=VALUE, for instance period=2023")
        if column in values:
            raise UsageError(f"{column} is given twice")
        values[column] = value
    return values


def as_words(values: Mapping[str, object], only: Sequence[str] | None = None) -> str:
    """A cell as the words that `parse_conditions` takes, for a shell."""
    return " ".join(_word(name, value) for name, value in values.items() if only is None or name in only)


def _word(name: str, value: object) -> str:
    text = f"{name}={value}"
    return text if PLAIN.fullmatch(text) else shlex.quote(text)


def known(kind: str, given: str, names: Sequence[str]) -> str:
    """The name that was given, which must be one of the names.

    Raises:
        Unknown: it is none; the message names the nearest and all there are.
    """
    if given not in names:
        near = difflib.get_close_matches(given, names, 1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise Unknown(f"no {kind} {given}", f"there is no {kind} {given}{hint} There are: {', '.join(names)}")
    return given


def is_cell(grain: Sequence[str]) -> str:
    """The condition on a row that its grain has the values of a cell, which are the query's parameters in the same order."""
    return " and ".join(f"{name} is not distinct from ${number}" for number, name in enumerate(grain, start=1))


def find_cell(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    *,
    table: Table,
    values: Mapping[str, str],
) -> dict[str, Any]:
    """The grain of the one cell that has these values in its grain or in its labels.

    Args:
        relation: what to read from: the served table.

    Raises:
        Unknown: no cell has them; the message says which value to change.
        UsageError: several cells have them; the message says which columns to give too.
    """
    named = [name for name in table.columns if name not in (*table.values, "withheld")]
    grain = table.grain
    for column, value in values.items():
        known("column", column, named)
        if not one(con, f"select count(*) from {relation} where cast({column} as varchar) = $1", [value])[0]:
            there_are = _values(con, relation, column, "true", value)
            raise Unknown("no such cell", f"{table.name} has no {column}={value}. {there_are}")
    conditions = [f"cast({column} as varchar) = {quoted(value)}" for column, value in values.items()]
    where = " and ".join(conditions) or "true"
    cells = con.execute(
        f"select {', '.join(grain)} from {relation} where {where} order by all limit {CELLS_NAMED + 1}"
    ).fetchall()
    if len(cells) == 1:
        return dict(zip(grain, cells[0], strict=True))
    if not cells:
        lines = [f"{table.name} has no cell with {as_words(values)}; leave one of them out:"]
        for column in values:
            rest = " and ".join(c for c, name in zip(conditions, values, strict=True) if name != column) or "true"
            if one(con, f"select count(*) from {relation} where {rest}")[0]:
                lines.append(f"  without {column}: {_values(con, relation, column, rest, values[column])}")
        raise Unknown("no such cell", "\n".join(lines))
    (count,) = one(con, f"select count(*) from {relation} where {where}")
    missing = [name for name in grain if one(con, f"select count(distinct {name}) from {relation} where {where}")[0] > 1]
    lines = [f"{count} cells of {table.name} have {as_words(values) or 'no condition'}; say which {', '.join(missing)}:"]
    lines += ["  " + as_words(dict(zip(grain, row, strict=True)), missing) for row in cells[:CELLS_NAMED]]
    if count > CELLS_NAMED:
        lines.append("  …")
    raise UsageError("\n".join(lines))


def _values(con: duckdb.DuckDBPyConnection, relation: str, column: str, where: str, given: str) -> str:
    """The values that a column has, those like the given one first when there are many."""
    rows = con.execute(f"select distinct cast({column} as varchar) from {relation} where {where} order by 1").fetchall()
    present = [value for (value,) in rows if value is not None]
    if not present:
        return "The table is empty." if where == "true" else "there are none."
    near = difflib.get_close_matches(given, present, VALUES_NAMED)
    named = near if len(present) > VALUES_NAMED and near else present[:VALUES_NAMED]
    return f"There are: {', '.join(named)}{' …' if len(named) < len(present) else ''}"
