"""Fixtures all tests share. Not here: helper functions (deliveries.py, building.py), or what only one folder needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deliveries import Delivery, small_delivery
from warehouse.paths import Home
from warehouse.settings import Settings, read_settings


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
