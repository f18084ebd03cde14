"""Property: whatever happens between the nights of a municipality, each night publishes, and the attack finds nothing.
Not here: single cases of what the attack finds (test_hand_made.py).
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.building import build, settings_with
from tests.sdc.towns import Town
from warehouse.catalogue import tables_of
from warehouse.paths import Home
from warehouse.publish import publish
from warehouse.sdc.attack.command import attack_publication

NIGHTS = 3


def three_nights(root: Path, seed: int) -> None:
    """Three nights of a random municipality: each publishes, the attack finds nothing, closed years stand as they were."""
    chance = Random(seed)
    town = Town.random(seed, chance.choice((60, 120, 250, 300, 400, 700)))
    hours, changes = chance.random() < 0.5, {}
    if chance.random() < 0.5:
        changes["first_year"] = chance.choice((2023, 2024))
    tables = tables_of(load_manifest())
    home = Home(root / "home")
    home.prepare()
    before: set[tuple] = set()
    for _ in range(NIGHTS):
        settings = settings_with(root, **changes)
        town.deliver(home.landing, hours=hours)
        build(home, settings)
        publication = publish(home, settings, tables)
        _, _, report = attack_publication(home, None)
        assert report.leaks == [], (seed, [leak.told() for leak in report.leaks])
        with duckdb.connect() as con:
            place = home.history / publication / "sick_leave_by_sex.parquet"
            rows = con.execute(f"select period, org_unit_code, sex, withheld from '{place}' where period = '2023'").fetchall()
        served = {row[:3] for row in rows if row[3] is None}
        assert not served & before, (seed, sorted(served & before))
        before = {row[:3] for row in rows if row[3] is not None}
        town.change()
        if chance.random() < 0.15:
            changes["stricter"] = "{ sick_leave_by_sex = 15 }"
            before = set()


@pytest.mark.parametrize("seed", range(6))
def test_every_night_publishes(tmp_path: Path, seed: int) -> None:
    three_nights(tmp_path, seed)
