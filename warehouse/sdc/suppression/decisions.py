"""Decides for every cell whether it is withheld: by the primary rule, then by the secondary one (docs/disclosure.md).
Not here: the secondary rule itself (secondary.py), or the emptying of cells (masking.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from warehouse.catalogue import Table, thresholds
from warehouse.database import one, quoted
from warehouse.memory import rarely_collected
from warehouse.sdc.linear.movement import NEGLIGIBLE
from warehouse.sdc.suppression.problem import Problem
from warehouse.sdc.suppression.processes import withhold_in_all
from warehouse.sdc.suppression.sources import Source, counts, fingerprints, read_cells, sources_of
from warehouse.sdc.suppression.sums import ProblemBuilder
from warehouse.settings import WITHHOLDING_RULES, Settings, are_laxer

# Goes up when the rule decides otherwise for the same cells, so that nothing decided before is taken over.
METHOD = 13


@dataclass(frozen=True)
class Earlier:
    """The publication before: its folder of Parquet files, and the restricted database behind it where there is one.

    The decisions follow from the inputs and from what the publication served as withheld. The database only spares the
    work: it tells which scopes have the same cells, to the last withheld figure, so that their decisions stand unproven.
    """

    folder: Path
    database: Path | None = None
    # Whether what it withheld stays withheld: under higher thresholds it withheld what need not be.
    is_kept: bool = True
    # Whether what it served hides nothing: under lower thresholds it served what is too small now, and what would hide it.
    is_comparable: bool = True


def decide(
    con: duckdb.DuckDBPyConnection, marts: Sequence[Table], settings: Settings, earlier: Earlier | None = None
) -> dict[str, tuple[int, int, int]]:
    """Decide for every cell and calendar year, in a table without periods for every row, whether it is withheld.

    The same inputs, settings and earlier publication give the same decisions.

    Returns:
        For each withholding table the number of decisions in all, of primary and of secondary ones.
    """
    limits = decide_primary(con, marts, settings)
    if earlier is not None:
        rules, now = _rules_of(con, earlier), settings.as_dict()
        if are_laxer(now, rules):
            earlier = replace(earlier, is_kept=False)
        elif any(rules.get(name) != now[name] for name in WITHHOLDING_RULES):
            earlier = replace(earlier, is_comparable=False)
    with rarely_collected():
        _decide_secondary(con, sources_of(marts), limits, settings, earlier)
    return {
        mart.name: one(
            con,
            f"""select count(*), count(*) filter (withheld = 'primary'), count(*) filter (withheld = 'secondary')
                from disclosure.{mart.name}""",
        )
        for mart in marts
        if mart.threshold is not None
    }


def decide_primary(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], settings: Settings) -> dict[str, float]:
    """Decide by the primary rule alone: what is below its threshold. Returns the threshold of each withholding table."""
    limits = thresholds(marts, settings)
    con.execute("create schema if not exists disclosure")
    for mart in marts:
        if mart.threshold is not None:
            _decide_primary(con, mart, limits[mart.name])
    return limits


def _decide_primary(con: duckdb.DuckDBPyConnection, mart: Table, limit: float) -> None:
    year, rows = ("period as calendar_year,", "where period_type = 'year'") if mart.has_periods else ("", "")
    # A measure that is missing withholds the cell too.
    too_small = " or ".join(f"coalesce({measure} < {limit}, true)" for measure in mart.size)
    running = "when is_partial then 'running'" if mart.closed_years_only else ""
    con.execute(
        f"""create or replace table disclosure.{mart.name} as
            select {year} {", ".join(mart.cell)}, case {running} when {too_small} then 'primary' end as withheld
            from marts.{mart.name} {rows}"""
    )


def _decide_secondary(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    limits: dict[str, float],
    settings: Settings,
    earlier: Earlier | None,
) -> None:
    read_cells(con, sources)
    rule = f"method {METHOD}, thresholds {sorted(limits.items())}, protection interval {settings.protection_interval}"
    rule += f", own positions {settings.protect_own_positions}"
    scopes = {scope: f"{rule} {cells}" for scope, cells in fingerprints(con, sources).items()}
    for source in sources:
        read_previous(con, source, earlier)
    unchanged = _proven(con, earlier, scopes)
    for source in sources:
        _take_over(con, source, [scope for family, scope in unchanged if family == source.family])
    builder = ProblemBuilder(con, sources, limits, protect_own_positions=settings.protect_own_positions)
    chains: list[list[tuple[str, str]]] = []
    chain_of: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for scope in sorted(scopes.keys() - unchanged):
        before = _date_before(scope, scopes)
        chain_of[scope] = chain_of.get(before, []) if before else []
        if not chain_of[scope]:
            chains.append(chain_of[scope])
        chain_of[scope].append(scope)

    def problems(chain: list[tuple[str, str]]) -> Iterator[Problem]:
        for scope in chain:
            problem = builder.problem(*scope)
            if earlier is not None:
                _remember(con, sources, problem, scope)
            before = _date_before(scope, scopes) if scope == chain[0] else None
            if before is not None and problem.withheld_before is None:
                withheld_then = _withheld_places(con, sources, before)
                problem.withheld_before = np.array([cell.natural_key in withheld_then for cell in problem.cells])
            yield problem

    cells = counts(con, sources)
    chains.sort(key=lambda chain: -sum(cells[scope] for scope in chain))
    chosen: dict[str, list[tuple]] = {source.table: [] for source in sources}
    of_all = sum(cells[scope] for scope in chain_of)
    for problem, withheld in withhold_in_all(map(problems, chains), of_all, settings.protection_interval):
        for i in np.flatnonzero(withheld & ~problem.primary).tolist():
            if (cell := problem.cells[i]).table in chosen:
                chosen[cell.table].append(cell.key)
    for source in sources:
        _write(con, source, chosen[source.table])
    con.execute("create or replace table disclosure.proven (family varchar, scope varchar, fingerprint varchar)")
    con.executemany("insert into disclosure.proven values ($1, $2, $3)", [[*scope, cells] for scope, cells in scopes.items()])


def _rules_of(con: duckdb.DuckDBPyConnection, earlier: Earlier) -> dict[str, Any]:
    """The settings that a publication was made with."""
    file = earlier.folder / "publication.parquet"
    rules: dict[str, Any] = json.loads(one(con, f"select settings from read_parquet({quoted(str(file))})")[0])
    return rules


def _date_before(scope: tuple[str, str], scopes: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """The date before within the calendar year: every date begins with what that one withholds."""
    family, date = scope
    if family not in ("persons", "workforce"):
        return None
    earlier = [other for other in scopes if other[0] == family and other[1] < date and other[1][:-6] == date[:-6]]
    return max(earlier, default=None)


def _withheld_places(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], scope: tuple[str, str]) -> set[tuple]:
    found: set[tuple] = set()
    for source in sources:
        if source.family == scope[0]:
            same = " and ".join(f"decision.{name} = cell.{name}" for name in source.key)
            columns = ", ".join(f"decision.{name}" for name in source.natural_key)
            rows = con.execute(
                f"""select {columns} from disclosure.{source.table} as decision
                    inner join cells_{source.table} as cell on {same}
                    where cell.scope = $1 and decision.withheld is not null""",
                [scope[1]],
            ).fetchall()
            found |= {(source.table, *row) for row in rows}
    return found


def read_previous(con: duckdb.DuckDBPyConnection, source: Source, earlier: Earlier | None) -> None:
    """What the publication before withheld, in the temporary table `previous_…` with the columns of the decisions.

    `is_known` are cells that it served with the figure of now.
    """
    file = earlier.folder / f"{source.table}.parquet" if earlier else None
    key, is_known = ", ".join(source.key), "false"
    if earlier is None or file is None or not file.exists():
        con.execute(
            f"""create or replace temporary table previous_{source.table} as
                select {key}, withheld, {is_known} as is_known from disclosure.{source.table} where false"""
        )
        return
    by_year = source.key[0] == "calendar_year"
    key = ", ".join(f"before.{'period as ' if by_year and name == 'calendar_year' else ''}{name}" for name in source.key)
    same = " and ".join(f"before.{name} = mart.{name}" for name in source.declared.grain)
    withheld = "before.withheld" if earlier.is_kept else "cast(null as varchar)"
    if earlier.is_comparable and source.known_by:
        is_known = f"coalesce(abs(before.{source.known_by} - mart.{source.known_by}) < {NEGLIGIBLE}, false)"
    con.execute(
        f"""create or replace temporary table previous_{source.table} as
            select {key}, {withheld} as withheld, {is_known} as is_known
            from read_parquet({quoted(str(file))}) as before left join marts.{source.table} as mart on {same}
            where {"before.period_type = 'year'" if by_year else "true"}"""
    )


def _proven(
    con: duckdb.DuckDBPyConnection, earlier: Earlier | None, scopes: dict[tuple[str, str], str]
) -> set[tuple[str, str]]:
    """The scopes whose cells are in every figure those that the publication before was decided on."""
    if earlier is None or earlier.database is None or not earlier.database.exists():
        return set()
    con.execute(f"attach {quoted(str(earlier.database))} as earlier (read_only)")
    try:
        known = one(
            con,
            """select count(*) from duckdb_tables()
               where database_name = 'earlier' and schema_name = 'disclosure' and table_name = 'proven'""",
        )[0]
        if not known or one(con, "select publication_id from earlier.raw.publication")[0] != earlier.folder.name:
            return set()
        before = {(family, scope): cells for family, scope, cells in con.execute("from earlier.disclosure.proven").fetchall()}
    finally:
        con.execute("detach earlier")
    return {scope for scope, cells in scopes.items() if before.get(scope) == cells}


def _take_over(con: duckdb.DuckDBPyConnection, source: Source, scopes: list[str]) -> None:
    same = " and ".join(f"decision.{name} = previous.{name}" for name in source.key)
    in_scope = " and ".join(f"decision.{name} = cell.{name}" for name in source.key)
    con.execute(
        f"""update disclosure.{source.table} as decision set withheld = 'secondary'
            from previous_{source.table} as previous, cells_{source.table} as cell
            where {same} and {in_scope} and previous.withheld = 'secondary' and list_contains($1, cell.scope)""",
        [scopes],
    )


def _remember(con: duckdb.DuckDBPyConnection, sources: Sequence[Source], problem: Problem, scope: tuple[str, str]) -> None:
    """Let the problem begin with what the publication before withheld of it.

    A cell that it served is known as long as its figure stays, and hides none of the others; nor does what follows from it.
    """
    before: dict[tuple, tuple[bool, bool]] = {}
    for source in sources:
        if source.family == scope[0]:
            in_scope = " and ".join(f"previous.{name} = cell.{name}" for name in source.key)
            columns = ", ".join(f"previous.{name}" for name in source.key)
            for *key, is_withheld, is_known in con.execute(
                f"""select {columns}, coalesce(previous.withheld <> 'running', false), previous.is_known
                    from previous_{source.table} as previous
                    inner join cells_{source.table} as cell on {in_scope} where cell.scope = $1""",
                [scope[1]],
            ).fetchall():
                before[source.table, *key] = is_withheld, is_known
    if before:
        found = np.array([before.get((cell.table, *cell.key), (False, False)) for cell in problem.cells])
        if found[:, 0].any():
            problem.withheld_before = found[:, 0]
        problem.learn(found[:, 1])


def _write(con: duckdb.DuckDBPyConnection, source: Source, keys: list[tuple]) -> None:
    if not keys:
        return
    chosen = pd.DataFrame(keys, columns=list(source.key))
    con.register("chosen", chosen)
    same = " and ".join(f"decision.{name} = chosen.{name}" for name in source.key)
    con.execute(f"update disclosure.{source.table} as decision set withheld = 'secondary' from chosen where {same}")
    con.unregister("chosen")
