"""What a whole night takes away when it is done: old runs of Dagster, and publications that the settings do not keep.
Not here: archived person data, which only a human removes (`arsverk purge`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.event_log import PooledSqliteEventLog, remove_check_results
from sources import naming
from warehouse.outcome import log
from warehouse.paths import Home
from warehouse.settings import Settings
from warehouse.thin import thin

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
# So that the night after years without pruning is no longer than others; the next nights take the rest.
RUNS_AT_ONCE = 100


def keep_house(home: Home, settings: Settings, instance: DagsterInstance | None) -> None:
    """Prune and thin, under the writer's lock. What fails is logged: the next night tries again, and this one is as it was."""
    try:
        if taken := thin(home, settings, naming.today()):
            log.info("publication: %d old publications thinned out", len(taken))
        if instance and (runs := prune_runs(instance, datetime.now(UTC) - timedelta(days=settings.keep_runs_days))):
            log.info("dagster: %d old runs removed", len(runs))
    except Exception as error:
        log.error("old publications and runs are not all removed: %s: %s", type(error).__name__, error)


def prune_runs(instance: DagsterInstance, before: datetime) -> list[str]:
    """Remove finished runs that were created before a time, with their events; returns their ids, oldest first."""
    wanted = RunsFilter(statuses=FINISHED, created_before=before)
    found = [record.dagster_run.run_id for record in instance.get_run_records(wanted, limit=RUNS_AT_ONCE, ascending=True)]
    for run_id in found:
        instance.delete_run(run_id)
        remove_check_results(instance.event_log_storage, run_id)
        if isinstance(instance.event_log_storage, PooledSqliteEventLog):
            instance.event_log_storage.remove_shard(run_id)
    return found
