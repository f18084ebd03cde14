"""Empties what the decisions withhold: marts → served tables. Not here: which cells those are (decisions.py)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from graphlib import TopologicalSorter

import duckdb

from warehouse.catalogue import Follow, Table
from warehouse.database import at_once, one
from warehouse.errors import ProgramFault


def _follows(mart: Table, follow: Follow) -> str:
    """Condition on a row of the mart: a decision that is followed withholds it. Found by one join, not row by row."""
    row = f"({', '.join(f'mart.{name}' for name in mart.grain)})"
    return (
        f"{row} in (select {row} from marts.{mart.name} as mart, disclosure.{follow.table} as followed"
        f" where followed.withheld is not null and ({follow.where}))"
    )


def _masked(mart: Table, column: str) -> str:
    """The column's expression in the served table: empty where a decision withholds it, its own or one that is followed."""
    served_where = ["decision.withheld is null"] if mart.threshold is not None and column in mart.values else []
    served_where += [f"not {_follows(mart, follow)}" for follow in mart.follows if column in follow.empties]
    if served_where:
        return f"case when {' and '.join(served_where)} then mart.{column} end as {column}"
    return f"mart.{column}"


def _same_cell(mart: Table) -> str:
    """Condition on a row of the mart and a decision: the decision is of the row's cell, whatever its period."""
    return " and ".join(f"mart.{name} = decision.{name}" for name in mart.cell)


def mask(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], changed: Collection[str] | None = None) -> None:
    """Make the tables of the schema `served`: the marts with every measure of a withheld cell emptied.

    `changed` are the tables whose decisions have changed since they were made; the others, and what is computed of them alone,
    stay as they are. None makes all.

    Raises:
        ProgramFault: a cell has no decision, or a measure of a withheld cell is left.
    """
    made: set[str] = set()
    with at_once(con):
        con.execute("create schema if not exists served")
        decided = _decide_as_others(con, marts) | {mart.name for mart in marts if changed is None or mart.name in changed}
        for mart in (mart for mart in marts if not mart.from_served):
            if decided & {mart.name, *(follow.table for follow in mart.follows)}:
                _make(con, mart)
                made.add(mart.name)
    views = dict(con.execute("select view_name, sql from duckdb_views() where schema_name = 'marts'").fetchall())
    queries = {mart.name: _of_served(views[mart.name]) for mart in marts if mart.from_served}
    columns_of = {mart.name: ", ".join(mart.columns) for mart in marts if mart.from_served}
    # One may be computed of another's cells: that one first.
    read = {name: set(re.findall(r"\bserved\.(\w+)", query)) for name, query in queries.items()}
    # In a transaction of their own: DuckDB plans badly with tables of which some are not committed yet.
    with at_once(con):
        for name in TopologicalSorter({name: read[name] & queries.keys() for name in queries}).static_order():
            if changed is None or read[name] & made:
                con.execute(f"create or replace table served.{name} as select {columns_of[name]} from ({queries[name]})")
                made.add(name)


def _decide_as_others(con: duckdb.DuckDBPyConnection, marts: Sequence[Table]) -> set[str]:
    """Withhold the cells of which others' decisions leave nothing; the tables in which there were such."""
    found: dict[str, int] = Counter()
    for mart in marts:
        if mart.withheld_with is not None:
            found[mart.name] += one(
                con,
                f"""update disclosure.{mart.name} as decision set withheld = 'secondary'
                    from disclosure.{mart.withheld_with.table} as followed
                    where decision.withheld is null and followed.withheld is not null and ({mart.withheld_with.where})""",
            )[0]
        for follow in mart.follows:
            if mart.threshold is not None and set(mart.values) <= set(follow.empties):
                # Nothing is left of such a cell: it is withheld itself.
                found[mart.name] += one(
                    con,
                    f"""update disclosure.{mart.name} as decision set withheld = 'secondary' from marts.{mart.name} as mart
                        where decision.withheld is null and {_same_cell(mart)} and {_follows(mart, follow)}""",
                )[0]
    return {name for name, count in found.items() if count}


def _make(con: duckdb.DuckDBPyConnection, mart: Table) -> None:
    """One served table."""
    columns = [_masked(mart, name) for name in mart.columns if name != "withheld"]
    if mart.threshold is None:
        con.execute(f"create or replace table served.{mart.name} as select {', '.join(columns)} from marts.{mart.name} as mart")
        return
    same_year = "decision.calendar_year = left(mart.period, 4) and" if mart.has_periods else ""
    con.execute(
        f"""create or replace table served.{mart.name} as
            select {", ".join([*columns, "decision.withheld"])}
            from marts.{mart.name} as mart
            inner join disclosure.{mart.name} as decision on {same_year} {_same_cell(mart)}"""
    )
    built = one(con, f"select count(*) from marts.{mart.name}")[0]
    kept = one(con, f"select count(*) from served.{mart.name}")[0]
    if built != kept:
        raise ProgramFault(f"{mart.name}: {built} cells were built but {kept} decided upon")
    leaked = " or ".join(f"{name} is not null" for name in mart.values)
    if one(con, f"select count(*) from served.{mart.name} where withheld is not null and ({leaked})")[0]:
        raise ProgramFault(f"{mart.name}: a withheld cell still has a value")


def _of_served(view: str) -> str:
    """The query of a view that is computed of other marts' cells, on the served tables instead."""
    query = re.sub(r"(?is)^create view .*? as ", "", view, count=1).rstrip().rstrip(";")
    return re.sub(r'(?<!\w)("?marts"?)\.', "served.", query)
