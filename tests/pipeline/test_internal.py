"""The internal publication: nothing withheld, to the extract date, for one group alone.
Not here: releases (test_releases.py).
"""

from __future__ import annotations

import grp
import os
import stat
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import load_manifest
from orchestration.plan import Plan
from orchestration.stages import run_stages
from sources.registry import feeds
from tests.building import settings_with
from tests.builds import Built
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.catalogue import tables_of
from warehouse.errors import UsageError
from warehouse.internal import group_of
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import Settings
from warehouse.verify import verify

OWN_GROUP = grp.getgrgid(os.getegid()).gr_name


def run(home: Home, settings: Settings, today: str) -> str | None:
    """A night of that day through all stages; how it ended."""
    plan = Plan(home, settings, feeds(), current_publication(home), only_new=True, today=date.fromisoformat(today))
    run_stages(plan)
    assert not [warning for warning in plan.findings.warnings if warning.kind == "internal"]
    return plan.findings.result


def internal(home: Home, query: str) -> list[tuple]:
    with duckdb.connect(str(home.internal / "marts.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.mark.usefixtures("without_dbt")
def test_every_night_writes_it_and_a_release_hides_what_it_hides(small_night: Built, tmp_path: Path) -> None:
    home = small_night.copy(tmp_path)
    settings = settings_with(tmp_path, release='"monthly"', internal=f'{{ group = "{OWN_GROUP}" }}')
    # Nothing new has come, but the internal publication is wanted now: the night makes it, and publishes nothing.
    september = current_publication(home)
    assert run(home, settings, "2024-10-02") == "held" and current_publication(home) == september
    assert internal(home, "select as_of from publication") == [(date(2024, 9, 30),)]
    first = (home.internal / "current").readlink()
    write_delivery(home.landing, small_delivery(), extract_date=date(2024, 11, 3))
    # The release counts to the end of October, the internal publication of the same night to the extract date.
    assert run(home, settings, "2024-11-05") == "published"
    assert str(current_publication(home)).startswith("2024-10-31")
    assert internal(home, "select as_of from publication") == [(date(2024, 11, 3),)]
    assert internal(home, "select max(period) from sick_leave_by_unit where period_type = 'month'") == [("2024-11",)]
    assert (home.internal / "current").readlink() != first
    rows = internal(home, "select withheld, count(*), count(fte), count(possible_days) from sick_leave_by_unit group by all")
    assert {row[0] for row in rows} >= {"primary"} and all(row[1] == row[2] == row[3] for row in rows)
    pay = internal(home, "select withheld, mean_all from equality_pay where year = 2024 and pay_group = 0")
    assert [(withheld, mean is not None) for withheld, mean in pay] == [("running", True)]
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        (served,) = con.execute("select count(fte) from main.sick_leave_by_unit").fetchall()
    assert served == (0,), "of so few nothing is served to others"
    tables = {mart.name for mart in tables_of(load_manifest())}
    assert {path.stem for path in home.internal.glob("*.parquet")} == tables
    assert verify(home) == []

    # Only the owner and the group can read; two of them are kept, for whoever is reading one.
    gid = os.getegid()
    for path in (home.internal, *home.internal.rglob("*")):
        found = path.lstat()
        if not stat.S_ISLNK(found.st_mode):
            assert stat.S_IMODE(found.st_mode) == (0o2750 if path.is_dir() else 0o640) and found.st_gid == gid, path
    assert len(list((home.internal / "history").iterdir())) == 2
    assert not (home.root / "internal_build").exists()
    (home.internal / "marts.duckdb").resolve().chmod(0o644)
    assert any("internal/" in line and "0640" in line for line in verify(home))

    # Switched off, it is taken away by the next night, whatever comes.
    assert run(home, settings_with(tmp_path, release='"monthly"'), "2024-11-07") == "held"
    assert not home.internal.exists()


def test_a_group_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, internal='{ group = "finnes-ikke" }')
    with pytest.raises(UsageError, match="setting internal: there is no group 'finnes-ikke' on this machine"):
        group_of(settings)
