"""Copies the publication that is served into a schema of a PostgreSQL database, whole, while readers go on reading the last.
Not here: when the night does it (orchestration/stages.py), or what is served.
"""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.database import PUBLICATION, one, publication_opened, quoted
from warehouse.errors import ProgramFault, Refused, UsageError
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import checked_address

if TYPE_CHECKING:
    import psycopg
    from psycopg.sql import Composed

SCHEMA = "marts"
SCHEMA_NAME = r"(?!pg_)[a-z][a-z0-9_]{0,49}"
# Beside the schema that readers read: the one that is being loaded, and the last one until it is removed.
LOADING, LAST = "_new", "_old"
# By this comment a copy knows the schema again that it may replace.
MARK = "Årsverk, publication "
CONNECT_SECONDS = 10
# A server that has gone away without a word is given up after about half a minute.
ALIVE: dict[str, Any] = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# For the swap all old tables are locked at once, so that no reader is between two of them. Readers wait behind a try no longer
# than it takes; between two tries they go on.
TRY_SECONDS, REST_SECONDS, PATIENCE_SECONDS = 0.4, 0.6, 60.0
CHUNK = 1 << 20
TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "HUGEINT": "numeric",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TIMESTAMP": "timestamp",
    "TINYINT": "smallint",
    "VARCHAR": "text",
}
NOT_NUMBERS = {"boolean", "date", "text", "timestamp"}
# Sums of DOUBLE depend on the order of their rows in the last digits.
SUMS_DIFFER = 1e-9

log = logging.getLogger("arsverk")


@dataclass(frozen=True)
class Column:
    """A column of a served table, with its type in PostgreSQL."""

    name: str
    type: str
    comment: str

    @property
    def is_number(self) -> bool:
        return self.type not in NOT_NUMBERS


@dataclass(frozen=True)
class ServedTable:
    """A served table or view of the publication's database."""

    schema: str
    name: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def source(self) -> str:
        return f'{PUBLICATION}."{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class Copied:
    """What a copy has put into the database."""

    publication_id: str
    tables: int
    rows: int
    seconds: float


def stop_unless_usable(address: str, schema: str) -> None:
    """Whether a copy can be tried with what somebody has typed; an address of the settings is checked with them.

    Raises:
        UsageError: address or schema cannot be used; the message repeats no password.
    """
    try:
        checked_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not re.fullmatch(SCHEMA_NAME, schema):
        raise UsageError(f"{schema!r} cannot be the schema: small letters, digits and _, a letter first, 50 at most")


def copy_publication(home: Home, address: str, schema: str = SCHEMA, *, only_new: bool = False) -> Copied | None:
    """Copy the publication that is served, with all comments, and swap it in for the last one.

    It is loaded into a schema of its own and compared table by table; then the two schemas change names in one transaction.

    Args:
        address, schema: usable ones.
        only_new: do nothing when the schema holds this publication already.

    Returns:
        What was copied; None when there was nothing to do.

    Raises:
        Refused: nothing is published, the server cannot be reached or forbids it, the schema holds what is no copy's, readers
            never let go of it, or a copied table differs. What the schema held before, it holds still.
    """
    import psycopg

    publication_id = current_publication(home)
    if publication_id is None:
        raise Refused("nothing is published yet, so there is nothing to copy")
    began = time.monotonic()
    try:
        with _connection(address) as con:
            copy = _Copy(con, schema)
            copy.be_alone()
            if only_new and copy.held_publication() == publication_id:
                return None
            copy.remove_leftovers()
            copy.stop_unless_own()
            with publication_opened(home.history / publication_id) as served:
                tables = served_tables(served)
                try:
                    rows = copy.load(served, tables, f"{MARK}{publication_id}; every `arsverk copy` replaces this schema whole")
                    log.info("copy: %d rows of %d tables are loaded beside the schema %s", rows, len(tables), schema)
                    copy.check(served, tables)
                    copy.swap()
                except BaseException:
                    with contextlib.suppress(psycopg.Error):
                        copy.remove_leftovers()
                    raise
            copy.remove_leftovers()
    except psycopg.Error as error:
        raise Refused(f"PostgreSQL: {_reason(error)}") from None
    except duckdb.Error as error:
        raise Refused(f"the publication {publication_id} cannot be read: {error}; run `arsverk verify`") from None
    return Copied(publication_id, len(tables), rows, time.monotonic() - began)


