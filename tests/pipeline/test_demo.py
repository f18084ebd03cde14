"""The demo municipality through a whole night: its figures are those that were printed about the real one.
Not here: the demo's files (unit/test_demo_optional_feeds.py), or how a figure is judged (golden/test_reconciliation.py).
"""

from __future__ import annotations

import duckdb
import pytest

from sources.demo import make_deliveries
from sources.demo.solve.figures import GIVEN_WAY
from tests.nights import night
from warehouse.paths import Home

# Figures of which the loaded data has no cell, with those of before any delivery left out.
WITHOUT_A_CELL = {"HELT0324-019", "HELT0324-020", "LIKE2023-026"}
ENOUGH = 560


@pytest.fixture(scope="module")
def statuses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The ledger's figures by their status after a night on the demo; history left out."""
    home = Home(tmp_path_factory.mktemp("demo") / "home")
    home.prepare()
    make_deliveries(home.landing)
    night(home)
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        rows = con.execute(
            "select status, list(figure_id) from marts.marts.reconciliation where source <> 'history' group by status"
        ).fetchall()
    return {status: set(figures) for status, figures in rows}


def test_what_can_hold_comes_out_as_printed(statuses: dict[str, set[str]]) -> None:
    assert "mismatch" not in statuses
    assert len(statuses["match"]) >= ENOUGH


def test_what_cannot_hold_is_known(statuses: dict[str, set[str]]) -> None:
    assert statuses["not_covered"] == WITHOUT_A_CELL
    assert set(GIVEN_WAY) <= statuses["not_covered"] | statuses["contradicted"]
