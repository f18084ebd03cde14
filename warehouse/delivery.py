"""Chooses what to load: the newest extract date for which every required payroll feed has arrived, and the files beside it.
Not here: whether the files are any good, which the load finds out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sources.contract import Feed
from sources.naming import is_in_future
from warehouse.errors import Refused
from warehouse.ledger import Arrival


@dataclass(frozen=True)
class Delivery:
    """The payroll files of one extract date, and in a chosen delivery the files of other sources beside them.

    Of two files of one feed and date, or of one feed and part (year, table), the later arrival holds.
    """

    extract_date: date
    files: tuple[Arrival, ...]

    @property
    def inputs_sha256(self) -> str:
        """A hash that stands for exactly these files."""
        inputs = sorted(f"{arrival.feed} {arrival.sha256}" for arrival in self.files)
        return hashlib.sha256("\n".join(inputs).encode()).hexdigest()

    def of(self, feed: Feed) -> list[Arrival]:
        """The files that hold rows of a feed."""
        stems = feed.stems
        return [arrival for arrival in self.files if arrival.feed in stems]

    def missing(self, feeds: Mapping[str, Feed]) -> list[str]:
        """Required feeds of which a file has not arrived."""
        arrived = {arrival.feed for arrival in self.files}
        return [name for name, feed in feeds.items() if feed.required and not feed.stems <= arrived]


@dataclass(frozen=True)
class Choice:
    """The delivery to load, the newer ones that still wait for files, and files that carry a date after today.

    `doubles`: two files of one feed and date by different names, the one that is not used and the one that is.
    """

    delivery: Delivery
    waiting: list[Delivery]
    in_future: tuple[Arrival, ...] = ()
    doubles: tuple[tuple[Arrival, Arrival], ...] = ()


def choose(arrivals: Iterable[Arrival], feeds: Mapping[str, Feed], as_of: date | None) -> Choice:
    """The newest complete delivery and, of each other source, the newest file of each part; nothing newer than `as_of`.

    Raises:
        Refused: no delivery is complete; the message says which files are missing.
    """
    namings = {naming.stem: naming for feed in feeds.values() for naming in feed.namings}
    by_date: dict[date, dict[str, Arrival]] = defaultdict(dict)
    beside: dict[tuple[str, str], Arrival] = {}
    by_name: dict[tuple[str, str, date], dict[str, Arrival]] = defaultdict(dict)
    arrived = list(arrivals)
    # It would stand before every later delivery.
    in_future = tuple(arrival for arrival in arrived if is_in_future(arrival.extract_date))
    for arrival in sorted(
        (arrival for arrival in arrived if arrival not in in_future), key=lambda a: (a.extract_date, a.sequence)
    ):
        naming = namings.get(arrival.feed)
        named = naming.read(arrival.file_name) if naming else None
        if naming is None or named is None or (as_of is not None and arrival.extract_date > as_of):
            continue
        if naming.of_payroll:
            by_date[arrival.extract_date][arrival.feed] = arrival
        else:
            beside[named.stem, named.part] = arrival
        by_name[arrival.feed, named.part, arrival.extract_date][arrival.file_name] = arrival
    waiting: list[Delivery] = []
    for day, files in sorted(by_date.items(), reverse=True):
        delivery = Delivery(day, tuple(files.values()))
        if not delivery.missing(feeds):
            others = tuple(beside[part] for part in sorted(beside))
            chosen = Delivery(day, delivery.files + others)
            return Choice(chosen, waiting, in_future, tuple(_doubles(chosen, by_name.values())))
        waiting.append(delivery)
    raise Refused(_what_is_missing(waiting, in_future, feeds, as_of))


def _doubles(chosen: Delivery, named_alike: Iterable[Mapping[str, Arrival]]) -> Iterator[tuple[Arrival, Arrival]]:
    """Other files of the same feed, part and date as one that is used, with another content."""
    for files in named_alike:
        for used in files.values():
            if used in chosen.files:
                yield from ((other, used) for other in files.values() if other.sha256 != used.sha256)


def _what_is_missing(
    waiting: Sequence[Delivery], in_future: Sequence[Arrival], feeds: Mapping[str, Feed], as_of: date | None
) -> str:
    """Why there is no complete delivery, and what to do."""
    limit = f" on or before {as_of}" if as_of else ""
    if waiting:
        newest = waiting[0]
        missing = ", ".join(newest.missing(feeds))
        return f"no complete delivery{limit}: the one of {newest.extract_date} is missing {missing}"
    if in_future:
        names = ", ".join(arrival.file_name for arrival in in_future)
        return (
            f"no delivery{limit}: {names} {'carry' if len(in_future) > 1 else 'carries'} an extract date after today;"
            " correct the date in the name and deliver again"
        )
    wanted = ", ".join(dict.fromkeys(naming.told for feed in feeds.values() if feed.required for naming in feed.namings))
    return f"no delivery{limit}: put the files {wanted} in the landing folder"
