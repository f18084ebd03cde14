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
from warehouse.sdc.attack.copies import ABSENCE, SPLITS, Split
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


def serve(
    served: Served,
    split: Split,
    *,
    withheld: str = "",
    more: float = 0.0,
    rest: float = 4.0,
    shows: str = "",
    beside: float = 0.0,
) -> None:
    """One unit of 10 with one cell of 6 and a remainder; one of both may be `withheld`, the view may show `more` in the cell.

    `shows`: of the remainder's other figures this one alone is served. `beside`: so much larger is the unit, and a further cell
    of the view.
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

    table(split.units, [*places, *figures(10 + beside), *reason("unit")])
    table(split.cells, [*places, *sex, *dimension, *figures(6), *reason("cell")])
    table(
        split.view,
        [*places, *dimension, "false as is_remainder", *figures(6 + more)],
        [*places, f"'rest' as {split.dimension}", "true as is_remainder", *figures(rest, shows)],
        *([[*places, f"'y' as {split.dimension}", "false as is_remainder", *figures(beside)]] if beside else []),
    )


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.view)
def test_a_view_that_splits_a_unit_gives_nothing_away(served: Served, split: Split) -> None:
    serve(served, split)
    assert served.copies() == []


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.view)
def test_the_last_digits_of_a_large_figure_are_no_other_figure(served: Served, split: Split) -> None:
    """Of 70 million days a double has eight decimals: the parts' sum differs from the unit in the last one, and one of them
    takes it up.
    """
    serve(served, split, more=2.2e-8, beside=73_855_176.676)
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


DAYS_OF_FTE = 230.0


def serve_tree(served: Served, *, withheld: str = "", more: str = "", rest: float = 4.0, shows: str = "lost_days") -> None:
    """The municipality of 10 årsverk, a unit of 6 in it, and the remainder of 4.

    The view may show one `more` in a column of the unit; `shows` is the absence that is served of the remainder.
    """

    def row(code: str, fte: float, more: str = "", shown: str | None = None) -> str:
        sizes = {name: fte * (1.0 if name == "fte" else DAYS_OF_FTE) for name in ("fte", "possible_days")}
        columns = {**{name: 5.0 if shown in (None, name) else None for name in ABSENCE}, **sizes}
        figures = [
            f"{'null' if value is None else value + (name == more)}::double as {name}" for name, value in columns.items()
        ]
        level = "kommune" if code == "K" else "avdeling"
        place = f"'year' as period_type, '2023' as period, '{level}' as org_level, '{code}' as org_unit_code"
        return f"select {place}, {', '.join(figures)}"

    units = [f"{row(code, fte)}, {DAYS_OF_FTE} as days_per_fte" for code, fte in (("K", 10), ("A", 6))]
    served.con.execute(
        f"""create table served.sick_leave_by_unit as
            select *, case when org_unit_code = '{withheld}' then 'secondary' end as withheld
            from ({" union all ".join(units)})"""
    )
    served.con.execute(
        f"""create table served.bi_sick_leave as
            select *, false as is_remainder from ({row("A", 6, more)})
            union all select *, true from ({row("K", rest, shown=shows)})"""
    )


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        pytest.param({}, set(), id="as it is"),
        pytest.param({"withheld": "A"}, {"unit"}, id="a withheld unit"),
        *(pytest.param({"more": name}, {"unit"}, id=f"other {name}") for name in ("lost_days", "graded_days")),
        pytest.param({"more": "fte"}, {"unit", "pieces together"}, id="other fte"),
        pytest.param({"rest": 3.0}, {"pieces together"}, id="pieces that are not the municipality"),
        pytest.param({"rest": 1.5, "shows": ""}, {"pieces together"}, id="a small remainder without absence"),
        *(
            pytest.param({"rest": 1.5, "shows": name}, {"pieces together", "remainder below the threshold"}, id=f"its {name}")
            for name in ABSENCE
        ),
    ],
)
def test_the_pieces_of_the_tree_give_nothing_away(served: Served, wrong: dict[str, object], found: set[str]) -> None:
    serve_tree(served, **wrong)  # type: ignore[arg-type]
    assert {text for _, _, text in served.copies()} == {f"bi_sick_leave.{text}" for text in found}


@pytest.mark.parametrize(
    ("employees", "fte", "withheld", "is_found"),
    [(9, 8.0, None, False), (9, 8.0, "secondary", True), (8, 8.0, None, True), (9, 7.5, None, True)],
)
def test_a_false_row_of_the_balance_is_a_copy(
    served: Served, employees: int, fte: float, withheld: str | None, is_found: bool
) -> None:
    cell = "select 2023 as year, 'avdeling' as org_level, 'A' as org_unit_code, 'mann' as sex, "
    served.con.execute(
        f"create table served.equality_gender_balance as {cell} 9 as employees, 8.0::double as fte, $1::varchar as withheld",
        [withheld],
    )
    served.con.execute(
        f"create table served.bi_equality_gender_balance as {cell} $1::bigint as employees, $2::double as fte", [employees, fte]
    )
    assert bool(served.copies()) == is_found
