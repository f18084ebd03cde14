"""Rows that the last publication was made of and that are not loaded now. Not here: how a night tells of them (pipeline)."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from sources.registry import feeds
from tests.deliveries import Delivery, small_delivery, write_delivery
from warehouse.archive import read_ledger, take_in
from warehouse.continuity import Comparison, compare_with_last
from warehouse.delivery import choose
from warehouse.load import load_feed, start_build
from warehouse.paths import Home
from warehouse.settings import Settings

SEPTEMBER, OCTOBER = date(2024, 9, 30), date(2024, 10, 31)
REQUIRED = sorted(small_delivery())


def load(home: Home, settings: Settings, delivery: Delivery, extract_date: date) -> None:
    """Landing → raw tables of the build database."""
    write_delivery(home.landing, delivery, extract_date=extract_date)
    take_in(home, home.landing, feeds())
    chosen = choose(read_ledger(home), feeds(), extract_date).delivery
    start_build(home, settings, feeds(), chosen)
    for feed in feeds().values():
        load_feed(home, settings, feed, chosen.of(feed))


@pytest.fixture
def published(home: Home, settings: Settings) -> Home:
    """A home whose restricted database is of the September extract."""
    load(home, settings, small_delivery(), SEPTEMBER)
    shutil.move(home.build_database, home.warehouse_database)
    return home


def compared(home: Home, settings: Settings) -> dict[str, Comparison]:
    return {feed: compare_with_last(home, settings, feeds()[feed]) for feed in REQUIRED}


def test_the_required_feeds_are_compared() -> None:
    assert [feed.name for feed in feeds().values() if feed.required and not feed.lasting] == []


@pytest.mark.parametrize("feed", REQUIRED)
def test_a_removed_row_is_noticed(published: Home, settings: Settings, small: Delivery, feed: str) -> None:
    row = len(small[feed])
    small[feed].pop()
    load(published, settings, small, OCTOBER)
    found = compared(published, settings)
    lost = {"file_name": f"{feed}_{SEPTEMBER}.csv", "row_number": row}
    assert found.pop(feed) == Comparison(False, row, 1, (lost,))
    assert {other.rows_gone for other in found.values()} == {0}


def test_what_a_later_extract_knows_better_is_no_loss(published: Home, settings: Settings, small: Delivery) -> None:
    small["fravaer"][1]["Til dato"] = "04.10.2024"
    small["fravaer"][0] |= {"Fraværstype": "Sykmelding", "Stillingsnr": "1", "Fraværsprosent": "80"}
    small["permisjoner"][0] |= {"Til dato": "30.09.2024", "Permisjonsprosent": "30"}
    small["stillinger"][2] |= {"Gyldig til": "30.09.2024", "Enhetskode": "1110"}
    small["organisasjon"][3] |= {"Enhetsnavn": "Østre skolefritidsordning", "Overordnet": "1100"}
    small["fravaer"].append(small["fravaer"][0] | {"Fra dato": "01.10.2024", "Til dato": "02.10.2024"})
    load(published, settings, small, OCTOBER)
    assert all(found.passed for found in compared(published, settings).values())


def test_one_of_two_alike_is_noticed(home: Home, settings: Settings, small: Delivery) -> None:
    small["fravaer"].append(small["fravaer"][0] | {"Fraværsprosent": "50"})
    load(home, settings, small, SEPTEMBER)
    shutil.move(home.build_database, home.warehouse_database)
    load(home, settings, small_delivery(), OCTOBER)
    found = compare_with_last(home, settings, feeds()["fravaer"])
    assert (found.passed, found.rows_gone, [row["row_number"] for row in found.rows]) == (False, 1, [1, 4])


def test_a_row_that_is_quarantined_now_is_gone(published: Home, settings: Settings, small: Delivery) -> None:
    small["permisjoner"][0]["Permisjonsprosent"] = "120"
    load(published, settings, small, OCTOBER)
    assert compare_with_last(published, settings, feeds()["permisjoner"]).rows_gone == 1


def test_without_an_earlier_extract_there_is_nothing_to_compare(home: Home, settings: Settings) -> None:
    load(home, settings, small_delivery(), OCTOBER)
    first = compared(home, settings)
    assert {(found.passed, found.not_compared) for found in first.values()} == {(True, "this is the first publication")}
    shutil.move(home.build_database, home.warehouse_database)
    load(home, settings, small_delivery(), SEPTEMBER)
    newer = compared(home, settings)
    told = (True, "the last publication is of a newer extract, 2024-10-31")
    assert {(found.passed, found.not_compared) for found in newer.values()} == {told}


def test_a_last_database_that_cannot_be_read_is_told_of(published: Home, settings: Settings) -> None:
    published.warehouse_database.write_bytes(b"no database")
    load(published, settings, small_delivery(), OCTOBER)
    assert {found.passed for found in compared(published, settings).values()} == {False}
