"""Municipalities of some hundred and some thousand employees through a whole night, with every part of disclosure control.
The demo's figures are those that were printed about the real one; a small drawn one stands in for it in `make test`.
Not here: the demo's files (unit/test_demo_optional_feeds.py), or how a figure is judged (golden/test_reconciliation.py).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from sources.demo import make_deliveries
from sources.demo.dialects import Dialect, write_feed, write_sheets
from sources.demo.from_printed import maltall, sammenligning, ssb_12451, survey_2023
from sources.demo.printed_figures import PRINTED_FIGURES, printed_figures
from sources.demo.solve.figures import CUT_OFF, GIVEN_WAY
from tests.builds import Builds, published_by_dbt, whole_night
from tests.municipalities.drawn import Size, write_drawn
from warehouse.verify import verify

# What cannot come out as printed, and why, stands in sources/demo/README.md.
MISMATCHES = CUT_OFF
NOT_COVERED = 42
ENOUGH = 995
AUTUMN = "2024-10-08"
# What the small municipality has no files for, and what a first publication has nothing of.
WITHOUT_ROWS = {"full_time_sources", "substitutes_by_unit", "pilots", "restatements"}


def deliver_small(landing: Path) -> None:
    """A drawn municipality, with the demo's files of the feeds that are about no person."""
    write_drawn(landing, Size(150, 1_500, (1, 2, 3, 3, 6), seed=3))
    printed = printed_figures()
    for name, table in {"sammenligning": sammenligning(printed), "maltall": maltall(printed)}.items():
        write_feed(landing / f"{name}_{AUTUMN}.csv", table, Dialect(encoding="utf-8"), np.random.default_rng(1))
    write_sheets(landing / "10faktor_2023.xlsx", survey_2023(printed))
    (landing / f"ssb_12451_{AUTUMN}.json").write_text(ssb_12451(), encoding="utf-8")
    (landing / f"publiserte_tall_{AUTUMN}.csv").write_bytes(PRINTED_FIGURES.read_bytes())


def test_a_small_municipality_with_files_of_many_feeds(builds: Builds) -> None:
    """The secondary rule withholds, the attack finds nothing, and every printed figure has a status."""
    built = builds.built(deliver_small, published_by_dbt, first_year=2023)
    assert verify(built.home) == []
    with duckdb.connect(str(built.home.served_database), read_only=True) as con:
        reasons = {row[0] for row in con.execute("select distinct withheld from main.sick_leave_by_unit").fetchall()}
        statuses = dict(con.execute("select status, count(*) from main.reconciliation group by status").fetchall())
        empty = [
            table
            for (table,) in con.execute("select table_name from duckdb_tables()").fetchall()
            if con.execute(f"select count(*) from main.{table}").fetchone() == (0,)
        ]
    assert reasons == {None, "primary", "secondary"}
    assert sum(statuses.values()) == len(printed_figures()) and statuses["match"] > 0
    assert set(empty) <= WITHOUT_ROWS


@pytest.fixture(scope="module")
def statuses(builds: Builds) -> dict[str, set[str]]:
    """The printed figures by their status after a night on the demo; those left out of which no feed tells."""
    home = builds.built(make_deliveries, whole_night).home
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        rows = con.execute(
            """select status, list(figure_id) from main.reconciliation
               where source not in ('history', 'other') group by status"""
        ).fetchall()
    return {status: set(figures) for status, figures in rows}


@pytest.mark.exhaustive
def test_what_can_hold_comes_out_as_printed(statuses: dict[str, set[str]]) -> None:
    assert statuses["mismatch"] == MISMATCHES
    assert len(statuses["match"]) >= ENOUGH


@pytest.mark.exhaustive
def test_what_cannot_hold_is_known(statuses: dict[str, set[str]]) -> None:
    assert set(GIVEN_WAY) <= statuses["contradicted"]
    assert len(statuses["not_covered"]) == NOT_COVERED
