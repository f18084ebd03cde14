"""Attacks on what a night has built: a small random municipality with the primary rule alone, and the night's gate.
Not here: hand-made tables (test_hand_made.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import duckdb
import numpy as np
import pytest

from orchestration.dbt import load_manifest
from tests.building import attack_served, table_of
from tests.builds import Builds, served_whole
from tests.municipalities.random_rows import write_random
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.publish import publish
from warehouse.sdc.attack import attacker
from warehouse.sdc.attack import night as night_of_the_attack
from warehouse.sdc.attack.attacker import Attacker, unknowns
from warehouse.sdc.attack.cells import Snapshot
from warehouse.sdc.attack.families import FAMILIES, Family
from warehouse.sdc.attack.proofs import Proofs
from warehouse.sdc.attack.publication import attack
from warehouse.sdc.attack.relations import ABSENT, SERVED, WITHHELD
from warehouse.sdc.attack.served import Organisation, Served
from warehouse.sdc.linear import elimination
from warehouse.sdc.linear.intervals import System
from warehouse.settings import Settings
from warehouse.workers import Processes

SEED = 11
SICK_LEAVE, FULL_TIME = FAMILIES[:2]
THRESHOLDS = {"min_fte_unit": 4, "min_fte_job_code": 4, "min_persons": 4}
FTE_TABLES = [part.table for part in SICK_LEAVE.parts]
HEAD_TABLES = {"full_time_by_unit": "headcount", "full_time_by_job_code": "headcount", "equality_gender_balance": "employees"}


@pytest.fixture(scope="module")
def built(builds: Builds) -> tuple[Home, Settings]:
    """A build database; a test that changes it works on a copy."""
    whole = builds.built(lambda landing: write_random(landing, SEED), served_whole, **THRESHOLDS)
    return whole.home, whole.settings


def withhold(con: duckdb.DuckDBPyConnection, table: str, where: str, reason: str) -> None:
    """Empty the size and every other number of the served cells of a table."""
    columns = con.execute(
        """select column_name from duckdb_columns() where schema_name = 'served' and table_name = $1
           and data_type in ('DOUBLE', 'BIGINT')""",
        [table],
    ).fetchall()
    emptied = ", ".join(f"{name} = null" for (name,) in columns)
    con.execute(f"update served.{table} set withheld = '{reason}', {emptied} where {where}")


def serve_by_the_primary_rule_alone(con: duckdb.DuckDBPyConnection) -> None:
    """Small cells are withheld and nothing else, made from the marts without the house's disclosure control."""
    for table in [*FTE_TABLES, *HEAD_TABLES]:
        con.execute(f"create or replace table served.{table} as from marts.{table}")
    for table in FTE_TABLES:
        cell = ", ".join(table_of(table).cell)
        year = f"select ({cell}, period) from marts.{table} where period_type = 'year' and fte < 4"
        withhold(con, table, f"({cell}, left(period, 4)) in ({year})", "primary")
    for table, heads in HEAD_TABLES.items():
        withhold(con, table, f"{heads} < 4", "primary")


@pytest.fixture
def night(built: tuple[Home, Settings], tmp_path: Path) -> Iterator[tuple[Home, Settings]]:
    """A home of its own with the build database."""
    home, settings = Home(tmp_path), built[1]
    home.prepare()
    shutil.copy(built[0].build_database, home.build_database)
    yield home, settings


def served_by(con: duckdb.DuckDBPyConnection, home: Home) -> Served:
    con.execute(f"attach '{home.build_database}' as build (read_only)")
    tables = {table.name: table for table in tables_of(load_manifest())}
    return Served(con, "build.served", Organisation.delivered(con, "build"), tables)


def true_cells(con: duckdb.DuckDBPyConnection, family: Family, served: Served, time: str) -> np.ndarray:
    """Every cell and own part of a time by the marts, withheld or not: what the attack must never see."""
    cells = Served(con, "build.marts", served.organisation, served.tables)
    grid = served.load(family, [time]).grid
    values = np.zeros(grid.size)
    state = np.zeros(grid.size, dtype=np.int8)
    # The marts have the same rows, and settings stand in the served table alone.
    object.__setattr__(cells, "settings", served.settings)
    snapshot = cells.load(family, [time]).snapshot(time)
    values[: grid.own_start], state[: grid.own_start] = snapshot.size[: grid.own_start], snapshot.state[: grid.own_start]
    tree = (grid.row < grid.group_rows) & (grid.cell < grid.own_start)
    own = np.bincount(grid.row[tree], weights=grid.coefficient[tree] * values[grid.cell[tree]], minlength=grid.group_rows)
    values[grid.own_start :] = own
    return values


