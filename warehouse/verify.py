"""Compares archive, ledger and publications with their recorded hashes, opens the databases, and looks at who may read what.
Reads only. Not here: mending (mend.py).
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from warehouse.archive import archived_file, sha256_of
from warehouse.errors import Refused
from warehouse.ledger import (
    FIRST_PREVIOUS,
    Arrival,
    Entry,
    PublicationEntry,
    of_kind,
    purged_files,
    read_ledger,
    thinned_publications,
    unfinished_line,
)
from warehouse.mend import damaged_dagster, restricted_damage
from warehouse.paths import (
    INTERNAL_FILE,
    INTERNAL_FOLDER,
    OF_OTHERS,
    PASSAGE_FOLDER,
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    PUBLIC_FOLDER,
    SERVED_FILE,
    Home,
)
from warehouse.publication import current_publication
from warehouse.publish import UNFINISHED, names_at_top, ready_pointer

WHAT_HELPS = ": restore it from backup; of the publication that is served `arsverk run` makes it again"


def verify(home: Home, progress: Callable[[str], None] = lambda message: None) -> list[str]:
    """Everything that differs from what was recorded, one line a finding; an empty list when all is well.

    Purged files are well when they are gone, and when a purge that broke off has still to remove them.
    """
    try:
        entries = read_ledger(home)
    except Refused as unreadable:
        return [str(unreadable), *_publications(home, None, progress), *_databases(home, progress), *_modes(home, progress)]
    return [
        *_ledger(home, entries, progress),
        *_archive(home, entries, progress),
        *_publications(home, entries, progress),
        *_databases(home, progress),
        *_modes(home, progress),
    ]


def _databases(home: Home, progress: Callable[[str], None]) -> Iterator[str]:
    progress("databases")
    if damage := restricted_damage(home):
        yield f"warehouse.duckdb cannot be read ({damage}): `arsverk run` makes it anew"
    for path, damage in damaged_dagster(home):
        name = path.relative_to(home.dagster)
        yield f"dagster/{name} cannot be read ({damage}): `arsverk run` sets it aside and begins it anew"


def _modes(home: Home, progress: Callable[[str], None]) -> Iterator[str]:
    """What others may open and must not, or what readers need and cannot. The landing folder belongs to those who deliver."""
    progress("modes")
    if (mode := _mode(home.root)) not in (None, PASSAGE_FOLDER):
        yield _mode_text(home, home.root, mode, PASSAGE_FOLDER)
    for path in sorted(home.root.iterdir()):
        if path in (home.landing, home.reproduction):
            continue
        for below in (path, *(sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else [])):
            mode = _mode(below)
            if mode is None or UNFINISHED in str(below):
                continue
            is_folder, is_served = below.is_dir(), path == home.publish
            right = (
                (PUBLIC_FOLDER if is_folder else SERVED_FILE) if is_served else (PRIVATE_FOLDER if is_folder else PRIVATE_FILE)
            )
            if path == home.internal:
                right = INTERNAL_FOLDER if is_folder else INTERNAL_FILE
                is_served = True  # just these modes, so that the group can read and nobody else
            if mode != right if is_served else mode & OF_OTHERS:
                yield _mode_text(home, below, mode, right)


def _mode(path: Path) -> int | None:
    """A file's permissions; None for a link, and for what a running night has just taken away."""
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISLNK(found) else stat.S_IMODE(found)


def _mode_text(home: Home, path: Path, mode: int | None, right: int) -> str:
    name = path.relative_to(home.root) if path != home.root else "the home folder"
    return f"{name} has the mode {mode:04o} in place of {right:04o}: `chmod {right:o} {path}`"


def _ledger(home: Home, entries: Sequence[Entry], progress: Callable[[str], None]) -> Iterator[str]:
    progress("ledger")
    if unfinished_line(home):
        yield "ledger: the last line is cut off; if a crash did it, the next run records again what the line recorded"
    previous = FIRST_PREVIOUS
    for number, entry in enumerate(entries, start=1):
        if entry.sequence != number or entry.previous != previous or entry.entry_hash != entry.expected_hash():
            yield f"ledger entry {number} ({entry.text}) is not as it was written, or one before it is missing"
        previous = entry.entry_hash


