"""How the report writes numbers, dates and periods."""

from __future__ import annotations

from datetime import date

import pytest

from warehouse.norwegian import with_unit
from warehouse.report import numbers
from warehouse.trace.report import as_printed


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.25, 1, "0,3"),
        (-0.25, 1, "\u22120,3"),
        (0.35, 1, "0,4"),
        # A double a hair below the half that was meant: nine decimals are compared, as with printed figures.
        (2.5 - 1e-12, 0, "3"),
        (0.04, 1, "0,0"),
        (-0.04, 1, "0,0"),
        (9.0, 1, "9,0"),
        (1234.5, 0, "1\u202f235"),
        (1234567.891, 2, "1\u202f234\u202f567,89"),
        (7, 0, "7"),
        (999.96, 1, "1\u202f000,0"),
    ],
)
def test_numbers(value: float, decimals: int, text: str) -> None:
    assert numbers.number(value, decimals) == text


def test_changes_carry_their_sign() -> None:
    assert [numbers.signed(value, 1) for value in (0.3, -0.3, 0.04, -0.04, 0)] == ["+0,3", "\u22120,3", "0,0", "0,0", "0,0"]


def test_dates_and_periods() -> None:
    assert numbers.day(date(2024, 10, 31)) == "31.\u00a0oktober 2024"
    assert numbers.months(date(2023, 11, 1), date(2024, 10, 31)) == "november 2023–oktober 2024"
    assert numbers.months(date(2024, 1, 1), date(2024, 10, 31)) == "januar–oktober 2024"
    assert numbers.months(date(2024, 1, 1), date(2024, 1, 31)) == "januar 2024"
    assert numbers.month("2024-05") == "mai 2024"


def test_lists() -> None:
    assert [numbers.listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a og b", "a, b og c"]


@pytest.mark.parametrize(
    ("shown", "unit", "written"),
    [
        ("1", "personer", "1 person"),
        ("0", "personer", "0 personer"),
        ("1,5", "uker", "1,5 uker"),
        ("1", "årsverk", "1 årsverk"),
        ("3", "plass", "3. plass"),
        ("20", "som indikatoren", "20"),
    ],
)
def test_a_unit_as_its_number_asks(shown: str, unit: str, written: str) -> None:
    assert with_unit(shown, unit) == written


def test_a_printed_figure_keeps_the_decimals_of_its_document() -> None:
    printed = {"published": 9.0, "computed": 9.035653999, "decimals": 1}
    assert [as_printed(printed, name) for name in ("published", "computed")] == ["9,0", "9,035654"]
    assert as_printed({"published": 731843.0, "decimals": 0}, "published") == "731 843"
