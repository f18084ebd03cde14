"""An office with many municipalities, as tests and `make municipalities-check` set it up and let its nights run.
Not here: the tests (pipeline/test_municipalities.py), or a night of one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import yaml

from orchestration import municipalities as office
from tests.building import settings_with
from tests.command import arsverk
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.municipalities import FOLDER_VARIABLE
from warehouse.outcome import last_night
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.verify import verify

ROOT = Path(__file__).parents[1]
TWELVE = [f"kommune{number:02}" for number in range(1, 13)]
BROKEN, KILLED = "kommune03", "kommune05"
AT_ONCE = 4
SECONDS_ALLOWED = 3600
HAS_COME_SECONDS = 1000


def add(folder: Path, name: str, *, broken: bool = False) -> Home:
    """A municipality with a delivery that waits; a broken one's payroll delivers bad rows."""
    scratch = folder / "scratch"
    for path in (scratch, folder / "municipalities", folder / "landing" / name):
        path.mkdir(parents=True, exist_ok=True)
    home = folder / "homes" / name
    folders = f'{{ home = "{home}", landing = "{folder / "landing" / name}" }}'
    settings_with(scratch, municipality=f'"{name} kommune"', folders=folders, max_age_days=100000)
    (scratch / "arsverk.toml").rename(folder / "municipalities" / f"{name}.toml")
    rows = small_delivery()
    rows["organisasjon"][0]["Enhetsnavn"] = f"{name} kommune"
    if broken:
        rows["stillinger"] = [{**row, "Stillingsprosent": "120"} for row in rows["stillinger"]] * 2
    write_delivery(folder / "landing" / name, rows)
    return Home(home)


def let_settle(folder: Path) -> None:
    """As if every file in the landing folders had come a while ago."""
    for path in (folder / "landing").rglob("*.csv"):
        os.utime(path, (time.time() - HAS_COME_SECONDS,) * 2)


@contextlib.contextmanager
def office_instance(folder: Path, storage: Mapping[str, Any] | None = None) -> Iterator[dg.DagsterInstance]:
    """The office's own Dagster with the shipped settings; `storage` in place of SQLite."""
    home = folder / "office"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster-municipalities.yaml", home / "dagster.yaml")
    if storage:
        with (home / "dagster.yaml").open("a", encoding="utf-8") as file:
            yaml.safe_dump({"storage": dict(storage)}, file)
    with patch.dict(os.environ, DAGSTER_HOME=str(home)), dg.DagsterInstance.get() as instance:
        yield instance


@contextlib.contextmanager
def daemon(folder: Path, storage: Mapping[str, Any] | None = None) -> Iterator[dg.DagsterInstance]:
    """Dagster's daemon on the office's code location, with the shipped run queue and launcher."""
    words = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-m", "orchestration.municipalities"]
    with office_instance(folder, storage) as instance, (folder / "daemon.log").open("w") as log:
        process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            yield instance
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


@dataclass(frozen=True)
class Ended:
    """How twelve nights went: minutes, nights at once at most, and each run's status and the text of its failure."""

    minutes: float
    most_at_once: int
    status: Mapping[str, str]
    failures: Mapping[str, str]


def twelve_nights(folder: Path, storage: Mapping[str, Any] | None = None) -> Ended:
    """Twelve municipalities' nights, started by the sensor: one's delivery is broken, another's night is killed.

    Raises:
        AssertionError: one's failure touched another, more ran at once than allowed, or the killed one cannot go on.
    """
    homes = {name: add(folder, name, broken=name == BROKEN) for name in TWELVE}
    let_settle(folder)
    with patch.dict(os.environ, {FOLDER_VARIABLE: str(folder / "municipalities")}):
        with daemon(folder, storage) as instance:
            ended = _watch(instance, homes[KILLED])
        _look_at(homes, ended)
        again = arsverk("run", *_folders(folder, KILLED))
    assert again.returncode == 0, again.stdout + again.stderr
    night = last_night(homes[KILLED])
    assert night and "broken_off" in {warning.kind for warning in night.warnings}
    assert current_publication(homes[KILLED]) and verify(homes[KILLED]) == []
    return ended


def _folders(folder: Path, name: str) -> list[str | Path]:
    settings_file = folder / "municipalities" / f"{name}.toml"
    return ["--home", folder / "homes" / name, "--landing", folder / "landing" / name, "--settings", settings_file]


def _watch(instance: dg.DagsterInstance, victim: Home) -> Ended:
    """Wait until all nights have ended, and kill the victim's as soon as it has begun."""
    most, is_killed, began = 0, False, time.monotonic()
    finished: list[dg.DagsterRun] = []
    while len(finished) < len(TWELVE):
        assert time.monotonic() < began + SECONDS_ALLOWED, f"{len(finished)} of {len(TWELVE)} nights ended"
        time.sleep(1)
        running = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        most = max(most, len(running))
        if not is_killed and (process := _process_of_the_night(victim)):
            os.kill(process, signal.SIGKILL)
            is_killed = True
        finished = list(instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE])))
    runs = {run.tags[office.TAG]: run for run in instance.get_runs()}
    assert is_killed and len(runs) == len(instance.get_runs()) == len(TWELVE)
    return Ended(
        (time.monotonic() - began) / 60,
        most,
        {name: run.status.value for name, run in runs.items()},
        {name: _failure(instance, run) for name, run in runs.items() if run.status is dg.DagsterRunStatus.FAILURE},
    )


def _process_of_the_night(home: Home) -> int | None:
    """The process that holds the writer's lock, by the first line of nights.jsonl, once it stands there whole."""
    text = home.nights.read_text(encoding="utf-8") if home.nights.exists() else ""
    first, newline, _ = text.partition("\n")
    return int(json.loads(json.loads(first)["process"])[1]) if newline else None


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What the failed step said."""
    for record in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = record.dagster_event
        failed = event.step_failure_data.user_failure_data if event else None
        if failed and failed.description:
            return failed.description
    return ""


def _look_at(homes: Mapping[str, Home], ended: Ended) -> None:
    """Only the broken and the killed have failed, all others are served and whole."""
    assert ended.most_at_once == AT_ONCE
    assert ended.failures.keys() == {BROKEN, KILLED}
    served = {name for name, home in homes.items() if current_publication(home)}
    assert served == homes.keys() - {BROKEN, KILLED}
    assert all(verify(homes[name]) == [] for name in served)
    night = last_night(homes[BROKEN])
    assert night and night.outcome == "refused" and night.as_text() == ended.failures[BROKEN]
    assert last_night(homes[KILLED]) is None
    assert ended.failures[KILLED].startswith("Broken off: the night was killed by signal 9;")
    keys = [home.pseudonym_key.read_bytes() for home in homes.values() if home.pseudonym_key.exists()]
    assert len(keys) >= len(served) and len(set(keys)) == len(keys)
