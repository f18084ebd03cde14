"""The Dagster instance of a home: its settings file, and runs whose process is gone.
Not here: running the job (run.py), or what a signal does to it (signals.py).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import time
from importlib.resources import files

import dagster as dg
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from warehouse.mend import mend_dagster
from warehouse.paths import Home, write_private
from warehouse.processes import is_running

log = logging.getLogger("arsverk")
# SHA-256 of every dagster.yaml shipped before this one: a copy of one of them was not edited and may be renewed.
SHIPPED_BEFORE = frozenset(
    {
        "a1d76d4b764a9fa697cf9d094aa6c87fe2f43af106735131dd5bdcab9ec79f18",
        "cdadfe59fbc911de2d019ea7b7c1bd90ea10d8597921832e36a14f9182d9cfaa",
        "6f659a0e5f177c0350281139d5846e1fafd76daeb1db2a9f340d86935d03fc6e",
    }
)
PROCESS_TAG = "arsverk/process"
# A run without the tag has not begun its first step. It is given this long.
SECONDS_TO_BEGIN = 180
RUNNING = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
KILLED = "killed: the process is gone (power, memory, kill or hang-up); nothing was published by this run after that"


def prepare_instance(home: Home) -> None:
    """Give the Dagster instance of this home its settings file and make it the one of this process.

    A file that the operator has edited is kept, and that is said.
    """
    shipped = files("orchestration").joinpath("dagster.yaml").read_text(encoding="utf-8")
    present = home.dagster / "dagster.yaml"
    if not present.exists():
        write_private(present, shipped)
    else:
        own = present.read_bytes()
        if hashlib.sha256(own).hexdigest() in SHIPPED_BEFORE:
            write_private(present, shipped)
        elif own != shipped.encode():
            log.info("dagster.yaml below the home differs from the shipped one and is kept")
    for line in mend_dagster(home):
        log.warning("mended: %s", line)
    os.environ["DAGSTER_HOME"] = str(home.dagster)


def end_dead_runs(instance: DagsterInstance, home: Home, *, own: str | None = None, lock_held: bool = False) -> list[str]:
    """Report runs as failed whose process is gone, so that the queue goes on; returns their ids.

    While another process holds the writer's lock nothing is judged. `own` is the run that asks, and `lock_held` says that it
    holds the lock itself.
    """
    candidates = instance.get_run_records(RunsFilter(statuses=RUNNING))
    if not candidates or (not lock_held and _lock_is_held(home)):
        return []
    ended = []
    for record in candidates:
        run = record.dagster_run
        began = record.start_time or record.create_timestamp.timestamp()
        if run.run_id == own or not _is_dead(run, began):
            continue
        instance.report_run_failed(run, KILLED)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        log.warning("run %s was %s", run.run_id[:8], KILLED)
        ended.append(run.run_id)
    return ended


def _is_dead(run: DagsterRun, began: float) -> bool:
    named = run.tags.get(PROCESS_TAG)
    return not is_running(named) if named else time.time() - began > SECONDS_TO_BEGIN


def _lock_is_held(home: Home) -> bool:
    with contextlib.suppress(FileNotFoundError), home.lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def killed_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Ends runs whose process is gone, which would keep every later night in the queue, and notifies."""
    from orchestration.night import Night
    from orchestration.notify import notify, settings_to_tell_by

    night = Night()
    ended = end_dead_runs(context.instance, night.home)
    if ended and (settings := settings_to_tell_by(night.home, night.settings_file)):
        for run_id in ended:
            notify(settings, f"run {run_id[:8]} was {KILLED}. The next night starts by itself.")
    return dg.SkipReason(f"ended {len(ended)} killed runs" if ended else "no run has lost its process")
