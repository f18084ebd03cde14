"""The workforce computed by hand: a department a case, expected figures with their arithmetic. Not here: full time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.builds import Builds
from tests.municipalities.by_hand import Municipality
from warehouse.trace import workforce
from warehouse.trace.lineage import Lineage

AS_OF = date(2024, 3, 14)
LEAP_DAY = date(2024, 2, 29)


def municipality() -> Municipality:
    """Kommune K, one area A of two departments, and an area of its own a case."""
    m = Municipality()
    m.unit("K", "kommune")
    for unit, *departments in (("A", "A1", "A2"), ("forms",), ("flow",), ("gone",), ("five",), ("four",)):
        m.unit(unit, "tjenesteområde", "K")
        for department in departments:
            m.unit(department, "avdeling", unit)
    # Moves from A1 to A2.
    m.position("1", "A1", "80", "01.01.2022", "30.06.2023")
    m.position("1", "A2", "80", "01.07.2023", number="2")
    m.position("2", "A1", "100", "01.01.2022")
    m.position("2", "A2", "10", "01.01.2022", number="2")
    # All forms count, on leave or not; a position of 0 % does not.
    for number, form in enumerate(("Fast", "Lærling", "Timelønnet", "Folkevalgt"), start=10):
        m.position(str(number), "forms", "50", "01.01.2022", form=form)
    m.leave("10", "01.01.2023", "", "100")
    m.position("14", "forms", "0", "01.01.2022", form="Timelønnet")
    # From Vikar to Fast.
    m.position("15", "forms", "100", "01.01.2022", "31.12.2023", form="Vikar")
    m.position("15", "forms", "100", "01.01.2024")
    # Of three a year ago one has left; two have come, one of them has left again.
    m.position("20", "flow", first="01.01.2022")
    m.position("21", "flow", first="01.01.2022")
    m.position("22", "flow", first="01.01.2022", last="28.02.2023")
    m.position("23", "flow", first="01.06.2023")
    m.position("24", "flow", first="01.06.2023", last="31.08.2023")
    # Left before the twelve months, and again and back within them.
    m.position("25", "flow", first="01.01.2022", last="27.02.2023")
    m.position("26", "flow", first="01.01.2022", last="31.05.2023")
    m.position("26", "flow", first="01.08.2023", number="2")
    m.position("30", "gone", first="01.01.2022", last="31.01.2024")
    for number in range(40, 45):
        m.position(str(number), "five", "50")
    for number in range(50, 54):
        m.position(str(number), "four", "50")
    m.absence("1", "Egenmelding", "13.03.2023", "13.03.2023")
    return m


@pytest.fixture(scope="module")
def warehouse(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(lambda landing: municipality().deliver(landing, AS_OF)).reading() as con:
        yield con


def cells(con: duckdb.DuckDBPyConnection, unit: str, day: date = LEAP_DAY, table: str = "marts") -> dict[str, dict[str, Any]]:
    found = con.execute(
        f"select * from {table}.workforce_by_unit where org_unit_code = $1 and reference_date = $2", [unit, day]
    )
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {row["employment_form"]: row for row in rows}


# unit, form, date: persons, positions, percent, joined, left, persons twelve months before
WORKFORCE = {
    # 2 alone; 1 was here on 28 February 2023.
    "moved away": ("A1", "Fast", LEAP_DAY, 1, 1, 100, 0, 1, 2),
    "moved here": ("A2", "Fast", LEAP_DAY, 2, 2, 90, 1, 0, 1),
    "above both nobody has left": ("A", "Fast", LEAP_DAY, 2, 3, 190, 0, 0, 2),
    # 10 on full leave, and 15 who was a substitute.
    "on leave, and another form before": ("forms", "Fast", LEAP_DAY, 2, 2, 150, 1, 0, 1),
    "apprentices": ("forms", "Lærling", LEAP_DAY, 1, 1, 50, 0, 0, 1),
    "hourly paid": ("forms", "Timelønnet", LEAP_DAY, 1, 1, 50, 0, 0, 1),
    "elected": ("forms", "Folkevalgt", LEAP_DAY, 1, 1, 50, 0, 0, 1),
    # 20, 21, 23, 26 are here. On 28 February 2023 were 20, 21, 22, 26; since came 23 and 24; 22 and 24 have left.
    "coming and going": ("flow", "Fast", LEAP_DAY, 4, 4, 400, 2, 2, 4),
    # From 14 March 2023 on: 22 had left before.
    "the as-of date": ("flow", "Fast", AS_OF, 4, 4, 400, 2, 1, 3),
}


@pytest.mark.parametrize("case", WORKFORCE.values(), ids=WORKFORCE.keys())
def test_workforce(warehouse: duckdb.DuckDBPyConnection, case: tuple[str, str, date, int, int, int, int, int, int]) -> None:
    unit, form, day, persons, positions, percent, joined, left, before = case
    got = cells(warehouse, unit, day)[form]
    assert (got["persons"], got["positions"], got["fte"]) == (persons, positions, percent / 100)
    assert (got["joined_12m"], got["left_12m"]) == (joined, left)
    assert got["turnover_percent"] == pytest.approx(100 * left / ((persons + before) / 2))
    assert before + joined - left == persons
    assert (got["period_start"], got["period_end"], got["is_partial"]) == (day, day, day == AS_OF)


def test_nobody_left_makes_no_cell(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert not cells(warehouse, "gone")


def test_who_came_before_the_series_is_not_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = cells(warehouse, "flow", date(2023, 12, 31))["Fast"]
    assert (got["persons"], got["joined_12m"], got["left_12m"], got["turnover_percent"]) == (4, None, None, None)


def test_fewer_than_five_persons_are_withheld(warehouse: duckdb.DuckDBPyConnection) -> None:
    four, five = (cells(warehouse, unit, table="served")["Fast"] for unit in ("four", "five"))
    assert (four["withheld"], four["persons"], four["left_12m"]) == ("primary", None, None)
    assert (five["withheld"], five["persons"], five["fte"]) == (None, 5, 2.5)


@pytest.mark.parametrize(
    ("measure", "persons"),
    [
        ("persons", 4),
        # 23 and 24; one who is there now, so that the cell is.
        ("joined_12m", 2),
        # 22 and 24, and one who is there now.
        ("left_12m", 3),
        # Those of both dates, and 24 who has left since.
        ("turnover_percent", 6),
    ],
)
def test_rows_of_a_cell(warehouse: duckdb.DuckDBPyConnection, measure: str, persons: int) -> None:
    lineage = Lineage(warehouse)
    workforce.of_cell(lineage, cells(warehouse, "flow")["Fast"], [measure])
    lineage.add_references()
    assert lineage.count("ansatte") == persons + _first_absence(lineage)


def _first_absence(lineage: Lineage) -> int:
    """The person whose sick absence begins the series is named too."""
    return 1 if lineage.count("fravaer") else 0
