"""Takes in what lies in the landing folder: a copy under its SHA-256, and a line in the ledger for each arrival.
Not here: reading of the files' content, or the choice of which delivery to load.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sources.naming import KEPT_BY_PROGRAMS, UNFINISHED, Naming, nearest_form, recognise
from warehouse.errors import Refused
from warehouse.ledger import Arrival, Purge, append, entered_now, of_kind, purged_files, read_ledger, withdrawn_files
from warehouse.outcome import NightWarning
from warehouse.paths import Home, fsync_folder

if TYPE_CHECKING:
    # At run time it would make `arsverk verify` wait for Pandera.
    from sources.contract import Feed


# Beside the files of an extract date it says that all of them are there.
COMPLETE = ".complete"
BETWEEN_LOOKS = 0.5


@dataclass
class TakenIn:
    """What a look into the landing folder found: new arrivals, files seen before, and notes for the data team.

    `warnings` are the notes of which somebody should know when the night ends.
    """

    new: list[Arrival] = field(default_factory=list)
    seen: list[Arrival] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[NightWarning] = field(default_factory=list)

    def warn(self, kind: str, file_name: str, note: str) -> None:
        """A note of a file that does not come in as it should."""
        self.notes.append(note)
        self.warnings.append(NightWarning(kind, note, files=(file_name,)))


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


def all_arrivals(home: Home) -> list[Arrival]:
    """All arrivals, oldest first, those whose file is purged included."""
    return of_kind(read_ledger(home), Arrival)


def kept_arrivals(home: Home) -> list[Arrival]:
    """The arrivals whose file is still to be loaded from, oldest first: neither purged nor withdrawn."""
    entries = read_ledger(home)
    purged, withdrawn = purged_files(entries), withdrawn_files(entries)
    return [
        arrival
        for arrival in of_kind(entries, Arrival)
        if arrival.sha256 not in purged and (arrival.file_name, arrival.sha256) not in withdrawn
    ]


def remove_purged(home: Home) -> None:
    """Finish a purge that broke off between its entry in the ledger and the removal of its files."""
    for sha256 in purged_files(read_ledger(home)):
        archived_file(home, sha256).unlink(missing_ok=True)


@dataclass(frozen=True)
class Settling:
    """When a file has arrived: it has not changed for `seconds`, or the marker `<date>.complete` lies beside it.

    With `look_twice` somebody is waiting: a younger file is looked at twice, a moment apart, and has arrived when it is the
    same. Without, it waits.
    """

    seconds: int = 0
    look_twice: bool = False


def growing_files(landing: Path, paths: Sequence[Path], dates: Mapping[str, date], settling: Settling) -> set[str]:
    """Names of the files that have not arrived yet. `dates`: each file's extract date."""
    now = time.time()
    young = {}
    for path in paths:
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        is_marked = path.name in dates and (landing / f"{dates[path.name]}{COMPLETE}").exists()
        # A time in the future says nothing of when the file was written; its entry in the folder does.
        changed = found.st_mtime if found.st_mtime <= now else found.st_ctime
        if now - changed < settling.seconds and not is_marked:
            young[path] = (found.st_size, found.st_mtime_ns)
    if not young or not settling.look_twice:
        return {path.name for path in young}
    time.sleep(BETWEEN_LOOKS)
    return {path.name for path, before in young.items() if _look(path) not in (before, None)}


