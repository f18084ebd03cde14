"""What the decisions of other tables empty. Not here: which cells are withheld (test_secondary.py)."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.building import table_of
from warehouse.errors import ProgramFault
from warehouse.sdc import masking
from warehouse.sdc.masking import mask

PILOTS = table_of("pilots")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One pilot of one unit, which is not withheld."""
    with duckdb.connect() as con:
        for schema in ("marts", "disclosure", "staging"):
            con.execute(f"create schema {schema}")
        dates = ", ".join(f"date '2023-01-01' as {name}" for name in PILOTS.columns if name.endswith(("_from", "_to")))
        values = ", ".join(f"5.0 as {name}" for name in PILOTS.values)
        con.execute(
            f"""create table marts.pilots as select 'Langvakter' as pilot, 'sick_leave_percent' as indicator, {dates}, {values},
                2023 as start_year, 2023 as current_year, 20.0 as smallest_fte"""
        )
        con.execute("create table disclosure.pilots as select pilot, indicator, null::varchar as withheld from marts.pilots")
        con.execute("create table staging.stg_pilots as select 'Langvakter' as pilot, 'V1' as unit_code")
        con.execute(
            """create table disclosure.sick_leave_by_unit as
               select '2023' as calendar_year, 'virksomhet' as org_level, 'V1' as org_unit_code, null::varchar as withheld"""
        )
        con.execute(
            """create table disclosure.full_time_by_unit (source varchar, reference_date date, org_level varchar,
               org_unit_code varchar, withheld varchar)"""
        )
        yield con


@pytest.mark.parametrize(("of_unit", "withheld"), [("primary", "secondary"), ("secondary", "secondary"), (None, None)])
def test_a_pilot_whose_unit_is_withheld_says_so(
    con: duckdb.DuckDBPyConnection, of_unit: str | None, withheld: str | None
) -> None:
    con.execute("update disclosure.sick_leave_by_unit set withheld = $1", [of_unit])
    mask(con, [PILOTS])
    values = ", ".join(PILOTS.values)
    (served,) = con.execute(f"select withheld, {values} from served.pilots").fetchall()
    assert served == (withheld, *([None if withheld else 5.0] * len(PILOTS.values)))


def test_a_cell_without_a_decision_is_a_fault(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from disclosure.pilots")
    with pytest.raises(ProgramFault, match="pilots: 1 cells were built but 0 decided upon"):
        mask(con, [PILOTS])


def test_a_withheld_cell_with_a_value_is_a_fault(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    con.execute("update disclosure.pilots set withheld = 'primary'")
    masked = masking._masked
    monkeypatch.setattr(masking, "_masked", lambda mart, name: f"mart.{name}" if name == "after_value" else masked(mart, name))
    with pytest.raises(ProgramFault, match="pilots: a withheld cell still has a value"):
        mask(con, [PILOTS])
