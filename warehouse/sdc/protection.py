"""The closed loop of disclosure control: what the attack finds is hidden by further suppression and attacked again.
Not here: the decisions before the attack (suppression), how the attack finds what it finds (attack), or which cells hide it
(hiding.py).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from warehouse.catalogue import Table
from warehouse.database import connect
from warehouse.errors import ProgramFault
from warehouse.paths import Home
from warehouse.sdc.attack.cells import Cells, Snapshot
from warehouse.sdc.attack.command import leak_lines
from warehouse.sdc.attack.copies import copies_of
from warehouse.sdc.attack.findings import Finding, Report
from warehouse.sdc.attack.night import Examined, examine, record
from warehouse.sdc.attack.served import Organisation, Served
from warehouse.sdc.hiding import CHANGED, CHEAPEST, SLICE, WHOLE, cells_to_withhold, cheapest_to_withhold
from warehouse.sdc.masking import mask
from warehouse.settings import Settings

# So many rounds of each remedy, from the cheapest to the last resort.
REMEDIES = (CHEAPEST,) * 8 + (SLICE,) * 2 + (CHANGED, WHOLE, WHOLE)
# What a changed decision is, and of which cells.
WITHHOLD = "withheld = 'secondary' where withheld is null"
SERVE = "withheld = null where withheld = 'secondary'"


@dataclass
class Protection:
    """How a night's tables became safe: the attack's last report, and what the loop withheld for it.

    `withheld` counts cells by table and time; `remedies` are those that were needed, from the cheapest to the last resort.
    `no_secret` counts cells by table and time that are served after all: groups at or above the threshold that follow from
    what was served before, which cannot be taken back. `copies` are tables that repeated a withheld figure, with the columns
    that are empty for it.
    """

    report: Report
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)
    no_secret: Counter[tuple[str, str]] = field(default_factory=Counter)
    copies: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    remedies: list[str] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """How many cells the loop withheld beyond what the decisions did, and tables that repeated a withheld one."""
        return self.withheld.total() + len(self.copies)

    def lines(self) -> Iterator[str]:
        """What was withheld where, a line for each table and time that it cost something."""
        for cells, what in ((self.withheld, ""), (self.no_secret, " served after all")):
            yield from (f"{table} {time}: {count} cells{what}" for (table, time), count in sorted((+cells).items()))
        yield from (f"{table}: {' and '.join(columns)} of every row" for table, columns in sorted(self.copies))


def protect(home: Home, settings: Settings, tables: Sequence[Table], previous: str | None) -> Protection:
    """Attack the served tables of the build database and withhold more until nothing is found (metrics.md 10).

    First the cheapest cells that hide what was found; where that does not end, the unit with its siblings in that table and at
    that time, then what differs from the publication before, then all tables of that time.

    Raises:
        ProgramFault: something is found where nothing is served any more.
    """
    examined = examine(home, settings, tables, previous)
    done = Protection(examined.report)
    for remedy in REMEDIES:
        if not examined.report.leaks:
            break
        done.remedies.append(remedy)
        _withhold(home, settings, tables, examined, remedy, done)
        examined = examine(home, settings, tables, previous, examined)
    if leaks := examined.report.leaks:
        lines = "\n".join(leak_lines(examined.report))
        raise ProgramFault(f"{len(leaks)} withheld cells follow from what is not served:\n{lines}")
    record(home, settings, examined)
    done.report = examined.report
    return done


def _withhold(
    home: Home, settings: Settings, tables: Sequence[Table], examined: Examined, remedy: str, done: Protection
) -> None:
    """One round: withhold what a remedy says of everything that was found, and make the served tables again."""
    with connect(home.build_database, settings) as con:
        of_name = {table.name: table for table in tables}
        decisions = _Decisions(con, of_name, done)
        figures = _figures(_built(con, of_name), examined) if remedy == CHEAPEST else {}
        repeats = copies_of(of_name)
        # What several families find of a cell is hidden by one of them; what is left of it is found again.
        hidden: set[tuple[object, ...]] = set()
        for snapshot, found in examined.report.leaking:
            leaks = [leak for leak in found if (leak.table, *leak.cell.items()) not in hidden]
            if snapshot is None:
                for leak in leaks:
                    if leak.kind == "copy":
                        which = leak.by.split(".")[0], leak.table
                        done.copies |= {(copy.table, copy.columns) for copy in repeats if (copy.table, copy.of) == which}
                    else:
                        decisions.withhold_time(leak)
            elif leaks:
                if remedy == CHEAPEST:
                    hiding, stuck = cheapest_to_withhold(snapshot, leaks, figures[snapshot.family.name], settings)
                else:
                    hiding, stuck = cells_to_withhold(snapshot, leaks, remedy), []
                if hiding:
                    hidden |= {(leak.table, *leak.cell.items()) for leak in leaks}
                decisions.withhold(snapshot, hiding)
                decisions.serve(snapshot, stuck)
                decisions.withhold_shares(snapshot, leaks)
        mask(con, tables, decisions.changed)
        for copy, empty in sorted(done.copies):
            con.execute(f"update served.{copy} set {', '.join(f'{name} = null' for name in empty)}")


def _built(con: duckdb.DuckDBPyConnection, of_name: Mapping[str, Table]) -> Served:
    """The cells before masking."""
    database = con.execute("select current_database()").fetchall()[0][0]
    return Served(con, f"{database}.marts", Organisation.delivered(con, database), of_name)


def _figures(built: Served, examined: Examined) -> dict[str, Cells]:
    """The cells before masking of every time at which something was found, by family."""
    families, times = {}, defaultdict(set)
    for snapshot, _ in examined.report.leaking:
        if snapshot is not None:
            families[snapshot.family.name] = snapshot.family
            times[snapshot.family.name].add(snapshot.time)
    return {name: built.load(family, times[name]) for name, family in families.items()}


class _Decisions:
    """The decisions in the build database, changed by the loop; what it costs is counted in the night's Protection.

    `changed` are the tables in which one has changed.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, of_name: Mapping[str, Table], done: Protection) -> None:
        self.con, self.of_name, self.done = con, of_name, done
        self.changed: set[str] = set()

    def withhold(self, snapshot: Snapshot, cells: Sequence[int]) -> None:
        """Withhold served cells of a snapshot."""
        for cell in cells:
            name, key, where = self._place(snapshot, cell)
            self.done.withheld[name, snapshot.time] += self._write(name, WITHHOLD, key, where)

    def serve(self, snapshot: Snapshot, cells: Sequence[int]) -> None:
        """Serve cells of a snapshot that are no secret any more, but never primary ones."""
        for cell in cells:
            name, key, where = self._place(snapshot, cell)
            self.done.no_secret[name, snapshot.time] += self._write(name, SERVE, key, where)

    def withhold_time(self, leak: Finding) -> None:
        """Withhold the whole of a table's time, for a leak that belongs to no snapshot."""
        time = self.of_name[leak.table].time or "period"
        self.done.withheld[leak.table, leak.cell[time]] += self._write(leak.table, WITHHOLD, {time: leak.cell[time]})

    def withhold_shares(self, snapshot: Snapshot, leaks: Sequence[Finding]) -> None:
        """Withhold the units' share of substitutes, where this ratio gives a cell away."""
        if "substitutes_by_unit" in self.of_name:
            for leak in leaks:
                if set(leak.members) & snapshot.given.keys():
                    key = {"month": snapshot.time[:7], **{name: leak.cell[name] for name in ("org_level", "org_unit_code")}}
                    count = self._write("substitutes_by_unit", WITHHOLD, key)
                    self.done.withheld["substitutes_by_unit", snapshot.time] += count

    def _place(self, snapshot: Snapshot, cell: int) -> tuple[str, dict[str, str], str]:
        """A cell's table, its key there, and the condition on rows that its family looks at."""
        name, key = snapshot.cell(cell)
        return name, key, next(part.where for part in snapshot.family.parts if part.table == name)

    def _write(self, name: str, change: str, key: dict[str, str], where: str = "true") -> int:
        """Change the decision of a key's cells, in a table with periods for the whole calendar year; how many they are."""
        if "period" in key:
            key = {**key, "calendar_year": key["period"][:4]}
            del key["period"]
            # Which of the table's periods a family looks at is no matter of the year's decision.
            where = "true"
        same = " and ".join(["true", *(f"cast({name} as varchar) = $key{i}" for i, name in enumerate(key))])
        values = {f"key{i}": value for i, value in enumerate(key.values())}
        found = self.con.execute(f"update disclosure.{name} set {change} and {same} and ({where})", values).fetchall()
        count = int(found[0][0])
        if count:
            self.changed.add(name)
        return count
