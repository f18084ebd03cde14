"""What the decisions of other tables empty. Not here: which cells are withheld (test_secondary.py)."""

from __future__ import annotations

import duckdb
import pytest

from tests.building import table_of
from warehouse.sdc.masking import mask


@pytest.mark.parametrize(("of_unit", "withheld"), [("primary", "secondary"), (None, None)])
def test_a_pilot_whose_unit_is_withheld_says_so(of_unit: str | None, withheld: str | None) -> None:
    pilots = table_of("pilots")
    with duckdb.connect() as con:
        for schema in ("marts", "disclosure", "staging"):
            con.execute(f"create schema {schema}")
        dates = ", ".join(f"date '2023-01-01' as {name}" for name in pilots.columns if name.endswith(("_from", "_to")))
        values = ", ".join(f"5.0 as {name}" for name in pilots.values)
        con.execute(
            f"""create table marts.pilots as select 'Langvakter' as pilot, 'sick_leave_percent' as indicator, {dates}, {values},
                2023 as start_year, 2023 as current_year, 20.0 as smallest_fte"""
        )
        con.execute("create table disclosure.pilots as select pilot, indicator, null::varchar as withheld from marts.pilots")
        con.execute("create table staging.stg_pilots as select 'Langvakter' as pilot, 'V1' as unit_code")
        con.execute(
            """create table disclosure.sick_leave_by_unit as
               select '2023' as calendar_year, 'virksomhet' as org_level, 'V1' as org_unit_code, $1::varchar as withheld""",
            [of_unit],
        )
        con.execute(
            """create table disclosure.full_time_by_unit (source varchar, reference_date date, org_level varchar,
               org_unit_code varchar, withheld varchar)"""
        )
        mask(con, [pilots])
        served = con.execute("select current_value, withheld from served.pilots").fetchall()
    assert served == [(None if withheld else 5.0, withheld)]
