"""The internal publication: the tables with nothing withheld, for a group of people who follow up units by duty.
Not here: what everybody may read (publish.py), or the build that it is written from.
"""

from __future__ import annotations

import grp
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.catalogue import Table, with_settings
from warehouse.database import in_memory, one, quoted
from warehouse.delivery import Delivery
from warehouse.errors import UsageError
from warehouse.paths import INTERNAL_FILE, INTERNAL_FOLDER, PRIVATE_FOLDER, Home, fsync_folder
from warehouse.publication import code_version
from warehouse.publish import UNFINISHED, point, write_tables
from warehouse.restatements import WITH_VALUES
from warehouse.settings import Settings

# The newest ones stay, so that whoever is reading one can go on.
KEPT = 2


def group_of(settings: Settings) -> int | None:
    """The number of the group that may read the internal publication; None when there is to be none.

    Raises:
        UsageError: there is no such group, or this process may not give files to it.
    """
    name = settings.internal.group
    if name is None:
        return None
    try:
        found = grp.getgrnam(name).gr_gid
    except KeyError:
        raise UsageError(
            f"setting internal: there is no group {name!r} on this machine; make it, or correct the name"
        ) from None
    if os.geteuid() != 0 and found not in {os.getegid(), *os.getgroups()}:
        raise UsageError(f"setting internal: this user is not in the group {name!r}, so that it cannot give it files; add it")
    return found


def is_written(home: Home, settings: Settings, delivery: Delivery) -> bool:
    """Whether the internal publication, if there is to be one, is that of a delivery."""
    path = home.internal / "current" / "publication.parquet"
    if settings.internal.group is None:
        return True
    try:
        with duckdb.connect() as con:
            row = one(con, f"select inputs_sha256, as_of, code_version from read_parquet({quoted(str(path))})")
    except duckdb.Error:
        return False
    return row == (delivery.inputs_sha256, delivery.extract_date, code_version())


def remove(home: Home) -> None:
    """Take the internal publication away, once it is no longer asked for."""
    if home.internal.exists():
        shutil.rmtree(home.internal)


def write(home: Home, settings: Settings, marts: Sequence[Table], source: Path) -> None:
    """Write the tables of a build to `internal/` and move the pointer there; earlier ones but the last are removed.

    Args:
        source: the restricted database of the build, with its schemas `marts`, `disclosure` and `served`.
    """
    group = group_of(settings)
    assert group is not None
    history = home.internal / "history"
    history.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for leftover in history.glob(f"*{UNFINISHED}"):
        shutil.rmtree(leftover)
    marts = [with_settings(mart, settings) for mart in marts]
    with in_memory(home, settings) as con:
        con.execute(f"attach {quoted(str(source))} as build (read_only)")
        name = one(con, "select publication_id from build.raw.publication")[0]
        con.execute("create schema open_to_group")
        for mart in marts:
            con.execute(f"create table open_to_group.{mart.name} as {_rows(con, mart)}")
        written_at = datetime.now(UTC).replace(tzinfo=None)
        con.execute("update open_to_group.publication set published_at = $1", [written_at])
        folder = history / f"{name}{UNFINISHED}"
        folder.mkdir(mode=PRIVATE_FOLDER)
        write_tables(con, marts, "open_to_group", folder)
    for path in folder.iterdir():
        os.chown(path, -1, group)
        path.chmod(INTERNAL_FILE)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    fsync_folder(folder)
    for place in (home.internal, history, folder):
        os.chown(place, -1, group)
        place.chmod(INTERNAL_FOLDER)
    final = history / name
    if final.exists():
        shutil.rmtree(final)
    files = sorted(path.name for path in folder.iterdir())
    folder.rename(final)
    fsync_folder(history)
    for file_name in files:
        point(home.internal / file_name, f"current/{file_name}")
    point(home.internal / "current", f"history/{name}")
    fsync_folder(home.internal)
    made = sorted((path for path in history.iterdir() if path != final), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in made[KEPT - 1 :]:
        shutil.rmtree(old)


def _rows(con: duckdb.DuckDBPyConnection, mart: Table) -> str:
    """A table with all its values; `withheld` says what disclosure control hides from everybody else."""
    if mart.name == "restatements":
        known = "select count(*) from duckdb_tables() where database_name = 'build' and schema_name = $1 and table_name = $2"
        if one(con, known, [*WITH_VALUES.split(".")])[0]:
            return (
                f"select * from build.{WITH_VALUES} union all by name"
                " select * from build.served.restatements anti join build.raw.publication using (publication_id)"
            )
        return "select * from build.served.restatements"
    columns = [f"mart.{name}" for name in mart.columns if name != "withheld"]
    if mart.threshold is None:
        return f"select {', '.join(columns)} from build.marts.{mart.name} as mart"
    same = " and ".join(f"mart.{name} = served.{name}" for name in mart.grain)
    return (
        f"select {', '.join([*columns, 'served.withheld'])} from build.marts.{mart.name} as mart"
        f" inner join build.served.{mart.name} as served on {same}"
    )
