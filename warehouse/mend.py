"""Finds damaged files that can be made again, and makes them again before a night needs them.
Not here: what only a backup can bring back (archive, ledger, manifests), which `arsverk verify` names.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import duckdb

from warehouse.archive import sha256_of
from warehouse.catalogue import Table, read_tables
from warehouse.database import remove_database
from warehouse.ledger import PublicationEntry, of_kind, read_ledger
from warehouse.paths import PRIVATE_FOLDER, SERVED_FILE, Home, fsync_folder
from warehouse.publication import current_publication
from warehouse.publish import OLDER_SCHEMA, SERVED_SCHEMA, copy_to_parquet, link_names, names_at_top, ready_pointer

# Without these no run of Dagster begins. Each run has a file of its own beside them.
DAGSTER_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
SET_ASIDE = "damaged"


def mend(home: Home) -> list[str]:
    """Make again what can be made again of the restricted database and of the publication that is served.

    Returns:
        A line for each file: what was wrong and what was done.
    """
    done = [*_mend_links(home), *_mend_served(home)]
    if damage := restricted_damage(home):
        remove_database(home.warehouse_database)
        done.append(
            f"warehouse.duckdb could not be read ({damage}) and is removed; this night makes it anew."
            " Until then nothing says which rows are gone since the last publication"
        )
    return done


def restricted_damage(home: Home) -> str | None:
    """Why the restricted database cannot be read to its last value, if so."""
    if not home.warehouse_database.exists():
        return None
    found = home.warehouse_database.stat()
    return _damage(home.warehouse_database, found.st_size, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=1)
def _damage(database: Path, *_: int) -> str | None:
    """Read every value; the same file (size, time, inode) is read once a process."""
    try:
        with duckdb.connect(str(database), read_only=True) as con:
            tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            if not tables:
                return "it holds no table"
            for schema, table in tables:
                con.execute(f'select bit_xor(hash(whole)) from "{schema}"."{table}" as whole').fetchall()
    except (duckdb.Error, OSError) as error:
        return str(error).splitlines()[0]
    return None


def _mend_links(home: Home) -> Iterator[str]:
    """Make links again where a copy of the home has followed them, or left them out: `current`, and the names beside it."""
    current = current_publication(home)
    if current is None and not ready_pointer(home).is_symlink():
        made = of_kind(read_ledger(home), PublicationEntry)
        current = made[-1].publication_id if made else None
    if current is None or not _recorded_files(home, current):
        return
    if not home.current.is_symlink():
        what = "was no link but a copy" if home.current.exists() else "was missing"
        shutil.rmtree(home.current, ignore_errors=True)
        home.current.symlink_to(f"history/{current}")
        yield f"publish/current {what} and leads to the publication {current} again"
    link_names(home, names_at_top(_recorded_files(home, current)))


def _mend_served(home: Home) -> list[str]:
    """Write damaged Parquet files of the served publication again; only the very bytes that it recorded are put in place."""
    current = current_publication(home)
    recorded = _recorded_files(home, current) if current else {}
    if current is None or not recorded:
        return []
    folder, scratch = home.history / current, home.build / "mended"
    tables = read_tables(folder)
    damaged = [
        name
        for name, sha256 in recorded.items()
        if name.endswith(".parquet") and not ((folder / name).is_file() and sha256_of(folder / name) == sha256)
    ]
    done = []
    if damaged:
        scratch.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    for name in damaged:
        served = folder / "marts.duckdb"
        for database, schema in ((served, SERVED_SCHEMA), (served, OLDER_SCHEMA), (home.warehouse_database, "served")):
            again = scratch / name
            if _written(database, schema, tables[again.stem], again) and sha256_of(again) == recorded[name]:
                again.chmod(SERVED_FILE)
                with again.open("rb") as file:
                    os.fsync(file.fileno())
                again.replace(folder / name)
                fsync_folder(folder)
                done.append(f"{name} of the publication {current} was damaged and is written again as it was")
                break
    shutil.rmtree(scratch, ignore_errors=True)
    return done


def _recorded_files(home: Home, publication_id: str) -> dict[str, str]:
    """Names and hashes of a publication's files, from a manifest that is as the ledger recorded it."""
    manifest = home.history / publication_id / "manifest.json"
    entries = of_kind(read_ledger(home), PublicationEntry)
    known = {entry.manifest_sha256 for entry in entries if entry.publication_id == publication_id}
    if not manifest.is_file() or sha256_of(manifest) not in known:
        return {}
    files: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    return files


def _written(database: Path, schema: str, table: Table, target: Path) -> bool:
    """Write a table to Parquet as `publish` does; False when the database does not give it."""
    try:
        with duckdb.connect(str(database), read_only=True) as con:
            copy_to_parquet(con, table, f"{schema}.{table.name}", target)
    except (duckdb.Error, OSError):
        return False
    return True


def damaged_dagster(home: Home) -> Iterator[tuple[Path, str]]:
    """Dagster's databases that SQLite cannot read, and why."""
    for name in DAGSTER_DATABASES:
        path = home.dagster / name
        if path.exists() and (damage := _sqlite_damage(path)):
            yield path, damage


def _sqlite_damage(path: Path) -> str | None:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as con:
            found = con.execute("pragma quick_check(1)").fetchone()[0]
            tables = con.execute("select count(*) from sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    if not tables:
        return "it holds no table"
    return None if found == "ok" else str(found).splitlines()[0]


def mend_dagster(home: Home) -> list[str]:
    """Set damaged databases of Dagster aside, so that it begins them anew: they hold the story of runs, and no figure."""
    done = []
    for path, damage in list(damaged_dagster(home)):
        aside = home.dagster / f"{SET_ASIDE}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        aside.mkdir(mode=PRIVATE_FOLDER)
        for part in path.parent.glob(f"{path.name}*"):
            part.rename(aside / part.name)
        done.append(
            f"dagster/{path.relative_to(home.dagster)} could not be read ({damage}) and lies in dagster/{aside.name} now;"
            " Dagster begins it anew without the story of earlier runs. Restart arsverk-daemon and arsverk-webserver"
        )
    return done