@pytest.mark.parametrize("family", [SICK_LEAVE, FULL_TIME], ids=lambda family: family.name)
def test_every_relation_the_attack_believes_in_holds(night: tuple[Home, Settings], family: Family) -> None:
    """Relations and bounds are true of the withheld values, so that what follows from them is true."""
    home, settings = night
    with connect(home.build_database, settings) as con:
        serve_by_the_primary_rule_alone(con)
    tried = 0
    with duckdb.connect() as con:
        served = served_by(con, home)
        cells = served.load(family)
        for time in cells.times[::5] + cells.times[-1:]:
            snapshot = cells.snapshot(time)
            system, columns, relation = unknowns(snapshot)
            truth = true_cells(con, family, served, time)[columns]
            left = np.bincount(system.row, weights=system.coefficient * truth[system.column], minlength=relation.size)
            # The municipal director is in the full-time tables and not among the employees of the equality tables.
            off = [
                snapshot.grid.relation_text(relation[row])
                for row in np.flatnonzero(np.abs(left - system.right) > 1e-6).tolist()
            ]
            assert [relation for relation in off if "full time = kvinne + mann" not in relation] == []
            assert (truth >= system.lower - 1e-6).all() and (truth <= system.upper + 1e-6).all()
            tried += relation.size
    assert tried > 200


def test_the_primary_rule_alone_leaks(night: tuple[Home, Settings]) -> None:
    home, settings = night
    with connect(home.build_database, settings) as con:
        serve_by_the_primary_rule_alone(con)
    with duckdb.connect() as con:
        report = attack(served_by(con, home))
    assert report.tables["sick_leave_by_sex"].pinned > 0
    assert report.tables["sick_leave_by_job_code"].pinned > 0
    assert report.tables["full_time_by_job_code"].pinned > 0
    assert report.notes == []
    with pytest.raises(Refused, match="sick_leave_by_") as refused:
        attack_served(home, settings, tables_of(load_manifest()))
    assert "and " in str(refused.value) and "more" in str(refused.value)


