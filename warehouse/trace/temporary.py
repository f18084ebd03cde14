"""Makes the temporary tables and views of a trace; whoever asks for one gets its name as a handle.
Not here: what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NewType

import duckdb

from warehouse.database import one

# The name of a temporary table or view, as it stands after `from`.
Relation = NewType("Relation", str)
_NUMBERS = count(1)


def table(con: duckdb.DuckDBPyConnection, name: str, query: str, parameters: Sequence[object] = ()) -> Relation:
    """Compute a query once, for whoever reads its rows several times. The connection's end removes the table."""
    relation = Relation(f"{name}_{next(_NUMBERS)}")
    con.execute(f"create temp table {relation} as {query}", list(parameters))
    return relation


def view(con: duckdb.DuckDBPyConnection, name: str, query: str) -> Relation:
    """Name a query that is computed anew wherever it is read, and there only as far as it is needed."""
    relation = Relation(f"{name}_{next(_NUMBERS)}")
    con.execute(f"create temp view {relation} as {query}")
    return relation


def is_empty(con: duckdb.DuckDBPyConnection, relation: Relation) -> bool:
    """Whether the relation has no rows."""
    return one(con, f"select count(*) = 0 from {relation}")[0]
