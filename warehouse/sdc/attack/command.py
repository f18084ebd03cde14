"""`arsverk attack`: attacks one publication of the history and tells what it found, without any value.
Not here: the attack (attacker.py), or the night's gate (night.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from warehouse.database import one, quoted
from warehouse.paths import Home
from warehouse.publication import publication_folder
from warehouse.publish import UNFINISHED
from warehouse.sdc.attack.findings import Report
from warehouse.sdc.attack.publication import attack
from warehouse.sdc.attack.served import Organisation, Served

SHOWN = 20
WIDTH = 11
# Headings of the kinds of finding, in the order of the columns.
HEADINGS = {
    "pinned": "computable",
    "narrow": "narrow",
    "sum": "sums",
    "mixed": "mixed",
    "moved": "moved",
    "headcount": "counted",
    "copy": "copies",
    "own": "own",
    "before": "before",
}


def attack_publication(
    home: Home, publication_id: str | None, progress: Callable[[str], None] = lambda message: None
) -> tuple[str, str | None, Report]:
    """Attack a publication together with the one served before it.

    Returns:
        The publication's id (default: the one that is served), the id of the one before it if any, and what was found.

    Raises:
        UsageError: there is no such publication.
        Refused: nothing is published, it was thinned out, or its folder is damaged.
    """
    folder = publication_folder(home, publication_id)
    with duckdb.connect() as con:
        before = _before(con, home, folder)
        organisation, own_units = Organisation(), []
        if home.warehouse_database.exists():
            con.execute(f"attach {quoted(str(home.warehouse_database))} as warehouse (read_only)")
            organisation = Organisation.delivered(con, "warehouse")
            if one(con, "select count(*) from duckdb_tables() where database_name = 'warehouse' and schema_name = 'attack'")[0]:
                own_units = con.execute("from warehouse.attack.own_units").fetchall()
        served = Served(con, folder, organisation)
        previous = Served(con, before, organisation) if before else None
        report = attack(served, previous, progress, own_units)
    if organisation.own_positions is None:
        report.notes.append("warehouse.duckdb is not there: which units form a group is not known, and not attacked")
    return folder.name, before.name if before else None, report


def _before(con: duckdb.DuckDBPyConnection, home: Home, folder: Path) -> Path | None:
    """The publication that was served before this one."""

    def published(path: Path) -> str:
        return str(one(con, f"select published_at from read_parquet({quoted(str(path / 'publication.parquet'))})")[0])

    folders = [path for path in home.history.glob("*") if path.suffix != UNFINISHED and (path / "publication.parquet").exists()]
    return max((path for path in folders if published(path) < published(folder)), key=published, default=None)


def report_lines(publication_id: str, before: str | None, report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"Attacked {publication_id}" + (f" together with {before}" if before else "")
    yield f"  {'':<26}{'withheld':>10}  " + "".join(f"{heading:>{WIDTH}}" for heading in (*HEADINGS.values(), "seconds"))
    for name, table in sorted(report.tables.items()):
        numbers = "".join(f"{getattr(table, kind):>{WIDTH}}" for kind in HEADINGS)
        yield f"  {name:<26}{table.withheld:>10}  {numbers}{table.seconds:>{WIDTH}.1f}"
    yield from (f"note: {note}" for note in report.notes)
    yield from leak_lines(report)


def leak_lines(report: Report) -> Iterator[str]:
    """The cells that fail a publication, the first of them by name."""
    leaks = report.leaks
    yield from (leak.text() for leak in leaks[:SHOWN])
    if len(leaks) > SHOWN:
        yield f"… and {len(leaks) - SHOWN} more; arsverk attack --json names all"
