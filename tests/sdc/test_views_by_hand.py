"""Each way in which a view for BI tools could give a withheld cell away, for each view that splits units.
Not here: the views that a night makes (tests/pipeline/test_views_for_bi.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.sdc.publications import SETTINGS
from warehouse.catalogue import tables_of
from warehouse.sdc.attack.copies import SPLITS, Split
from warehouse.sdc.attack.served import Served

# Columns of time, with the year in which decisions are taken.
TIMES = {"period_type": "year", "period": "2023", "source": "payroll", "reference_date": "2023-12-31"}


@pytest.fixture
def served() -> Iterator[Served]:
    """A publication that has no table as yet."""
    with duckdb.connect() as con:
        con.execute("create schema served")
        con.execute("create table served.publication as select $1 as settings", [json.dumps(SETTINGS)])
        yield Served(con, "memory.served", tables={table.name: table for table in tables_of(load_manifest())})


def serve(served: Served, split: Split, *, withheld: str = "", more: float = 0.0, rest: float = 4.0, shows: str = "") -> None:
    """One unit of 10 with one cell of 6 and a remainder; one of both may be `withheld`, the view may show `more` in the cell.

    `shows`: of the remainder's other figures this one alone is served.
    """
    places = [*(f"'{TIMES[name]}' as {name}" for name in split.time), "'avdeling' as org_level", "'A' as org_unit_code"]
    cell = f"{'alle' if split.dimension == 'age_group' else 'kvinne'}"
    dimension = [f"'x' as {split.dimension}"] if split.dimension != "sex" else [f"'{cell}' as sex"]
    sex = ["'alle' as sex"] if split.dimension == "age_group" else []

    def figures(value: float, shown: str = "") -> list[str]:
        names = dict.fromkeys((*split.figures, *split.secret))
        is_empty = {name for name in (split.secret or split.figures) if shown and name not in (shown, split.size)}
        return [f"{'null' if name in is_empty else value}::double as {name}" for name in names]

    def table(name: str, *rows: list[str]) -> None:
        query = " union all by name ".join(f"select {', '.join(row)}" for row in rows)
        served.con.execute(f"create table served.{name} as {query}")

    def reason(of: str) -> list[str]:
        return ["'secondary' as withheld" if withheld == of else "null::varchar as withheld"]

    table(split.units, [*places, *figures(10), *reason("unit")])
    table(split.cells, [*places, *sex, *dimension, *figures(6), *reason("cell")])
    table(
        split.view,
        [*places, *dimension, "false as is_remainder", *figures(6 + more)],
        [*places, f"'rest' as {split.dimension}", "true as is_remainder", *figures(rest, shows)],
    )


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.view)
def test_a_view_that_splits_a_unit_gives_nothing_away(served: Served, split: Split) -> None:
    serve(served, split)
    assert served.copies() == []


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.view)
@pytest.mark.parametrize(
    ("wrong", "of", "by"),
    [
        pytest.param({"withheld": "cell"}, "cells", "cell", id="a withheld cell"),
        pytest.param({"more": 0.5, "rest": 3.5}, "cells", "cell", id="another figure"),
        pytest.param({"withheld": "unit"}, "units", "parts together", id="the parts of a withheld unit"),
        pytest.param({"rest": 3.0}, "units", "parts together", id="parts that are not the unit"),
    ],
)
def test_a_false_row_of_a_view_is_a_copy(served: Served, split: Split, wrong: dict[str, object], of: str, by: str) -> None:
    serve(served, split, **wrong)  # type: ignore[arg-type]
    found = [(table, text) for table, _, text in served.copies()]
    assert found == [(getattr(split, of), f"{split.view}.{by}")]


@pytest.mark.parametrize(
    ("split", "shows"),
    [
        pytest.param(split, shows, id=f"{split.view} {shows}")
        for split in SPLITS
        if split.size
        for shows in (split.secret or split.figures)
    ],
)
def test_a_remainder_below_the_threshold_shows_no_figure(served: Served, split: Split, shows: str) -> None:
    """Two is the threshold."""
    serve(served, split, rest=1.5, shows=shows)
    assert (split.units, f"{split.view}.remainder below the threshold") in {(table, text) for table, _, text in served.copies()}
