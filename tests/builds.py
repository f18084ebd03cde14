"""Builds that tests share, in one process or in several workers: each is made once in a test run and then only read.
Not here: how a build is made (building.py, nights.py), or builds that only one test needs and changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from orchestration.dbt import load_manifest
from orchestration.stages import run_stages
from tests.building import build, build_withholding_small_cells_alone, plan_of, settings_with, without_dbt, without_papers
from tests.nights import night
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.paths import Home
from warehouse.publish import publish
from warehouse.settings import Settings, read_settings

Deliver = Callable[[Path], object]


@dataclass(frozen=True)
class Built:
    """A home folder with a finished build, for reading alone; what a test may change is a `copy`."""

    folder: Path

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    @property
    def settings_file(self) -> Path:
        return self.folder / "arsverk.toml"

    @property
    def settings(self) -> Settings:
        return read_settings(self.settings_file)

    @contextlib.contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The build database, read-only."""
        with connect(self.home.build_database, self.settings, read_only=True) as con:
            yield con

    def copy(self, folder: Path) -> Home:
        """A copy of the whole home below `folder`, free to change.

        Another worker may be reading the home, so that files beside Dagster's databases come and go; its night has ended
        and they hold nothing.
        """
        beside_open_databases = shutil.ignore_patterns("*.db-wal", "*.db-shm", "*.db-journal")
        shutil.copytree(self.home.root, folder / "home", symlinks=True, ignore=beside_open_databases)
        return Home(folder / "home")


def served_whole(built: Built) -> None:
    """Landing → served tables by all of disclosure control, unpublished."""
    build(built.home, built.settings)


def small_cells_withheld_alone(built: Built) -> None:
    """Landing → served tables by the primary decisions, unpublished: for figures of a few persons."""
    build_withholding_small_cells_alone(built.home, built.settings)


def small_cells_withheld_alone_without_dbt(built: Built) -> None:
    """The same by the SQL that dbt compiles, for properties that try many municipalities."""
    build_withholding_small_cells_alone(built.home, built.settings, by_dbt=False)


def published_without_secondary(built: Built) -> None:
    """The same published without papers, for commands that ask a publication of a few persons."""
    small_cells_withheld_alone(built)
    with without_papers():
        publish(built.home, built.settings, tables_of(load_manifest()))


def published_whole(built: Built) -> None:
    """Landing → publication with all of disclosure control, without Dagster."""
    build(built.home, built.settings)
    publish(built.home, built.settings, tables_of(load_manifest()))


def published_by_dbt(built: Built) -> None:
    """The same with the models made and tested by dbt."""
    run_stages(plan_of(built.home, built.settings))


def whole_night(built: Built) -> None:
    """A night through Dagster, published."""
    night(built.home, settings_file=built.settings_file)


def night_without_dbt(built: Built) -> None:
    """The same with the models made by the SQL that dbt compiles, for tests of what was published."""
    with without_dbt():
        whole_night(built)


class Builds:
    """The builds of this test run, by the hash of what they are made of: delivered files, settings and the way of building.

    The code is the same throughout a run, and the folder is a new one for each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def built(self, deliver: Deliver, make: Callable[[Built], None] = small_cells_withheld_alone, **changes: object) -> Built:
        """The build of what `deliver` writes into a landing folder, by the repository's settings with `changes`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        waiting = Path(tempfile.mkdtemp(dir=self.folder, prefix="waiting-"))
        landing = waiting / "home" / "landing"
        landing.mkdir(parents=True)
        deliver(landing)
        settings_with(waiting, **changes)
        built = Built(self.folder / f"{make.__name__}-{_hash(waiting)}")
        with FileLock(f"{built.folder}.lock"):
            if built.folder.exists():
                shutil.rmtree(waiting)
            else:
                waiting.rename(built.folder)
                try:
                    built.home.prepare()
                    make(built)
                except BaseException:
                    shutil.rmtree(built.folder)
                    raise
        return built


def _hash(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content.update(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return content.hexdigest()[:16]


def folder_of_this_run(temporary: pytest.TempPathFactory) -> Path:
    """Below pytest's temporary folder of this run; pytest-xdist gives each worker a folder of its own in that."""
    base = temporary.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "builds"
