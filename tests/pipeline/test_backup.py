"""The drill: a backup made while a night runs is restored, verified, traced and run on. Also homes copied by other means."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from orchestration.run import run_night
from sources.registry import feeds
from tests.builds import Built
from tests.command import arsverk, start_arsverk
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.archive import kept_arrivals, take_in
from warehouse.backup import RECORD, back_up, restore
from warehouse.errors import Refused, UsageError
from warehouse.mend import mend
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import DEFAULT_FILE
from warehouse.verify import verify

OCTOBER = date(2024, 10, 31)
CELL = ("org_units", "org_unit_code=1000")


@pytest.fixture
def home(small_night: Built, tmp_path: Path) -> Home:
    return small_night.copy(tmp_path)


def restored(backup: Path, folder: Path) -> Home:
    home = Home(folder)
    restore(backup, home)
    return home


@pytest.mark.exhaustive
def test_backups_made_while_a_night_runs_hold(home: Home, small_night: Built, tmp_path: Path) -> None:
    """Before, during and after the swap: each copy is as it was written, can be traced, and the next night works on one."""
    write_delivery(home.landing, small_delivery(), extract_date=OCTOBER)
    night = start_arsverk("run", "--home", home.root, "--settings", small_night.settings_file)
    assert night.stdout is not None
    made = []
    for line in night.stdout:
        if any(stage in line for stage in ("feeds: organisasjon", "models: sick_leave_by_unit", "disclosure_attack", "served")):
            made.append(tmp_path / f"backup-{len(made)}")
            back_up(home, made[-1], DEFAULT_FILE)
    assert night.wait(60) == 0, night.stderr
    assert len(made) >= 3
    homes = [restored(backup, tmp_path / f"restored-{number}") for number, backup in enumerate(made)]
    assert [verify(one) for one in homes] == [[]] * len(homes)
    assert {current_publication(one) for one in homes} <= {path.name for path in home.history.iterdir()}
    for one in (homes[0], homes[-1]):
        traced = arsverk("trace", *CELL, "--home", one.root)
        assert traced.returncode == 0, traced.stderr
        assert oct(one.warehouse_database.stat().st_mode)[-3:] == "600" and oct(one.archive.stat().st_mode)[-3:] == "700"
        assert oct(one.root.stat().st_mode)[-3:] == "711"
    shutil.copy2(home.pseudonym_key, homes[0].pseudonym_key)
    before = current_publication(homes[0])
    write_delivery(homes[0].landing, small_delivery(), extract_date=OCTOBER)
    assert run_night(homes[0], settings_file=small_night.settings_file, landing=None, as_of=None) != before
    assert verify(homes[0]) == []


def test_the_commands_say_what_is_in_it_and_what_is_lost_without_the_key(home: Home, tmp_path: Path) -> None:
    backup, again = tmp_path / "backup", tmp_path / "again"
    done = arsverk("backup", backup, "--home", home.root)
    assert done.returncode == 0, done.stderr
    assert str(current_publication(home)) in done.stdout and "keep it apart" in done.stdout
    assert oct(backup.stat().st_mode)[-3:] == "700"
    assert not [path for path in backup.rglob("*") if path.name == home.pseudonym_key.name]
    assert arsverk("backup", backup, "--home", home.root).returncode == 2
    done = arsverk("restore", backup, "--home", again)
    assert done.returncode == 0, done.stderr
    assert "the pseudonym key is not in a backup" in done.stdout and "every person then gets a new pseudonym" in done.stdout
    (tmp_path / "landing").mkdir()
    write_delivery(tmp_path / "landing", small_delivery(), extract_date=OCTOBER)
    with pytest.raises(Refused, match="the pseudonym key is missing"):
        run_night(Home(again), settings_file=None, landing=tmp_path / "landing", as_of=None)
    assert arsverk("restore", backup, "--home", again).returncode == 2


def test_a_damaged_backup_restores_nothing(home: Home, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    record = back_up(home, backup, DEFAULT_FILE)
    assert json.loads((backup / RECORD).read_text(encoding="utf-8")) == record
    path = backup / "home" / "warehouse.duckdb"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refused, match=r"warehouse\.duckdb is missing or changed; nothing is restored"):
        restore(backup, Home(tmp_path / "again"))
    assert not (tmp_path / "again").exists()
    with pytest.raises(UsageError, match="is no backup"):
        restore(home.root, Home(tmp_path / "again"))
    with pytest.raises(Refused, match=r"the backup is not made: /proc/backup\.unfinished"):
        back_up(home, Path("/proc/backup"), DEFAULT_FILE)
    with pytest.raises(UsageError, match="within the home"):
        back_up(home, home.root / "backup", DEFAULT_FILE)


def test_what_arrives_while_a_backup_is_made_is_in_it_whole(tmp_path: Path) -> None:
    home, backup = Home(tmp_path / "home"), tmp_path / "backup"
    home.prepare()
    write_delivery(home.landing, small_delivery())
    take_in(home, home.landing, feeds())

    def arrive(name: str) -> None:
        # The archive is copied by then.
        if name == "publish" and len(kept_arrivals(home)) == 5:
            write_delivery(home.landing, small_delivery(), extract_date=OCTOBER)
            take_in(home, home.landing, feeds())

    # A night is just writing its line.
    home.nights.write_text("one line\nhalf of ano", encoding="utf-8")
    back_up(home, backup, DEFAULT_FILE, arrive)
    again = restored(backup, tmp_path / "again")
    assert again.nights.read_text(encoding="utf-8") == "one line\n"
    assert len(kept_arrivals(again)) == 10 and verify(again) == []
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notat.txt").write_text("en annens", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty"):
        restore(backup, Home(tmp_path / "other"))


@pytest.mark.parametrize("follow", [True, False], ids=["links followed", "links left out"])
def test_a_home_copied_without_its_links_is_mended(home: Home, tmp_path: Path, follow: bool) -> None:
    copy = Home(tmp_path / "copy")
    shutil.copytree(home.root, copy.root, symlinks=not follow)
    if not follow:
        for path in copy.publish.iterdir():
            if path.is_symlink():
                path.unlink()
    served = current_publication(home)
    assert current_publication(copy) == (served if follow else None)
    (line,) = mend(copy)
    assert line.startswith("publish/current was") and line.endswith(f"leads to the publication {served} again")
    assert verify(copy) == [] and mend(copy) == []


@pytest.mark.exhaustive
def test_a_night_works_on_a_copy_with_links_followed(home: Home, small_night: Built, tmp_path: Path) -> None:
    copy = Home(tmp_path / "copy")
    shutil.copytree(home.root, copy.root, symlinks=False)
    write_delivery(copy.landing, small_delivery(), extract_date=OCTOBER)
    before = current_publication(copy)
    assert run_night(copy, settings_file=small_night.settings_file, landing=None, as_of=None) != before
    assert verify(copy) == []


def test_trace_without_the_restricted_database_says_what_is_missing(home: Home) -> None:
    home.warehouse_database.unlink()
    done = arsverk("trace", *CELL, "--home", home.root)
    assert done.returncode == 1
    assert done.stderr.startswith("warehouse.duckdb is missing, which has the rows behind") and "`arsverk run`" in done.stderr
