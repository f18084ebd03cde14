"""The municipalities of one installation: a file each in one folder, with the settings and where home and deliveries lie.
Not here: when their nights run (orchestration/municipalities.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import UsageError
from warehouse.paths import Home
from warehouse.settings import Settings, read_settings

FOLDER_VARIABLE = "ARSVERK_MUNICIPALITIES"


@dataclass(frozen=True)
class Municipality:
    """One of them. `key` is its pseudonym key when its file names a file for it; else the key lies below its home."""

    name: str
    settings_file: Path
    settings: Settings
    home: Home
    landing: Path
    key: str | None


def folder() -> Path:
    """Where the files are: ARSVERK_MUNICIPALITIES, else ./municipalities."""
    return Path(os.environ.get(FOLDER_VARIABLE) or "municipalities").resolve()


def names() -> list[str]:
    """The municipalities that have a file, by its name."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def municipality(name: str) -> Municipality:
    """One municipality by the name of its file.

    Raises:
        UsageError: there is none, its file is wrong, it shares a folder with another, or its key cannot be read.
    """
    path = folder() / f"{name}.toml"
    if name not in names():
        raise UsageError(f"there is no {path.name} in {folder()}; there are: {', '.join(names()) or 'none'}")
    settings = read_settings(path)
    if settings.folders is None:
        raise UsageError(f"{path.name}: folders is missing; write folders = {{ home = …, landing = … }}")
    _must_be_its_own(name, settings)
    key = None
    if settings.folders.key_file:
        try:
            key = Path(settings.folders.key_file).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise UsageError(f"{path.name}: key_file {settings.folders.key_file} cannot be read: {error}") from None
    return Municipality(name, path, settings, Home(Path(settings.folders.home)), Path(settings.folders.landing), key)


def _must_be_its_own(name: str, settings: Settings) -> None:
    """No two municipalities share a home, a landing folder or a key. A file that cannot be read says nothing of folders."""
    assert settings.folders
    own = settings.folders
    for other in names():
        if other == name:
            continue
        try:
            theirs = read_settings(folder() / f"{other}.toml").folders
        except UsageError:
            continue
        if theirs is None:
            continue
        for what in ("home", "landing", "key_file"):
            mine, yours = getattr(own, what), getattr(theirs, what)
            if mine and yours and os.path.normpath(mine) == os.path.normpath(yours):
                raise UsageError(f"{name}.toml and {other}.toml have the same {what}: {mine}; each needs its own")
