"""Gives Python the values of SQL formulas (dbt_project/macros/formulas.sql), so that none is written a second time.
Not here: the formulas.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import duckdb


class Evaluated:
    """Expressions of a few arguments. Each combination of arguments that occurs is computed once.

    Args:
        expressions: SQL on the arguments by name.
        arguments: the SQL type of each argument, in the order in which the values are given.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, expressions: str, arguments: Mapping[str, str]) -> None:
        self._con = con
        unnested = ", ".join(
            f"cast(unnest(${number}) as {sql_type}) as {name}" for number, (name, sql_type) in enumerate(arguments.items(), 1)
        )
        self._query = f"select {', '.join(arguments)}, {expressions} from (select {unnested})"
        self._width = len(arguments)
        self._known: dict[tuple, tuple] = {}

    def prepare(self, combinations: Collection[tuple]) -> None:
        """Compute many combinations in one query."""
        unknown = [combination for combination in set(combinations) if combination not in self._known]
        if not unknown:
            return
        columns: list[Any] = [list(column) for column in zip(*unknown, strict=True)]
        for row in self._con.execute(self._query, columns).fetchall():
            self._known[row[: self._width]] = row[self._width :]

    def __call__(self, *arguments: object) -> tuple:
        """The values of the expressions for these arguments."""
        if arguments not in self._known:
            self.prepare([arguments])
        return self._known[arguments]
