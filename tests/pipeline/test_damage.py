"""No home is stuck: a really damaged file is named with the command that helps, and the next night mends or replaces it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.instance import prepare_instance
from orchestration.run import run_night
from sources.registry import feeds
from tests.builds import Built
from tests.command import ARSVERK, arsverk, write_arsverk_without_dbt
from tests.examples import is_exhaustive
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import EXTRACT_DATE, write_delivery
from warehouse.archive import sha256_of, take_in
from warehouse.errors import Refused
from warehouse.mend import mend
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.verify import verify

SERVED = "sick_leave_by_unit.parquet"


@pytest.fixture
def copy(small_night: Built, tmp_path: Path) -> Home:
    return small_night.copy(tmp_path)


def truncate(path: Path, share: float = 0.5) -> None:
    path.chmod(0o600)
    os.truncate(path, int(path.stat().st_size * share))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)


def spoil(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(b"no database at all" * 500)
    path.chmod(0o600)


@pytest.mark.parametrize("share", [0, 0.001, 0.6])
def test_papers_of_a_damaged_served_database_are_refused_in_a_sentence(copy: Home, share: float, tmp_path: Path) -> None:
    truncate(copy.served_database.resolve(), share)
    told = f"publish/history/{current_publication(copy)}/marts.duckdb cannot be read ("
    for command in ("superset", "report"):
        done = CliRunner().invoke(main, [command, "--home", str(copy.root), "--out", str(tmp_path / command)])
        assert done.exit_code == 1 and told in done.stderr and "run `arsverk verify`" in done.stderr, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)


def test_a_pointer_that_leads_nowhere_is_no_first_night(copy: Home, tmp_path: Path) -> None:
    copy.current.unlink()
    copy.current.symlink_to("history/gone")
    done = CliRunner().invoke(main, ["superset", "--home", str(copy.root), "--out", str(tmp_path / "arsverk.zip")])
    assert (done.exit_code, done.stderr) == (1, "publish/history/gone is not whole; run `arsverk verify`\n")


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.6, 0.95])
def test_a_truncated_restricted_database_is_named_and_made_anew(copy: Home, share: float) -> None:
    truncate(copy.warehouse_database, share)
    (finding,) = verify(copy)
    assert finding.startswith("warehouse.duckdb cannot be read (") and "`arsverk run` makes it anew" in finding
    (line,) = mend(copy)
    assert line.startswith("warehouse.duckdb could not be read") and "rows are gone" in line
    assert not copy.warehouse_database.exists()


@pytest.mark.parametrize("name", [SERVED, "publication.parquet", "inputs.parquet", "reconciliation.parquet"])
@pytest.mark.parametrize("source", ["marts.duckdb", "warehouse.duckdb"])
def test_a_damaged_served_file_is_written_again_to_the_byte(copy: Home, name: str, source: str) -> None:
    path = copy.publish.resolve() / "current" / name
    was = sha256_of(path)
    flip(path)
    if source == "warehouse.duckdb":
        truncate(copy.served_database.resolve())
    assert any(name in finding and "`arsverk run` makes it again" in finding for finding in verify(copy))
    assert mend(copy) == [f"{name} of the publication {current_publication(copy)} was damaged and is written again as it was"]
    assert sha256_of(path) == was and path.stat().st_mode & 0o777 == 0o444
    assert not [finding for finding in verify(copy) if name in finding]


@pytest.mark.exhaustive
def test_the_way_out_of_what_cannot_be_mended(copy: Home) -> None:
    """Served file, served database and restricted database at once: one reason given by a human, and a night goes through."""
    flip(copy.publish.resolve() / "current" / SERVED)
    truncate(copy.served_database.resolve())
    truncate(copy.warehouse_database)
    with pytest.raises(
        Refused, match=rf"published file {SERVED} is missing or changed since; restore it from backup, or publish"
    ):
        run_night(copy, settings_file=None, landing=None, as_of=None)
    before = current_publication(copy)
    accepted = arsverk("accept", str(EXTRACT_DATE), "--home", copy.root, "--reason", "disken gikk i stykker")
    assert accepted.returncode == 0, accepted.stderr
    run_night(copy, settings_file=None, landing=None, as_of=None)
    assert current_publication(copy) != before
    # What was damaged stays damaged, and is no longer served; the night after needs nobody.
    assert all(str(before) in finding for finding in verify(copy))
    run_night(copy, settings_file=None, landing=None, as_of=None)


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
def test_a_damaged_database_of_dagster_is_set_aside(copy: Home, name: str) -> None:
    spoil(copy.dagster / name)
    (finding,) = verify(copy)
    assert f"dagster/{name} cannot be read" in finding and "`arsverk run`" in finding
    prepare_instance(copy)
    assert verify(copy) == []


# --- who may read what ---------------------------------------------------------------------------------------


def test_a_night_on_a_damaged_home_publishes_and_nothing_restricted_can_ever_be_opened_by_others(
    copy: Home, tmp_path: Path
) -> None:
    """A poller looks at every file below home while a night runs under umask 022 and mends what is broken."""
    before = current_publication(copy)
    truncate(copy.warehouse_database)
    spoil(copy.dagster / "history" / "runs.db")
    open_to_others: set[str] = set()
    looks, stop = 0, threading.Event()

    def poll() -> None:
        nonlocal looks
        while not stop.is_set():
            looks += 1
            time.sleep(0.005)  # leave the cores to the night
            for folder in (copy.root, copy.build, copy.dagster, copy.dagster / "history", copy.quarantine):
                for entry in os.scandir(folder):
                    if entry.name in ("landing", "publish"):
                        continue
                    try:
                        mode = entry.stat(follow_symlinks=False).st_mode & 0o777
                    except FileNotFoundError:
                        continue
                    if mode & 0o077:
                        open_to_others.add(f"{entry.path} {mode:o}")

    poller = threading.Thread(target=poll)
    poller.start()
    program = ARSVERK if is_exhaustive() else write_arsverk_without_dbt(tmp_path)
    night = subprocess.run(
        [str(program), "run", "--home", str(copy.root)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.umask(0o022) and None,
        check=False,
        timeout=300,
    )
    stop.set()
    poller.join()
    assert night.returncode == 0, night.stderr
    assert looks > 100 and open_to_others == set()
    assert current_publication(copy) != before and verify(copy) == []
    assert "mended: warehouse.duckdb could not be read" in night.stdout
    assert "mended: dagster/history/runs.db could not be read" in night.stdout
    assert "cannot be held against the last publication: the last publication's database is gone" in night.stdout


def test_verify_names_wrong_modes(copy: Home) -> None:
    (copy.history / str(current_publication(copy)) / SERVED).chmod(0o600)
    copy.warehouse_database.chmod(0o644)
    copy.quarantine.chmod(0o755)
    found = verify(copy)
    assert len(found) == 3
    for name, mode, right in [(SERVED, "0600", "444"), ("warehouse.duckdb", "0644", "600"), ("quarantine", "0755", "700")]:
        assert any(f"{name} has the mode {mode} in place of 0{right}: `chmod {right} " in finding for finding in found), found


def test_a_file_that_vanishes_while_it_is_taken_in_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_delivery(home.landing, small_delivery())

    def taken_away(source: BinaryIO, target: BinaryIO, copy: Callable[..., None] = shutil.copyfileobj) -> None:
        if source.name == str(paths[0]):
            paths[0].unlink()
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfileobj", taken_away)
    taken = take_in(home, home.landing, feeds())
    assert len(taken.new) == len(paths) - 1
    assert taken.notes == [
        f"{paths[0].name} was taken away while it was read and is not taken in; put it in the landing folder again"
    ]
    # What no line of the ledger names is not in the archive either: no purge would take it.
    kept = {path.name for path in home.archive.rglob("*") if len(path.name) == 64}
    assert kept == {arrival.sha256 for arrival in taken.new}