def _connection(address: str) -> psycopg.Connection:
    import psycopg

    given: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "arsverk copy", "client_encoding": "utf8"}
    return psycopg.connect(address, autocommit=True, **given, **ALIVE)


def _reason(error: psycopg.Error) -> str:
    """The server's words on one line, with its hint if it gives one."""
    hint = error.diag.message_hint
    return "; ".join([" ".join(str(error).split()), *([hint] if hint else [])])


def served_tables(served: duckdb.DuckDBPyConnection) -> list[ServedTable]:
    """The tables and views of a publication's database, by name."""
    found = served.execute(
        f"""select relations.schema_name, relations.name, coalesce(relations.comment, ''), columns.column_name,
                  columns.data_type, coalesce(columns.comment, '')
           from (
               select schema_name, table_name as name, comment from duckdb_tables()
               where database_name = '{PUBLICATION}' and not internal
               union all
               select schema_name, view_name, comment from duckdb_views()
               where database_name = '{PUBLICATION}' and not internal
           ) as relations inner join duckdb_columns() as columns
               on columns.database_name = '{PUBLICATION}' and columns.schema_name = relations.schema_name
               and columns.table_name = relations.name
           order by relations.name, columns.column_index"""
    ).fetchall()
    columns: dict[tuple[str, str, str], list[Column]] = {}
    for schema, name, comment, column, data_type, column_comment in found:
        columns.setdefault((schema, name, comment), []).append(Column(column, _type(name, column, data_type), column_comment))
    return [ServedTable(schema, name, comment, tuple(own)) for (schema, name, comment), own in columns.items()]


def _type(table: str, column: str, data_type: str) -> str:
    if data_type.startswith("DECIMAL"):
        return data_type.replace("DECIMAL", "numeric")
    if data_type not in TYPES:
        raise ProgramFault(f"{table}.{column} has the type {data_type}, of which no type of PostgreSQL is known")
    return TYPES[data_type]