def _archive(home: Home, entries: Sequence[Entry], progress: Callable[[str], None]) -> Iterator[str]:
    purged = purged_files(entries)
    for sha256, file_name in sorted({(arrival.sha256, arrival.file_name) for arrival in of_kind(entries, Arrival)}):
        progress(f"archive: {file_name}")
        path = archived_file(home, sha256)
        if not path.exists():
            if sha256 not in purged:
                yield f"archive: {file_name} ({sha256}) is missing"
        elif sha256_of(path) != sha256:
            yield f"archive: {file_name} ({sha256}) is changed"


def _publications(home: Home, entries: Sequence[Entry] | None, progress: Callable[[str], None]) -> Iterator[str]:
    """Every folder against its manifest and the ledger (None when that cannot be read), and the links against the last."""
    current = current_publication(home)
    folders = {
        path.name: path for path in sorted(home.history.glob("*")) if path.is_dir() and not path.name.endswith(UNFINISHED)
    }
    published = of_kind(entries or [], PublicationEntry)
    recorded: dict[str, set[str]] = {}
    for entry in published:
        recorded.setdefault(entry.publication_id, set()).add(entry.manifest_sha256)
    heads = {FIRST_PREVIOUS, *(entry.entry_hash for entry in entries or [])}
    served = {name for name in (current, *(entry.previous_publication for entry in published)) if name}
    served -= thinned_publications(entries or []).keys()
    for name in sorted(folders.keys() | served):
        if name not in folders:
            yield f"publication {name} is missing from publish/history"
            continue
        progress(f"publication {name}")
        if entries is not None and name not in recorded:
            yield f"publication {name} is not in the ledger; entries of the ledger are missing"
        yield from _publication(folders[name], recorded.get(name), heads if entries is not None else None)
    yield from _pointers(home, published)


def _pointers(home: Home, published: Sequence[PublicationEntry]) -> Iterator[str]:
    """`publish/current` and the names beside it lead to the last publication."""
    current = current_publication(home)
    # A run that broke off before it could swap the pointer has left it ready.
    broke_off = ready_pointer(home).is_symlink()
    if current is None:
        if published and not broke_off:
            yield "publish/current is missing; the last publication is not served"
        return
    last = published[-1] if published else None
    if last and current != last.publication_id and not (broke_off and current == last.previous_publication):
        yield f"publish/current points to {current}, which is not the last publication"
    if (home.history / current).is_dir():
        for name in names_at_top(_manifest(home.history / current / "manifest.json").get("files", {})):
            link = home.publish / name
            if not link.is_symlink() or str(link.readlink()) != f"current/{name}":
                yield f"publish/{name} does not lead to the publication {current}"
    if str(home.current.readlink()) != f"history/{current}":
        yield "publish/current does not lead to publish/history"


def _manifest(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return {}
    return found if isinstance(found, dict) else {}


def _publication(folder: Path, manifests: set[str] | None, heads: set[str] | None) -> Iterator[str]:
    """One folder against its manifest, and that against its entries in the ledger."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        yield f"publication {folder.name}: manifest.json is missing"
        return
    recorded = _manifest(manifest)
    if recorded.get("publication_id") != folder.name or not recorded.get("files"):
        yield f"publication {folder.name}: manifest.json is changed"
        return
    if manifests is not None and sha256_of(manifest) not in manifests:
        yield f"publication {folder.name}: manifest.json is changed"
    if heads is not None and recorded.get("ledger_head") not in heads:
        yield f"publication {folder.name}: the ledger it was made with ended in an entry that is no longer there"
    for name, sha256 in recorded["files"].items():
        path = folder / name
        if not path.exists():
            yield f"publication {folder.name}: {name} is missing{WHAT_HELPS}"
        elif sha256_of(path) != sha256:
            yield f"publication {folder.name}: {name} is changed{WHAT_HELPS}"
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name != "manifest.json" and name not in recorded["files"] and not path.is_dir():
            yield f"publication {folder.name}: {name} does not belong to it"
