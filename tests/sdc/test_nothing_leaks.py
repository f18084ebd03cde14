"""Every byte a night serves or logs is searched for what must stay inside. And one that is
served by mistake is found by the attack. Not here: what else the attack finds (tests/sdc)."""

from __future__ import annotations

import math
import shutil
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.dbt import load_manifest
from tests.building import attack_served, settings_with
from tests.command import ARSVERK, write_arsverk_without_dbt
from tests.examples import is_exhaustive
from tests.municipalities.by_hand import Municipality, national_number
from warehouse.catalogue import tables_of
from warehouse.database import connect, one
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.sdc.masking import mask
from warehouse.sdc.protection import protect
from warehouse.settings import read_settings

PERSONS = {"A": 13, "B": 3, "C": 16, "D": 25}
SETTINGS = "arsverk.toml"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, bytes, list[str]]:
    """A home after one night, all that the night printed, and what identifies its persons."""
    home = Home(tmp_path_factory.mktemp("leaks") / "home")
    home.prepare()
    made, secrets = Municipality(), []
    made.unit("K", "kommune")
    for unit in PERSONS:
        made.unit(unit, "virksomhet", "K")
    for n, unit in enumerate((unit for unit, count in PERSONS.items() for _ in range(count)), start=1):
        number, name = f"99070{n:04}", f"Hemmelina{n:03} Skjulesen{n:03}"
        secrets += [number, *name.split(), national_number(n)]
        made.rows["ansatte"].append(f"{number};{national_number(n)};{name};{'K' if n % 4 else 'M'};01.02.1980")
        made.persons.add(number)
        made.position(number, unit, f"{100 - n % 3},{n % 90 + 10}" if n % 3 else "100", "01.01.2023", form="Fast")
        made.absence(number, "Sykmelding", f"{n % 27 + 1:02}.02.2023", f"{n % 27 + 1:02}.0{n % 4 + 3}.2023", str(20 + n))
    made.deliver(home.landing, date(2023, 12, 31))
    settings_with(home.root)
    program = ARSVERK if is_exhaustive() else write_arsverk_without_dbt(home.root)
    done = subprocess.run(
        [str(program), "run", "--home", str(home.root), "--settings", str(home.root / SETTINGS)],
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return home, done.stdout + done.stderr, secrets


@pytest.fixture(scope="module")
def open_bytes(night: tuple[Home, bytes, list[str]]) -> bytes:
    """All that is served or logged: files as they are, the text of every Parquet column and statistic, what was printed."""
    home, printed, _ = night
    parts = [printed]
    for folder in (home.publish, home.dagster):
        # The names at the top are links to the same files.
        parts += [path.read_bytes() for path in sorted({path.resolve() for path in folder.rglob("*") if path.is_file()})]
    for path in sorted(home.publish.glob("*.parquet")):
        table = pq.read_table(path)
        parts += ["\n".join(map(str, column.to_pylist())).encode() for column in table.columns]
        parts.append(str(pq.read_metadata(path).metadata).encode())
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        for (table,) in con.execute("select table_name from duckdb_tables()").fetchall():
            parts.append(str(con.execute(f"from main.{table}").fetchall()).encode())
    return b"\n".join(parts)


def test_no_person_is_named(night: tuple[Home, bytes, list[str]], open_bytes: bytes) -> None:
    # Without zeros a text is the same in UTF-16 as in UTF-8; and a whole name is not there when none of its words is.
    searched = open_bytes.replace(b"\0", b"")
    found = [secret for secret in night[2] if secret.encode() in searched]
    assert found == []


def test_no_withheld_value_is_anywhere(night: tuple[Home, bytes, list[str]], open_bytes: bytes) -> None:
    home = night[0]
    withheld: set[float] = set()
    shown: set[float] = set()
    reasons: set[str] = set()
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        for mart in tables_of(load_manifest()):
            numbers = [
                name
                for (name,) in con.execute(
                    """select column_name from duckdb_columns() where schema_name = 'marts' and table_name = $1
                       and data_type = 'DOUBLE'""",
                    [mart.name],
                ).fetchall()
                if name in mart.columns
            ]
            if not numbers:
                continue
            columns = ", ".join(numbers)
            for row in con.execute(f"select {columns} from served.{mart.name}").fetchall():
                shown.update(value for value in row if value is not None)
            if mart.threshold is None:
                continue
            same = " and ".join(f"mart.{name} = served.{name}" for name in mart.grain)
            for row in con.execute(
                f"""select served.withheld, {", ".join(f"mart.{name}" for name in numbers)}
                    from marts.{mart.name} as mart inner join served.{mart.name} as served on {same}
                    where served.withheld is not null"""
            ).fetchall():
                reasons.add(row[0])
                withheld.update(value for value in row[1:] if value is not None)
    # Figures of so many digits that none of them stands anywhere by chance.
    telling = {value for value in withheld - shown if math.isfinite(value) and len(f"{value:.9g}".strip("-0.")) > 8}
    assert len(telling) > 100 and reasons == {"primary", "secondary"}
    near = {f"{value:.9g}" for value in shown}
    found = [value for value in telling if f"{value:.9g}" not in near and f"{value:.9g}".encode() in open_bytes]
    assert found == []


def test_statistics_of_parquet_hold_served_values_alone(night: tuple[Home, bytes, list[str]]) -> None:
    compared = 0
    for path in sorted(night[0].publish.glob("*.parquet")):
        table, metadata = pq.read_table(path), pq.read_metadata(path)
        for group in range(metadata.num_row_groups):
            for n in range(metadata.num_columns):
                statistics = metadata.row_group(group).column(n).statistics
                # Of texts the statistics may hold the beginning alone.
                if statistics is not None and statistics.has_min_max and statistics.physical_type != "BYTE_ARRAY":
                    values = table.column(n).to_pylist()
                    assert {statistics.min, statistics.max} <= set(values), (path.name, metadata.schema.column(n).name)
                    compared += 1
    assert compared


@pytest.fixture
def about_to_publish(night: tuple[Home, bytes, list[str]], tmp_path: Path) -> Home:
    """A home in which the night's tables wait for the attack."""
    home = Home(tmp_path)
    home.prepare()
    shutil.copy(night[0].warehouse_database, home.build_database)
    return home


def test_the_attack_finds_nothing(night: tuple[Home, bytes, list[str]], about_to_publish: Home) -> None:
    attack_served(about_to_publish, read_settings(night[0].root / SETTINGS), tables_of(load_manifest()))


@pytest.mark.parametrize("table", ["sick_leave_by_unit", "sick_leave_by_age", "full_time_by_unit", "equality_gender_balance"])
def test_a_secondary_cell_that_is_served_is_named_by_the_attack(
    night: tuple[Home, bytes, list[str]], about_to_publish: Home, table: str
) -> None:
    settings = read_settings(night[0].root / SETTINGS)
    (mart,) = (mart for mart in tables_of(load_manifest()) if mart.name == table)
    with connect(about_to_publish.build_database, settings) as con:
        cell = con.execute(
            f"select {', '.join(mart.cell)} from served.{table} where withheld = 'secondary' order by all limit 1"
        ).fetchone()
        assert cell is not None, "the municipality has no secondary cell here"
        this = " and ".join(f"served.{name} = '{value}'" for name, value in zip(mart.cell, cell, strict=True))
        same = " and ".join(f"served.{name} = mart.{name}" for name in mart.grain)
        con.execute(
            f"""update served.{table} as served
                set withheld = null, {", ".join(f"{name} = mart.{name}" for name in mart.measures)}
                from marts.{table} as mart where {same} and {this}"""
        )
    with pytest.raises(Refused, match="can be computed from what would be served"):
        attack_served(about_to_publish, settings, tables_of(load_manifest()))


@pytest.mark.parametrize("table", ["sick_leave_by_unit", "equality_gender_balance"])
def test_what_the_attack_finds_is_hidden_by_withholding_more(
    night: tuple[Home, bytes, list[str]], about_to_publish: Home, table: str
) -> None:
    """Decided to be served by mistake, a secondary cell or others in its place are withheld before anything is published."""
    settings, tables = read_settings(night[0].root / SETTINGS), tables_of(load_manifest())
    with connect(about_to_publish.build_database, settings) as con:
        con.execute(f"update disclosure.{table} set withheld = null where withheld = 'secondary'")
        mask(con, tables)
    protection = protect(about_to_publish, settings, tables, None)
    assert protection.cells and protection.report.leaks == [] and protection.remedies
    assert all(line.endswith("cells") for line in protection.lines())
    attack_served(about_to_publish, settings, tables)
    # What the loop left as it was is what it would have made.
    with connect(about_to_publish.build_database, settings) as con:
        rows = {mart.name: f"select count(*), sum(hash(mart)) from served.{mart.name} as mart" for mart in tables}
        left = {name: one(con, query) for name, query in rows.items()}
        mask(con, tables)
        assert {name: one(con, query) for name, query in rows.items()} == left
