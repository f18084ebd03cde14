"""Chooses what to load: the newest extract date for which every required payroll feed has arrived, and the files beside it.
Not here: whether the files are any good, which the load finds out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
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
    deliveries = [Delivery(day, tuple(files.values())) for day, files in sorted(by_date.items(), reverse=True)]
    waiting: list[Delivery] = []
    for delivery in deliveries:
        if not delivery.missing(feeds):
            others = tuple(beside[part] for part in sorted(beside))
            chosen = Delivery(delivery.extract_date, delivery.files + others)
            doubles = tuple(
                (other, used)
                for named_alike in by_name.values()
                for used in named_alike.values()
                if used in chosen.files
                for other in named_alike.values()
                if other.sha256 != used.sha256
            )
            return Choice(chosen, waiting, in_future, doubles)
        waiting.append(delivery)
    limit = f" on or before {as_of}" if as_of else ""
    if in_future and not waiting:
        names = ", ".join(arrival.file_name for arrival in in_future)
        raise Refused(
            f"no delivery{limit}: {names} {'carry' if len(in_future) > 1 else 'carries'} an extract date after today;"
            " correct the date in the name and deliver again"
        )
    if not waiting:
        wanted = ", ".join(dict.fromkeys(naming.told for feed in feeds.values() if feed.required for naming in feed.namings))
        raise Refused(f"no delivery{limit}: put the files {wanted} in the landing folder")
    newest = waiting[0]
    raise Refused(
        f"no complete delivery{limit}: the one of {newest.extract_date} is missing {', '.join(newest.missing(feeds))}"
    )
