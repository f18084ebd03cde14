"""When a release is due, and to which date it counts. Not here: nights that hold or release (tests/pipeline)."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.ledgers import publication_made
from warehouse.delivery import Delivery
from warehouse.ledger import Acceptance, Arrival, append
from warehouse.paths import Home
from warehouse.release import due_on, last_month_end, month_end_after, order, stale_after_days, tonight
from warehouse.settings import Settings


def delivery(day: str, content: str = "a") -> Delivery:
    """A delivery of one file of an extract date."""
    extract_date = date.fromisoformat(day)
    arrival = Arrival(
        arrived_at=f"{day}T02:00:00",
        feed="ansatte",
        extract_date=extract_date,
        file_name=f"ansatte_{day}.csv",
        sha256=content * 64,
        size=1,
        is_personal=True,
    )
    return Delivery(extract_date, (arrival,))


def serve(home: Home, as_of: str, name: str = "first", previous: str | None = None, *, breaks_off: bool = False) -> None:
    """Let the ledger and the pointer say that a publication is served; where it breaks off, the ledger alone names it."""
    entry = publication_made(name, date.fromisoformat(as_of), f"{as_of}T03:00:00", previous=previous)
    append(home, [entry])
    if breaks_off:
        return
    home.warehouse_database.touch()
    home.current.unlink(missing_ok=True)
    home.current.symlink_to(f"history/{name}")


@examples(few=100, many=2000)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 28))
def test_month_ends(day: date, release_day: int) -> None:
    before, after = last_month_end(day), month_end_after(day)
    assert before <= day < after and {(end + timedelta(days=1)).day for end in (before, after)} == {1}
    assert last_month_end(after - timedelta(days=1)) == before
    assert due_on(after, release_day).day == release_day and 0 < (due_on(after, release_day) - after).days <= 28


@pytest.mark.parametrize(
    ("served", "extract", "today", "as_of", "held"),
    [
        (None, "2024-10-12", "2024-10-13", "2024-09-30", None),
        (None, "2024-09-30", "2024-09-30", "2024-09-30", None),
        ("2024-09-30", "2024-10-12", "2024-10-13", "2024-10-12", "no release is due until 2024-11-05, .* to 2024-10-31"),
        ("2024-09-30", "2024-10-31", "2024-10-31", "2024-10-31", "no release is due until 2024-11-05"),
        ("2024-09-30", "2024-11-03", "2024-11-04", "2024-11-03", "no release is due until 2024-11-05"),
        ("2024-09-30", "2024-11-03", "2024-11-05", "2024-10-31", None),
        # A gate that refused on the 5th, or a machine that stood still: the first night that passes them.
        ("2024-09-30", "2024-11-17", "2024-11-18", "2024-10-31", None),
        # The extract lags: nothing of the month that is due has come.
        ("2024-09-30", "2024-10-12", "2024-11-18", "2024-10-12", "waits for an extract of that date or later"),
        # Months are left out, not made up for.
        ("2024-06-30", "2024-11-03", "2024-11-06", "2024-10-31", None),
        # Served by hand within a month: that month's end is the next release.
        ("2024-10-12", "2024-10-20", "2024-10-21", "2024-10-20", "no release is due until 2024-11-05, .* to 2024-10-31"),
        ("2024-12-31", "2025-01-31", "2025-02-05", "2025-01-31", None),
    ],
)
def test_due(
    home: Home, settings: Settings, served: str | None, extract: str, today: str, as_of: str, held: str | None
) -> None:
    if served:
        serve(home, served)
    found = tonight(home, settings, delivery(extract), today=date.fromisoformat(today))
    assert str(found.as_of) == as_of and found.is_release == (held is None)
    assert re.search(held or "^$", found.held or "")


def test_a_human_does_not_wait(home: Home, settings: Settings) -> None:
    serve(home, "2024-09-30")
    of_october, today = delivery("2024-10-12"), date(2024, 10, 13)
    assert not tonight(home, settings, of_october, today=today).is_release
    assert tonight(home, settings, of_october, today=today, is_correction=True).as_of == date(2024, 9, 30)
    asked = tonight(home, settings, of_october, today=today, asked_for=True)
    assert asked.is_release and asked.as_of == date(2024, 10, 12)
    nightly = tonight(home, settings.model_copy(update={"release": "nightly"}), of_october, today=today)
    assert nightly.is_release and nightly.as_of == date(2024, 10, 12)


def test_an_order_holds_for_its_files_until_a_publication_is_served(home: Home, settings: Settings) -> None:
    serve(home, "2024-09-30")
    first, today = delivery("2024-10-12"), date(2024, 10, 13)
    entry = order(home, first, "trengs til budsjettet")
    assert entry.reason == "trengs til budsjettet" and entry.text == "release of the delivery of 2024-10-12"
    assert tonight(home, settings, first, today=today).as_of == date(2024, 9, 30)
    assert not tonight(home, settings, delivery("2024-10-12", "b"), today=today).is_release
    accepted = Acceptance(accepted_at="", delivery=first.extract_date, inputs_sha256=first.inputs_sha256, reason="ja")
    append(home, [accepted])
    assert tonight(home, settings, first, today=today).is_release
    serve(home, "2024-09-30", "never served", previous="first", breaks_off=True)
    assert tonight(home, settings, first, today=today).is_release
    serve(home, "2024-09-30", "second", previous="first")
    assert not tonight(home, settings, first, today=today).is_release


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({"release": "nightly"}, 40),
        ({}, 40),
        # The figures to 31 August are served until a release of 28 October: 58 days, and that is how it should be.
        ({"release_day": 28}, 63),
        ({"release_day": 28, "release": "nightly"}, 40),
        ({"release_day": 28, "max_age_days": 90}, 90),
    ],
)
def test_monthly_figures_are_not_stale_before_the_next_are_due(
    settings: Settings, changes: dict[str, object], days: int
) -> None:
    assert stale_after_days(settings.model_copy(update=changes)) == days
