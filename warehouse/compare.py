"""Compares a publication's tables with the same tables built again: by hash, and where they differ cell by cell.
Not here: the building (orchestration/reproduce.py).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.archive import sha256_of
from warehouse.catalogue import recorded_tables
from warehouse.cells import as_words
from warehouse.database import column_types, one, quoted
from warehouse.numbers import printed
from warehouse.recorded import Recorded

CELLS_NAMED = 20
# What a publication says of its own making; the code is compared apart.
OF_ITS_MAKING = {"publication": {"code_version"}}


@dataclass(frozen=True)
class DifferentCell:
    """A value that is another one now. `column` is empty when the whole row is there only then or only now."""

    cell: dict[str, Any]
    column: str
    then: Any
    now: Any


@dataclass(frozen=True)
class DifferentTable:
    """A table that differs: why as a whole, and its differing values."""

    table: str
    notes: list[str]
    cells: list[DifferentCell]


@dataclass(frozen=True)
class Reproduction:
    """What came of building a publication again.

    `reasons` are what is not as it was then (code, settings, changed files), `impossible` why it cannot be built, `tables`
    those that differ.
    """

    reasons: list[str]
    impossible: list[str]
    tables: list[DifferentTable]

    @property
    def is_identical(self) -> bool:
        return not self.impossible and not self.tables

    def lines(self) -> list[str]:
        """Why it is not identical: what stood in the way, or each table with its differing columns and the first cells."""
        lines = list(self.impossible)
        for table in self.tables:
            counts = Counter(cell.column or "whole rows" for cell in table.cells)
            lines.append(f"{table.table} differs: {', '.join(f'{name} ({n})' for name, n in counts.items()) or 'its form'}")
            lines += [f"  {note}" for note in table.notes]
            for cell in table.cells[:CELLS_NAMED]:
                what = f"{cell.column} was" if cell.column else "the row was"
                lines.append(f"  {as_words(cell.cell)}: {what} {printed(cell.then)}, now {printed(cell.now)}")
            if len(table.cells) > CELLS_NAMED:
                lines.append(f"  … and {len(table.cells) - CELLS_NAMED} more; --cells FILE.csv writes all")
        return lines


def compare(recorded: Recorded, folder: Path) -> list[DifferentTable]:
    """The tables that differ between a publication and the Parquet files in a folder."""
    then = {
        name.removesuffix(".parquet"): sha256
        for name, sha256 in recorded.manifest["files"].items()
        if name.endswith(".parquet")
    }
    now = {path.stem: path for path in folder.glob("*.parquet")}
    different = []
    for table in sorted(then.keys() | now.keys()):
        if table not in now:
            different.append(DifferentTable(table, ["it is not made any more"], []))
        elif table not in then:
            different.append(DifferentTable(table, ["it was not made then"], []))
        elif sha256_of(now[table]) == then[table]:
            continue
        elif (
            not (recorded.folder / f"{table}.parquet").exists()
            or sha256_of(recorded.folder / f"{table}.parquet") != then[table]
        ):
            different.append(
                DifferentTable(table, ["the published file is not as it was written; its cells are not compared"], [])
            )
        else:
            grain = recorded_tables(recorded.manifest)[table].grain
            found = _differences(table, recorded.folder / f"{table}.parquet", now[table], grain)
            # Another version of DuckDB may write the same content in other bytes.
            if found.notes or found.cells:
                different.append(found)
    return different


def _differences(table: str, then: Path, now: Path, grain: Sequence[str]) -> DifferentTable:
    with duckdb.connect() as con:
        con.execute(f"create view earlier as from read_parquet({quoted(str(then))})")
        con.execute(f"create view later as from read_parquet({quoted(str(now))})")
        types_then, types_now = column_types(con, "earlier"), column_types(con, "later")
        notes = [f"column {name} is not made any more" for name in types_then if name not in types_now]
        notes += [f"column {name} was not made then" for name in types_now if name not in types_then]
        if any(types_now.get(name) != types_then[name] for name in grain):
            return DifferentTable(table, [*notes, f"its cells are others: they were identified by {', '.join(grain)}"], [])
        both = [name for name in types_then if name in types_now and name not in grain]
        both = [name for name in both if name not in OF_ITS_MAKING.get(table, ())]
        same = " and ".join(f"earlier.{name} is not distinct from later.{name}" for name in grain)
        cells: list[DifferentCell] = []
        for name in both:
            rows = con.execute(
                f"""select {", ".join(f"earlier.{column}" for column in grain)}, earlier.{name}, later.{name}
                    from earlier inner join later on {same} where earlier.{name} is distinct from later.{name} order by all"""
            ).fetchall()
            cells += [DifferentCell(dict(zip(grain, row, strict=False)), name, row[-2], row[-1]) for row in rows]
        for there, other, values in [("earlier", "later", ("there", "gone")), ("later", "earlier", ("not there", "new"))]:
            own = ", ".join(f"{there}.{column}" for column in grain)
            rows = con.execute(f"select {own} from {there} anti join {other} on {same} order by all").fetchall()
            cells += [DifferentCell(dict(zip(grain, row, strict=True)), "", *values) for row in rows]
        if not cells and one(con, "select (select count(*) from earlier) <> (select count(*) from later)")[0]:
            notes.append("rows of the same cell are another number of times there")
    return DifferentTable(table, notes, cells)


def write_cells(path: Path, tables: list[DifferentTable]) -> None:
    """All differing values as a CSV: table, cell, column, then, now."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["table", "cell", "column", "then", "now"])
        for table in tables:
            for cell in table.cells:
                writer.writerow([table.table, as_words(cell.cell), cell.column, cell.then, cell.now])
