"""Writes a publication into its own folder, checks it as a reader would, and moves the one pointer to it.
Not here: what may be served (sdc) or what the tables hold (dbt_project).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.archive import sha256_of
from warehouse.catalogue import Table, record_of, with_settings
from warehouse.database import at_once, connect, in_memory, one, publication_opened, quoted
from warehouse.errors import ProgramFault
from warehouse.ledger import PublicationEntry, append, head, read_ledger
from warehouse.papers import write_papers
from warehouse.paths import PRIVATE_FILE, PUBLIC_FOLDER, SERVED_FILE, Home, fsync_folder
from warehouse.settings import Settings

# Readers built on older DuckDB versions open files of this version.
STORAGE_VERSION = "v1.0.0"
UNFINISHED = ".unfinished"
SWAP = ".swap"
# DuckDB's default. A schema of the catalog's own name, marts, would make every short name ambiguous.
SERVED_SCHEMA = "main"
# Publications of before had that one.
OLDER_SCHEMA = "marts.marts"


def publish(home: Home, settings: Settings, marts: Sequence[Table], warn: Callable[[str], None] = lambda text: None) -> str:
    """Publish the tables of the schema `served` of the build database; returns the publication's id.

    The folder is written under another name; when it is whole and on disk a pointer to it is laid ready, it is entered in the
    ledger and renamed, the restricted database is put in place, and last the pointer is swapped. A crash before the swap
    leaves the last publication, and the pointer that lies ready as its trace; the next call removes the leftovers. An entry
    in the ledger that no later one builds on was never served.

    Args:
        warn: gets a line for each paper (papers.py) that could not be made; the publication does without it.
    """
    marts = [with_settings(mart, settings) for mart in marts]
    _remove_leftovers(home)
    published_at = datetime.now(UTC).replace(tzinfo=None)
    with connect(home.build_database, settings) as con:
        con.execute("update served.publication set published_at = $1", [published_at])
        publication_id, as_of, code, inputs_sha256, previous, accepted = one(
            con,
            """select publication_id, as_of, code_version, inputs_sha256, previous_publication, accepted_restatement
               from raw.publication""",
        )
    folder = home.history / f"{publication_id}{UNFINISHED}"
    folder.mkdir(mode=PUBLIC_FOLDER)
    folder.chmod(PUBLIC_FOLDER)
    with in_memory(home, settings) as con:
        con.execute(f"attach {quoted(str(home.build_database))} as build (read_only)")
        expected = {mart.name: one(con, f"select count(*) from build.served.{mart.name}")[0] for mart in marts}
        write_tables(con, marts, "build.served", folder)
    _check_as_reader(folder, expected)
    record = {
        "publication_id": publication_id,
        "previous_publication": previous,
        "ledger_head": head(read_ledger(home)),
        "tables": record_of(marts, settings),
        "files": {},
    }
    manifest = folder / "manifest.json"
    # Papers read there what the tables are.
    _write_manifest(manifest, record)
    for text in write_papers(folder):
        warn(text)
    written = sorted(path for path in folder.rglob("*") if path.is_file() and path != manifest)
    files = {str(path.relative_to(folder)): sha256_of(path) for path in written}
    _write_manifest(manifest, record | {"files": files})
    _open_to_readers(folder)
    entry = PublicationEntry(
        publication_id=publication_id,
        published_at=published_at.isoformat(timespec="seconds"),
        as_of=as_of,
        code_version=code,
        inputs_sha256=inputs_sha256,
        manifest_sha256=sha256_of(manifest),
        previous_publication=previous,
        accepted_restatement=accepted,
    )
    pointer = _lay_ready(home, publication_id)
    append(home, [entry])
    final = home.history / publication_id
    if final.exists():
        # An earlier try broke off between here and the swap; nobody has been pointed to it.
        final.rename(home.history / f"{publication_id}.earlier{UNFINISHED}")
    folder.rename(final)
    fsync_folder(home.history)
    home.build_database.replace(home.warehouse_database)
    home.warehouse_database.chmod(PRIVATE_FILE)
    _point_to(home, pointer, names_at_top(files))
    _remove_leftovers(home)
    return publication_id


def _open_to_readers(folder: Path) -> None:
    """Let everybody read what is in the folder, and see that all of it is on disk."""
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(PUBLIC_FOLDER)
            continue
        path.chmod(SERVED_FILE)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for below in (path for path in folder.rglob("*") if path.is_dir()):
        fsync_folder(below)
    fsync_folder(folder)


def _write_manifest(path: Path, record: Mapping[str, object]) -> None:
    path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def keep_if_held(home: Home, settings: Settings) -> str | None:
    """Put a build that is none to publish in the place of the private database; returns why it is none, or None when it is."""
    with connect(home.build_database, settings, read_only=True) as con:
        held: str | None = one(con, "select held from raw.publication")[0]
    if held is not None:
        home.build_database.replace(home.private_database)
        home.private_database.chmod(PRIVATE_FILE)
    return held


def _remove_leftovers(home: Home) -> None:
    for leftover in home.history.glob(f"*{UNFINISHED}"):
        shutil.rmtree(leftover)
    for leftover in home.publish.glob(f"*{SWAP}"):
        if leftover != ready_pointer(home):
            leftover.unlink()


def write_tables(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], schema: str, folder: Path) -> None:
    """Write each table of a schema that the connection knows for readers: into the database marts.duckdb of the folder, and
    beside that to a Parquet file of its own.

    Raises:
        ProgramFault: the database was not closed cleanly.
    """
    # Neither can use a second core for most of its time, so that each has one.
    con.execute("set threads = 1")
    with ThreadPoolExecutor() as pool, con.cursor() as other:
        database = pool.submit(_write_database, con, marts, schema, folder / "marts.duckdb")
        write_parquet(other, marts, folder, schema=schema)
        database.result()


def _write_database(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], schema: str, database: Path) -> None:
    con.execute(f"attach {quoted(str(database))} as publication (storage_version {quoted(STORAGE_VERSION)})")
    with at_once(con):
        for mart in marts:
            table = f"publication.{SERVED_SCHEMA}.{mart.name}"
            con.execute(f"create table {table} as from {schema}.{mart.name} order by {', '.join(mart.grain)}")
            con.execute(f"comment on table {table} is {quoted(mart.description)}")
            for name, description in mart.descriptions.items():
                con.execute(f"comment on column {table}.{name} is {quoted(description)}")
    con.execute("checkpoint publication")
    con.execute("detach publication")
    if database.with_name(database.name + ".wal").exists():
        raise ProgramFault("the published database was not closed cleanly")


def write_parquet(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], folder: Path, *, schema: str = "served") -> None:
    """Write each table of the schema to a file of its own."""
    for mart in marts:
        copy_to_parquet(con, mart, f"{schema}.{mart.name}", folder / f"{mart.name}.parquet")


def copy_to_parquet(con: duckdb.DuckDBPyConnection, mart: Table, relation: str, target: Path) -> None:
    """Write a table in the order of its grain: the same content gives the same bytes. Columns carry their descriptions, and
    measures their names and units, as metadata of their fields.
    """
    options = ["format parquet", "compression zstd"]
    if mart.descriptions:
        # Arrow's readers take the fields' metadata from this entry; DuckDB writes none itself.
        options.append(f"kv_metadata {{'ARROW:schema': {quoted(_arrow_schema(con, mart, relation))}}}")
    con.execute("set threads = 1")
    rows = f"from {relation} order by {', '.join(mart.grain)}"
    con.execute(f"copy ({rows}) to {quoted(str(target))} ({', '.join(options)})")


def _arrow_schema(con: duckdb.DuckDBPyConnection, mart: Table, relation: str) -> str:
    import pyarrow as pa

    fields = []
    # By a cursor of its own, whatever the connection has not read to its end.
    with con.cursor() as cursor:
        columns: pa.Schema = cursor.sql(f"from {relation} limit 0").to_arrow_table().schema
    for column in columns:
        said = {"description": mart.descriptions.get(column.name, "")}
        if measure := mart.measures.get(column.name):
            said |= {"name": measure.name, "unit": measure.unit, "decimals": str(measure.decimals)}
        fields.append(column.with_metadata(said))
    schema = pa.schema(fields, metadata={"description": mart.description})
    return base64.b64encode(schema.serialize().to_pybytes()).decode("ascii")


def _check_as_reader(folder: Path, expected: dict[str, int]) -> None:
    """Open what was written as a reader does and count; a file that cannot be read must never be pointed to."""
    con = duckdb.connect(str(folder / "marts.duckdb"), read_only=True)
    try:
        for name, count in expected.items():
            in_database = one(con, f"select count(*) from {SERVED_SCHEMA}.{name}")[0]
            in_parquet = one(con, f"select count(*) from read_parquet({quoted(str(folder / f'{name}.parquet'))})")[0]
            if not in_database == in_parquet == count:
                raise ProgramFault(f"{name}: {count} rows built, {in_database} in the database, {in_parquet} in Parquet")
    finally:
        con.close()


def _lay_ready(home: Home, publication_id: str) -> Path:
    """Put the new pointer beside the one in use, in place of any that an earlier run left there."""
    pointer = ready_pointer(home)
    new = pointer.with_name(pointer.name + SWAP)
    new.symlink_to(f"history/{publication_id}")
    new.replace(pointer)
    fsync_folder(home.publish)
    return pointer


def _point_to(home: Home, pointer: Path, files: list[str]) -> None:
    """Swap `current` to the publication. The names beside it are fixed links through `current`, so all move at once."""
    link_names(home, files)
    pointer.replace(home.current)
    served = {*files, "current", "history"}
    for path in home.publish.iterdir():
        if path.is_symlink() and path.name not in served:
            path.unlink()
    fsync_folder(home.publish)


def names_at_top(files: Iterable[str]) -> list[str]:
    """The names beside `current` under which a publication's files are reached: of a file in a folder, that of the folder."""
    return sorted({Path(name).parts[0] for name in files})


