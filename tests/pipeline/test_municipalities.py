"""An office with many municipalities: a file each, a partition each, homes and keys apart, and nobody's failure another's.
Not here: a night of one (the other tests).
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
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import municipalities as office
from tests.building import settings_with
from tests.command import arsverk
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.errors import UsageError
from warehouse.municipalities import FOLDER_VARIABLE, municipality, names
from warehouse.outcome import last_night
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.verify import verify

ROOT = Path(__file__).parents[2]
AT_ONCE = 4


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
    if broken:
        rows["stillinger"] = [{**row, "Stillingsprosent": "120"} for row in rows["stillinger"]] * 2
    write_delivery(folder / "landing" / name, rows)
    return Home(home)


@contextlib.contextmanager
def office_instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    """The office's own Dagster, with the shipped settings."""
    home = folder / "office"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster-municipalities.yaml", home / "dagster.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            yield instance


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Home]:
    """Three municipalities, the second of them broken."""
    homes = {name: add(tmp_path, name, broken=name == "baerum") for name in ("asker", "baerum", "lier")}
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "municipalities"))
    return homes


def test_three_of_them_one_broken(three: dict[str, Home], tmp_path: Path) -> None:
    with office_instance(tmp_path) as instance:
        found = office.municipality_files(dg.build_sensor_context(instance))
        assert isinstance(found, dg.SensorResult) and found.dynamic_partitions_requests
        (added,) = found.dynamic_partitions_requests
        instance.add_dynamic_partitions(office.TAG, added.partition_keys)
        assert instance.get_dynamic_partitions(office.TAG) == list(three)
        # The schedule and the sensor ask for a night of each.
        scheduled = office.all_at_two(dg.build_schedule_context(instance, datetime(2024, 10, 1, 2)))  # noqa: DTZ001
        assert [one.partition_key for one in scheduled] == list(three)  # type: ignore[union-attr]
        for path in (tmp_path / "landing").rglob("*.csv"):
            os.utime(path, (time.time() - 1000,) * 2)
        context = dg.build_sensor_context(instance)
        landed = office.landing_folders(context)
        assert isinstance(landed, dg.SensorResult) and landed.run_requests
        assert [(one.partition_key, one.tags[office.TAG]) for one in landed.run_requests] == [(name, name) for name in three]
        again = office.landing_folders(dg.build_sensor_context(instance, cursor=landed.cursor))
        assert isinstance(again, dg.SensorResult) and again.run_requests
        assert [one.run_key for one in again.run_requests] == [one.run_key for one in landed.run_requests]
        # The broken one first: the others' nights know nothing of it.
        results = {
            name: dg.materialize([office.municipality_publication], partition_key=name, instance=instance, raise_on_error=False)
            for name in ("baerum", "asker")
        }
    assert not results["baerum"].success and results["asker"].success
    failed = results["baerum"].failure_data_for_node("municipality_publication")
    assert (
        failed
        and failed.user_failure_data
        and "the delivery of 2024-09-30 is not accepted" in str(failed.user_failure_data.description)
    )
    assert current_publication(three["asker"]) and verify(three["asker"]) == []
    assert current_publication(three["baerum"]) is None and not three["lier"].root.exists()
    assert three["asker"].pseudonym_key.read_bytes() != three["baerum"].pseudonym_key.read_bytes()
    done = arsverk("status", "--all")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("asker ") and "fresh" in lines[0]
    assert "the last night was refused" in lines[1] and lines[2].startswith("lier ")
    assert lines[3] == "1 of 3 are fresh"
    assert list(json.loads(arsverk("status", "--all", "--json").stdout)) == list(three)


def test_a_file_that_is_wrong_is_said_by_name(three: dict[str, Home], tmp_path: Path) -> None:
    files = tmp_path / "municipalities"
    text = (files / "asker.toml").read_text(encoding="utf-8")
    (files / "lier.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"lier\.toml and asker\.toml have the same home"):
        municipality("lier")
    (files / "lier.toml").write_text("municipality = 3", encoding="utf-8")
    assert municipality("asker").home == three["asker"] and names() == list(three)
    shutil.copy(ROOT / "arsverk.toml", files / "lier.toml")
    with pytest.raises(UsageError, match="folders is missing"):
        municipality("lier")
    with pytest.raises(UsageError, match=r"there is no secret\.toml"):
        municipality("../secret")


@contextlib.contextmanager
def daemon(folder: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's daemon on the office's code location, with the shipped run queue and launcher."""
    words = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-m", "orchestration.municipalities"]
    with office_instance(folder) as instance, (folder / "daemon.log").open("w") as log:
        process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            yield instance
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


@pytest.mark.exhaustive
def test_twelve_of_them_four_at_a_time_one_broken_one_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = {f"kommune{number:02}": add(tmp_path, f"kommune{number:02}", broken=number == 3) for number in range(1, 13)}
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "municipalities"))
    for path in (tmp_path / "landing").rglob("*.csv"):
        os.utime(path, (time.time() - 1000,) * 2)
    most, killed, until = 0, False, time.monotonic() + 3600
    with daemon(tmp_path) as instance:
        while time.monotonic() < until:
            running = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
            most = max(most, len(running))
            victim = homes["kommune05"]
            if not killed and victim.nights.exists():
                process = json.loads(victim.nights.read_text(encoding="utf-8").splitlines()[0])["process"]
                os.kill(json.loads(process)[1], signal.SIGKILL)
                killed = True
            finished = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]))
            if len(finished) >= len(homes) and not running:
                break
            time.sleep(1)
        ended = {run.tags[office.TAG]: run.status.value for run in instance.get_runs()}
    assert most <= AT_ONCE and killed
    assert {name for name, status in ended.items() if status != "SUCCESS"} == {"kommune03", "kommune05"}
    served = {name for name, home in homes.items() if current_publication(home)}
    assert served == homes.keys() - {"kommune03", "kommune05"}
    assert all(verify(homes[name]) == [] for name in served)
    night = last_night(homes["kommune03"])
    assert night and night.outcome == "refused"
