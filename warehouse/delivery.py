"""Chooses the delivery to load: the newest extract date for which every required payroll feed has arrived.
Not here: whether the files are any good, which the load finds out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sources.contract import Feed
from warehouse.archive import Arrival
from warehouse.errors import Refused


@dataclass(frozen=True)
class Delivery:
    """The files of one extract date, by feed. Of two files of one feed and date the later arrival holds."""

    extract_date: date
    files: dict[str, Arrival]

    def missing(self, feeds: Mapping[str, Feed]) -> list[str]:
        """Required feeds that have not arrived."""
        return [name for name, feed in feeds.items() if feed.required and name not in self.files]


@dataclass(frozen=True)
class Choice:
    """The delivery to load and the newer ones that still wait for files."""

    delivery: Delivery
    waiting: list[Delivery]


def choose(arrivals: Iterable[Arrival], feeds: Mapping[str, Feed], as_of: date | None) -> Choice:
    """The newest complete delivery, not newer than `as_of` when that is given.

    Raises:
        Refused: no delivery is complete; the message says which files are missing.
    """
    by_date: dict[date, dict[str, Arrival]] = defaultdict(dict)
    for arrival in sorted(arrivals, key=lambda a: a.sequence):
        if as_of is None or arrival.extract_date <= as_of:
            by_date[arrival.extract_date][arrival.feed] = arrival
    deliveries = [Delivery(day, files) for day, files in sorted(by_date.items(), reverse=True)]
    waiting: list[Delivery] = []
    for delivery in deliveries:
        if not delivery.missing(feeds):
            return Choice(delivery, waiting)
        waiting.append(delivery)
    limit = f" on or before {as_of}" if as_of else ""
    if not waiting:
        raise Refused(f"no delivery{limit}: put the files {', '.join(f'{n}_<date>.csv' for n in feeds)} in the landing folder")
    newest = waiting[0]
    raise Refused(
        f"no complete delivery{limit}: the one of {newest.extract_date} is missing {', '.join(newest.missing(feeds))}"
    )
