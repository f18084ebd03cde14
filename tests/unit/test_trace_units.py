"""In which unit trace says a figure whose definition names none of its own (warehouse/trace/answer.py)."""

from __future__ import annotations

import duckdb
import pytest

from warehouse.trace.answer import DEFINED, _definitions


@pytest.mark.parametrize(
    ("cell", "units"),
    [
        ({"indicator": "average_position_percent", "unit": "percent"}, ["prosent", "prosent", "prosentpoeng"]),
        # A change of a percent is points, whatever its indicator is measured in.
        ({"indicator": "average_position_percent", "unit": "percentage_points"}, ["prosentpoeng"] * 3),
        ({"indicator": "hours_pay", "unit": "million_nok"}, ["millioner kroner"] * 3),
        ({"indicator": "hours_pay", "unit": "nok"}, ["kroner"] * 3),
        ({"indicator": "unheard_of", "unit": None}, ["som tallet"] * 3),
    ],
)
def test_a_printed_figure_is_measured_as_it_was_printed(cell: dict[str, str], units: list[str]) -> None:
    rows = [("reconciliation", name, "som tallet") for name in ("published", "computed", "difference")]
    rows += [("full_time_by_unit", "average_position_percent", "prosent"), ("substitutes_by_unit", "hours_pay", "kroner")]
    with duckdb.connect() as con:
        con.execute("create schema served")
        others = ", ".join(f"'' as {name}" for name in DEFINED if name not in ("measure", "unit"))
        values = ", ".join(str(row) for row in rows)
        con.execute(
            f"""create table served.metric_definitions as
                select *, {others} from (values {values}) as defined (table_name, measure, unit)"""
        )
        found = _definitions(con, "reconciliation", ["published", "computed", "difference"], cell)
    assert [found[name]["unit"] for name in ("published", "computed", "difference")] == units
