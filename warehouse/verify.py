"""Compares archive, ledger and publications with their recorded hashes. Reads only; mends nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from warehouse.archive import FIRST_PREVIOUS, archived_file, read_ledger, sha256_of, unfinished_line
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.publish import UNFINISHED, current_publication


def verify(home: Home, progress: Callable[[str], None] = lambda message: None) -> list[str]:
    """Everything that differs from what was recorded, one line a finding; an empty list when all is well."""
    return [*_ledger(home, progress), *_archive(home, progress), *_publications(home, progress)]


def _ledger(home: Home, progress: Callable[[str], None]) -> Iterator[str]:
    progress("ledger")
    try:
        entries = read_ledger(home)
    except Refused as unreadable:
        yield str(unreadable)
        return
    if unfinished_line(home):
        yield "ledger: the last line is cut off; if a crash did it, the file arrives again with the next run"
    previous = FIRST_PREVIOUS
    for number, entry in enumerate(entries, start=1):
        if entry.sequence != number or entry.previous != previous or entry.entry_hash != entry.expected_hash():
            yield f"ledger entry {number} ({entry.file_name}) is not as it was written, or one before it is missing"
        previous = entry.entry_hash


def _archive(home: Home, progress: Callable[[str], None]) -> Iterator[str]:
    try:
        entries = read_ledger(home)
    except Refused:
        entries = []
    for sha256, file_name in sorted({(entry.sha256, entry.file_name) for entry in entries}):
        progress(f"archive: {file_name}")
        path = archived_file(home, sha256)
        if not path.exists():
            yield f"archive: {file_name} ({sha256}) is missing"
        elif sha256_of(path) != sha256:
            yield f"archive: {file_name} ({sha256}) is changed"


def _publications(home: Home, progress: Callable[[str], None]) -> Iterator[str]:
    current = current_publication(home)
    folders = sorted(path for path in home.history.glob("*") if path.is_dir() and not path.name.endswith(UNFINISHED))
    if current is None:
        if folders:
            yield "publish/current is missing; the last publication is not served"
        return
    if current not in {folder.name for folder in folders}:
        yield f"publish/current points to {current}, which is missing"
    for folder in folders:
        progress(f"publication {folder.name}")
        yield from _publication(folder)
    manifest = home.history / current / "manifest.json"
    if manifest.exists():
        for name in _manifest(manifest).get("files", {}):
            link = home.publish / name
            if not link.is_symlink() or link.resolve() != (home.history / current / name).resolve():
                yield f"publish/{name} does not lead to the publication {current}"


def _manifest(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}


def _publication(folder: Path) -> Iterator[str]:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        yield f"publication {folder.name}: manifest.json is missing"
        return
    recorded = _manifest(manifest)
    if recorded.get("publication_id") != folder.name or not recorded.get("files"):
        yield f"publication {folder.name}: manifest.json is changed"
        return
    for name, sha256 in recorded["files"].items():
        path = folder / name
        if not path.exists():
            yield f"publication {folder.name}: {name} is missing"
        elif sha256_of(path) != sha256:
            yield f"publication {folder.name}: {name} is changed"
    for path in sorted(folder.iterdir()):
        if path.name != "manifest.json" and path.name not in recorded["files"]:
            yield f"publication {folder.name}: {path.name} does not belong to it"
