"""The attack of a night on the tables that are about to be published, and the record of what was found safe.
Not here: the attack (attacker.py), attacks by hand (command.py), or what becomes of a finding (warehouse/sdc/protection.py).
"""

from __future__ import annotations

import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

from warehouse.catalogue import Table
from warehouse.database import connect, in_memory, one, quoted
from warehouse.machine import cores
from warehouse.memory import rarely_collected
from warehouse.paths import Home
from warehouse.sdc.attack.attacker import Attacker
from warehouse.sdc.attack.cells import Cells, Snapshot, is_quarter
from warehouse.sdc.attack.families import FAMILIES, Family
from warehouse.sdc.attack.findings import Report
from warehouse.sdc.attack.proofs import Proofs
from warehouse.sdc.attack.publication import begin_times, copied, snapshot_beside
from warehouse.sdc.attack.relations import SERVED, WITHHELD
from warehouse.sdc.attack.served import Organisation, Served
from warehouse.sdc.linear.equations import Flags
from warehouse.settings import Settings
from warehouse.workers import Processes

# What the last night found safe: a time of a family of tables whose fingerprint is the same is safe again.
EXAMINED = "attack.examined"
OWN_UNITS = "attack.own_units"
# So many withheld cells of all times take linear programming a few seconds.
FEW_CELLS = 20_000


@dataclass(frozen=True)
class Examined:
    """What an attack on the build database found, and what it looked at: a fingerprint of each time of each family, units with
    positions of their own by family, and what it has shown of years in which something was found.
    """

    report: Report
    times: list[tuple[str, str, str]]
    own_units: list[tuple[str, str, str]]
    proofs: Proofs = field(default_factory=Proofs)

    @property
    def safe(self) -> set[tuple[str, str, str]]:
        """The times in which nothing was found."""
        leaking = {(snapshot.family.name, snapshot.time) for snapshot, _ in self.report.leaking if snapshot is not None}
        return {found for found in self.times if found[:2] not in leaking}


def examine(
    home: Home,
    settings: Settings,
    tables: Sequence[Table],
    current: str | None,
    before: Examined | None = None,
) -> Examined:
    """Attack the tables of the schema `served` of the build database, together with the publication `current`.

    Times whose rows, structure and thresholds are those the last publication was found safe with are not attacked again. The
    others are: all their withheld cells by elimination, and by linear programming those beside a cell whose value or decision
    has changed, in a year by whose sizes decisions are taken all. Without a publication before it, linear programming is for
    families with few withheld cells, and of the others for the newest month, year and date alone that serve something.

    Args:
        current: the publication to be read beside this build; None where there is none, or it is damaged.
        before: an earlier examination of the same build: what it found safe and what has not changed since is left out, and
            what it has shown is not shown again.

    Returns:
        What was attacked and found; withheld cells are counted where they were attacked.
    """
    report = Report()
    records: list[tuple[str, str, str]] = []
    own_units: list[tuple[str, str, str]] = []
    begun: deque[Callable[[Report], None]] = deque()
    with (
        rarely_collected(),
        in_memory(home, settings) as con,
        Processes() as processes,
        ThreadPoolExecutor(cores()) as pool,
    ):
        con.execute(f"attach {quoted(str(home.build_database))} as build (read_only)")
        organisation = Organisation.delivered(con, "build")
        served = Served(con, "build.served", organisation, {table.name: table for table in tables})
        previous = Served(con, home.history / current, organisation) if current else None
        examined, known_own = _last_night(con, home, current)
        if before is not None:
            examined |= before.safe
            known_own += before.own_units
        proofs = before.proofs if before is not None else Proofs()
        attacker = Attacker(processes, served.protection, served.hides_own, report.notes, proofs)
        code = _code()
        for family in FAMILIES:
            prints = {time: f"{code} {found}" for time, found in served.fingerprints(family).items()}
            records += [(family.name, time, fingerprint) for time, fingerprint in prints.items()]
            changed = [time for time, fingerprint in prints.items() if (family.name, time, fingerprint) not in examined]
            own: Collection[tuple[str, str]] = [(level, unit) for name, level, unit in known_own if name == family.name]
            if changed:
                # While one is attacked the next one is read: no more, since their cells are large.
                while len(begun) > 1:
                    begun.popleft()(report)
                own, put_into = _begin(pool, attacker, served, previous, family, changed, own)
                begun.append(put_into)
            own_units += [(family.name, level, unit) for level, unit in own]
        for put_into in begun:
            put_into(report)
        report.add(copied(served))
    report.notes.sort()
    # What is withheld for one of a year's times is withheld in all of them, and in other families that have the table.
    proofs.forget_other_years({snapshot.time[:4] for snapshot, _ in report.leaking if snapshot is not None})
    return Examined(report, records, own_units, proofs)


