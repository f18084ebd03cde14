"""Fixtures all tests share. Not here: helper functions (municipalities/, building.py), or what only one folder needs."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.building import without_dbt, without_papers
from tests.builds import Builds, Built, folder_of_this_run, whole_night
from tests.examples import register_profiles
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import Delivery, write_delivery
from warehouse.memory import RARELY
from warehouse.paths import Home
from warehouse.settings import Settings, read_settings

register_profiles()
CORES = sorted(os.sched_getaffinity(0))


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several workers a core of its own: they take a sixth less time than where each uses all of them. What
    Dagster, dbt and pandas hold stays to the end, and is no garbage to look for.
    """
    gc.freeze()
    gc.set_threshold(*RARELY)
    worker: dict[str, str | int] = getattr(config, "workerinput", {})
    if 1 < int(worker.get("workercount", 1)) <= len(CORES):
        os.sched_setaffinity(0, {CORES[int(str(worker["workerid"]).removeprefix("gw"))]})


@pytest.fixture
def all_cores() -> Iterator[None]:
    """The test may use every core: what it computes side by side is what it is about."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES)
    yield
    os.sched_setaffinity(0, own)


@pytest.fixture
def small() -> Delivery:
    """A valid delivery of all five required feeds, free to change."""
    return small_delivery()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder with its subfolders, nothing in it yet."""
    prepared = Home(tmp_path / "home")
    prepared.prepare()
    return prepared


@pytest.fixture
def settings() -> Settings:
    """The repository's own settings."""
    return read_settings()


@pytest.fixture(name="without_dbt")
def _without_dbt() -> Iterator[None]:
    """Nights of the test make the models by the SQL that dbt compiles."""
    with without_dbt():
        yield


@pytest.fixture(name="without_papers")
def _without_papers() -> Iterator[None]:
    """Publications of the test come without workbook and report."""
    with without_papers():
        yield


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """Finished builds, shared with all workers; to be read alone."""
    return Builds(folder_of_this_run(tmp_path_factory))


@pytest.fixture(scope="session")
def small_night(builds: Builds) -> Built:
    """The small delivery published by a whole night, to be read alone."""
    return builds.built(lambda landing: write_delivery(landing, small_delivery()), whole_night)
