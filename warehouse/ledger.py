"""The archive's ledger: a line for each arrival, publication, removal and human decision, with the hash of the line before.
Not here: what an entry is the record of (archive.py, publish.py, purge.py), or the comparison with what is there (verify.py).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, TypeVar

from warehouse.errors import Refused, UsageError
from warehouse.paths import PRIVATE_FILE, Home, fsync_folder

FIRST_PREVIOUS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line. `sequence` counts lines from 1; it, `previous` and `entry_hash` are filled in when the entry is appended."""

    kind: ClassVar[str]
    sequence: int = 0
    previous: str = ""
    entry_hash: str = ""

    @property
    def text(self) -> str:
        """What the entry is about, for messages."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        dated = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        return {"kind": self.kind, **dated}

    def to_json(self) -> str:
        return json.dumps(self.values(), ensure_ascii=False, sort_keys=True)

    def expected_hash(self) -> str:
        """Hash of the entry's content and of the entry before it."""
        values = {name: value for name, value in self.values().items() if name != "entry_hash"}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode("utf-8")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Arrival(Entry):
    """A file as it once arrived. `feed` is the stem of its name; `is_personal` when a contract marks one of its columns so."""

    kind = "arrival"
    arrived_at: str
    feed: str
    extract_date: date
    file_name: str
    sha256: str
    size: int
    is_personal: bool

    @property
    def text(self) -> str:
        return self.file_name

    @staticmethod
    def from_json(line: str) -> Arrival:
        entry = entry_from_json(line)
        assert isinstance(entry, Arrival)
        return entry


@dataclass(frozen=True, kw_only=True)
class PublicationEntry(Entry):
    """A publication whose folder was whole on disk. It was served when the pointer came to it: a later entry then names it as
    its `previous_publication`, or it is the current one. `accepted_restatement` is why a human
    let it be published although a gate stops it (changes of closed periods, lost rows), or which file was withdrawn.
    """

    kind = "publication"
    publication_id: str
    published_at: str
    as_of: date
    code_version: str
    inputs_sha256: str
    manifest_sha256: str
    previous_publication: str | None
    accepted_restatement: str | None

    @property
    def text(self) -> str:
        return f"publication {self.publication_id}"


@dataclass(frozen=True, kw_only=True)
class Purge(Entry):
    """Archived files removed for good, by hash; what they were called stands in their arrivals."""

    kind = "purge"
    purged_at: str
    before: date
    files: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"purge before {self.before}"


@dataclass(frozen=True, kw_only=True)
class Thinning(Entry):
    """Publications removed for good because the rule of the settings keeps others (thin.py); their own entries stay."""

    kind = "thinning"
    thinned_at: str
    publications: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"thinning of {len(self.publications)} publications"

    def says_of(self, publication_id: str) -> str:
        """The one sentence about a publication that it took."""
        return (
            f"publication {publication_id} is gone: it was thinned out {self.thinned_at[:10]}, as keep_publications_days and"
            " keep_month_ends_years of the settings say; `arsverk history` lists what is left, a backup may have it"
        )


@dataclass(frozen=True, kw_only=True)
class Withdrawal(Entry):
    """A file that a human took out of the choice, by name and hash; `undone`: it was given back. The last entry holds."""

    kind = "withdrawal"
    withdrawn_at: str
    file_name: str
    sha256: str
    reason: str
    undone: bool = False

    @property
    def text(self) -> str:
        return f"{'return' if self.undone else 'withdrawal'} of {self.file_name}"


@dataclass(frozen=True, kw_only=True)
class Acceptance(Entry):
    """A human's word that a delivery may be published although a gate stops it for a human. It holds for exactly these files
    (`inputs_sha256` stands for them, as in the publication), until they are served or a night closes it.
    """

    kind = "acceptance"
    accepted_at: str
    delivery: date
    inputs_sha256: str
    reason: str

    @property
    def text(self) -> str:
        return f"acceptance of the delivery of {self.delivery}"


@dataclass(frozen=True, kw_only=True)
class ClosedAcceptance(Entry):
    """The end of an acceptance that had nothing to let through: its files were served already. `acceptance` is its sequence."""

    kind = "closed acceptance"
    closed_at: str
    acceptance: int
    publication_id: str

    @property
    def text(self) -> str:
        return f"end of the acceptance in entry {self.acceptance}"


@dataclass(frozen=True, kw_only=True)
class ReleaseOrder(Entry):
    """A human's word that a delivery is to be released now. It holds for exactly these files (`inputs_sha256`), until the next
    publication.
    """

    kind = "release"
    ordered_at: str
    delivery: date
    inputs_sha256: str
    reason: str

    @property
    def text(self) -> str:
        return f"release of the delivery of {self.delivery}"


KINDS: dict[str, type[Entry]] = {
    entry.kind: entry
    for entry in (Arrival, PublicationEntry, Purge, Thinning, Withdrawal, Acceptance, ClosedAcceptance, ReleaseOrder)
}
DATES = ("extract_date", "as_of", "before", "delivery")
AnyEntry = TypeVar("AnyEntry", bound=Entry)