def link_names(home: Home, files: list[str]) -> None:
    """Let each name of a publication's file beside `current` be a link through it, whatever stands there."""
    for name in files:
        point(home.publish / name, f"current/{name}")


def point(link: Path, target: str) -> None:
    """Let a link lead to a target from one moment to the next, whatever stands in its place."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    swap = link.with_name(link.name + SWAP)
    swap.unlink(missing_ok=True)
    swap.symlink_to(target)
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    swap.replace(link)


def ready_pointer(home: Home) -> Path:
    """The pointer to a publication that is about to be served; what stays of it shows that a run broke off."""
    return home.current.with_name(home.current.name + SWAP)


def published_tables(home: Home) -> list[tuple[str, int, int]]:
    """The served tables with their numbers of rows and of withheld rows, by name."""
    with publication_opened(home.publish) as con:
        tables = con.execute(
            """select tables.table_name, columns.column_name is not null
               from duckdb_tables() as tables left join duckdb_columns() as columns
                   on tables.table_name = columns.table_name and columns.column_name = 'withheld'
               where not tables.internal order by tables.table_name"""
        ).fetchall()
        return [
            (name, *one(con, f"select count(*), {'count(withheld)' if can_withhold else '0'} from {name}"))
            for name, can_withhold in tables
        ]
