"""Opens the DuckDB files of the house with the settings they all share. Not here: what is read from or written to them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from warehouse.settings import Settings

# What the catalog of an opened publication is called; by its file it would be called as a schema may be, which is ambiguous.
PUBLICATION = "publication_file"
# The files that `shared` keeps open.
_SHARED: list[Path] = []


@contextlib.contextmanager
def connect(path: Path | None, settings: Settings, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that is closed, and the file with it, whatever happens. None opens a database in memory."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "autoinstall_known_extensions": False,
    }
    # DuckDB opens a file in one way at a time.
    read_only = read_only and path not in _SHARED
    connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def shared(path: Path, settings: Settings) -> Iterator[None]:
    """Keep a file open for the calls of `connect` inside: opening it takes as long as a small query, closing it again as long.

    Inside, those that only read are not kept from writing, and nothing else may open the file.
    """
    with connect(path, settings):
        _SHARED.append(path)
        try:
            yield
        finally:
            _SHARED.remove(path)


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
    """A connection whose tables are those of the publication in a folder, in whatever schema its version has them."""
    with duckdb.connect() as con:
        con.execute(f"attach {quoted(str(folder / 'marts.duckdb'))} as {PUBLICATION} (read_only)")
        (schema,) = one(
            con,
            "select schema_name from duckdb_tables() where database_name = $1 and table_name = 'publication'",
            [PUBLICATION],
        )
        con.execute(f'use {PUBLICATION}."{schema}"')
        yield con


def remove_database(path: Path) -> None:
    """Delete a database file and its write-ahead log, if they exist."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)


def one(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[object] | None = None) -> tuple:
    """The one row a query gives."""
    row = connection.execute(query, parameters or []).fetchone()
    assert row is not None, f"no row from: {query}"
    return row


def quoted(text: str) -> str:
    """A text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
