"""Which publications there have been, which of them were served, and a cell as they served it. Reads publications only.
Not here: rebuilding one (recorded.py) or what a new one changes (restatements.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from sources.naming import OSLO
from warehouse.catalogue import read_tables
from warehouse.cells import Unknown, find_cell, is_cell, known
from warehouse.database import column_types, quoted
from warehouse.errors import Refused, UsageError
from warehouse.ledger import PublicationEntry, of_kind, purged_files, read_ledger, thinned_publications
from warehouse.paths import Home
from warehouse.publication import current_publication, served_publications


@dataclass(frozen=True)
class Publication:
    """A publication of the ledger. One that is not `was_served` broke off between its folder and the pointer to it.

    `purged_inputs` counts its input files that `arsverk purge` has removed. `thinned_at`: since then its figures are gone.
    """

    entry: PublicationEntry
    was_served: bool
    is_current: bool
    inputs: int
    purged_inputs: int
    thinned_at: str = ""

    @property
    def published_on(self) -> date:
        """The day in Norway on which it was published."""
        return datetime.fromisoformat(self.entry.published_at).replace(tzinfo=UTC).astimezone(OSLO).date()


@dataclass(frozen=True)
class ServedCell:
    """What one publication served in a cell: its measures, or why there is none. `unknown` is set when it has no such cell, or
    its table is of another grain and several are meant.
    """

    publication: Publication
    measures: Mapping[str, Any] | None
    note: str
    unknown: UsageError | None = None


def publications(home: Home) -> list[Publication]:
    """All publications, in the order they were made."""
    entries = read_ledger(home)
    made = {entry.publication_id: entry for entry in of_kind(entries, PublicationEntry)}
    current, served = current_publication(home), served_publications(home, list(made.values()))
    purged, thinned = purged_files(entries), thinned_publications(entries)
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
                thinned_at=thinned[publication_id].thinned_at if publication_id in thinned else "",
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
        where: column → value of its grain or its labels, as many as it takes to name one cell.
        measure: only this measure; else all of the table.

    Raises:
        UsageError: no publication has such a table, measure or cell, or one has several.
        Refused: nothing had been published.
    """
    served = [served_on(home, day)] if day else [publication for publication in publications(home) if publication.was_served]
    if not served:
        raise Refused("nothing has been published yet")
    cells = [_cell(home, publication, table, where, measure) for publication in served]
    there = [cell for cell in cells if not cell.publication.thinned_at]
    if there and (newest := there[-1].unknown) and all(cell.unknown for cell in there):
        raise newest
    yield from cells


def _cell(home: Home, publication: Publication, table: str, where: Mapping[str, str], measure: str | None) -> ServedCell:
    if publication.thinned_at:
        return ServedCell(publication, None, f"thinned out {publication.thinned_at[:10]}; its figures are gone")
    folder = home.history / publication.entry.publication_id
    tables = read_tables(folder)
    try:
        said = tables[known("table", table, list(tables))]
        with _parquet(folder / f"{table}.parquet") as con:
            columns = list(column_types(con, "published"))
            described = replace(said, columns=tuple(columns))
            measures: Sequence[str] = described.values
            if measure:
                measures = [known("measure", measure, measures)]
            cell = find_cell(con, "published", table=described, values=where)
            found = con.execute(f"from published where {is_cell(described.grain)}", list(cell.values())).fetchone()
    except UsageError as unknown:
        note = unknown.note if isinstance(unknown, Unknown) else "several cells"
        return ServedCell(publication, None, note, unknown)
    row = dict(zip(columns, found or (), strict=True))
    note = f"withheld ({row['withheld']})" if row.get("withheld") else ""
    return ServedCell(publication, {name: row[name] for name in measures}, note)