def _look(path: Path) -> tuple[int, int] | None:
    """Size and time of a file; None when it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def take_in(home: Home, landing: Path, feeds: Mapping[str, Feed], settling: Settling = Settling()) -> TakenIn:
    """Archive every delivery file in the landing folder that is new, and recognise those seen before.

    A file is known by its hash: the same name with other content is a new arrival, which supersedes the earlier one. The
    landing folder is only read. Files of other names, those that were purged and those in folders below are noted and left
    alone; what came before the payroll system was changed, under its profile, is noted without a warning.

    Raises:
        Refused: there is no landing folder, or something in it cannot be read.
    """
    try:
        if not landing.is_dir():
            raise Refused(f"the landing folder {landing} does not exist")
        return _take_in(home, landing, feeds, settling)
    except PermissionError as denied:
        path = Path(denied.filename or "")
        if not path.is_relative_to(landing):
            raise
        what = f"the landing folder {landing}" if path == landing else path.name
        raise Refused(f"{what} cannot be read; give the user the night runs as read access to it") from None


def _take_in(home: Home, landing: Path, feeds: Mapping[str, Feed], settling: Settling) -> TakenIn:
    remove_purged(home)
    entries = read_ledger(home)
    purged, withdrawn = purged_files(entries), withdrawn_files(entries)
    arrived = all_arrivals(home)
    # Two payroll profiles may know a name as files of their own.
    latest = {(arrival.file_name, arrival.feed): arrival for arrival in arrived}
    of_name = {arrival.file_name: arrival for arrival in arrived}
    hashes = {arrival.sha256: arrival for arrival in reversed(arrived)}
    namings = [naming for feed in feeds.values() for naming in feed.namings]
    personal = {stem for feed in feeds.values() if feed.is_personal for stem in feed.stems}
    taken = TakenIn()
    files = [path for path in _by_time(landing, taken) if not path.name.endswith(COMPLETE)]
    names = {path: named for path in files if path.name.isprintable() and (named := recognise(path.name, namings))}
    growing = growing_files(landing, list(names), {path.name: named.extract_date for path, named in names.items()}, settling)
    for path in files:
        if KEPT_BY_PROGRAMS.fullmatch(_shown(path)):
            taken.notes.append(f"{_shown(path)} is left alone: Excel or Windows keeps it there")
            continue
        if path not in names:
            _note_other_name(path, of_name.get(path.name), namings, taken)
            continue
        named = names[path]
        if path.name in growing:
            taken.warn("waiting", path.name, f"{path.name} is still growing, or has just come, and waits for the next run")
            continue
        stored = _store(home, path, named.extract_date, purged, taken)
        if stored is None:
            continue
        sha256, size = stored
        if withdrawal := withdrawn.get((path.name, sha256)):
            taken.notes.append(f"{path.name} is not used: it was withdrawn ({withdrawal.reason})")
        previous = latest.get((path.name, named.stem))
        if previous and previous.sha256 == sha256:
            taken.seen.append(previous)
            continue
        if (twin := hashes.get(sha256)) and twin.file_name != path.name:
            taken.notes.append(f"{path.name} has the same content as {twin.file_name}, which arrived {twin.arrived_at}")
        arrival = Arrival(
            arrived_at=entered_now(),
            feed=named.stem,
            extract_date=named.extract_date,
            file_name=path.name,
            sha256=sha256,
            size=size,
            is_personal=named.stem in personal,
        )
        latest[path.name, named.stem] = arrival
        hashes.setdefault(sha256, arrival)
        taken.new.append(arrival)
    _note_no_files(landing, namings, taken)
    _note_folders(landing, namings, {name for name, _ in latest}, taken)
    if taken.new:
        taken.new = append(home, taken.new)
    return taken


def _note_other_name(path: Path, came: Arrival | None, namings: Sequence[Naming], taken: TakenIn) -> None:
    """Say of a file that is not called like a delivery file what it may be; `came`: what came by its name before."""
    shown = _shown(path)
    if shown.lower().endswith(UNFINISHED) and recognise(shown.rpartition(".")[0], namings):
        taken.warn("waiting", shown, f"{shown} is not uploaded whole and waits until it has its own name")
    elif came and came.sha256 == sha256_of(path):
        taken.notes.append(f"{path.name} came as {came.feed} of another payroll_profile and is left alone")
    else:
        form = nearest_form(shown, namings)
        meant = f"; if it is meant to be one, call it {form} (a date as 2024-09-30)" if form else ""
        taken.warn("unused", shown, f"{shown} is not a delivery file and is left alone{meant}")
        forms = f"delivery files are called {', '.join(dict.fromkeys(naming.told for naming in namings))}"
        if forms not in taken.notes:
            taken.notes.append(forms)


def _store(home: Home, path: Path, extract_date: date, purged: Mapping[str, Purge], taken: TakenIn) -> tuple[str, int] | None:
    """Put a landed file into the archive; returns its hash and size. None when it cannot come in yet, or at all; that is noted
    then.
    """
    copied = None
    try:
        before = _look(path)
        with path.open("rb") as file:
            if _is_lent(path, file):
                text = f"{path.name} is a link to a file of another account and is left alone; put the file itself there"
                taken.warn("unused", path.name, text)
                return None
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            # A later extract may well hold what a purged one held: a leave file with its header alone, for instance.
            if (purge := purged.get(sha256)) and extract_date < purge.before:
                text = f"{path.name} was purged {purge.purged_at} and is not taken in; remove it from the landing folder"
                taken.warn("unused", path.name, text)
                return None
            copied = _copy_to_archive(home, file, sha256)
        after = _look(path)
    except FileNotFoundError:
        after = None
    if copied and (after is None or before != after):
        # No line of the ledger would name it.
        copied.unlink()
    if after is None:
        taken.warn("unused", path.name, _vanished(path))
        return None
    if before != after:
        taken.warn("waiting", path.name, f"{path.name} is still being written and waits for the next run")
        return None
    return sha256, after[0]


def _is_lent(path: Path, file: BinaryIO) -> bool:
    """Whether an opened file is not of whoever has put it there: by a link an account that may only deliver would have the
    night read what the night's account alone may read, as the pseudonym key.
    """
    put_there_by = path.lstat().st_uid
    return put_there_by not in (os.fstat(file.fileno()).st_uid, os.geteuid(), 0)


def _by_time(landing: Path, taken: TakenIn) -> list[Path]:
    """The files of the landing folder, the oldest first; one that vanishes meanwhile is noted."""
    found = []
    for path in landing.iterdir():
        if path.is_file() and not path.name.startswith("."):
            try:
                found.append((path.stat().st_mtime_ns, path.name, path))
            except FileNotFoundError:
                taken.warn("unused", path.name, _vanished(path))
    return [path for *_, path in sorted(found)]


def _note_no_files(landing: Path, namings: Sequence[Naming], taken: TakenIn) -> None:
    """Warn of what is called like a delivery file and is none that can be read, or a hidden one: people see it lie there."""
    for path in sorted(landing.iterdir()):
        if not path.name.isprintable() or recognise(path.name.removeprefix("."), namings) is None:
            continue
        if path.name.startswith("."):
            taken.warn(
                "unused", path.name, f"{path.name} is hidden and is left alone; name it without the dot when it is whole"
            )
        elif not path.is_file():
            kind = "a folder" if path.is_dir() else "a link that leads nowhere" if path.is_symlink() else "no file"
            taken.warn("unused", path.name, f"{path.name} is {kind} and is left alone; put the file itself there")


def _note_folders(landing: Path, namings: Sequence[Naming], known: set[str], taken: TakenIn) -> None:
    """Warn of folders in the landing folder that hold delivery files which have never come in."""
    for folder in sorted(path for path in landing.iterdir() if path.is_dir() and not path.name.startswith(".")):
        # It may be none of the night's business.
        with contextlib.suppress(OSError):
            names = {path.name for path in folder.iterdir() if path.name.isprintable() and recognise(path.name, namings)}
            if new := sorted(names - known):
                more = f" and {len(new) - 1} more" if len(new) > 1 else ""
                text = f"{_shown(folder)} is a folder and is not looked into; what it has ({new[0]}{more}) has to lie beside it"
                taken.warn("unused", _shown(folder), text)


def _shown(path: Path) -> str:
    """Its name as it can be printed."""
    return path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _vanished(path: Path) -> str:
    return f"{path.name} was taken away while it was read and is not taken in; put it in the landing folder again"


def _copy_to_archive(home: Home, file: BinaryIO, sha256: str) -> Path | None:
    """Store a copy under its hash unless the archive has it already; the copy, where one was made."""
    target = archived_file(home, sha256)
    if target.exists():
        return None
    target.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = home.archive / "arriving"
    temporary.unlink(missing_ok=True)
    file.seek(0)
    with temporary.open("wb") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
    if sha256_of(temporary) != sha256:
        # Changed under our hands; the caller sees it by size and time and lets it wait.
        temporary.unlink()
        return None
    temporary.chmod(0o400)
    temporary.replace(target)
    fsync_folder(target.parent)
    return target
