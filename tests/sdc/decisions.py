"""Decides hand-made cells by the secondary rule, as the house ties them together, without marts.
Not here: tests.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import duckdb
import numpy as np

from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of
from warehouse.sdc.suppression.problem import Problem
from warehouse.sdc.suppression.secondary import withhold
from warehouse.sdc.suppression.sources import Source, sources_of
from warehouse.sdc.suppression.sums import ProblemBuilder

# What a cell is beside its time, and its size.
Sizes = Mapping[tuple[object, ...], float]
# The thresholds of the hand-made cells, by what the table counts.
LIMITS = {"min_fte_unit": 10.0, "min_fte_job_code": 30.0, "min_persons": 5.0, "min_responses": 5.0}


@functools.cache
def sources() -> tuple[Source, ...]:
    return sources_of(tables_of(load_manifest()))


def problem_of(
    family: str,
    tables: Mapping[str, Sizes],
    *,
    scope: str = "2023",
    own: Mapping[str, Sizes] = {},
    units: Sequence[tuple[str, str | None, str | None]] = (),
    short_term_max_days: int = 16,
    pay_codes: Sequence[tuple[int, str]] = (),
) -> Problem:
    """The problem of these cells.

    `units` are (code, code of the unit above, group); one without a unit above is the municipality, T… is a service area. `own`
    sits on units themselves, by code. `pay_codes` are the pay groups with the codes that their positions have.
    """
    limits = {source.table: LIMITS[source.declared.threshold or ""] for source in sources()}
    with duckdb.connect() as con:
        con.execute(
            """create schema staging; create schema raw; create schema intermediate;
               create table staging.stg_units (unit_code varchar, parent_code varchar, group_name varchar, unit_level varchar);
               create table intermediate.int_pay_positions (pay_group integer, job_code varchar, calendar_year integer)"""
        )
        con.execute("create table raw.settings as select $1 as short_term_max_days", [short_term_max_days])
        for code, above, group in units:
            con.execute("insert into staging.stg_units values ($1, $2, $3, $4)", [code, above, group, level(code, above)])
        for group_no, job_code in pay_codes:
            con.execute("insert into intermediate.int_pay_positions values ($1, $2, $3)", [group_no, job_code, int(scope)])
        for source in (source for source in sources() if source.family == family):
            cells = tables.get(source.table, {})
            width = max(map(len, cells), default=0)
            types = ["integer" if name == "pay_group" else "varchar" for name in source.key]
            columns = ", ".join(f"{name} {kind}" for name, kind in zip(source.key, types, strict=True))
            _fill(
                con,
                f"cells_{source.table} (scope varchar, months bigint, size double, is_primary boolean, {columns})",
                [
                    (scope, 1, size, size < limits[source.table], *[scope] * (len(source.key) - width), *cell)
                    for cell, size in cells.items()
                ],
            )
            columns = ", ".join(f"{name} varchar" for name in ("unit_code", *source.breakdown))
            _fill(
                con,
                f"own_{source.table} (scope varchar, months bigint, size double, {columns})",
                [(scope, 1, size, *cell) for cell, size in own.get(source.table, {}).items()],
            )
        return ProblemBuilder(con, sources(), limits, protect_own_positions=True).problem(family, scope)


def level(code: str, above: str | None) -> str:
    return "kommune" if above is None else "tjenesteområde" if code.startswith("T") else "virksomhet"


def withheld(family: str, tables: Mapping[str, Sizes], **known: object) -> set[tuple[object, ...]]:
    """The withheld cells: table and what the cell is beside its time."""
    problem = problem_of(family, tables, **known)  # type: ignore[arg-type]
    widths = {table: max(map(len, cells), default=0) for table, cells in tables.items()}
    chosen = [problem.cells[i] for i in np.flatnonzero(withhold(problem, 0.1)).tolist()]
    return {(cell.table, *cell.key[-widths[cell.table] :]) for cell in chosen if cell.table in widths}


def _fill(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    con.execute(f"create temporary table {table}")
    if rows:
        con.executemany(f"insert into {table.split()[0]} values ({', '.join('?' * len(rows[0]))})", rows)
