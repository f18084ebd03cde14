"""When readers get new figures, and to which date these are counted (metrics.md 10, Releases).
Not here: what a night does with the answer (orchestration/stages.py), or how a publication is written (publish.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.delivery import Delivery
from warehouse.ledger import PublicationEntry, ReleaseOrder, append, entered_now, of_kind, read_ledger
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.publication import served_entry, served_publications
from warehouse.settings import MONTHLY, Settings

LONGEST_MONTH = 31
# A release that is due waits for an extract for some days before anybody is told.
GRACE_DAYS = 4


@dataclass(frozen=True)
class Tonight:
    """What a night is for: `as_of`, the date to which it counts, and why it publishes.

    `held` says in a sentence why it does not publish, and what has to come first; else it is None.
    """

    as_of: date
    held: str | None = None

    @property
    def is_release(self) -> bool:
        return self.held is None


def last_month_end(day: date) -> date:
    """The newest month end that is not after the day."""
    return (day + timedelta(days=1)).replace(day=1) - timedelta(days=1)


def month_end_after(day: date) -> date:
    """The first month end after the day."""
    of_next_month = (day + timedelta(days=1)).replace(day=28) + timedelta(days=4)
    return last_month_end(of_next_month)


def due_on(month_end: date, release_day: int) -> date:
    """From when on the figures to a month end are released: the day of the month after it."""
    return (month_end + timedelta(days=1)).replace(day=release_day)


def stale_after_days(settings: Settings) -> int:
    """How many days back the as-of date of what is served may lie: until the next monthly figures are due, and some more."""
    if settings.release != MONTHLY:
        return settings.max_age_days
    return max(settings.max_age_days, LONGEST_MONTH + settings.release_day + GRACE_DAYS)


def tonight(
    home: Home,
    settings: Settings,
    delivery: Delivery,
    *,
    today: date,
    asked_for: bool = False,
    is_correction: bool = False,
) -> Tonight:
    """Whether a night with this delivery publishes. A night that does not counts to the extract date, in private.

    Args:
        asked_for: a human has asked for the delivery of a date (`arsverk run --as-of`).
        is_correction: a human has accepted the delivery, or withdrawn a file behind what is served.
    """
    if asked_for or settings.release != MONTHLY:
        return Tonight(delivery.extract_date)
    month_end = last_month_end(delivery.extract_date)
    served = served_entry(home)
    released = served.as_of if served else None
    # Where the database behind what is served is gone, nothing can be traced or compared until it is made again.
    if released is None or is_correction or not home.warehouse_database.exists() or open_order(home, delivery):
        return Tonight(month_end)
    if month_end > released and today >= due_on(month_end, settings.release_day):
        return Tonight(month_end)
    wanted = month_end if month_end > released else month_end_after(released)
    day = due_on(wanted, settings.release_day)
    if today < day:
        held = f"no release is due until {day}, then with the figures to {wanted}"
    else:
        held = f"the next release, with the figures to {wanted}, waits for an extract of that date or later"
    return Tonight(delivery.extract_date, held)


def order(home: Home, delivery: Delivery, reason: str) -> ReleaseOrder:
    """Enter in the ledger that a human wants a release of a delivery now; its night makes it when all gates hold.

    Raises:
        Refused: another run is writing here.
    """
    with writer_lock(home):
        entry = ReleaseOrder(
            ordered_at=entered_now(),
            delivery=delivery.extract_date,
            inputs_sha256=delivery.inputs_sha256,
            reason=reason,
        )
        (written,) = append(home, [entry])
    return written


def open_order(home: Home, delivery: Delivery) -> ReleaseOrder | None:
    """The last order of exactly these files that no served publication has come after."""
    entries = read_ledger(home)
    made = of_kind(entries, PublicationEntry)
    served = served_publications(home, made)
    last = max((entry.sequence for entry in made if entry.publication_id in served), default=0)
    orders = [
        entry
        for entry in of_kind(entries, ReleaseOrder)
        if entry.inputs_sha256 == delivery.inputs_sha256 and entry.sequence > last
    ]
    return orders[-1] if orders else None
