"""Which publications there have been, which of them were served, and a cell as they served it. Reads publications only.
Not here: rebuilding one (recorded.py) or what a new one changes (restatements.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from warehouse.catalogue import read_tables
from warehouse.database import quoted
from warehouse.errors import Refused, UsageError
from warehouse.ledger import Published, of_kind, purged_files, read_entries
from warehouse.paths import Home
from warehouse.publication import current_publication

OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True)
class Publication:
    """A publication of the ledger. One that is not `was_served` broke off between its folder and the pointer to it.

    `purged_inputs` counts its input files that `arsverk purge` has removed.
    """

    entry: Published
    was_served: bool
    is_current: bool
    inputs: int
    purged_inputs: int

    @property
    def published_on(self) -> date:
        """The day in Norway on which it was published."""
        return datetime.fromisoformat(self.entry.published_at).replace(tzinfo=UTC).astimezone(OSLO).date()


@dataclass(frozen=True)
class ServedCell:
    """What one publication served in a cell: its measures, or why there is none; `is_unknown` when it has no such column."""

    publication: Publication
    measures: Mapping[str, Any] | None
    note: str
    is_unknown: bool = False


def publications(home: Home) -> list[Publication]:
    """All publications, in the order they were made."""
    entries = read_entries(home)
    made = {entry.publication_id: entry for entry in of_kind(entries, Published)}
    current = current_publication(home)
    served = {current, *(entry.previous_publication for entry in of_kind(entries, Published))}
    purged = purged_files(entries)
    found = []
    for publication_id, entry in made.items():
        inputs = _inputs(home.history / publication_id)
        found.append(
            Publication(
                entry,
                was_served=publication_id in served,
                is_current=publication_id == current,
                inputs=len(inputs),
                purged_inputs=len(inputs & purged.keys()),
            )
        )
    return found


def _inputs(folder: Path) -> set[str]:
    path = folder / "inputs.parquet"
    if not path.exists():
        return set()
    with _parquet(path) as con:
        return {sha256 for (sha256,) in con.execute("select sha256 from published").fetchall()}


@contextlib.contextmanager
def _parquet(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published file as the view `published`.

    Raises:
        Refused: the file is damaged.
    """
    try:
        with duckdb.connect() as con:
            con.execute(f"create view published as from read_parquet({quoted(str(path))})")
            yield con
    except duckdb.Error:
        raise Refused(f"publish/history/{path.parent.name}/{path.name} cannot be read; run `arsverk verify`") from None


def served_on(home: Home, day: date) -> Publication:
    """The publication that was current at the end of a day in Norway.

    Raises:
        Refused: none was published by then.
    """
    served = [publication for publication in publications(home) if publication.was_served and publication.published_on <= day]
    if not served:
        raise Refused(f"nothing had been published by the end of {day}")
    return served[-1]


def as_served(
    home: Home, table: str, where: Mapping[str, str], *, day: date | None, measure: str | None
) -> Iterator[ServedCell]:
    """A cell of a table as it was served on a day, or by every publication in turn.

    Args:
        where: column → value, as many as it takes to tell the cell from every other.
        measure: only this column; else all that are not the cell's own.

    Raises:
        UsageError: no publication has the table, column or measure, or several cells are meant.
    """
    served = [served_on(home, day)] if day else [publication for publication in publications(home) if publication.was_served]
    if not served:
        raise Refused("nothing has been published yet")
    cells = [_cell(home, publication, table, where, measure) for publication in served]
    if all(cell.is_unknown for cell in cells):
        raise UsageError(cells[-1].note)
    yield from cells


def _cell(home: Home, publication: Publication, table: str, where: Mapping[str, str], measure: str | None) -> ServedCell:
    folder = home.history / publication.entry.publication_id
    tables = read_tables(folder)
    if table not in tables:
        return ServedCell(publication, None, f"no table {table}; the tables are {', '.join(tables)}", is_unknown=True)
    grain = tables[table].grain
    with _parquet(folder / f"{table}.parquet") as con:
        columns = [name for name, *_ in con.execute("describe from published").fetchall()]
        for name in (*where, *([measure] if measure else [])):
            if name not in columns:
                return ServedCell(
                    publication, None, f"{table} has no column {name}; it has {', '.join(columns)}", is_unknown=True
                )
        conditions = " and ".join(f"cast({name} as varchar) = ?" for name in where) or "true"
        rows = con.execute(f"from published where {conditions} limit 2", list(where.values())).fetchall()
    if len(rows) > 1:
        missing = [name for name in grain if name not in where]
        raise UsageError(f"several cells of {table} are meant; give {', '.join(missing)} too")
    if not rows:
        return ServedCell(publication, None, "no such cell")
    row = dict(zip(columns, rows[0], strict=True))
    note = f"withheld ({row['withheld']})" if row.get("withheld") else ""
    wanted = [measure] if measure else [name for name in columns if name not in (*grain, "withheld")]
    return ServedCell(publication, {name: row[name] for name in wanted}, note)


def plain(value: object) -> str:
    """A served value as people are told it: figures to six decimals."""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return "nothing" if value is None else str(value)
