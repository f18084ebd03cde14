"""Opens the DuckDB files of the house with the settings they all share. Not here: what is read from or written to them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from warehouse.errors import Damaged
from warehouse.machine import cores
from warehouse.paths import Home
from warehouse.settings import Settings

# What the catalog of an opened publication is called; by its file it would be called as a schema may be, which is ambiguous.
PUBLICATION = "publication_file"
# What DuckDB raises at a file that is cut off or overwritten; a query that is wrong raises others.
CANNOT_READ = (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException)


@contextlib.contextmanager
def connect(path: Path, settings: Settings, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that is closed, and the file with it, whatever happens."""
    with duckdb.connect(str(path), read_only=read_only, config=_config(settings)) as connection:
        yield connection


@contextlib.contextmanager
def in_memory(home: Home, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database in memory, for what attaches others. What exceeds `memory_limit` goes below the home."""
    # DuckDB itself would write it where the process was started: on a server that is the code, which a night may not write.
    config = _config(settings) | {"temp_directory": str(home.spill)}
    with duckdb.connect(config=config) as connection:
        yield connection


def _config(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": settings.memory_limit,
        # DuckDB itself would take as many as the machine has, though this process be confined to some.
        "threads": cores(),
        "autoinstall_known_extensions": False,
    }


def remove_spilled(home: Home) -> None:
    """Remove what a night that was killed had written beyond its memory."""
    for leftover in home.build.glob("*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def at_once(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction: all of its statements or none, and one wait for the disk; else there is one for every statement."""
    con.begin()
    try:
        yield
    except BaseException:
        # A fatal error has ended the transaction itself.
        with contextlib.suppress(duckdb.Error):
            con.rollback()
        raise
    con.commit()


@contextlib.contextmanager
def publication_opened(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables are those of the publication in a folder, in whatever schema its version has them.

    Raises:
        Damaged: its file is, at its beginning or where it is read later.
    """
    database = folder / "marts.duckdb"
    try:
        with duckdb.connect() as con:
            con.execute(f"attach {quoted(str(database))} as {PUBLICATION} (read_only)")
            (schema,) = one(
                con,
                "select schema_name from duckdb_tables() where database_name = $1 and table_name = 'publication'",
                [PUBLICATION],
            )
            con.execute(f'use {PUBLICATION}."{schema}"')
            yield con
    except CANNOT_READ as error:
        where = f"publish/history/{database.resolve().parent.name}/{database.name}"
        raise Damaged(f"{where} cannot be read ({str(error).splitlines()[0]}); run `arsverk verify`") from None


def remove_database(path: Path) -> None:
    """Delete a database file and its write-ahead log, if they exist."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)


def one(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[object] | None = None) -> tuple:
    """The one row a query gives."""
    # All of it: a row left to fetch, or the end of them, would keep the connection from other work.
    rows: list[tuple] = connection.execute(query, parameters or []).fetchall()
    assert rows, f"no row from: {query}"
    return rows[0]


def column_types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The SQL type of each column of a table, view or table function, in their order."""
    return {name: kind for name, kind, *_ in con.execute(f"describe from {relation}").fetchall()}


def quoted(text: str) -> str:
    """A text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
