"""Property: whatever happens between the nights of a municipality, each night publishes, and the attack finds nothing.
Not here: single cases of what the attack finds (test_hand_made.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.building import build, settings_with, without_papers
from tests.sdc.towns import OPTIONAL, Town
from warehouse.catalogue import tables_of
from warehouse.paths import Home
from warehouse.publish import publish
from warehouse.sdc.attack.command import attack_publication

NIGHTS = 3
# Between them these towns draw all there is: 60 and 120 employees, few units and many, groups, leaders, units within units,
# units that merge and that move, each optional feed, both first years, thresholds stricter from the beginning and changed ones
# of each kind. The loop of disclosure control has to withhold more in a first, a second and a third night.
SEEDS = (0, 1, 3, 42, 79, 270)
SIZES = (60, 120, 250, 300)
LARGER = (*SIZES, 400, 700, 1500)
SICK_LEAVE = {by: f"sick_leave_by_{by}" for by in ("unit", "sex", "age", "job_code")}
CELL = {"unit": "", "sex": ", sex", "age": ", sex, age_group", "job_code": ", job_code"}


def three_nights(root: Path, seed: int, sizes: Sequence[int]) -> None:
    """Three nights of a random municipality: each publishes, the attack finds nothing, closed years stand as they were."""
    chance = Random(seed)
    town = Town.random(seed, chance.choice(sizes))
    optional = [feed for feed in OPTIONAL if chance.random() < 0.5]
    changes: dict[str, object] = {}
    if chance.random() < 0.5:
        changes["first_year"] = chance.choice((2023, 2024))
    if chance.random() < 0.2:
        changes["stricter"] = "{ sick_leave_by_sex = 15 }"
    tables = tables_of(load_manifest())
    home = Home(root / "home")
    home.prepare()
    before: set[tuple] = set()
    for _ in range(NIGHTS):
        settings = settings_with(root, **changes)
        town.deliver(home.landing, optional)
        build(home, settings)
        with without_papers():
            publication = publish(home, settings, tables)
        _, _, report = attack_publication(home, None)
        assert report.leaks == [], (seed, [leak.text() for leak in report.leaks])
        served, withheld = closed_year(home.history / publication)
        if town.is_reorganised:
            # What consists of other units than before is another cell.
            before = {cell for cell in before if cell[2] in town.bottom()}
        assert not served & before, (seed, sorted(served & before))
        before = withheld
        town.change()
        if chance.random() < 0.15:
            # Under lower thresholds everything is decided anew.
            changes |= chance.choice(({"stricter": "{ sick_leave_by_sex = 20 }"}, {"min_fte_unit": 8}))
            before = set()


def closed_year(publication: Path) -> tuple[set[tuple], set[tuple]]:
    """The cells of sick leave in the closed year: those that are served, and those that are withheld."""
    served, withheld = set(), set()
    with duckdb.connect() as con:
        for by, table in SICK_LEAVE.items():
            rows = con.execute(
                f"""select withheld is null, org_level, org_unit_code{CELL[by]} from '{publication / table}.parquet'
                    where period = '2023'"""
            ).fetchall()
            for is_served, *cell in rows:
                (served if is_served else withheld).add((table, *cell))
    return served, withheld


@pytest.mark.parametrize("seed", SEEDS)
def test_every_night_publishes(tmp_path: Path, seed: int) -> None:
    three_nights(tmp_path, seed, SIZES[:2])


def test_the_first_night_of_several_years_is_attacked_whole(tmp_path: Path) -> None:
    """The pay groups that nobody was in add up to 0 in the year before, which is not the newest one."""
    home = Home(tmp_path / "home")
    home.prepare()
    settings = settings_with(tmp_path, first_year=2022)
    Town.random(4, 60).deliver(home.landing, [])
    build(home, settings)
    with without_papers():
        publish(home, settings, tables_of(load_manifest()))
    _, _, report = attack_publication(home, None)
    assert [leak.text() for leak in report.leaks] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(6, 206))
def test_every_night_of_many_towns_publishes(tmp_path: Path, seed: int) -> None:
    three_nights(tmp_path, seed, LARGER)
