"""Old runs of Dagster are removed with all that they left on disk. Not here: publications (test_thin.py)."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.housekeeping import prune_runs
from orchestration.instance import prepare_instance
from warehouse.paths import Home


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="figure")])
def figure() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="holds", passed=True)])


def rows(home: Home, table: str) -> int:
    with sqlite3.connect(home.dagster / "history" / "runs" / "index.db") as con:
        count: int = con.execute(f"select count(*) from {table}").fetchone()[0]
    return count


def test_runs_that_are_old_go_with_events_checks_and_files(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_instance(home)
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    shards = home.dagster / "history" / "runs"
    with dg.DagsterInstance.get() as instance:
        ids = [dg.materialize([figure], instance=instance).run_id for _ in range(3)]
        before = rows(home, "event_logs"), rows(home, "asset_check_executions")
        assert prune_runs(instance, datetime.now(UTC) - timedelta(days=90)) == []
        (last,) = instance.get_run_records(limit=1)
        assert prune_runs(instance, last.create_timestamp) == ids[:2]
        assert [run.run_id for run in instance.get_runs()] == ids[2:]
        assert (rows(home, "event_logs") * 3, rows(home, "asset_check_executions") * 3) == before
        assert instance.get_latest_materialization_event(dg.AssetKey("figure"))
    assert {path.name for path in Path(shards).glob("*.db")} == {"index.db", f"{ids[2]}.db"}


def test_a_run_that_has_not_ended_stays_however_old(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_instance(home)
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    with dg.DagsterInstance.get() as instance:
        definitions = dg.Definitions(assets=[figure], jobs=[dg.define_asset_job("nightly")])
        run = instance.create_run_for_job(definitions.resolve_job_def("nightly"))
        assert prune_runs(instance, datetime.now(UTC) + timedelta(days=1)) == []
        assert instance.get_run_by_id(run.run_id)
