"""The copy to PostgreSQL, as far as it can be tried without a server. With one: `make postgres` (tests/postgresql_check.py)."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from orchestration.plan import Plan
from orchestration.stages import run_stages
from sources.registry import feeds
from tests.building import settings_with
from tests.builds import Built
from tests.command import arsverk
from tests.postgresql_check import free_port
from warehouse.database import publication_opened
from warehouse.outcome import HELD
from warehouse.postgresql import csv_files, served_tables
from warehouse.publication import current_publication


def test_a_server_that_cannot_be_reached_is_named_without_a_traceback(small_night: Built) -> None:
    done = arsverk("copy", f"postgresql://arsverk@127.0.0.1:{free_port()}/hr", "--home", small_night.home.root)
    assert done.returncode == 1 and "127.0.0.1" in done.stderr and "refused" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["postgresql://arsverk:hemmelig@db/hr"], "holds a password"),
        (["postgresql://db/hr?password=hemmelig"], "holds a password"),
        (["mysql://db/hr"], "begins with postgresql://"),
        (["postgresql://db/hr", "--schema", "Marts; drop"], "cannot be the schema"),
        (["postgresql://db/hr", "--schema", "pg_marts"], "cannot be the schema"),
    ],
)
def test_wrong_usage_is_told_and_no_password_repeated(small_night: Built, arguments: list[str], said: str) -> None:
    done = arsverk("copy", *arguments, "--home", small_night.home.root)
    assert done.returncode == 2 and said in done.stderr and "hemmelig" not in done.stdout + done.stderr


def test_nothing_published_is_nothing_to_copy(tmp_path: Path) -> None:
    done = arsverk("copy", "postgresql://db/hr", "--home", tmp_path)
    assert done.returncode == 1 and "nothing is published yet" in done.stderr


def test_a_night_whose_copy_fails_warns_and_its_publication_stands(small_night: Built, tmp_path: Path) -> None:
    """So does a night that has nothing to publish: it tries the copy again."""
    home = small_night.copy(tmp_path)
    before = current_publication(home)
    address = f'{{ postgresql = "postgresql://arsverk@127.0.0.1:{free_port()}/hr" }}'
    settings = settings_with(tmp_path, copy=address)
    plan = Plan(home, settings, feeds(), before, only_new=True, today=date(2024, 10, 2))
    run_stages(plan)
    (warning,) = [one for one in plan.findings.warnings if one.kind == "copy"]
    assert "refused" in warning.text and plan.findings.result == HELD and current_publication(home) == before


def test_what_is_copied_is_every_table_with_its_comments_and_values(small_night: Built) -> None:
    folder = small_night.home.current.resolve()
    with publication_opened(folder) as con:
        tables = {table.name: table for table in served_tables(con)}
        assert {path.stem for path in folder.glob("*.parquet")} <= tables.keys()
        assert all(table.comment for table in tables.values())
        unit = tables["sick_leave_by_unit"]
        types = {column.name: column.type for column in unit.columns}
        assert (types["period"], types["sick_leave_percent"], types["is_partial"]) == ("text", "double precision", "boolean")
        assert all(column.comment for column in unit.columns)
        ((_, file),) = csv_files(con, [unit])
        assert not file.exists()
        for _, file in csv_files(con, [unit]):
            with file.open(encoding="utf-8", newline="") as content:
                written = list(csv.reader(content))
        place = [column.name for column in unit.columns].index("sick_leave_percent")
        served = con.execute(f"select sick_leave_percent from {unit.source}").fetchall()
    # To the last digit; what is withheld is null and not empty.
    assert sorted(row[place] for row in written) == sorted("\\N" if value is None else repr(value) for (value,) in served)
