"""A night that is killed, runs out of disk or meets another run leaves the last publication whole, and the next succeeds."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random
from time import monotonic

import duckdb
import pytest

from orchestration.dbt import load_manifest
from orchestration.run import run_night
from tests.building import build, settings_with, without_dbt
from tests.builds import Builds, Built, served_whole
from tests.command import ARSVERK, arsverk_here, start_arsverk
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.catalogue import tables_of
from warehouse.history import publications
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.publish import publish
from warehouse.verify import verify

SEPTEMBER, OCTOBER = date(2024, 9, 30), date(2024, 10, 31)
FILE_SIZE_LIMIT = 1_000_000


@pytest.fixture
def home(small_night: Built, tmp_path: Path) -> Home:
    """A home with September published and October waiting in the landing folder."""
    copy = small_night.copy(tmp_path)
    deliver_october(copy.landing)
    return copy


def deliver_october(landing: Path) -> None:
    write_delivery(landing, small_delivery(), extract_date=OCTOBER)


def served_as_of(home: Home) -> date:
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        row = con.execute("select as_of from main.publication").fetchone()
        assert row and con.execute("select count(*) > 0 from main.sick_leave_by_unit").fetchone() == (True,)
        return row[0]


def next_night(home: Home) -> None:
    with without_dbt():
        run_night(home, settings_file=None, landing=None, as_of=None)


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("landing: the delivery", marks=pytest.mark.exhaustive),
        "feeds: organisasjon",
        pytest.param("models: sick_leave_by_sex", marks=pytest.mark.exhaustive),
        pytest.param("disclosure:", marks=pytest.mark.exhaustive),
    ],
)
def test_kill_at_each_stage(home: Home, stage: str) -> None:
    night = start_arsverk("run", "--home", home.root)
    assert night.stdout is not None
    for line in night.stdout:
        if stage in line:
            os.kill(night.pid, signal.SIGKILL)
            break
    night.communicate(timeout=60)
    assert night.returncode == -signal.SIGKILL
    assert served_as_of(home) == SEPTEMBER
    assert verify(home) == []
    # What DuckDB leaves of a process that has written beyond its memory.
    home.spill.mkdir()
    (home.spill / "duckdb_temp_1_0_storage_DEFAULT-0.tmp").write_bytes(b"rows")
    next_night(home)
    assert served_as_of(home) == OCTOBER
    assert verify(home) == []
    assert not home.spill.exists()


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(6))
def test_kill_at_random_moments(small_night: Built, tmp_path: Path, part: int) -> None:
    """Ten kills at any second of a night: what is served is whole each time, and the next night publishes on the last home."""
    chance, whole_night = Random(part), 0.0
    for kill in range(11):
        root = tmp_path / str(kill)
        root.mkdir()
        home = small_night.copy(root)
        deliver_october(home.landing)
        began = monotonic()
        night = start_arsverk("run", "--home", home.root)
        with contextlib.suppress(subprocess.TimeoutExpired):
            night.communicate(timeout=chance.uniform(0.2, whole_night) if whole_night else 300)
        if not whole_night:
            whole_night = monotonic() - began
        night.kill()
        night.communicate()
        assert served_as_of(home) in (SEPTEMBER, OCTOBER)
        assert verify(home) == [], (part, kill)
    next_night(home)
    assert served_as_of(home) == OCTOBER and verify(home) == []


@pytest.mark.parametrize(
    ("number", "stage"),
    [
        pytest.param(signal.SIGHUP, "starting Dagster", marks=pytest.mark.exhaustive),
        (signal.SIGTERM, "models: "),
        pytest.param(signal.SIGINT, "disclosure:", marks=pytest.mark.exhaustive),
    ],
)
def test_a_signal_ends_the_run_at_once(home: Home, number: signal.Signals, stage: str) -> None:
    night = start_arsverk("run", "--home", home.root)
    assert night.stdout is not None
    for line in night.stdout:
        if stage in line:
            os.kill(night.pid, number)
            break
    _, said = night.communicate(timeout=30)
    assert night.returncode == 128 + number, said
    assert f"ended by {number.name}" in said and "Traceback" not in said
    with writer_lock(home):
        assert served_as_of(home) == SEPTEMBER
    assert verify(home) == []


# Kills its own process just before the n-th change that publish() makes to the file system and that names `only`. Changes
# within an unfinished folder, which nobody is pointed to, are all alike and do not count.
KILLED_PUBLISH = """
import os, signal, sys
from pathlib import Path
from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of
from warehouse.paths import Home
from warehouse.publish import publish
from warehouse.settings import read_settings
home, settings, marts = Home(Path(sys.argv[1])), read_settings(), tables_of(load_manifest())
left, only = int(sys.argv[2]), sys.argv[3]
CHANGES = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.chmod", "shutil.rmtree"}
def count(event, arguments):
    global left
    named = " ".join(map(str, arguments))
    inside = ".unfinished/" in named or event == "os.remove" and arguments[1] >= 0
    entered = event == "open" and "ledger.jsonl" in named and arguments[2] & os.O_RDWR
    if (entered or event in CHANGES and not inside) and only in named:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