class _Copy:
    """One copy into a schema, by one connection."""

    def __init__(self, con: psycopg.Connection, schema: str) -> None:
        self.con, self.schema = con, schema
        self.loading, self.last = schema + LOADING, schema + LAST

    def execute(self, text: str, *parameters: object, **names: str) -> list[tuple]:
        """Run a statement; `{name}` in it is an identifier, `%s` a parameter."""
        cursor = self.con.execute(_named(text, **names), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def be_alone(self) -> None:
        """See to it that no second copy into this schema works until this connection ends.

        Raises:
            Refused: one works already.
        """
        if not self.execute("select pg_try_advisory_lock(hashtext(%s))", f"arsverk copy {self.schema}")[0][0]:
            raise Refused(f"another copy into the schema {self.schema} is running; let it end")

    def held_publication(self) -> str | None:
        """The publication that the schema holds, by its comment."""
        comment = self._comment(self.schema)
        return comment.removeprefix(MARK).partition(";")[0] if comment and comment.startswith(MARK) else None

    def _comment(self, schema: str) -> str | None:
        """A schema's comment, empty if it has none; None when there is no such schema."""
        found = self.execute("select coalesce(obj_description(oid), '') from pg_namespace where nspname = %s", schema)
        return found[0][0] if found else None

    def stop_unless_own(self) -> None:
        """Only what copies have made may be replaced, and only when nobody has built upon it.

        Raises:
            Refused: the message names what is in the way.
        """
        comment = self._comment(self.schema)
        if comment is None:
            return
        own = "relations.relkind = 'r' and obj_description(relations.oid, 'pg_class') is not null"
        foreign = self.execute(
            f"""select relations.relname from pg_class as relations
                where relations.relnamespace = %s::regnamespace and relations.relkind in ('r', 'v', 'm', 'f', 'p', 'S')
                    and not (%s and {own}) order by 1""",
            f'"{self.schema}"',
            comment.startswith(MARK),
        )
        if foreign:
            raise Refused(
                f"the schema {self.schema} holds {', '.join(name for (name,) in foreign[:10])}, which no copy made; every"
                " copy replaces the schema whole, so give it one of its own: --schema NAME"
            )
        above = self.execute(
            """select distinct views.oid::regclass::text from pg_depend
               inner join pg_rewrite on pg_depend.classid = 'pg_rewrite'::regclass and pg_rewrite.oid = pg_depend.objid
               inner join pg_class as views on views.oid = pg_rewrite.ev_class
               inner join pg_class as tables on pg_depend.refclassid = 'pg_class'::regclass and tables.oid = pg_depend.refobjid
               where tables.relnamespace = %s::regnamespace and views.relnamespace <> tables.relnamespace order by 1""",
            f'"{self.schema}"',
        )
        if above:
            raise Refused(
                f"{', '.join(name for (name,) in above[:10])} is built upon tables of the schema {self.schema} and would go on"
                " reading the old ones; make it a function or a query of the tool that uses it, and drop it"
            )

    def load(self, served: duckdb.DuckDBPyConnection, tables: Sequence[ServedTable], comment: str) -> int:
        """Load every table into the schema beside, with its comments; returns the rows."""
        with self.con.transaction():
            self.execute("create schema {schema}", schema=self.loading)
            self._comment_on("schema {schema}", comment, schema=self.loading)
            return sum(self._load_table(table, file) for table, file in csv_files(served, tables))

    def _load_table(self, table: ServedTable, file: Path) -> int:
        names = {"schema": self.loading, "table": table.name}
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        self.execute(f"create table {{schema}}.{{table}} ({columns})", **names)
        with self.con.cursor() as cursor:
            # Frozen: whoever began to read before the swap sees the rows as well.
            into = _named("copy {schema}.{table} from stdin (format csv, null '\\N', freeze)", **names)
            with cursor.copy(into) as copy, file.open("rb") as content:
                while chunk := content.read(CHUNK):
                    copy.write(chunk)
            rows = cursor.rowcount
        self._comment_on("table {schema}.{table}", table.comment or table.name, **names)
        for column in table.columns:
            if column.comment:
                self._comment_on("column {schema}.{table}.{column}", column.comment, column=column.name, **names)
        return rows

    def _comment_on(self, what: str, comment: str, **names: str) -> None:
        from psycopg.sql import Literal

        self.con.execute(_named(f"comment on {what} is ", **names) + Literal(comment))

    def check(self, served: duckdb.DuckDBPyConnection, tables: Sequence[ServedTable]) -> None:
        """Compare each loaded table with the publication: rows, values that are there in each column, and sums of numbers.

        Raises:
            Refused: one differs.
        """
        for table in tables:
            numbers = [column.name for column in table.columns if column.is_number]
            parts = [
                "count(*)",
                *(f'count("{column.name}")' for column in table.columns),
                *(f'sum("{name}")' for name in numbers),
            ]
            sizes = [f'sum(abs("{name}"))' for name in numbers]
            there = one(served, f"select {', '.join([*parts, *sizes])} from {table.source}")
            (here,) = self.execute(
                f"select {', '.join(parts)} from {{schema}}.{{table}}", schema=self.loading, table=table.name
            )
            counts = 1 + len(table.columns)
            if there[:counts] != here[:counts]:
                raise Refused(
                    f"{table.name} has other rows or values in PostgreSQL than in the publication; nothing is swapped"
                )
            for name, published, copied, size in zip(numbers, there[counts:], here[counts:], there[len(parts) :], strict=False):
                if not abs(float(published or 0) - float(copied or 0)) <= SUMS_DIFFER * float(size or 0):
                    raise Refused(f"{table.name}.{name} sums up to {copied} in PostgreSQL, {published} in the publication")
            self.execute("analyze {schema}.{table}", schema=self.loading, table=table.name)

    def swap(self) -> None:
        """Let the loaded schema and the last one change names, when for one moment nobody reads a table of the last one.

        Raises:
            Refused: readers never let go.
        """
        import psycopg

        if self._comment(self.schema) is None:
            self.execute("alter schema {loading} rename to {schema}", loading=self.loading, schema=self.schema)
            return
        self._pass_on_rights()
        old = self.execute(
            "select oid::regclass::text from pg_class where relnamespace = %s::regnamespace and relkind = 'r'",
            f'"{self.schema}"',
        )
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self.con.transaction():
                    self.execute(f"set local statement_timeout = {int(TRY_SECONDS * 1000)}")
                    if old:
                        self.execute(f"lock table {', '.join(name for (name,) in old)} in access exclusive mode")
                    self.execute("alter schema {schema} rename to {last}", schema=self.schema, last=self.last)
                    self._comment_on("schema {schema}", f"{MARK}replaced; removed by the next copy", schema=self.last)
                    self.execute("alter schema {loading} rename to {schema}", loading=self.loading, schema=self.schema)
                return
            except (psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected):
                if time.monotonic() > until:
                    raise Refused(self._who_reads()) from None
            time.sleep(REST_SECONDS)

    def _who_reads(self) -> str:
        """Who holds tables of the schema, for the message that the swap was given up."""
        found = self.execute(
            """select distinct activity.usename, activity.pid from pg_locks
               inner join pg_class on pg_class.oid = pg_locks.relation
               inner join pg_stat_activity as activity on activity.pid = pg_locks.pid
               where pg_class.relnamespace = %s::regnamespace and activity.pid <> pg_backend_pid() order by 1, 2""",
            f'"{self.schema}"',
        )
        readers = ", ".join(f"{user} (process {pid})" for user, pid in found) or "somebody"
        return (
            f"the schema {self.schema} was read without pause for {PATIENCE_SECONDS:.0f} s, by {readers}; the last copy stands."
            " End those sessions, or their open transactions, and copy again"
        )

    def _pass_on_rights(self) -> None:
        """Whoever may use the schema may read all its tables: it is a publication."""
        readers = self.execute(
            """select distinct coalesce(quote_ident(pg_roles.rolname), 'public') from pg_namespace
               cross join lateral aclexplode(pg_namespace.nspacl) as given left join pg_roles on pg_roles.oid = given.grantee
               where pg_namespace.nspname = %s and given.privilege_type = 'USAGE' and given.grantee <> pg_namespace.nspowner""",
            self.schema,
        )
        for (reader,) in readers:
            self.execute(f"grant usage on schema {{schema}} to {reader}", schema=self.loading)
            self.execute(f"grant select on all tables in schema {{schema}} to {reader}", schema=self.loading)

    def remove_leftovers(self) -> None:
        """Remove the schemas beside, of this copy or of one that was broken off. What others have built upon them stays.

        Raises:
            Refused: one of them was not made by a copy.
        """
        for schema in (self.loading, self.last):
            comment = self._comment(schema)
            if comment is None:
                continue
            if not comment.startswith(MARK):
                raise Refused(f"the schema {schema}, which the copy would use, is no copy's; rename it, or copy into another")
            tables = self.execute(
                """select quote_ident(nspname) || '.' || quote_ident(relname) from pg_class
                   inner join pg_namespace on pg_namespace.oid = relnamespace where nspname = %s and relkind = 'r'""",
                schema,
            )
            with self.con.transaction():
                if tables:
                    self.execute(f"drop table {', '.join(name for (name,) in tables)}")
                self.execute("drop schema {schema}", schema=schema)


def _named(text: str, **names: str) -> Composed:
    from psycopg.sql import SQL, Identifier

    return SQL(text).format(**{name: Identifier(value) for name, value in names.items()})


def csv_files(served: duckdb.DuckDBPyConnection, tables: Sequence[ServedTable]) -> Iterator[tuple[ServedTable, Path]]:
    """Each table with its rows in a file, which is removed after its turn. The next one is written while one is used."""
    with tempfile.TemporaryDirectory(prefix="arsverk-copy-") as folder, ThreadPoolExecutor(1) as ahead:

        def begin(table: ServedTable) -> Future[Path]:
            return ahead.submit(_write_csv, served.cursor(), table, Path(folder) / f"{table.name}.csv")

        coming = begin(tables[0])
        for table, after in zip(tables, [*tables[1:], None], strict=True):
            file = coming.result()
            if after:
                coming = begin(after)
            yield table, file
            file.unlink()


def _write_csv(served: duckdb.DuckDBPyConnection, table: ServedTable, file: Path) -> Path:
    served.execute(f"copy (from {table.source}) to {quoted(str(file))} (format csv, header false, nullstr '\\N')")
    return file