@pytest.mark.usefixtures("all_cores")
def test_an_attack_in_processes_finds_what_one_without_them_does(
    night: tuple[Home, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, settings = night
    with connect(home.build_database, settings) as con:
        serve_by_the_primary_rule_alone(con)

    def found() -> list[tuple[object, ...]]:
        with duckdb.connect() as con:
            return [(finding, finding.members) for finding in attack(served_by(con, home)).findings]

    here = found()
    monkeypatch.setattr("warehouse.sdc.attack.publication.SMALL", 0)
    assert found() == here
    assert here


def with_more_withheld(snapshot: Snapshot, share: float) -> Snapshot:
    """The same in which a share of the served cells is withheld by the secondary rule, chosen at random."""
    served = np.flatnonzero(snapshot.state == SERVED)
    chosen = np.random.default_rng(SEED).choice(served, int(served.size * share), replace=False)
    state, lower, upper = snapshot.state.copy(), snapshot.lower.copy(), snapshot.upper.copy()
    state[chosen], upper[chosen] = WITHHELD, np.inf
    lower[chosen] = np.minimum(snapshot.grid.thresholds[chosen % len(snapshot.grid.slices)], snapshot.size[chosen])
    return replace(snapshot, state=state, lower=lower, upper=upper)


@pytest.mark.parametrize("family", [SICK_LEAVE, FULL_TIME], ids=lambda family: family.name)
def test_what_was_shown_is_not_asked_again_where_more_is_withheld(
    night: tuple[Home, Settings], family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else is found than by an attack that begins anew."""
    home, settings = night
    asked: list[int] = []
    reach = attacker._reach

    def counted(system: System, wanted: np.ndarray, *more: object) -> object:
        asked.append(np.count_nonzero(wanted))
        return reach(system, wanted, *more)

    monkeypatch.setattr(attacker, "_reach", counted)
    with connect(home.build_database, settings) as con:
        serve_by_the_primary_rule_alone(con)
    with duckdb.connect() as con:
        cells = served_by(con, home).load(family)
    everything, without, with_proofs = np.ones(cells.grid.size, dtype=bool), 0, 0
    for time in [time for time in cells.times if len(time) != len("2024-01") and "Q" not in time][-2:]:
        snapshot = cells.snapshot(time)
        for share in (0.0, 0.1, 0.5):
            more, afresh, again = with_more_withheld(snapshot, share), Attacker(Processes(), 0.1), Attacker(Processes(), 0.1)
            again.at_one_time(snapshot, everything)
            asked.clear()
            found = again.at_one_time(more, everything)
            with_proofs += sum(asked)
            asked.clear()
            expected = afresh.at_one_time(more, everything)
            without += sum(asked)
            assert {(one.kind, one.members) for one in found} == {(one.kind, one.members) for one in expected}
    assert 0 < with_proofs < without


def test_what_was_shown_holds_only_where_everything_possible_still_is(night: tuple[Home, Settings]) -> None:
    home, settings = night
    with connect(home.build_database, settings) as con:
        serve_by_the_primary_rule_alone(con)
    with duckdb.connect() as con:
        snapshot = served_by(con, home).load(SICK_LEAVE).snapshot("2024")
    proofs = Proofs()

    def holds_with(**cells: np.ndarray) -> bool:
        """Whether what was shown holds with other states or figures."""
        return bool(proofs.shown(replace(snapshot, **cells))[1].any())

    def at(cell: int, of: np.ndarray, value: float) -> np.ndarray:
        copied = of.copy()
        copied[cell] = value
        return copied

    Attacker(Processes(), 0.1, proofs=proofs).at_one_time(snapshot, np.ones(snapshot.grid.size, dtype=bool))
    withheld, served = (int(np.flatnonzero(snapshot.state == state)[0]) for state in (WITHHELD, SERVED))
    assert holds_with()
    assert holds_with(upper=at(withheld, snapshot.upper, np.inf))
    assert not holds_with(state=at(withheld, snapshot.state, SERVED))
    assert not holds_with(state=at(withheld, snapshot.state, ABSENT))
    assert not holds_with(lower=at(withheld, snapshot.lower, snapshot.lower[withheld] + 0.5))
    assert not holds_with(upper=at(withheld, snapshot.upper, snapshot.upper[withheld] - 0.5))
    assert not holds_with(size=at(served, snapshot.size, snapshot.size[served] + 0.5))
    assert not holds_with(
        state=at(served, snapshot.state, WITHHELD), lower=at(served, snapshot.lower, snapshot.size[served] + 0.5)
    )
    nothing = int(np.flatnonzero(snapshot.state[: snapshot.grid.own_start] == ABSENT)[0])
    assert not holds_with(state=at(nothing, snapshot.state, SERVED))


def serve_nothing(home: Home, settings: Settings) -> None:
    """Every cell of every table of units is withheld."""
    with connect(home.build_database, settings) as con:
        serve_by_the_primary_rule_alone(con)
        tables = con.execute(
            """select table_name from duckdb_columns() where schema_name = 'served' and column_name = 'withheld'
               intersect select table_name from duckdb_columns() where schema_name = 'served' and column_name = 'org_level'"""
        ).fetchall()
        for (table,) in tables:
            withhold(con, table, "withheld is null", "secondary")
        for table in tables_of(load_manifest()):
            # What is computed of served cells has none.
            if table.from_served:
                con.execute(f"create or replace table served.{table.name} as from served.{table.name} limit 0")


def test_a_safe_night_is_recorded_and_not_attacked_again(night: tuple[Home, Settings]) -> None:
    home, settings = night
    serve_nothing(home, settings)
    first = attack_served(home, settings, tables_of(load_manifest()))
    assert first.tables["sick_leave_by_unit"].withheld > 0
    publish(home, settings, tables_of(load_manifest()))
    shutil.copy(home.warehouse_database, home.build_database)
    again = attack_served(home, settings, tables_of(load_manifest()))
    assert sum(table.withheld for table in again.tables.values()) == 0


@pytest.mark.parametrize("package", [attacker, elimination])
def test_another_attack_or_another_mathematics_is_another_proof(monkeypatch: pytest.MonkeyPatch, package: ModuleType) -> None:
    before = night_of_the_attack._code()
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b"#" if str(path) == package.__file__ else b""))
    assert night_of_the_attack._code() != before


def test_one_cell_served_again_fails_the_night_and_is_compared_with_the_last(night: tuple[Home, Settings]) -> None:
    """The sexes of one unit served: the unit follows."""
    home, settings = night
    serve_nothing(home, settings)
    attack_served(home, settings, tables_of(load_manifest()))
    publish(home, settings, tables_of(load_manifest()))
    shutil.copy(home.warehouse_database, home.build_database)
    with connect(home.build_database, settings) as con:
        (unit,) = con.execute(
            """select org_unit_code from marts.sick_leave_by_sex where org_level = 'tjenesteområde' and period_type = 'year'
               group by all having count(distinct sex) = 2 order by all"""
        ).fetchall()[0]
        con.execute("create or replace table served.sick_leave_by_sex as from marts.sick_leave_by_sex")
        withhold(con, "sick_leave_by_sex", f"org_unit_code <> '{unit}'", "secondary")
    with pytest.raises(Refused, match=rf"sick_leave_by_unit .*org_unit_code={unit}: computable by unit = kvinne \+ mann"):
        attack_served(home, settings, tables_of(load_manifest()))