publish(home, settings, marts)
"""


def killed_publish(home: Home, step: int, only: str = "") -> int:
    """Publish in a process that is killed before a step; its return code, 0 when there is no such step."""
    command = [sys.executable, "-c", KILLED_PUBLISH, str(home.root), str(step), only]
    return subprocess.run(command, check=False, timeout=60).returncode


@pytest.mark.exhaustive
def test_kill_at_every_step_of_publishing(home: Home, tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    build(home, settings)
    built = home.build_database.read_bytes()
    outcomes = []
    for step in range(100):
        home.build_database.write_bytes(built)
        returned = killed_publish(home, step)
        outcomes.append(served_as_of(home))
        assert verify(home) == []
        # What broke off is told apart from what was served.
        made = publications(home)
        assert made[0].was_served and made[-1].was_served == made[-1].is_current
        assert [publication.entry.as_of for publication in made if publication.is_current] == [outcomes[-1]]
        if returned == 0:
            break
        assert returned == -signal.SIGKILL
    assert returned == 0 and len(outcomes) > 8
    assert outcomes[0] == SEPTEMBER and outcomes[-1] == OCTOBER and outcomes == sorted(outcomes)
    assert not list(home.history.glob("*.unfinished")) and not list(home.publish.glob("*.swap"))


def test_kill_at_the_steps_of_the_very_first_publication(builds: Builds, tmp_path: Path) -> None:
    """Nothing is served before the pointer is there, and that is no damage."""
    built_once = builds.built(deliver_october, served_whole)
    home, settings = built_once.copy(tmp_path), built_once.settings
    built = home.build_database.read_bytes()
    for step, only in [(0, "ledger.jsonl"), (1, "pilots.parquet.swap"), (2, "/publish/current")]:
        home.build_database.write_bytes(built)
        assert killed_publish(home, step, only) == -signal.SIGKILL and current_publication(home) is None
        assert verify(home) == [] and not any(publication.was_served for publication in publications(home))
    home.build_database.write_bytes(built)
    publish(home, settings, tables_of(load_manifest()))
    assert served_as_of(home) == OCTOBER and verify(home) == []


@pytest.mark.parametrize("is_followed", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_a_second_run_says_who_holds_the_house(home: Home, is_followed: bool) -> None:
    with writer_lock(home):
        second = arsverk_here("run", "--home", home.root)
        assert second.returncode == 1
        assert f"another run is writing here (process {os.getpid()} since" in second.stderr
        assert "Traceback" not in second.stderr
        assert served_as_of(home) == SEPTEMBER
    with writer_lock(home):
        assert served_as_of(home) == SEPTEMBER
    if is_followed:
        next_night(home)
        assert served_as_of(home) == OCTOBER


@pytest.mark.parametrize("is_followed", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_a_full_disk(home: Home, is_followed: bool) -> None:
    """No file may grow past a limit that the build database reaches: what a full disk does, without filling one."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE_LIMIT, FILE_SIZE_LIMIT))

    night = subprocess.run(
        [ARSVERK, "run", "--home", str(home.root)], capture_output=True, text=True, preexec_fn=limit, check=False, timeout=120
    )
    assert night.returncode == 1, night.stdout
    assert night.stderr.strip() and "Traceback" not in night.stderr
    assert served_as_of(home) == SEPTEMBER and verify(home) == []
    if is_followed:
        next_night(home)
        assert served_as_of(home) == OCTOBER and verify(home) == []
