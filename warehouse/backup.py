"""A consistent copy of a home, made while nights run, and a home made of such a copy again.
Not here: the pseudonym key, which has to be kept apart; the landing folder, whose files the archive has.

What makes it consistent without waiting for a night: archived files and publications never change, databases and the ledger are
replaced or appended to. The ledger is read first and again at the end; where it, the pointer or a database is another one by
then, what has changed is copied once more.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from warehouse.archive import sha256_of
from warehouse.errors import Refused, UsageError
from warehouse.ledger import entered_now, head, read_ledger
from warehouse.lock import writer_lock
from warehouse.paths import PRIVATE_FOLDER, Home, fsync_folder
from warehouse.pseudonym import WHAT_IS_LOST
from warehouse.publication import code_version, current_publication
from warehouse.publish import UNFINISHED

RECORD = "backup.json"
COPY = "home"
SETTINGS = "arsverk.toml"
# Left out: made anew by every night, of this machine alone, or to be kept apart.
LEFT_OUT = ("landing", "build", "reproduction", "internal_build", "run.lock", "pseudonym.key")
# Databases of Dagster that are being written to; SQLite copies them itself.
SQLITE = ".db"
BESIDE_SQLITE = (".db-wal", ".db-shm")
# Lines are added to them at any time; a copy ends with the last whole one.
APPENDED = ("ledger.jsonl", "nights.jsonl", "trace.log")
TRIES = 5
LOST_WITHOUT_KEY = (
    "the pseudonym key is not in a backup. Without it figures, trace, history, verify and attack work, and the next night"
    f" stops. Put the key back (ARSVERK_PSEUDONYM_KEY, or pseudonym.key below the home, mode 0600). {WHAT_IS_LOST}"
)


def back_up(
    home: Home, target: Path, settings_file: Path, progress: Callable[[str], None] = lambda message: None
) -> dict[str, Any]:
    """Copy a home into a new folder, whole or not at all; returns the record that is written beside it.

    Raises:
        UsageError: the target is there already, or lies within the home.
        Refused: the home is another user's, the target cannot be written, or nights ended so often that no copy held.
    """
    target = target.resolve()
    if target.exists():
        raise UsageError(f"{target} exists; a backup is made in a new folder")
    if home.root in target.parents:
        raise UsageError(f"{target} lies within the home folder; a backup belongs on another disk")
    home.require_owner()
    unfinished = target.with_name(target.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        return _back_up(home, target, unfinished, settings_file, progress)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise Refused(f"the backup is not made: {error.filename or target}: {error.strerror}") from None


def _back_up(
    home: Home, target: Path, unfinished: Path, settings_file: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is no folder; mount the disk, or make it")
    unfinished.mkdir(mode=PRIVATE_FOLDER)
    (unfinished / COPY).mkdir(mode=PRIVATE_FOLDER)
    files: dict[str, dict[str, Any]] = {}
    for _ in range(TRIES):
        before = _state(home)
        files = _copy_all(home, unfinished / COPY, files, progress)
        if _state(home) == before:
            break
    else:
        shutil.rmtree(unfinished)
        raise Refused("nights ended so often while the backup was made that no copy holds; try again")
    shutil.copyfile(settings_file, unfinished / SETTINGS)
    copied = Home(unfinished / COPY)
    record = {
        "made_at": entered_now(),
        "code_version": code_version(),
        "publication_id": current_publication(copied),
        "ledger_head": head(read_ledger(copied)),
        "files": files,
    }
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    (unfinished / RECORD).write_text(text, encoding="utf-8")
    fsync_folder(unfinished)
    unfinished.rename(target)
    fsync_folder(target.parent)
    return record


def _state(home: Home) -> tuple[Any, ...]:
    """What changes when a night ends, a file arrives or somebody decides."""
    return (
        head(read_ledger(home)),
        str(home.current.readlink()) if home.current.is_symlink() else None,
        *(_identity(path) for path in (home.warehouse_database, home.private_database, home.key_fingerprint)),
    )


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _copy_all(
    home: Home, target: Path, done: dict[str, dict[str, Any]], progress: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Copy everything that a backup holds; files that never change and are copied already stay. Returns each one's record."""
    files: dict[str, dict[str, Any]] = {}
    # The ledger first: what it names is there, and what comes later is not named.
    first = [home.ledger] if home.ledger.exists() else []
    for path in [*first, *(path for path in _parts(home.root) if path != home.ledger)]:
        name = path.relative_to(home.root).as_posix()
        copy = target / name
        progress(name)
        with contextlib.suppress(FileNotFoundError):  # taken away meanwhile, by the end of a night or a purge
            if path.is_symlink():
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.unlink(missing_ok=True)
                copy.symlink_to(path.readlink())
                files[name] = {"link": str(path.readlink())}
            elif path.is_dir():
                copy.mkdir(parents=True, exist_ok=True)
                files[name] = {"folder": stat.S_IMODE(path.stat().st_mode)}
            elif name in done and copy.exists() and _never_changes(home, path):
                files[name] = done[name]
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                mode = stat.S_IMODE(path.stat().st_mode)
                files[name] = {"mode": mode, "sha256": _copy(path, copy)}
    for path in [path for path in target.rglob("*") if path.relative_to(target).as_posix() not in files]:
        if path.is_symlink() or path.is_file():
            path.unlink()
    for name, record in files.items():
        if "folder" in record:
            (target / name).chmod(record["folder"])
        elif "mode" in record:
            (target / name).chmod(record["mode"])
    return files


