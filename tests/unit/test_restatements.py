"""Which changes of closed periods a human has to accept. Not here: how a night finds them (pipeline/test_history.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from tests.building import table_of
from warehouse.restatements import DAYS_OF_PERIODS, IS_ABOVE_THRESHOLD, WITHOUT_EFFECT, _compare
from warehouse.settings import Settings

# By half a point and a quarter of the figure: was, now, unit, times, whether few rows differ, whether those stop nothing in the
# table, and whether the change stops the night.
CHANGES = {
    "points, at the threshold": (8.0, 8.5, "prosent", 1, False, False, False),
    "points, above it": (8.0, 8.75, "prosent", 1, False, False, True),
    "points downwards": (8.75, 8.0, "prosent", 1, False, False, True),
    "five times as many in an area": (8.0, 8.75, "prosent", 5, False, False, False),
    "of few rows the share as well": (8.0, 8.75, "prosent", 1, True, False, False),
    "of few rows, at the share": (8.0, 10.0, "prosent", 1, True, False, False),
    "of few rows, above both": (8.0, 10.25, "prosent", 1, True, False, True),
    "few rows where each is a person": (60.0, 80.0, "personer", 1, True, True, False),
    "many rows where each is a person": (60.0, 80.0, "personer", 1, False, True, True),
    "a share, at the threshold": (100.0, 125.0, "personer", 1, False, False, False),
    "a share, above it": (100.0, 126.0, "personer", 1, False, False, True),
    "of nothing": (0.0, 1.0, "personer", 1, False, False, True),
    "no main figure": (8.0, 80.0, "prosent", None, False, False, False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_above_the_threshold_stops_the_night(change: tuple) -> None:
    *of_figure, stops = change
    with duckdb.connect() as con:
        con.execute(IS_ABOVE_THRESHOLD)
        assert con.execute("select is_above_threshold($1, $2, $3, $4, $5, $6, 0.5, 0.25)", of_figure).fetchall() == [(stops,)]


# Lost days now, the as-of date before, and how many times the threshold the percent may change.
@pytest.mark.parametrize(
    ("lost_days", "as_of", "times"),
    [(55, date(2024, 3, 2), None), (56, date(2024, 3, 2), 3), (56, date(2024, 3, 1), 15), (55, date(2024, 1, 31), None)],
    ids=["few days", "more", "of a month whose notes come in", "few of such a month"],
)
def test_late_sick_notes_stop_no_night(tmp_path: Path, lost_days: float, as_of: date, times: int | None) -> None:
    """Of 1 000 possible days, as 48 persons have in a month, 40 were lost at first. An årsverk is more than 2 % of theirs."""
    where = "'month' as period_type, '2024-01' as period, 'kommune' as org_level, 'K' as org_unit_code, 1000.0 as possible_days"
    figures = f"{where}, {{}} as fte, {{}} / 10 as sick_leave_percent"
    found = allowed(tmp_path, "sick_leave_by_unit", figures.format(47.0, 40.0), figures.format(48.0, lost_days), as_of)
    assert found == {"fte": 3, "sick_leave_percent": times}


# Of 600 persons, 300 of them in full time, with 480 årsverk, or of a tenth of them: what late registrations make of it, the
# as-of date before, and how many times the threshold each may change.
@pytest.mark.parametrize(
    ("share", "persons", "fte", "full_time", "as_of", "times"),
    [
        (1, 605, 485, 305, date(2024, 10, 31), [None, None, None]),
        (1, 606, 486, 306, date(2024, 10, 31), [1, 1, None]),
        (1, 606, 486, 320, date(2024, 10, 31), [1, 1, 1]),
        (1, 606, 486, 320, date(2024, 9, 30), [5, 5, 15]),
        (0.1, 62, 50, 33, date(2024, 10, 31), [1, 1, 1]),
    ],
    ids=["five persons", "six persons", "and full time of many", "on a date whose positions come in", "more than 2 % of few"],
)
def test_positions_registered_late_stop_no_night(
    tmp_path: Path, share: float, persons: int, fte: int, full_time: int, as_of: date, times: list[int | None]
) -> None:
    where = "'payroll' as source, date '2024-08-31' as reference_date, 'kommune' as org_level, 'K' as org_unit_code"
    figures = f"{where}, {{0}} as headcount, {{1}} as fte, 100 * {{2}} / {{0}} as full_time_100_percent"
    before, after = figures.format(600 * share, 480 * share, 300 * share), figures.format(persons, fte, full_time)
    found = allowed(tmp_path, "full_time_by_unit", before, after, as_of)
    assert [found[name] for name in ("headcount", "fte", "full_time_100_percent")] == times


# Of 290 persons 89 were men, of 29 nine: how many are, the as-of date before, and how many times the threshold each may change.
@pytest.mark.parametrize(
    ("persons", "men", "times"),
    [(291, 90, [None, None]), (296, 95, [1, None]), (300, 105, [1, 1]), (30, 10, [1, 1])],
    ids=["one man", "six men", "sixteen men", "one of few"],
)
def test_a_leave_registered_late_beside_many_rows_stops_no_night(
    tmp_path: Path, persons: int, men: int, times: list[int | None]
) -> None:
    where = "2023 as year, 'kommune' as org_level, 'K' as org_unit_code, 'mann' as sex"
    figures = f"{where}, {{0}} as employees, 100 * {{0}} / {{1}} as employees_percent"
    before = figures.format(89, 290) if persons > 30 else figures.format(9, 29)
    found = allowed(tmp_path, "equality_gender_balance", before, figures.format(men, persons), date(2024, 3, 31))
    assert [found[name] for name in ("employees", "employees_percent")] == times


def allowed(folder: Path, name: str, before: str, after: str, as_of: date) -> dict[str, int | None]:
    """How many times the threshold each measure of a table's row may change that has changed; None is any number of times."""
    with duckdb.connect() as con:
        con.execute(f"{DAYS_OF_PERIODS}; create schema served")
        con.execute(f"copy (select {before}) to '{folder / f'{name}.parquet'}'")
        con.execute(f"create table served.{name} as select {after}")
        columns = [
            column for (column,) in con.execute("select column_name from duckdb_columns() where not internal").fetchall()
        ]
        con.execute(
            """create table restated (table_name varchar, cell varchar, period varchar, org_level varchar,
               org_unit_code varchar, measure varchar, was double, now double, times integer)"""
        )
        mart = replace(table_of(name), columns=tuple(columns))
        _compare(con, mart, SimpleNamespace(folder=folder, row={"as_of": as_of}))  # type: ignore[arg-type]
        return dict(con.execute("select measure, times from restated").fetchall())


def test_settings_without_effect_are_settings() -> None:
    assert Settings.model_fields.keys() > WITHOUT_EFFECT
