"""Which changes of closed periods a human has to accept. Not here: how a night finds them (pipeline/test_history.py)."""

from __future__ import annotations

import duckdb
import pytest

from warehouse.restatements import IS_ABOVE_THRESHOLD

# By half a point and a quarter of the figure: was, now, unit, times, whether few rows differ, and whether it stops the night.
CHANGES = {
    "points, at the threshold": (8.0, 8.5, "prosent", 1, False, False),
    "points, above it": (8.0, 8.75, "prosent", 1, False, True),
    "points downwards": (8.75, 8.0, "prosent", 1, False, True),
    "five times as many in an area": (8.0, 8.75, "prosent", 5, False, False),
    "of few rows the share as well": (8.0, 8.75, "prosent", 1, True, False),
    "of few rows, at the share": (8.0, 10.0, "prosent", 1, True, False),
    "of few rows, above both": (8.0, 10.25, "prosent", 1, True, True),
    "a share, at the threshold": (100.0, 125.0, "personer", 1, False, False),
    "a share, above it": (100.0, 126.0, "personer", 1, False, True),
    "of nothing": (0.0, 1.0, "personer", 1, False, True),
    "no main figure": (8.0, 80.0, "prosent", None, False, False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_above_the_threshold_stops_the_night(change: tuple) -> None:
    *of_figure, stops = change
    with duckdb.connect() as con:
        con.execute(IS_ABOVE_THRESHOLD)
        assert con.execute("select is_above_threshold($1, $2, $3, $4, $5, 0.5, 0.25)", of_figure).fetchall() == [(stops,)]