def _parts(root: Path) -> Iterator[Path]:
    """Everything below a home that a backup holds, folders before what is in them."""
    for path in sorted(root.iterdir()):
        if path.name not in LEFT_OUT:
            yield path
            if path.is_dir() and not path.is_symlink():
                for below in sorted(path.rglob("*")):
                    if UNFINISHED not in str(below) and not below.name.endswith(BESIDE_SQLITE):
                        yield below


def _never_changes(home: Home, path: Path) -> bool:
    """Whether a file is what it was when it was first seen: archived files bear their hash, publications stay as they are."""
    return path != home.ledger and (home.archive in path.parents or home.history in path.parents)


def _copy(path: Path, copy: Path) -> str:
    """Copy a file as it is at one moment; returns its SHA-256."""
    copy.unlink(missing_ok=True)
    content = hashlib.sha256()
    if path.suffix == SQLITE and _copied_by_sqlite(path, copy):
        content.update(copy.read_bytes())
    elif path.name in APPENDED:
        text = path.read_bytes()
        text = text[: text.rfind(b"\n") + 1]
        copy.write_bytes(text)
        content.update(text)
    else:
        # An open file stays the one it is, though a night puts another in its place.
        with path.open("rb") as source_file, copy.open("xb") as goal_file:
            while block := source_file.read(1 << 20):
                content.update(block)
                goal_file.write(block)
    with copy.open("rb") as written:
        os.fsync(written.fileno())
    return content.hexdigest()


def _copied_by_sqlite(path: Path, copy: Path) -> bool:
    """Copy a database that may be written to meanwhile; False when SQLite cannot read it, which the next night mends."""
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as source,
            contextlib.closing(sqlite3.connect(copy)) as goal,
        ):
            source.backup(goal)
    except sqlite3.DatabaseError:
        copy.unlink(missing_ok=True)
        return False
    return True


def restore(backup: Path, home: Home, progress: Callable[[str], None] = lambda message: None) -> dict[str, Any]:
    """Make a home of a backup; returns the backup's record.

    Raises:
        UsageError: the folder is no backup, or the home is there already.
        Refused: a file of the backup is not as it was written, and nothing is restored; or the home cannot be written.
    """
    try:
        record: dict[str, Any] = json.loads((backup / RECORD).read_text(encoding="utf-8"))
        files: dict[str, dict[str, Any]] = record["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{backup} is no backup: it has no {RECORD} that can be read") from None
    of_a_home = {Path(name).parts[0] for name in files} | {*LEFT_OUT, "quarantine", "dagster", "publish", "archive"}
    if home.ledger.exists() or (home.root.exists() and {path.name for path in home.root.iterdir()} - of_a_home):
        raise UsageError(f"{home.root} is not empty; restore into a new folder, and put it in place when it is whole")
    damaged = []
    for name, one in files.items():
        if "sha256" in one:
            progress(name)
            if not (backup / COPY / name).is_file() or sha256_of(backup / COPY / name) != one["sha256"]:
                damaged.append(name)
    if damaged:
        raise Refused("\n".join(f"{backup.name}: {name} is missing or changed; nothing is restored" for name in damaged))
    try:
        _restore(backup, home, files, progress)
    except OSError as error:
        raise Refused(f"not restored: {error.filename or home.root}: {error.strerror}; it can be tried again") from None
    return record


def _restore(backup: Path, home: Home, files: dict[str, dict[str, Any]], progress: Callable[[str], None]) -> None:
    home.prepare()
    with writer_lock(home):
        # The ledger last: without it the home is empty, and can be restored into again.
        for name in sorted(files, key=lambda name: (name == home.ledger.relative_to(home.root).as_posix(), name)):
            progress(name)
            _restore_one(backup / COPY / name, home.root / name, files[name])
        for folder in {(home.root / name).parent for name in files}:
            fsync_folder(folder)


def _restore_one(source: Path, path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if "folder" in record:
        path.mkdir(exist_ok=True)
        path.chmod(record["folder"])
    elif "link" in record:
        path.unlink(missing_ok=True)
        path.symlink_to(record["link"])
    else:
        path.unlink(missing_ok=True)
        shutil.copyfile(source, path)
        path.chmod(record["mode"])
        with path.open("rb") as file:
            os.fsync(file.fileno())
