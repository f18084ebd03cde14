"""Which delivery a night builds, which files it leaves aside, and to which date it counts.
Not here: the stage that begins the build (stages.py), or the rules of choice and release (warehouse/delivery.py, release.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from orchestration.plan import Plan
from warehouse.acceptance import judge_waiting
from warehouse.archive import kept_arrivals
from warehouse.arrivals import older_text, same_rows, unused_older
from warehouse.delivery import Choice, Delivery
from warehouse.delivery import choose as choose_delivery
from warehouse.errors import Refused, UsageError
from warehouse.ledger import Arrival
from warehouse.recorded import Recorded
from warehouse.release import Tonight, tonight

QUIET_DAYS = 14


@dataclass(frozen=True)
class Chosen:
    """The delivery a build was begun for, a line for each newer one that waits for files, and for each file that is not used.

    `held` is the publication that still holds when it was made of the same files, settings and code: then no build was begun.
    """

    delivery: Delivery
    waiting: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    held: str | None = None


def newest(plan: Plan) -> Chosen:
    """The newest complete delivery; it is told which files are not loaded, and why."""
    arrived = kept_arrivals(plan.home)
    choice = choose_delivery(arrived, plan.feeds, plan.as_of)
    chosen = Chosen(choice.delivery)
    for file in choice.in_future:
        plan.findings.warn(
            "unused",
            f"{file.file_name} is not used: its extract date lies after today; correct the date in its name",
            files=[file.file_name],
        )
    for newer in choice.waiting:
        chosen.waiting.append(f"the delivery of {newer.extract_date} waits for {', '.join(newer.missing(plan.feeds))}")
        plan.findings.warn("waiting", chosen.waiting[-1], files=[arrival.file_name for arrival in newer.files])
        if problems := judge_waiting(plan.home, plan.feeds, newer, plan.settings):
            raise Refused("\n".join([f"the delivery of {newer.extract_date} is not accepted", *problems]))
    for arrival in unused_older(plan.home, plan.feeds, choice, plan.previous):
        chosen.unused.append(f"{arrival.file_name} is not used: {older_text(arrival, choice.delivery, plan.feeds)}")
        plan.findings.warn("unused", chosen.unused[-1], files=[arrival.file_name])
    _judge_doubles(plan, choice)
    _tell_the_same_again(plan, choice.delivery, arrived)
    return chosen


def tonight_of(plan: Plan, delivery: Delivery, *, is_correction: bool) -> Tonight:
    """Whether the night publishes, and to which date it counts.

    Raises:
        UsageError: the series would begin after that date.
    """
    if plan.delivery is not None:
        kind = Tonight(plan.counted_to or delivery.extract_date)
    else:
        kind = tonight(
            plan.home,
            plan.settings,
            delivery,
            today=plan.today,
            asked_for=plan.as_of is not None,
            is_correction=is_correction,
        )
    if plan.settings.first_year is not None and plan.settings.first_year > kind.as_of.year:
        raise UsageError(
            f"the setting first_year is {plan.settings.first_year}, and the figures are counted to {kind.as_of}: nothing would"
            " be served; set it to a year that has begun by then"
        )
    return kind


def _judge_doubles(plan: Plan, choice: Choice) -> None:
    """Two files of one feed and date must hold the same rows; of an optional feed the later one is used, and that is told."""
    for other, used in choice.doubles:
        feed = next(feed for feed in plan.feeds.values() if other.feed in feed.stems)
        if same_rows(plan.home, feed, other, used):
            plan.findings.warn(
                "unused",
                f"{other.file_name} and {used.file_name} hold the same rows; {used.file_name} is used",
                files=[other.file_name],
            )
        elif feed.required:
            raise Refused(
                f"the delivery of {choice.delivery.extract_date} is not accepted\n{other.file_name} and {used.file_name} are"
                f" two files of {feed.name} for one date, and their rows differ; take out the wrong one:"
                f' arsverk withdraw "{other.file_name}" --reason TEXT (or the other)'
            )
        else:
            plan.findings.warn(
                "unused",
                f"{other.file_name} and {used.file_name} are two files of one feed and date with other rows;"
                f" {used.file_name} came last and is used",
                files=[other.file_name],
            )


def _tell_the_same_again(plan: Plan, delivery: Delivery, arrived: Iterable[Arrival]) -> None:
    """Tell of an old extract under a new date. Over a quiet week or two nothing need change."""
    stems = {naming.stem for feed in plan.feeds.values() for naming in feed.namings if naming.of_payroll}
    came: dict[date, set[str]] = defaultdict(set)
    for one in arrived:
        came[one.extract_date].add(one.sha256)
    files = {one.sha256 for one in delivery.files if one.feed in stems}
    first = min(day for day, hashes in came.items() if files <= hashes)
    if (days := (delivery.extract_date - first).days) > QUIET_DAYS:
        plan.findings.warn(
            "stale",
            f"the delivery of {delivery.extract_date} holds the same, byte for byte, as that of {first}, {days} days before",
        )


def comparable(plan: Plan) -> tuple[str | None, str | None]:
    """The previous publication when it is as it was written, so that this one can be compared with it; else its damage."""
    damage = Recorded(plan.home, plan.previous).damage() if plan.previous else None
    return (None if damage else plan.previous), damage
