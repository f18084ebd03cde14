"""Comparisons of sick leave computed by hand (metrics.md 8c), of all cells and of those that are served.
Not here: the months they are made of (test_sick_leave.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.builds import Builds
from tests.municipalities.by_hand import Municipality
from tests.municipalities.files import header_line, write_lines
from warehouse.trace import comparisons
from warehouse.trace.lineage import Lineage

AS_OF = date(2024, 5, 15)


def municipality() -> Municipality:
    """Kommune K and area A: department A1 with X alone, A2 with Y and in 2024 half a Z, and a leader on A itself."""
    m = Municipality()
    m.unit("K", "kommune")
    m.unit("A", "tjenesteområde", "K")
    m.unit("A1", "avdeling", "A")
    m.unit("A2", "avdeling", "A")
    m.unit("A3", "avdeling", "A")
    m.position("1", "A1", first="01.01.2020")
    m.position("2", "A2", first="01.01.2020")
    m.position("3", "A2", "50", "01.01.2024")
    m.position("4", "A", first="01.01.2020")
    # Begins in March 2024; a year before it was not there.
    m.position("5", "A3", first="01.03.2024")
    for year, monday, friday in ((2023, "06", "10"), (2024, "05", "09")):
        m.absence("1", "Sykmelding", f"{monday}.02.{year}", f"{friday}.02.{year}", "50" if year == 2024 else "100")
    m.absence("2", "Egenmelding", "12.02.2024", "13.02.2024")
    m.absence("5", "Egenmelding", "04.03.2024", "04.03.2024")
    return m


@pytest.fixture(scope="module")
def warehouse(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    """Where at least 1.2 årsverk a unit are served: A1 is withheld, and A2 before 2024."""
    with builds.built(deliver, first_year=2021, min_fte_unit=1.2).reading() as con:
        yield con


def deliver(landing: Path) -> None:
    municipality().deliver(landing, AS_OF)
    write_lines(
        landing / "piloter_2024-01-01.csv",
        header_line("piloter"),
        [
            "A1;Vinter;01.06.2023;",
            "A1;Fra første år;10.05.2021;",
            "A1;Tre måneder;01.04.2021;",
            "A1;For tidlig;01.03.2021;",
            "A1;Slutt;01.01.2022;31.01.2023",
        ],
    )
    write_lines(landing / "maltall_2024-01-01.csv", header_line("maltall"), TARGETS)


TARGETS = [
    # The plan of 2022: from the last actual figure before its first year.
    "sick_leave_percent;avdeling;A1;2024;1,0;Plan;13.12.2022;;",
    "sick_leave_percent;avdeling;A1;2026;0,5;Plan;13.12.2022;;",
    # A tenth less than in 2023.
    "sick_leave_percent;avdeling;A1;2025;-10;Annen plan;12.12.2023;relativ prosent;2023",
    # Any measure of the unit tables.
    "headcount;kommune;K;2023;3;Plan;13.12.2022;absolutt;",
    "part_time;kommune;K;2024;1;Plan;13.12.2022;;",
    "eventyr;kommune;K;2024;1;Plan;13.12.2022;;",
]


def change(
    con: duckdb.DuckDBPyConnection, unit: str, period_type: str, period: str, measure: str = "sick_leave", schema: str = "marts"
) -> dict[str, Any]:
    found = con.execute(
        f"""select * from {schema}.sick_leave_changes
            where org_unit_code = $1 and period_type = $2 and period = $3 and measure = $4""",
        [unit, period_type, period, f"{measure}_percent"],
    )
    names = [column[0] for column in found.description]
    (row,) = found.fetchall()
    return dict(zip(names, row, strict=True))


# Of A1: period type, period: value now and a year before in percent, first and last day, whether it is partial.
# In 2024 five days at 50 % are 2.5 days.
CHANGES = {
    "a month": ("month", "2024-02", 250 / 21, 500 / 20, "2024-02-01", "2024-02-29", False),
    "a month without sick leave": ("month", "2024-03", 0, 0, "2024-03-01", "2024-03-31", False),
    "a quarter": ("quarter", "2024-Q1", 250 / 62, 500 / 65, "2024-01-01", "2024-03-31", False),
    # So far 83 + 9 days; in 2023 82, and May and June 19 + 22.
    "a half year so far": ("half_year", "2024-H1", 250 / 92, 500 / 123, "2024-01-01", "2024-06-30", True),
    "a year so far": ("year", "2024", 250 / 92, 500 / 251, "2024-01-01", "2024-12-31", True),
    # January to April of both years.
    "the year to date": ("year_to_date", "2024", 250 / 83, 500 / 82, "2024-01-01", "2024-04-30", False),
    "the year to date of a whole year": ("year_to_date", "2023", 500 / 251, 0, "2023-01-01", "2023-12-31", False),
    # April 2024: May to December 2023 and January to April 2024, a day of each year weighing 254 of its working days.
    "twelve months": (
        "rolling_12",
        "2024-04",
        100 * (2.5 / 252) / (169 / 251 + 83 / 252),
        # May to December 2022 and January to April 2023, of which 2022 has 253 working days and 82 of them until April.
        100 * (5 / 251) / (171 / 253 + 82 / 251),
        "2023-05-01",
        "2024-04-30",
        False,
    ),
    "twelve months that are not over": (
        "rolling_12",
        "2024-05",
        100 * (2.5 / 252) / (150 / 251 + 92 / 252),
        None,
        "2023-06-01",
        "2024-05-31",
        True,
    ),
}


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES.keys())
def test_changes(warehouse: duckdb.DuckDBPyConnection, case: tuple[str, str, float, float | None, str, str, bool]) -> None:
    period_type, period, now, before, start, end, is_partial = case
    got = change(warehouse, "A1", period_type, period)
    assert got["value"] == pytest.approx(now, rel=1e-12)
    assert (str(got["period_start"]), str(got["period_end"]), got["is_partial"]) == (start, end, is_partial)
    if before is None:
        return
    assert got["value_year_before"] == pytest.approx(before, rel=1e-12)
    assert got["change_points"] == pytest.approx(now - before, rel=1e-9)
    assert got["change_percent"] == (pytest.approx(100 * (now - before) / before, rel=1e-9) if before else None)


def test_other_shares(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert change(warehouse, "A1", "month", "2024-02", "doctor_certified")["value"] == pytest.approx(250 / 21)
    assert change(warehouse, "A1", "month", "2024-02", "self_certified")["value"] == 0
    graded = change(warehouse, "A1", "month", "2024-02", "graded")
    assert (graded["value"], graded["value_year_before"], graded["change_points"]) == (100, 0, 100)


def test_mean_of_three_whole_years(warehouse: duckdb.DuckDBPyConnection) -> None:
    # 2021 and 2022 without sick leave, 5 of 251 days in 2023.
    mean = pytest.approx(500 / 251 / 3)
    assert change(warehouse, "A1", "year", "2023")["mean_three_years"] == mean
    assert change(warehouse, "A1", "year", "2024")["mean_three_years"] == mean
    assert change(warehouse, "A1", "month", "2024-02")["mean_three_years"] == mean
    # 2020 is not in the series.
    assert change(warehouse, "A1", "month", "2023-12")["mean_three_years"] == mean
    assert change(warehouse, "A1", "month", "2023-11")["mean_three_years"] is None


def test_there_is_no_sum_of_twelve_months_before_there_are_twelve(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute("select min(period) from marts.sick_leave_changes where period_type = 'rolling_12'").fetchall()
    assert rows == [("2021-12",)]


def test_changes_of_served_cells(warehouse: duckdb.DuckDBPyConnection) -> None:
    withheld = change(warehouse, "A1", "month", "2024-02", schema="served")
    figures = ("value", "value_year_before", "change_points", "change_percent", "mean_three_years")
    assert {withheld[name] for name in figures} == {None}
    # A2 is served in 2024 alone, the twelve months reach into 2023.
    now = change(warehouse, "A2", "month", "2024-02", schema="served")
    assert now["value"] == pytest.approx(200 / (1.5 * 21))
    assert {now[name] for name in figures[1:]} == {None}
    assert change(warehouse, "A2", "rolling_12", "2024-04", schema="served")["value"] is None
    assert change(warehouse, "A2", "year_to_date", "2024", schema="served")["value"] is not None
    above = change(warehouse, "K", "month", "2024-02", schema="served")
    assert above == change(warehouse, "K", "month", "2024-02") and above["change_points"] is not None


def contributions(
    con: duckdb.DuckDBPyConnection, unit: str, period_type: str, period: str, schema: str = "marts"
) -> dict[str, tuple[float | None, float | None, float | None]]:
    rows = con.execute(
        f"""select child_org_unit_code, rate_effect, mix_effect, contribution from {schema}.sick_leave_contributions
            where org_unit_code = $1 and period_type = $2 and period = $3 order by 1""",
        [unit, period_type, period],
    ).fetchall()
    return {code: tuple(values) for code, *values in rows}


REST = "øvrige (ikke vist)"
# February: possible positions of A, A1 and A2; lost days; working days.
BEFORE = {"A": (3, 5, 20), "A1": (1, 5, 20), "A2": (1, 0, 20)}
NOW = {"A": (Fraction(7, 2), Fraction(9, 2), 21), "A1": (1, Fraction(5, 2), 21), "A2": (Fraction(3, 2), 2, 21)}


def rate(cell: tuple[Any, Any, int]) -> Fraction:
    positions, lost, days = cell
    return 100 * Fraction(lost) / (Fraction(positions) * days)


def test_contributions(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = contributions(warehouse, "A", "month", "2024-02")
    mean = (rate(NOW["A"]) + rate(BEFORE["A"])) / 2
    total = rate(NOW["A"]) - rate(BEFORE["A"])
    for unit in ("A1", "A2"):
        shares = Fraction(NOW[unit][0]) / NOW["A"][0], Fraction(BEFORE[unit][0]) / BEFORE["A"][0]
        now, before = rate(NOW[unit]), rate(BEFORE[unit])
        own = sum(shares) / 2 * (now - before)
        mix = (shares[0] - shares[1]) * ((now + before) / 2 - mean)
        assert got[unit] == pytest.approx((float(own), float(mix), float(own + mix)), rel=1e-9)
        total -= own + mix
    # What is left is the leader's, who is never ill and weighs less than before.
    assert got[REST] == (None, None, pytest.approx(float(total), rel=1e-9))
    assert float(total) == pytest.approx(float((1 / Fraction(7, 2) - Fraction(1, 3)) * (0 - mean)))
    assert set(got) == {"A1", "A2", REST}


def test_a_unit_that_was_not_there_is_all_mix(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = contributions(warehouse, "A", "month", "2024-03")
    # One of 4.5 positions, away one of 19 days; A was at 0 and is at 1 of 4.5 × 19.
    now = Fraction(100, 19)
    mean = Fraction(100) / (Fraction(9, 2) * 19) / 2
    assert got["A3"] == pytest.approx((0, float(Fraction(2, 9) * (now - mean)), float(Fraction(2, 9) * (now - mean))))


def test_all_units_below_make_the_change(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = contributions(warehouse, "K", "rolling_12", "2024-04")
    points = change(warehouse, "K", "rolling_12", "2024-04")["change_points"]
    # A is all of K: its own change, and no remainder.
    assert got == {"A": (pytest.approx(points), pytest.approx(0, abs=1e-12), pytest.approx(points))}


def test_contributions_of_served_cells(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = contributions(warehouse, "A", "month", "2024-02", schema="served")
    points = change(warehouse, "A", "month", "2024-02", schema="served")["change_points"]
    assert got == {"A1": (None, None, None), "A2": (None, None, None), REST: (None, None, pytest.approx(points))}


def test_rows_of_a_change(warehouse: duckdb.DuckDBPyConnection) -> None:
    lineage = Lineage(warehouse)
    comparisons.of_change(lineage, change(warehouse, "A1", "month", "2024-02"), ["change_points"])
    named = {traced.file.feed: traced.rows for traced in lineage.named()}
    # X's position and both absences.
    assert (named["stillinger"], named["fravaer"]) == ([1], [1, 2])
    lineage = Lineage(warehouse)
    comparisons.of_change(lineage, change(warehouse, "A1", "month", "2024-02"), ["value"])
    assert {traced.file.feed: traced.rows for traced in lineage.named()}["fravaer"] == [2]


# Pilot: value before and now, what they are of; value after the end, and what that is of.
PILOTS = {
    # May is not over a year after June 2023: June to April of both. In 2022 June to December have 151 of 253 working days.
    "Vinter": (
        100 * (5 / 251) / (151 / 253 + 82 / 251),
        100 * (2.5 / 252) / (150 / 251 + 83 / 252),
        "2022-06-01",
        "2023-04-30",
        "2023-06-01",
        "2024-04-30",
    ),
    # The series begins four months before: January to April of 2021 and of 2024.
    "Fra første år": (0, 250 / 83, "2021-01-01", "2021-04-30", "2024-01-01", "2024-04-30"),
    # Three months are enough: January to March.
    "Tre måneder": (0, 250 / 62, "2021-01-01", "2021-03-31", "2024-01-01", "2024-03-31"),
    # Two months say nothing.
    "For tidlig": (None, None, None, None, None, None),
    # 2021, and February 2022 to January 2023.
    "Slutt": (0, 0, "2021-01-01", "2021-12-31", "2022-02-01", "2023-01-31"),
}


@pytest.mark.parametrize("pilot", PILOTS)
def test_pilots_of_twelve_months(warehouse: duckdb.DuckDBPyConnection, pilot: str) -> None:
    (row,) = warehouse.execute(
        """select start_value, current_value, start_from, start_to, current_from, current_to, change_points
           from marts.pilots where pilot = $1 and indicator = 'sick_leave_percent'""",
        [pilot],
    ).fetchall()
    before, now, *days = PILOTS[pilot]
    assert row[:2] == ((None, None) if before is None else pytest.approx((before, now), rel=1e-12))
    assert [day and str(day) for day in row[2:6]] == days
    assert row[6] == (None if before is None or now is None else pytest.approx(now - before))


def test_twelve_months_after_a_pilot(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        """select pilot, after_value, after_from, after_to from marts.pilots
           where indicator = 'sick_leave_percent' and after_value is not null"""
    ).fetchall()
    # February 2023 to January 2024, of which 22 days are of 2024.
    after = 100 * (5 / 251) / (229 / 251 + 22 / 252)
    assert rows == [("Slutt", pytest.approx(after), date(2023, 2, 1), date(2024, 1, 31))]
    # A1 is withheld in those years.
    served = warehouse.execute(
        "select start_value, current_value, after_value, withheld from served.pilots where indicator = 'sick_leave_percent'"
    ).fetchall()
    assert {row[:3] for row in served} == {(None, None, None)}
    unsaid = warehouse.execute(
        """select pilot from served.pilots as served inner join marts.pilots as built using (pilot, indicator)
           where built.current_value is not null and served.current_value is null and served.withheld is null"""
    ).fetchall()
    assert unsaid == [], "what is withheld says so"


def test_targets(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "target, actual, on_track, expected_now, needed_per_year"
    rows = {
        (indicator, year): tuple(values)
        for indicator, year, *values in warehouse.execute(
            f"select indicator, year, {columns} from marts.targets where indicator <> 'part_time'"
        ).fetchall()
    }
    in_2023, latest = 500 / 251, 100 * (2.5 / 252) / (169 / 251 + 83 / 252)
    # 2024 runs: the latest twelve months, 0.99, are below 1.0; so far it is 2.5 of 92 days.
    assert rows["sick_leave_percent", 2024] == pytest.approx((1.0, 250 / 92, True, 1.0, 1.0 - in_2023))
    assert latest < 1
    # On the path of its plan the running year is due 1.0; needed from 2023 to 2026 is a third of the way.
    assert rows["sick_leave_percent", 2026] == pytest.approx((0.5, None, True, 1.0, (0.5 - in_2023) / 3))
    # From the last actual figure, 2023, half of the way to 2025.
    assert rows["sick_leave_percent", 2025] == pytest.approx((0.9 * in_2023, None, True, 0.95 * in_2023, -0.05 * in_2023))
    # 1, 2 and 4 on 31 December 2023. Nothing says whether more or fewer are better.
    assert rows["headcount", 2023] == (3.0, 3.0, None, None, None)
    # The part-timer 3 so far.
    (part_time,) = warehouse.execute("select actual, gap from marts.targets where indicator = 'part_time'").fetchall()
    assert part_time == (1.0, 0.0)


def test_a_target_for_no_measure_is_told(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select rows, severity, description from marts.data_quality where feed = 'maltall' and rule = 'indicator_known'"
    ).fetchall()
    assert [(number, severity, "eventyr" in text) for number, severity, text in rows] == [(1, "warning", True)]


def test_targets_of_withheld_units(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        """select target, actual, gap, on_track, expected_now, needed_per_year from served.targets
           where org_unit_code = 'A1' and year in (2024, 2025) order by year"""
    ).fetchall()
    # What the decision says; its path begins with 1.0 in 2024. A relative target would tell the figure.
    assert rows == [(1.0, None, None, None, 1.0, None), (None,) * 6]
