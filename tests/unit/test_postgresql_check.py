"""What a copy's comparison with the publication notices. Another DuckDB answers for PostgreSQL; `make postgres` has a real one.
Not here: the command (pipeline/test_copy.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from warehouse import postgresql
from warehouse.errors import Refused
from warehouse.postgresql import PUBLICATION, Column, ServedTable

COLUMNS = (Column("unit", "text", ""), Column("days", "double precision", ""), Column("persons", "bigint", ""))
TABLES = tuple(ServedTable("main", name, "", COLUMNS) for name in ("first", "second"))
ROWS = "('A', 10.5, 7), ('B', -10.5, 8), (null, null, null)"
# What has become of the second table in the copy, and what is said of it.
DAMAGE = {
    "a row is gone": ("delete from second where unit is null", "second has other rows or values"),
    "a row is there twice": ("insert into second from second where unit = 'A'", "second has other rows or values"),
    "a text is gone": ("update second set unit = null where unit = 'A'", "second has other rows or values"),
    "a number has come": ("update second set persons = 0 where unit is null", "second has other rows or values"),
    "a number is another": (
        "update second set days = 10.6 where unit = 'A'",
        r"second\.days sums up to 0\.\d+ in PostgreSQL, 0",
    ),
    "the last column is another": ("update second set persons = 9 where unit = 'B'", r"second\.persons sums up to 16 in"),
    "a number is none": ("update second set days = 'nan' where unit = 'B'", r"second\.days sums up to nan"),
}


class InDuckDb(postgresql._Copy):
    """A copy of which the statements go to another DuckDB."""

    def __init__(self, there: duckdb.DuckDBPyConnection) -> None:
        self.there, self.analyzed, self.loading = there, list[str](), "main"

    def execute(self, text: str, *parameters: object, **names: str) -> list[tuple]:
        if text.startswith("analyze"):
            self.analyzed.append(names["table"])
            return []
        return self.there.execute(text.format(**names)).fetchall()


@pytest.fixture
def served() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(f"attach ':memory:' as {PUBLICATION}")
        for table in TABLES:
            con.execute(f"create table {table.source} as from (values {ROWS}) as row (unit, days, persons)")
        yield con


@pytest.fixture
def copy() -> Iterator[InDuckDb]:
    with duckdb.connect() as con:
        for table in TABLES:
            kinds = "unit varchar, days double, persons bigint"
            con.execute(f"create table {table.name} ({kinds}); insert into {table.name} values {ROWS}")
        yield InDuckDb(con)


def test_a_whole_copy_passes_and_is_analyzed(served: duckdb.DuckDBPyConnection, copy: InDuckDb) -> None:
    copy.check(served, TABLES)
    assert copy.analyzed == ["first", "second"]
    # The last bits of a sum depend on its order.
    copy.there.execute("update second set days = days * (1 + 1e-13) where unit = 'A'")
    copy.check(served, TABLES)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_differs_is_named(served: duckdb.DuckDBPyConnection, copy: InDuckDb, damage: tuple[str, str]) -> None:
    change, told = damage
    copy.there.execute(change)
    with pytest.raises(Refused, match=told):
        copy.check(served, TABLES)
