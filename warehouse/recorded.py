"""A past publication as it recorded itself: its tables, inputs and settings, and its raw rows loaded again from the archive.
Not here: the list of publications (history.py), or the models computed again (orchestration/reproduce.py).
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from sources.contract import Feed
from warehouse.acceptance import accept_delivery
from warehouse.archive import all_arrivals, archived_file, sha256_of
from warehouse.build_database import start_build
from warehouse.database import connect, one, quoted
from warehouse.delivery import Delivery, choose
from warehouse.errors import Damaged, Refused
from warehouse.ledger import must_be_kept, purged_files, read_ledger
from warehouse.load import load_feed
from warehouse.lock import writer_lock
from warehouse.paths import PRIVATE_FOLDER, Home
from warehouse.settings import Settings, feeds_of, settings_again


@dataclass(frozen=True)
class Recorded:
    """One publication in the history folder."""

    home: Home
    publication_id: str

    @property
    def folder(self) -> Path:
        return self.home.history / self.publication_id

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What its manifest.json says.

        Raises:
            Refused: there is none, or it, or a table about the publication, is not as it was written.
        """
        try:
            manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
            own = [self.folder / name for name in ("publication.parquet", "inputs.parquet")]
            if all(sha256_of(path) == manifest["files"][path.name] for path in own):
                return manifest
        except (OSError, ValueError, KeyError, TypeError):
            pass
        must_be_kept(self.home, self.publication_id)
        raise Damaged(f"what publication {self.publication_id} recorded of itself is missing or changed; run `arsverk verify`")

    @cached_property
    def row(self) -> dict[str, Any]:
        """The row of its table `publication`."""
        with duckdb.connect() as con:
            found = con.execute(f"from read_parquet({quoted(str(self._own('publication')))})")
            return dict(zip([column[0] for column in found.description or []], found.fetchone() or (), strict=True))

    def _own(self, table: str) -> Path:
        assert self.manifest
        return self.folder / f"{table}.parquet"

    def settings(self, today: Settings) -> tuple[Settings, list[str]]:
        """Its settings, with today's for what it did not record, and a line for each setting unknown then or now."""
        return settings_again(json.loads(self.row["settings"]), today)

    def inputs(self) -> list[tuple[str, str]]:
        """File name and hash of each of its files."""
        with duckdb.connect() as con:
            path = quoted(str(self._own("inputs")))
            return con.execute(f"select distinct file_name, sha256 from read_parquet({path}) order by all").fetchall()

    def changed_files(self) -> list[str]:
        """A line for each of its published files that is not as its manifest recorded it."""
        return [
            f"published file {name} is missing or changed since"
            for name, sha256 in self.manifest["files"].items()
            if not (self.folder / name).exists() or sha256_of(self.folder / name) != sha256
        ]

    def damage(self) -> str | None:
        """Why its figures cannot be relied on, if so. The database beside them is for readers; nothing is compared with it."""
        try:
            changed = [line for line in self.changed_files() if ".parquet " in line]
        except Refused as unreadable:
            return str(unreadable)
        return f"publication {self.publication_id}: {changed[0]}" if changed else None

    def gone_inputs(self) -> list[str]:
        """A line for each of its files that the archive has no longer as it was."""
        purged = purged_files(read_ledger(self.home))
        gone = []
        for file_name, sha256 in self.inputs():
            path = archived_file(self.home, sha256)
            if purge := purged.get(sha256):
                gone.append(f"{file_name} ({sha256}) was purged {purge.purged_at} with all person data before {purge.before}")
            elif not path.exists():
                gone.append(f"{file_name} ({sha256}) is missing from the archive")
            elif sha256_of(path) != sha256:
                gone.append(f"{file_name} ({sha256}) is changed in the archive")
        return gone

    def delivery(self, feeds: Mapping[str, Feed]) -> Delivery:
        """Its files as they arrived, in the order they were loaded in.

        Raises:
            Refused: a file is gone, or its name is not a delivery's any more; the message names each.
        """
        if gone := self.gone_inputs():
            raise Refused("\n".join([f"inputs of the publication {self.publication_id} are gone", *gone]))
        wanted = set(self.inputs())
        arrivals = [arrival for arrival in all_arrivals(self.home) if (arrival.file_name, arrival.sha256) in wanted]
        chosen = choose(arrivals, feeds, None).delivery
        if left_out := wanted - {(arrival.file_name, arrival.sha256) for arrival in chosen.files}:
            names = ", ".join(sorted(file_name for file_name, _ in left_out))
            raise Refused(f"today's code does not take {names} for files of the delivery of {self.row['as_of']}")
        return chosen


@contextlib.contextmanager
def scratch_home(home: Home, root: Path) -> Iterator[Home]:
    """An empty home below another one, with its archive, history and key, for building without touching anything there.

    It is removed at the end; what a killed process left of it is removed at the beginning.
    """
    root.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    scratch = Home(root)
    with writer_lock(scratch):
        remove_scratch(scratch)
        scratch.publish.mkdir(mode=PRIVATE_FOLDER)
        for link, target in [
            (scratch.archive, home.archive),
            (scratch.history, home.history),
            (scratch.pseudonym_key, home.pseudonym_key),
            (scratch.key_fingerprint, home.key_fingerprint),
        ]:
            if target.exists():
                link.symlink_to(target.resolve())
        scratch.prepare(root_mode=PRIVATE_FOLDER)
        try:
            yield scratch
        finally:
            remove_scratch(scratch)
            shutil.rmtree(root, ignore_errors=True)


def remove_scratch(scratch: Home) -> None:
    """Empty a scratch folder but for its lock; links are cut, what they lead to stays."""
    for path in scratch.root.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != scratch.lock:
            path.unlink()


def load_delivery(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery) -> None:
    """Load all files of a delivery into a new build database, for its raw rows alone.

    Raises:
        Refused: the delivery may not be built upon.
    """
    start_build(home, settings, feeds, delivery)
    with connect(home.build_database, settings) as con:
        for feed in feeds.values():
            load_feed(con, home, feed, delivery.of(feed))
    accept_delivery(home, settings, feeds, delivery)


@contextlib.contextmanager
def raw_rows(home: Home, publication_id: str, today: Settings, scratch: Path) -> Iterator[Path]:
    """A database with the raw tables that a publication was computed from.

    It is the restricted database when that belongs to the publication; else the rows are loaded again from the archive.
    """
    if _belongs(home.warehouse_database, publication_id, today):
        yield home.warehouse_database
        return
    recorded = Recorded(home, publication_id)
    settings, _ = recorded.settings(today)
    with scratch_home(home, scratch) as again:
        feeds = feeds_of(settings)
        load_delivery(again, settings, feeds, recorded.delivery(feeds))
        yield again.build_database


def _belongs(database: Path, publication_id: str, settings: Settings) -> bool:
    """Whether the restricted database is the one the publication was made from; a crash may have left another."""
    if not database.exists():
        return False
    try:
        with connect(database, settings, read_only=True) as con:
            return one(con, "select publication_id from raw.publication")[0] == publication_id
    except duckdb.Error:
        return False
