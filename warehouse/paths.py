"""Where everything lies below the home folder, and who may read it. Not here: what is written there."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import Refused

# What names the home, the landing folder and the settings file to nights, and to commands that are not told otherwise.
HOME_VARIABLE = "ARSVERK_HOME"
LANDING_VARIABLE = "ARSVERK_LANDING"
SETTINGS_VARIABLE = "ARSVERK_SETTINGS"

PRIVATE_FOLDER = 0o700
# Readers pass through the home folder to publish/, but may not list it.
PASSAGE_FOLDER = 0o711
PUBLIC_FOLDER = 0o755
PRIVATE_FILE = 0o600
SERVED_FILE = 0o444
# Of the internal publication's group; files made in the folder are the group's too.
INTERNAL_FOLDER = 0o2750
INTERNAL_FILE = 0o640
OF_OTHERS = 0o077


@dataclass(frozen=True)
class Home:
    """The folders and files of one installation (`--home`)."""

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def ledger(self) -> Path:
        return self.archive / "ledger.jsonl"

    @property
    def build(self) -> Path:
        """Scratch of the running night; anything in it may be thrown away."""
        return self.root / "build"

    @property
    def build_database(self) -> Path:
        return self.build / "warehouse.duckdb"

    @property
    def spill(self) -> Path:
        """What a database in memory writes beyond its limit, beside `warehouse.duckdb.tmp`, which is the build database's."""
        return self.build / "memory.tmp"

    @property
    def warehouse_database(self) -> Path:
        """The restricted database behind the last publication."""
        return self.root / "warehouse.duckdb"

    @property
    def private_database(self) -> Path:
        """The restricted database of the last night that passed all gates and was no release; nothing is served from it."""
        return self.root / "private.duckdb"

    @property
    def internal(self) -> Path:
        """The publication for a group of people, with nothing withheld; only when the settings ask for it."""
        return self.root / "internal"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def publish(self) -> Path:
        return self.root / "publish"

    @property
    def history(self) -> Path:
        return self.publish / "history"

    @property
    def current(self) -> Path:
        """The one pointer: a symlink to the publication that is served."""
        return self.publish / "current"

    @property
    def served_database(self) -> Path:
        return self.publish / "marts.duckdb"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def reproduction(self) -> Path:
        """Scratch of `arsverk reproduce`; anything in it may be thrown away."""
        return self.root / "reproduction"

    @property
    def lock(self) -> Path:
        return self.root / "run.lock"

    @property
    def pseudonym_key(self) -> Path:
        return self.root / "pseudonym.key"

    @property
    def key_fingerprint(self) -> Path:
        """Which pseudonym key the archive's nights used. Deleting it lets another key in."""
        return self.root / "pseudonym.fingerprint"

    @property
    def trace_log(self) -> Path:
        """Who has traced a withheld cell, and when."""
        return self.root / "trace.log"

    @property
    def nights(self) -> Path:
        """How each night began and ended (outcome.py)."""
        return self.root / "nights.jsonl"

    @property
    def last_settings(self) -> Path:
        """The settings of the last night that could read them: by them somebody is told when a later one cannot."""
        return self.root / "settings.last.toml"

    def owns(self, path: Path) -> bool:
        """Whether a path is one of those above, or lies below one."""
        found = path.resolve()
        own = [getattr(self, name) for name, kind in vars(Home).items() if isinstance(kind, property)]
        return any(found.is_relative_to(one.resolve()) for one in own)

    def prepare(self, root_mode: int = PASSAGE_FOLDER) -> None:
        """Create the folders with their modes. Modes are set anew so that a loosened one is mended.

        Args:
            root_mode: the mode of the home itself; readers of publications pass through it.

        Raises:
            Refused: the home is another user's, or a folder cannot be made.
        """
        self.require_owner()
        for folder, mode in [
            (self.root, root_mode),
            (self.archive, PRIVATE_FOLDER),
            (self.build, PRIVATE_FOLDER),
            (self.quarantine, PRIVATE_FOLDER),
            (self.dagster, PRIVATE_FOLDER),
            (self.publish, PUBLIC_FOLDER),
            (self.history, PUBLIC_FOLDER),
        ]:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
        if not self.landing.exists():
            self.landing.mkdir(mode=PRIVATE_FOLDER)

    def require_owner(self) -> None:
        """Files made by another user, root included, would stop the owner's next night.

        Raises:
            Refused: this process is not the owner of the home folder.
        """
        if not self.root.exists():
            return
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            name = account_name(owner)
            raise Refused(f"{self.root} belongs to {name}; run the command as that user: sudo -u {name} arsverk …")


def account_name(number: int) -> str:
    """The name of a user of this machine; `#` and the number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def keep_files_private() -> None:
    """From now on this process and its children make files that others cannot open; what is served gets its mode when whole."""
    os.umask(OF_OTHERS)


@contextlib.contextmanager
def readable_by_all() -> Iterator[None]:
    """For files that hold no data and that other users need, as dbt's prepared project."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def fsync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: str) -> None:
    """Write a small file that only its owner may read, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_folder(path.parent)
