"""Takes in what lies in the landing folder: a copy under its SHA-256, and a line in the ledger for each arrival.
Not here: reading of the files' content, or the choice of which delivery to load.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sources.naming import recognise
from warehouse.errors import Refused
from warehouse.paths import PRIVATE_FILE, Home, fsync_folder

if TYPE_CHECKING:
    # At run time it would make `arsverk verify` wait for Pandera.
    from sources.contract import Feed

FIRST_PREVIOUS = "0" * 64


@dataclass(frozen=True)
class Arrival:
    """A file as it once arrived. `feed` is the stem of its name, `sequence` counts arrivals from 1.

    `entry_hash` chains the ledger.
    """

    sequence: int
    arrived_at: str
    feed: str
    extract_date: date
    file_name: str
    sha256: str
    size: int
    previous: str
    entry_hash: str

    def to_json(self) -> str:
        values = {**self.__dict__, "extract_date": self.extract_date.isoformat()}
        return json.dumps(values, ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(line: str) -> Arrival:
        values = json.loads(line)
        return Arrival(**{**values, "extract_date": date.fromisoformat(values["extract_date"])})

    def expected_hash(self) -> str:
        """Hash of the entry's content and of the entry before it."""
        values = {name: str(value) for name, value in self.__dict__.items() if name != "entry_hash"}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode("utf-8")).hexdigest()


@dataclass
class TakenIn:
    """What a look into the landing folder found: new arrivals, files seen before, and notes for the data team."""

    new: list[Arrival] = field(default_factory=list)
    seen: list[Arrival] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def archived_file(home: Home, sha256: str) -> Path:
    """Where the archive keeps the file with that hash."""
    return home.archive / sha256[:2] / sha256


def unchanged_file(home: Home, arrival: Arrival) -> Path:
    """The archive's copy of a file, checked against its hash.

    Raises:
        Refused: the copy is missing or not what arrived.
    """
    path = archived_file(home, arrival.sha256)
    if not path.exists() or sha256_of(path) != arrival.sha256:
        raise Refused(
            f"the archive's copy of {arrival.file_name} is missing or changed; restore archive/{path.relative_to(home.archive)}"
            " from backup, or remove it and put the file in the landing folder again"
        )
    return path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_ledger(home: Home) -> list[Arrival]:
    """All arrivals, oldest first. A last line cut off by a crash is no arrival: its file will arrive again."""
    if not home.ledger.exists():
        return []
    *lines, _ = home.ledger.read_bytes().split(b"\n")
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(Arrival.from_json(line.decode("utf-8")))
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(
                f"archive/{home.ledger.name} line {number} cannot be read ({error}); run `arsverk verify` and restore it"
            ) from None
    return entries


def unfinished_line(home: Home) -> bool:
    """Whether the ledger ends in a line without its end, as a crash leaves it; the next arrival cuts it off."""
    return home.ledger.exists() and not home.ledger.read_bytes().endswith(b"\n")


def take_in(home: Home, landing: Path, feeds: Mapping[str, Feed]) -> TakenIn:
    """Archive every delivery file in the landing folder that is new, and recognise those seen before.

    A file is known by its hash: the same name with other content is a new arrival, which supersedes the earlier one. The
    landing folder is only read. Files of other names are noted and left alone.
    """
    if not landing.is_dir():
        raise Refused(f"the landing folder {landing} does not exist")
    ledger = read_ledger(home)
    latest = {arrival.file_name: arrival for arrival in ledger}
    hashes = {arrival.sha256: arrival for arrival in reversed(ledger)}
    namings = [naming for feed in feeds.values() for naming in feed.namings]
    taken, unknown = TakenIn(), []
    files = [path for path in landing.iterdir() if path.is_file() and not path.name.startswith(".")]
    for path in sorted(files, key=lambda p: (p.stat().st_mtime_ns, p.name)):
        named = recognise(path.name, namings)
        if named is None:
            unknown.append(f"{path.name} is not a delivery file and is left alone")
            continue
        before = path.stat()
        try:
            sha256 = _copy_to_archive(home, path)
        except PermissionError:
            raise Refused(f"{path.name} cannot be read; give the user the night runs as read access to it") from None
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            taken.notes.append(f"{path.name} is still being written and waits for the next run")
            continue
        previous = latest.get(path.name)
        if previous and previous.sha256 == sha256:
            taken.seen.append(previous)
            continue
        if twin := hashes.get(sha256):
            taken.notes.append(f"{path.name} has the same content as {twin.file_name}, which arrived {twin.arrived_at}")
        arrival = Arrival(
            sequence=len(ledger) + 1,
            arrived_at=datetime.now(UTC).isoformat(timespec="seconds"),
            feed=named.stem,
            extract_date=named.extract_date,
            file_name=path.name,
            sha256=sha256,
            size=after.st_size,
            previous=ledger[-1].entry_hash if ledger else FIRST_PREVIOUS,
            entry_hash="",
        )
        arrival = Arrival(**{**arrival.__dict__, "entry_hash": arrival.expected_hash()})
        ledger.append(arrival)
        latest[path.name] = arrival
        hashes.setdefault(sha256, arrival)
        taken.new.append(arrival)
    if unknown:
        names = ", ".join(dict.fromkeys(naming.told for naming in namings))
        taken.notes += [*unknown, f"delivery files are called {names}"]
    if taken.new:
        _append(home, taken.new)
    return taken


def _copy_to_archive(home: Home, path: Path) -> str:
    """Store a copy under its hash unless the archive has it already; returns the hash."""
    sha256 = sha256_of(path)
    target = archived_file(home, sha256)
    if not target.exists():
        target.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = home.archive / "arriving"
        temporary.unlink(missing_ok=True)
        shutil.copyfile(path, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if sha256_of(temporary) != sha256:
            # Changed under our hands; the caller sees it by size and time and lets it wait.
            temporary.unlink()
            return sha256
        temporary.chmod(0o400)
        temporary.replace(target)
        fsync_folder(target.parent)
    return sha256


def _append(home: Home, arrivals: list[Arrival]) -> None:
    """Append to the ledger after cutting off a line that a crash left unfinished."""
    descriptor = os.open(home.ledger, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    with os.fdopen(descriptor, "r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        file.write("".join(arrival.to_json() + "\n" for arrival in arrivals).encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(home.ledger.parent)