def record(home: Home, settings: Settings, examined: Examined) -> None:
    """Record in the build database what was found safe, so that the next night need not look at it again."""
    with connect(home.build_database, settings) as con:
        con.execute("drop schema if exists attack cascade")
        con.execute("create schema attack")
        con.execute(f"create table {EXAMINED} (family varchar, time varchar, fingerprint varchar)")
        con.execute(f"create table {OWN_UNITS} (family varchar, org_level varchar, org_unit_code varchar)")
        for table, rows in ((EXAMINED, examined.times), (OWN_UNITS, sorted(set(examined.own_units)))):
            if rows:
                columns = {f"c{i}": [row[i] for row in rows] for i in range(3)}
                con.execute(f"insert into {table} select unnest($c0), unnest($c1), unnest($c2)", columns)


def _begin(
    pool: Executor,
    attacker: Attacker,
    served: Served,
    previous: Served | None,
    family: Family,
    changed: Collection[str],
    own: Collection[tuple[str, str]],
) -> tuple[Collection[tuple[str, str]], Callable[[Report], None]]:
    """Begin to attack a family's changed times; the units with positions of their own at some time, and what waits for the
    findings and puts them into a report.
    """
    cells = served.load(family, changed, own)
    earlier = previous.load(family, changed, own) if previous else None
    at_first = _at_first(cells) if earlier is None else ()
    uneven = served.uneven_years(family, {time[:4] for time in changed}) if family.has_periods else []
    # Where a year's decisions are the same throughout, what follows for a quarter follows for its months.
    times = [time for time in cells.times if not is_quarter(time) or time[:4] in uneven]

    def sought(snapshot: Snapshot, before: Snapshot | None) -> Flags:
        if before is not None and not snapshot.is_judged_by_size:
            return snapshot.beside_changes(before) & (not is_quarter(snapshot.time))
        return np.full(cells.grid.size, not is_quarter(snapshot.time) and (earlier is not None or snapshot.time in at_first))

    put_times_into = begin_times(pool, attacker, cells, earlier, times, sought, again=True)

    def put_into(report: Report) -> None:
        put_times_into(report)
        for year in uneven:
            periods = [time for time in served.fingerprints(family) if time[:4] == year]
            whole = served.load(family, periods, own)
            whole_earlier = previous.load(family, periods, own) if previous else None
            report.add(attacker.calendar([snapshot_beside(whole, whole_earlier, time) for time in whole.times]))

    return cells.own_units, put_into


def _at_first(cells: Cells) -> Collection[str]:
    """The times for linear programming where nothing has been published: all where few cells are withheld in them; else
    the newest month, year and date that serve something. A running year of pay serves nothing.
    """
    withheld = (int(np.count_nonzero(cells.snapshot(time).state == WITHHELD)) for time in cells.times)
    if all(so_far <= FEW_CELLS for so_far in itertools.accumulate(withheld)):
        return cells.times
    found: dict[int, str] = {}
    for time in sorted(cells.times, reverse=True):
        if not is_quarter(time) and len(time) not in found and np.any(cells.snapshot(time).state == SERVED):
            found[len(time)] = time
    return found.values()


def _last_night(
    con: duckdb.DuckDBPyConnection, home: Home, current: str | None
) -> tuple[set[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """What is recorded behind the publication that is served; nothing when the restricted database is not that one's."""
    if current is None or not home.warehouse_database.exists():
        return set(), []
    con.execute(f"attach {quoted(str(home.warehouse_database))} as last (read_only)")
    recorded = one(con, "select count(*) from duckdb_tables() where database_name = 'last' and schema_name = 'attack'")[0]
    if not recorded or one(con, "select publication_id from last.served.publication")[0] != current:
        return set(), []
    return set(con.execute(f"from last.{EXAMINED}").fetchall()), con.execute(f"from last.{OWN_UNITS}").fetchall()


def _code() -> str:
    """A hash of the attack, its mathematics and the database that makes fingerprints: another attack is not the same proof."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    own = Path(__file__).parent
    for package in (own, own.with_name("linear")):
        for path in sorted(package.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
