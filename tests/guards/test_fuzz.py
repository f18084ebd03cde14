"""Property: a damaged file of any feed is read or rejected in words, in seconds and little memory; never a traceback or a hang.
Not here: what a certain fault must be told as (test_cases.py, test_rules.py).
"""

from __future__ import annotations

import io
import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import monotonic

import pandas as pd
import pyarrow as pa
import pytest

from sources.contract import Feed
from sources.errors import FileRejected
from sources.naming import NamedFile
from sources.payroll.profile import feeds_by
from sources.validate import validate
from tests.municipalities import traced
from tests.municipalities.files import write_feed_xlsx
from tests.municipalities.random_rows import random_feeds
from tests.municipalities.vendors import WRITERS

SECONDS, MEMORY_GIB = 30, 3.0
PROFILES = ("default", *WRITERS)
NOTHING_KNOWN = pd.Index([], dtype=pd.ArrowDtype(pa.string()))
# Texts that have stopped readers before, or look as if they could.
PIECES = [
    b'"',
    b'";"',
    b"\x00",
    b"\r",
    b"\n\n",
    b"\x0b" * 3000,
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\xed\xa0\x80",
    b";" * 40_000,
    b"\t",
    b"1e999999999",
    b"-0",
    b"9" * 400,
    b"NaN",
    b"31.02.2024",
    b"00.00.0000",
    b"99.99.9999",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"=1+1",
    b"\xe2\x80\xae",
    b"'",
    b"\\",
    b"100,0,0",
    "æøåÆØÅ".encode(),
    "æøå".encode("utf-16"),
]
Change = Callable[[Random, bytes], bytes]


def _flip(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _lose(rng: Random, data: bytes) -> bytes:
    first = rng.randrange(len(data))
    return data[:first] + data[first + rng.randrange(200) :]


def _repeat(rng: Random, data: bytes) -> bytes:
    first = rng.randrange(len(data))
    piece = data[first : first + rng.randrange(1, 300)]
    return data[:first] + piece * rng.choice((2, 50)) + data[first:]


def _put_in(rng: Random, data: bytes) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(PIECES) + data[place:]


def _swap_bytes_for(rng: Random, data: bytes) -> bytes:
    here, there = rng.sample([b";", b",", b"\t", b"\r\n", b"\n", b'"', b".", b" ", b"2", b"0", b"null", b":", b"}"], 2)
    return data.replace(here, there, rng.choice((1, 5, -1)))


def _encode_again(rng: Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32", "cp865", "utf-8-sig", "cp037")), "replace")


CHANGES: tuple[Change, ...] = (_flip, _cut, _lose, _repeat, _put_in, _swap_bytes_for, _encode_again)


def damaged(rng: Random, data: bytes) -> bytes:
    """The bytes of a file with one to three changes; of a workbook now and then within one of its parts."""
    if data.startswith(b"PK") and rng.random() < 0.8:
        return _damaged_part(rng, data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = rng.choice(CHANGES)(rng, data) or b"x"
    return data


def _damaged_part(rng: Random, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    name = rng.choice([name for name in parts if "sheet" in name or "shared" in name or "workbook" in name])
    parts[name] = rng.choice(CHANGES)(rng, parts[name])
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as book:
        for part, content in parts.items():
            book.writestr(part, content)
    return found.getvalue()


def whole_files(folder: Path, profile: str) -> Iterator[tuple[Feed, Path]]:
    """A whole file of each feed and form that a profile reads."""
    if profile == "default":
        traced.deliver(folder)
        rows, day = random_feeds(5)
        (folder / "xlsx").mkdir()
        for feed in rows:
            write_feed_xlsx(folder / "xlsx", feed, rows[feed], extract_date=day)
    else:
        WRITERS[profile](folder, *random_feeds(5))
    for feed in feeds_by(profile).values():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _named(feed, path):
                yield feed, path


def _named(feed: Feed, path: Path) -> NamedFile | None:
    return next((named for naming in feed.namings if (named := naming.read(path.name))), None)


def try_damaged(folder: Path, feed: Feed, path: Path, seed: int) -> bool:
    """Damage a file, and hold it against its feed's contract; whether any of it could be read."""
    named = _named(feed, path)
    assert named is not None
    (folder / path.name).write_bytes(damaged(Random(f"{feed.name} {path.name} {seed}"), path.read_bytes()))
    known = dict.fromkeys(feed.references.values(), NOTHING_KNOWN)
    try:
        found = validate(feed, feed.read_file(folder / path.name, named), known, extract_date=named.extract_date)
    except FileRejected as rejected:
        assert str(rejected).strip()
        return False
    assert found.rows_delivered == len(found.accepted) + found.rows_quarantined
    return True


def check(folder: Path, profile: str, seeds: range) -> None:
    (folder / "whole").mkdir()
    (folder / "damaged").mkdir()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for feed, path in whole_files(folder / "whole", profile):
        for seed in seeds:
            began = monotonic()
            try:
                try_damaged(folder / "damaged", feed, path, seed)
            except Exception as error:
                raise AssertionError(f"{profile} {feed.name} {path.name} seed {seed}: {error!r}") from error
            assert monotonic() - began < SECONDS, (profile, feed.name, path.name, seed)
    used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) - memory
    assert used < MEMORY_GIB * 2**20


@pytest.mark.parametrize("profile", PROFILES)
def test_damaged_files(tmp_path: Path, profile: str) -> None:
    check(tmp_path, profile, range(1))


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_many_damaged_files(tmp_path: Path, profile: str) -> None:
    check(tmp_path, profile, range(1000, 1500))
