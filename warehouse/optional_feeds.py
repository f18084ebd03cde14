"""Loads the files of an optional feed so that none stops the night: one that is too bad gives way to an earlier one.
Not here: how a file is loaded (load.py), or when it is too bad (acceptance.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from sources.contract import Feed
from warehouse.acceptance import loaded_inputs, problems_of
from warehouse.archive import kept_arrivals
from warehouse.ledger import Arrival
from warehouse.load import FeedLoad, forget, load_file, references
from warehouse.paths import Home
from warehouse.settings import Settings


@dataclass(frozen=True)
class LeftOut:
    """A file that was not used, why, and the earlier one that was used in its place, if there was a good one."""

    arrival: Arrival
    reason: str
    used_instead: str | None

    def as_text(self) -> str:
        """One line for people, and the bad rows below it."""
        earlier = self.used_instead if self.used_instead != self.arrival.file_name else "the one of that name before it"
        place = f"{earlier} is used in its place" if earlier else "there is no earlier one to use"
        return f"{self.arrival.file_name} is left out, and {place}: {self.reason}"


def load_optional(
    con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, feed: Feed, arrivals: Sequence[Arrival]
) -> tuple[list[FeedLoad], list[LeftOut]]:
    """Load the feed's files, each replaced by the newest earlier one of its kind that is good enough when it is not."""
    loads: list[FeedLoad] = []
    left_out: list[LeftOut] = []
    beside = references(con, feed)
    forget(con, feed)
    chosen = {arrival.sha256 for arrival in arrivals}
    for arrival in arrivals:
        bad: list[tuple[Arrival, str]] = []
        used: Arrival | None = None
        for candidate in [arrival, *_earlier(home, feed, arrival, chosen)]:
            con.begin()
            loaded = load_file(con, home, feed, candidate, beside)
            recorded = [found for found in loaded_inputs(con) if found.feed == feed.name]
            found = next(one for one in recorded if one.file_name == candidate.file_name)
            problems = problems_of(con, feed, found, settings)
            if not problems:
                con.commit()
                loads.append(loaded)
                used = candidate
                break
            con.rollback()
            reason = "\n".join(problems).removeprefix(f"{candidate.file_name} is rejected: ")
            bad.append((candidate, reason))
        left_out += [LeftOut(file, reason, used.file_name if used else None) for file, reason in bad]
    for one in left_out:
        con.execute(
            "insert into raw.left_out values ($1, $2, $3, $4, $5, $6)",
            [
                feed.name,
                one.arrival.file_name,
                one.arrival.sha256,
                one.arrival.extract_date,
                one.used_instead,
                one.reason,
            ],
        )
    return loads, left_out


def _earlier(home: Home, feed: Feed, arrival: Arrival, chosen: set[str]) -> Iterator[Arrival]:
    """Earlier files of the same kind and part that the archive still has, the newest first."""
    naming = next(naming for naming in feed.namings if naming.stem == arrival.feed)
    own = naming.read(arrival.file_name)
    before = [one for one in kept_arrivals(home) if one.feed == arrival.feed and one.sha256 not in chosen]
    for one in sorted(before, key=lambda one: (one.extract_date, one.sequence), reverse=True):
        named = naming.read(one.file_name)
        is_older = (one.extract_date, one.sequence) < (arrival.extract_date, arrival.sequence)
        if named and own and named.part == own.part and is_older:
            yield one
