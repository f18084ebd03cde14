"""Pay is served for closed years alone: two nights of a running year would show what one person earns.
Not here: the figures of pay (tests/golden/test_equality.py), or small groups.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.building import build, settings_with
from tests.municipalities.by_hand import Municipality
from warehouse.catalogue import tables_of
from warehouse.paths import Home
from warehouse.publish import publish

pytestmark = pytest.mark.usefixtures("without_papers")
SALARY = 500_000


def deliver(home: Home, day: date, *, left: str = "") -> None:
    """Twelve women and twelve men of one pay group, of other salaries; the first of them may have left."""
    made = Municipality()
    made.unit("K", "kommune")
    for n in range(1, 25):
        made.person(f"7{n:03}", "KM"[n % 2])
        made.position(f"7{n:03}", "K", "100", "01.01.2022", left if n == 1 else "", rest=f"{SALARY + 1000 * n};3;;")
    made.deliver(home.landing, day)


def pay_of_night(home: Home, day: date, folder: Path, **changes: object) -> dict[int, tuple[object, ...]]:
    """What the night of an extract serves of all pay, by year: withheld, positions, mean."""
    build(home, settings_with(folder, **changes), day)
    publication = publish(home, settings_with(folder, **changes), tables_of(load_manifest()))
    with duckdb.connect() as con:
        rows = con.execute(
            f"""select year, withheld, positions, mean_all
                from '{home.history / publication / "equality_pay.parquet"}' where pay_group = 0"""
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_a_leavers_salary_does_not_follow_and_the_closed_year_is_served(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    deliver(home, date(2023, 11, 30))
    first = pay_of_night(home, date(2023, 11, 30), tmp_path, first_year=2022)
    deliver(home, date(2023, 12, 15), left="30.11.2023")
    second = pay_of_night(home, date(2023, 12, 15), tmp_path, first_year=2022)
    # Mean × number before less mean × number after would be the leaver's salary to the krone.
    assert first[2023] == second[2023] == ("running", None, None)
    assert first[2022] == second[2022] and first[2022][:2] == (None, 24)
    deliver(home, date(2023, 12, 31), left="30.11.2023")
    closed = pay_of_night(home, date(2023, 12, 31), tmp_path, first_year=2022)
    assert closed[2023][:2] == (None, 23), "what was withheld as running is decided anew once the year is over"