def entry_from_json(line: str) -> Entry:
    """The entry of a line; ValueError, TypeError or KeyError when it is none."""
    values = json.loads(line)
    if not isinstance(values, dict):
        raise TypeError("not an entry")
    kind = KINDS[values.pop("kind")]
    values |= {name: date.fromisoformat(values[name]) for name in DATES if name in values}
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return kind(**values)


def read_ledger(home: Home) -> list[Entry]:
    """All entries, oldest first. A last line cut off by a crash is none: what it recorded is recorded again.

    Raises:
        Refused: a line cannot be read.
    """
    if not home.ledger.exists():
        return []
    *lines, _ = home.ledger.read_bytes().split(b"\n")
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(entry_from_json(line.decode("utf-8")))
        except (TypeError, KeyError) as error:
            raise Refused(
                f"archive/{home.ledger.name} line {number} is none that this version knows ({error}): another version of the"
                " program wrote it; go back to that version (CHANGELOG.md), or restore the ledger from backup"
            ) from None
        except ValueError as error:
            raise Refused(
                f"archive/{home.ledger.name} line {number} cannot be read ({error}); run `arsverk verify` and restore it"
            ) from None
    return entries


def of_kind(entries: Sequence[Entry], kind: type[AnyEntry]) -> list[AnyEntry]:
    """The entries of one kind, oldest first."""
    return [entry for entry in entries if isinstance(entry, kind)]


def purged_files(entries: Sequence[Entry]) -> dict[str, Purge]:
    """Hashes of the files that are purged, with the purge that took them.

    The same bytes may come again in a later extract, as a file with its header alone: from then on they are kept.
    """
    purged: dict[str, Purge] = {}
    for entry in entries:
        if isinstance(entry, Purge):
            purged |= dict.fromkeys(entry.files, entry)
        elif isinstance(entry, Arrival):
            purged.pop(entry.sha256, None)
    return purged


def thinned_publications(entries: Sequence[Entry]) -> dict[str, Thinning]:
    """Ids of the publications that are thinned out, with the entry that says when."""
    return {publication_id: entry for entry in of_kind(entries, Thinning) for publication_id in entry.publications}


def must_be_kept(home: Home, publication_id: str) -> None:
    """For whoever wants to read a publication that may be gone.

    Raises:
        Refused: it was thinned out; the message is one sentence.
    """
    if thinning := thinned_publications(read_ledger(home)).get(publication_id):
        raise Refused(thinning.says_of(publication_id))


def publication_entry(entries: Sequence[Entry], publication_id: str | None) -> PublicationEntry | None:
    """The last entry of a publication, None where there is none."""
    made = of_kind(entries, PublicationEntry)
    return next((entry for entry in reversed(made) if entry.publication_id == publication_id), None)


def find_publication(home: Home, publication_id: str) -> PublicationEntry:
    """The entry of a publication that somebody asks for by its id.

    Raises:
        UsageError: there is no such publication.
        Refused: it was thinned out.
    """
    must_be_kept(home, publication_id)
    if entry := publication_entry(read_ledger(home), publication_id):
        return entry
    raise UsageError(f"there is no publication {publication_id}; `arsverk history` lists them")


def withdrawn_files(entries: Sequence[Entry]) -> dict[tuple[str, str], Withdrawal]:
    """Name and hash of the files that are withdrawn, with the withdrawal.

    The same content may come again by its right name, as when a file carried a wrong date.
    """
    last = {(entry.file_name, entry.sha256): entry for entry in of_kind(entries, Withdrawal)}
    return {file: entry for file, entry in last.items() if not entry.undone}


def unfinished_line(home: Home) -> bool:
    """Whether the ledger ends in a line without its end, as a crash leaves it; the next entry cuts it off."""
    return home.ledger.exists() and not home.ledger.read_bytes().endswith(b"\n")


def head(entries: Sequence[Entry]) -> str:
    """Hash that stands for the whole ledger so far."""
    return entries[-1].entry_hash if entries else FIRST_PREVIOUS


def entered_now() -> str:
    """The time as entries have it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def append(home: Home, new: Sequence[AnyEntry]) -> list[AnyEntry]:
    """Append entries in one write, after cutting off a line that a crash left unfinished; returns them as they stand there."""
    entries = read_ledger(home)
    sequence, previous = len(entries), head(entries)
    written = []
    for number, entry in enumerate(new, start=sequence + 1):
        placed = dataclasses.replace(entry, sequence=number, previous=previous, entry_hash="")
        placed = dataclasses.replace(placed, entry_hash=placed.expected_hash())
        previous = placed.entry_hash
        written.append(placed)
    descriptor = os.open(home.ledger, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    with os.fdopen(descriptor, "r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        file.write("".join(entry.to_json() + "\n" for entry in written).encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    fsync_folder(home.ledger.parent)
    return written
