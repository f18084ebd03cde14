"""Whole nights in this process, and what Dagster kept of them. Not here: builds without Dagster (building.py)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.instance import prepare_instance
from orchestration.run import run_night
from tests.building import settings_with
from warehouse.paths import Home


def night(home: Home, settings_file: Path | None = None, as_of: date | None = None) -> str:
    """Run the nightly job on the home's own landing folder; returns the publication's id.

    Without a settings file by the repository's settings, but every night is a release.
    """
    if settings_file is None:
        settings_with(home.build)
        settings_file = home.build / "arsverk.toml"
        settings_file.chmod(0o600)
    return run_night(home, settings_file=settings_file, landing=None, as_of=as_of)


def check_evaluations(home: Home) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """The check results that the home's last run left in Dagster, by asset and name."""
    prepare_instance(home)
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
        found = [
            record.event_log_entry.dagster_event.asset_check_evaluation_data
            for record in records
            if record.event_log_entry.dagster_event
        ]
    return {(check.asset_key.to_user_string(), check.check_name): check for check in found}
