"""`make postgres`: `arsverk copy` into a real PostgreSQL that this check starts: readers in a loop, ODBC, a million rows, and a
night that publishes and copies while somebody reads. Not here: what can be tried without a server (pipeline/test_copy.py).

Needs PostgreSQL and its ODBC driver (Debian: apt-get install postgresql odbc-postgresql unixodbc); pyodbc comes by pip into a
virtual environment that is removed again. All stays on the loopback and below a temporary folder, and ends with the check.
The night is a small municipality's, or that of a home with a publication when the files arrive that are named:

    python -m tests.postgresql_check [--home data --next /tmp/arriving]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psycopg

from tests.building import ROOT
from tests.command import arsverk
from tests.following_night import Watcher, check_workbook, next_night, small_before_its_last_delivery
from warehouse.database import publication_opened
from warehouse.paths import Home

ROWS = 1_000_000
SECONDS_ALLOWED, WAIT_ALLOWED = 10.0, 1.0
PASSWORD = "a-password-of-the-check"
USER, READER = "arsverk", "arsverk_reader"
# As a database administrator sets it up once (README, Reading the marts).
SET_UP = f"""
create role {USER} login password '{PASSWORD}';
create role {READER} login password '{PASSWORD}';
create database hr;
"""
SET_UP_SCHEMA = f"""
grant create on database hr to {USER};
create schema marts authorization {USER};
grant usage on schema marts to {READER};
"""
# What a reader follows: figures of four tables that a further month changes.
FIGURES = """
    select publication_id,
        (select max(period_end) from {schema}.sick_leave_by_unit where period_type = 'month'),
        (select sum(lost_days) from {schema}.sick_leave_by_unit where period_type = 'month' and org_level = 'kommune'),
        (select sum(possible_days) from {schema}.bi_sick_leave),
        (select max(reference_date) from {schema}.full_time_by_unit where source = 'payroll'),
        (select count(*) from {schema}.full_time_by_unit where withheld is null)
    from {schema}.publication"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def as_server_user(command: list[str]) -> None:
    """PostgreSQL refuses to run as root; then the system's user postgres runs it."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[int]:
    """A PostgreSQL of this check alone, stopped at the end; gives its port."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    programs = found[-1].parent if found else Path(shutil.which("initdb") or sys.exit("apt-get install postgresql")).parent
    data, port = folder / "data", free_port()
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    password_file = folder / "password"
    password_file.write_text(PASSWORD, encoding="utf-8")
    password_file.chmod(0o644)
    as_server_user(
        [
            *(f"{programs}/initdb -A scram-sha-256 -U postgres -E UTF8 --locale=C.UTF-8".split()),
            f"--pwfile={password_file}",
            f"--pgdata={data}",
        ]
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [f"{programs}/pg_ctl", f"--pgdata={data}", "-w"]
    as_server_user([*control, f"--log={folder}/log", "-o", options, "start"])
    try:
        yield port
    finally:
        as_server_user([*control, "-m", "immediate", "stop"])


def publish(home: Home, number: int) -> None:
    """A publication of a million rows whose every row says which one it is."""
    name = f"2024-09-30_{number}"
    folder = home.history / name
    folder.mkdir()
    with duckdb.connect() as con:
        con.execute(f"attach '{folder / 'marts.duckdb'}' as made (storage_version 'v1.0.0')")
        con.execute(
            f"create table made.publication as select '{name}' as publication_id, timestamp '2024-10-01 02:00' as published_at"
        )
        measures = ", ".join(f"case when random() < 0.3 then null else random() * 100 end as measure_{n}" for n in range(12))
        con.execute(
            f"""create table made.sick_leave_by_age as
                select '{name}' as made_by, 'month' as period_type, '2024-' || lpad((n % 12 + 1)::varchar, 2, '0') as period,
                    date '2024-01-31' as period_end, 'virksomhet' as org_level, (100000 + n // 1000)::varchar as org_unit_code,
                    'Åsgård; skole "vest"' as org_unit_name, 'kvinne' as sex, '25-34' as age_group, n % 2 = 0 as is_partial,
                    n::bigint as possible_days, {measures},
                    case n % 3 when 0 then 'primary' when 1 then '' end as withheld
                from range({ROWS}) as numbers (n)"""
        )
        for other in range(25):
            con.execute(
                f"create table made.other_{other:02} as select '{name}' as made_by, n::integer as n from range(100) as t (n)"
            )
            con.execute(f"comment on table made.other_{other:02} is 'A table of the check'")
        con.execute(
            "create view made.bi_sick_leave as select made_by, max(measure_1) as most from made.sick_leave_by_age group by all"
        )
        con.execute("comment on view made.bi_sick_leave is 'En visning'")
        con.execute("comment on table made.sick_leave_by_age is 'Sick leave by age, ''quoted'''")
        con.execute("comment on column made.sick_leave_by_age.measure_1 is 'Sykefravær i prosent: 100 % \\ alt'")
        con.execute("comment on table made.publication is 'The publication itself'")
    pointer = home.publish / "next"
    pointer.symlink_to(f"history/{name}")
    pointer.replace(home.current)


@dataclass(eq=False)
class Reader(Watcher):
    """Reads in a loop as a role that may only read, by statements and transactions over several tables."""

    seen: set[str] = field(default_factory=set)
    mixed: int = 0

    def run(self) -> None:
        with psycopg.connect(self.address, autocommit=True) as con:
            self.watch(lambda: self.look(con), (psycopg.Error,))

    def look(self, con: psycopg.Connection) -> None:
        query = """select publication_id, other_00.made_by, other_13.made_by, other_24.made_by,
                       (select made_by from marts.sick_leave_by_age limit 1)
                   from marts.publication, marts.other_00, marts.other_13, marts.other_24
                   where other_00.n = 1 and other_13.n = 2 and other_24.n = 99"""
        rows = con.execute(query).fetchall()
        with con.transaction():
            rows += con.execute("select made_by from marts.other_03 where n = 5").fetchall()
            rows += con.execute("select publication_id from marts.publication").fetchall()
            first, second = rows[-2], rows[-1]
        found = set(rows[0])
        self.mixed += (len(rows) != 3) + (len(found) != 1) + (first != second)
        self.seen |= found


@dataclass(eq=False)
class Follower(Reader):
    """Reads figures of the municipality in a loop, in one statement; `figures` are those of each publication that it saw."""

    figures: dict[str, tuple] = field(default_factory=dict)

    def look(self, con: psycopg.Connection) -> None:
        publication_id, *found = con.execute(FIGURES.format(schema="marts")).fetchall()[0]
        self.mixed += self.figures.setdefault(publication_id, tuple(found)) != tuple(found)
        self.seen.add(publication_id)


def copy(home: Home, port: int, *arguments: str, password: str = PASSWORD) -> tuple[int, str]:
    environment = {**os.environ, "PGPASSWORD": password}
    done = arsverk("copy", f"postgresql://{USER}@127.0.0.1:{port}/hr", "--home", home.root, *arguments, env=environment)
    assert "Traceback" not in done.stderr and PASSWORD not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def odbc(folder: Path, port: int) -> list[str]:
    """What a program sees that reads through PostgreSQL's ODBC driver, as Excel and Power BI do."""
    python = folder / "venv" / "bin" / "python"
    venv.create(folder / "venv", with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "pyodbc"], check=True)
    look = f"""
import pyodbc
driver = next(name for name in pyodbc.drivers() if "PostgreSQL" in name and "Unicode" in name)
con = pyodbc.connect(f"Driver={{{{{{driver}}}}}};Server=127.0.0.1;Port={port};Database=hr;Uid={READER};Pwd={PASSWORD}")
print(con.execute("select publication_id from marts.publication").fetchone()[0])
row = con.execute("select count(*), sum(measure_1) from marts.sick_leave_by_age").fetchone()
print(row[0], round(row[1], 3))
tables = con.cursor().tables(schema="marts").fetchall()
print(len(tables), "tables")
columns = con.cursor().columns(schema="marts", table="sick_leave_by_age").fetchall()
print([(column.column_name, column.type_name) for column in columns if column.column_name in ("period_end", "measure_1")])
print(con.execute("select org_unit_name, withheld from marts.sick_leave_by_age where possible_days = 1").fetchone())
"""
    done = subprocess.run([python, "-c", look], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def check(folder: Path, port: int) -> None:
    """Every promise of the copy, tried.

    Raises:
        AssertionError: one is not kept.
    """
    admin = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}"
    with psycopg.connect(f"{admin}/postgres", autocommit=True) as con:
        for statement in filter(str.strip, SET_UP.split(";")):
            con.execute(statement)
    with psycopg.connect(f"{admin}/hr", autocommit=True) as con:
        for statement in filter(str.strip, SET_UP_SCHEMA.split(";")):
            con.execute(statement)
    home = Home(folder / "home")
    home.history.mkdir(parents=True)
    publish(home, 1)
    code, said = copy(home, port)
    assert code == 0, said
    seconds = [float(re.findall(r"([\d.]+) s$", said.strip())[0])]
    readers = [Reader(f"postgresql://{READER}:{PASSWORD}@127.0.0.1:{port}/hr") for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in (2, 3, 4):
        publish(home, number)
        code, said = copy(home, port)
        assert code == 0, said
        seconds.append(float(re.findall(r"([\d.]+) s$", said.strip())[0]))
    time.sleep(1)
    for reader in readers:
        reader.is_over.set()
        reader.join()
    reads, longest = sum(reader.reads for reader in readers), max(reader.longest for reader in readers)
    errors, mixed = [error for reader in readers for error in reader.errors], sum(reader.mixed for reader in readers)
    seen = set().union(*(reader.seen for reader in readers))
    print(f"{ROWS} rows: {seconds[0]:.1f} s alone; {', '.join(f'{one:.1f}' for one in seconds[1:])} s beside three readers")
    print(
        f"{reads} reads of several tables: {len(errors)} errors, {mixed} mixtures,"
        f" longest {longest:.3f} s; saw {len(seen)} copies"
    )
    assert not errors and not mixed and longest < WAIT_ALLOWED and seen == {f"2024-09-30_{number}" for number in (1, 2, 3, 4)}
    # Of a machine that has nothing else to do; of a busy one as many times more as processes wait for a core.
    busy = max(1.0, max(os.getloadavg()[:2]) / (os.cpu_count() or 1))
    assert min(seconds) <= SECONDS_ALLOWED * ROWS / 1_000_000 * busy, f"{min(seconds)} s, at a load of {busy:.1f} a core"
    with psycopg.connect(f"{admin}/hr") as con:
        comments = con.execute(
            """select obj_description('marts.sick_leave_by_age'::regclass), obj_description('marts.bi_sick_leave'::regclass),
                      col_description('marts.sick_leave_by_age'::regclass, 13), obj_description('marts'::regnamespace)"""
        ).fetchall()
    print(f"comments: {comments}")
    assert comments[0][:3] == ("Sick leave by age, 'quoted'", "En visning", "Sykefravær i prosent: 100 % \\ alt")
    for line in odbc(folder, port):
        print(f"ODBC: {line}")
    refusals(home, port, f"{admin}/hr")


def check_following_night(folder: Path, port: int, home: Home, arriving: Path) -> None:
    """A night publishes and, as the settings say, copies; whoever reads meanwhile follows without an error or a wait.

    Raises:
        AssertionError: he does not.
    """
    first = home.current.resolve()
    code, said = copy(home, port)
    assert code == 0, said
    print(said.strip().splitlines()[-1])
    settings_file, address = folder / "arsverk.toml", f"postgresql://{USER}@127.0.0.1:{port}/hr"
    own = (ROOT / "arsverk.toml").read_text(encoding="utf-8")
    settings_file.write_text(f'{own}\ncopy = {{ postgresql = "{address}" }}\n', encoding="utf-8")
    reader = Follower(f"postgresql://{READER}:{PASSWORD}@127.0.0.1:{port}/hr")
    reader.start()
    try:
        second = next_night(home, arriving, settings_file, PGPASSWORD=PASSWORD)
        time.sleep(1)
    finally:
        reader.is_over.set()
        reader.join()
    print(
        f"{reader.reads} reads during the night: {len(reader.errors)} errors, {reader.mixed} mixtures,"
        f" longest {reader.longest:.3f} s; saw {sorted(reader.seen)}"
    )
    assert not reader.errors and not reader.mixed and reader.longest < WAIT_ALLOWED
    assert reader.seen == {first.name, second.name}
    for publication in (first, second):
        with publication_opened(publication) as con:
            (_, *served) = con.execute(FIGURES.format(schema="main")).fetchall()[0]
        shown = reader.figures[publication.name]
        print(f"{publication.name}: {[str(figure) for figure in shown]}")
        assert all(
            abs(one - other) < 1e-9 * abs(other) if isinstance(other, float) else one == other
            for one, other in zip(shown, served, strict=True)
        ), (shown, served)
    (first_month, *old), (next_month, *new) = (reader.figures[one.name] for one in (first, second))
    assert next_month > first_month and new != old
    check_workbook(home, first, folder)


def refusals(home: Home, port: int, admin: str) -> None:
    """What a copy must not do, and what it says then."""
    with psycopg.connect(admin, autocommit=True) as con:
        published = "select publication_id from marts.publication"
        for statement, undo, said in [
            ("create view public.own as select * from marts.publication", "drop view public.own", "own is built upon"),
            ("create view marts.own as select 1", "drop view marts.own", "the schema marts holds own"),
            ("create table marts.own (n int)", "drop table marts.own", "the schema marts holds own"),
            ("create schema marts_new", "drop schema marts_new", "the schema marts_new"),
        ]:
            con.execute(statement)
            code, told = copy(home, port)
            print(f"refused: {told.strip().splitlines()[-1]}")
            assert code == 1 and said in told, told
            con.execute(undo)
        assert con.execute(published).fetchall() == [("2024-09-30_4",)]
        con.execute("create table public.kept as select 1 as n")
        code, told = copy(home, port, "--schema", "public")
        assert code == 1 and "kept" in told, told
        code, told = copy(home, port, password="wrong")
        print(f"refused: {told.strip().splitlines()[-1]}")
        assert code == 1 and "password authentication failed" in told and "wrong" not in told, told
        with psycopg.connect(admin) as open_transaction:
            open_transaction.execute(published)
            began = time.monotonic()
            code, told = copy(home, port)
            print(f"refused after {time.monotonic() - began:.0f} s: {told.strip().splitlines()[-1]}")
            assert code == 1 and "read without pause" in told, told
        assert copy(home, port)[0] == 0
        left = con.execute("select nspname from pg_namespace where nspname like 'marts%' order by 1").fetchall()
        assert left == [("marts",)], left
        kinds = con.execute(
            "select distinct relpersistence::text from pg_class where relnamespace = 'marts'::regnamespace"
        ).fetchall()
        assert kinds == [("p",)], kinds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="a home with a publication; a small municipality's when left out")
    parser.add_argument(
        "--next", type=Path, help="with --home: a folder of files that arrive in its landing folder for the night"
    )
    given = parser.parse_args()
    if bool(given.home) != bool(given.next):
        parser.error("--home and --next belong together")
    with tempfile.TemporaryDirectory(prefix="arsverk-postgresql-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with server(folder) as port:
            check(folder, port)
            home, arriving = (
                (Home(given.home.resolve()), given.next) if given.home else small_before_its_last_delivery(folder / "small")
            )
            check_following_night(folder, port, home, arriving)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
