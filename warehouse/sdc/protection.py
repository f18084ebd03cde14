"""The closed loop of disclosure control: what the attack finds is hidden by further suppression and attacked again.
Not here: the decisions before the attack (suppression), or how the attack finds what it finds (attack).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np

from warehouse.catalogue import Table
from warehouse.database import at_once, connect
from warehouse.errors import ProgramFault
from warehouse.paths import Home
from warehouse.sdc.attack.cells import Cells, Snapshot
from warehouse.sdc.attack.command import leak_lines
from warehouse.sdc.attack.copies import copies_of
from warehouse.sdc.attack.findings import Finding, Report
from warehouse.sdc.attack.night import Examined, examine, record
from warehouse.sdc.attack.relations import ABSENT, SERVED, WITHHELD
from warehouse.sdc.attack.served import Organisation, Served
from warehouse.sdc.linear.equations import Equations, Floats
from warehouse.sdc.linear.movement import NEGLIGIBLE, Change, Movement
from warehouse.sdc.masking import mask
from warehouse.sdc.suppression.problem import FAR
from warehouse.sdc.suppression.sums import TOP_LEVELS, UNIT_WEIGHT
from warehouse.settings import Settings

CHEAPEST = "the cheapest cells"
# So many rounds of each remedy, from the cheapest to the last resort.
REMEDIES = (CHEAPEST,) * 8 + ("the slice",) * 2 + ("all that has changed", "the whole time", "the whole time")


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
    with connect(home.build_database, settings) as con:
        of_name = {table.name: table for table in tables}
        database = con.execute("select current_database()").fetchall()[0][0]
        organisation = Organisation.delivered(con, database)
        built = Served(con, f"{database}.marts", organisation, of_name)
        figures = _figures(built, examined) if remedy == CHEAPEST else {}
        repeats = copies_of(of_name)
        # What several families find of a cell is hidden by one of them; what is left of it is found again.
        hidden: set[tuple[object, ...]] = set()
        for snapshot, found in examined.report.leaking:
            leaks = [leak for leak in found if (leak.table, *leak.cell.items()) not in hidden]
            if not leaks:
                continue
            if snapshot is None:
                for leak in leaks:
                    if leak.kind == "copy":
                        which = leak.by.split(".")[0], leak.table
                        done.copies |= {(copy.table, copy.columns) for copy in repeats if (copy.table, copy.of) == which}
                        continue
                    time = of_name[leak.table].time or "period"
                    done.withheld[leak.table, leak.cell[time]] += _write(con, of_name[leak.table], {time: leak.cell[time]})
                continue
            hiding, stuck = _hiding(snapshot, leaks, remedy, figures, settings)
            if hiding:
                hidden |= {(leak.table, *leak.cell.items()) for leak in leaks}
            for cell in hiding:
                name, key = snapshot.cell(cell)
                where = next(part.where for part in snapshot.family.parts if part.table == name)
                done.withheld[name, snapshot.time] += _write(con, of_name[name], key, where)
            for cell in stuck:
                name, key = snapshot.cell(cell)
                where = next(part.where for part in snapshot.family.parts if part.table == name)
                done.no_secret[name, snapshot.time] += _write(con, of_name[name], key, where, withheld=False)
            for leak in leaks:
                if set(leak.members) & snapshot.given.keys() and "substitutes_by_unit" in of_name:
                    # A ratio gives it away: its share of substitutes is one.
                    unit = {name: leak.cell[name] for name in ("org_level", "org_unit_code")}
                    count = _write(con, of_name["substitutes_by_unit"], {"month": snapshot.time[:7], **unit})
                    done.withheld["substitutes_by_unit", snapshot.time] += count
        with at_once(con):
            mask(con, tables)
            for copy, empty in sorted(done.copies):
                con.execute(f"update served.{copy} set {', '.join(f'{name} = null' for name in empty)}")


def _figures(built: Served, examined: Examined) -> dict[str, Cells]:
    """The cells before masking of every time at which something was found, by family."""
    families, times = {}, defaultdict(set)
    for snapshot, _ in examined.report.leaking:
        if snapshot is not None:
            families[snapshot.family.name] = snapshot.family
            times[snapshot.family.name].add(snapshot.time)
    return {name: built.load(family, times[name]) for name, family in families.items()}


def _write(
    con: duckdb.DuckDBPyConnection, table: Table, key: dict[str, str], where: str = "true", *, withheld: bool = True
) -> int:
    """Withhold the cells of a key, or serve those that are not primary; in a table with periods for the whole calendar year."""
    if "period" in key:
        key = {**key, "calendar_year": key["period"][:4]}
        del key["period"]
        # Which of the table's periods a family looks at is no matter of the year's decision.
        where = "true"
    same = " and ".join(["true", *(f"cast({name} as varchar) = $key{i}" for i, name in enumerate(key))])
    values = {f"key{i}": value for i, value in enumerate(key.values())}
    change = "'secondary' where withheld is null" if withheld else "null where withheld = 'secondary'"
    found = con.execute(f"update disclosure.{table.name} set withheld = {change} and {same} and ({where})", values).fetchall()
    return int(found[0][0])


def _hiding(
    snapshot: Snapshot, leaks: Sequence[Finding], remedy: str, figures: Mapping[str, Cells], settings: Settings
) -> tuple[Sequence[int], Sequence[int]]:
    """The served cells to withhold at one time, and the withheld ones that are no secret any more."""
    grid = snapshot.grid
    served = snapshot.state[: grid.own_start] == SERVED
    n = len(grid.slices)
    if remedy == "the whole time":
        return np.flatnonzero(served).tolist(), []
    # What the units of the publication before give away is what their sums have lost or gained: these cannot be served. Nor can
    # what tells a headcount, which a change of årsverk does not hide.
    told_apart = ("moved", "headcount")
    found = {
        cell for leak in leaks if leak.kind in told_apart for cell in leak.members if cell < grid.own_start and served[cell]
    }
    for leak in leaks:
        for cell in leak.members:
            if cell in snapshot.given:
                # The other sex's percentage tells this one's.
                unit = cell // n * n
                found |= {unit + i for i, part in enumerate(grid.slices) if part.table == grid.slice_of(cell).table}
    if remedy == CHEAPEST:
        # Where none of the sums that lost or gained it is served any more, a moved cell follows from others as well.
        others = [
            replace(leak, members=leak.members[:1]) if leak.kind in told_apart else leak
            for leak in leaks
            if leak.kind not in told_apart or not found.intersection(leak.members)
        ]
        cheapest, stuck = _cheapest(snapshot, others, figures[snapshot.family.name], settings)
        return sorted({*cheapest, *(cell for cell in found if served[cell])}), sorted(stuck)
    for cell in {cell for leak in leaks for cell in leak.members}:
        unit, position = grid.structure.index[grid.unit_of(cell)], cell % n
        same_table = [i for i, part in enumerate(grid.slices) if part.table == grid.slices[position].table]
        above = grid.structure.parents.get(unit)
        siblings = [unit] if above is None else [above, *grid.structure.children[above]]
        if cell >= grid.own_start:
            siblings = [unit, *grid.structure.children[unit]]
        found |= {sibling * n + i for sibling in siblings for i in same_table}
    if remedy == "all that has changed" and snapshot.known_before is not None:
        found |= set(np.flatnonzero(~snapshot.known_before).tolist())
    return sorted(cell for cell in found if served[cell]), []


def _cheapest(snapshot: Snapshot, leaks: Sequence[Finding], figures: Cells, settings: Settings) -> tuple[set[int], set[int]]:
    """The cheapest cells whose withholding lets what was found be otherwise, by what the attack knows.

    And the cells that nothing can hide: they follow from what was served before.
    """
    grid = snapshot.grid
    true = _true_sizes(snapshot, figures.snapshot(snapshot.time))
    thresholds = np.concatenate(
        [np.tile(grid.thresholds, len(grid.structure.units)), np.tile(grid.thresholds, len(grid.inner))]
    )
    free = snapshot.state == WITHHELD
    candidate = snapshot.state == SERVED
    candidate[grid.own_start :] = False
    if snapshot.known_before is not None:
        candidate[: grid.own_start] &= ~snapshot.known_before
    below = np.where(free, np.maximum(true - snapshot.lower, 0.0), np.maximum(true, 0.0))
    above = np.where(free, np.maximum(np.minimum(snapshot.upper, FAR) - true, 0.0), FAR)
    if snapshot.family.bounded and snapshot.is_judged:
        below = np.where(candidate, np.maximum(true - thresholds, 0.0), below)
    equations = snapshot.equations()
    sums = [leak for leak in leaks if len(leak.members) > 1]
    extended = _with_sums(equations, [leak.members for leak in sums])
    more = extended.n_columns - grid.size
    movement = Movement(
        extended,
        np.concatenate([below, np.full(more, FAR)]),
        np.concatenate([above, np.full(more, FAR)]),
        np.concatenate([np.maximum(thresholds, 1.0), np.ones(more)]),
    )
    charge = np.concatenate([np.where(free, 0.0, np.where(candidate, _costs(snapshot, thresholds), np.inf)), np.zeros(more)])
    found: set[int] = set()
    stuck: set[int] = set()
    is_decided_here = not snapshot.family.has_periods or len(snapshot.time) == len("2023")

    def take(change: Change) -> None:
        new = change.columns[change.columns < grid.own_start]
        new = new[candidate[new]]
        charge[new] = 0.0
        found.update(new.tolist())

    for place, leak in enumerate(sums):
        members = list(leak.members)
        of_table = [cell % len(grid.slices) for cell in members if cell < grid.own_start]
        need = grid.sum_limit(np.unique(np.array(of_table))) - float(true[members].sum())
        take(movement.around(equations.n_columns + place, charge).cheapest(max(need, 1.0)))
    for leak in leaks:
        if len(leak.members) == 1 and leak.members[0] not in snapshot.given:
            (cell,) = leak.members
            amount = 2.2 * settings.protection_interval * float(thresholds[cell]) if snapshot.is_judged else 1.0
            around = movement.around(cell, charge)
            ways = [around.cheapest(sign * (amount or 1.0)) for sign in (1.0, -1.0)]
            most = max(abs(way.of(cell)) for way in ways)
            if most > NEGLIGIBLE:
                take(min((way for way in ways if abs(way.of(cell)) >= 0.9 * most), key=lambda way: way.cost))
            elif leak.kind in ("pinned", "moved") and is_decided_here and cell < grid.own_start:
                stuck.add(cell)
    return found, stuck


def _true_sizes(snapshot: Snapshot, figures: Snapshot) -> Floats:
    """The figures of all cells, and of what sits on units themselves."""
    grid = snapshot.grid
    true = np.where(figures.state == SERVED, figures.size, 0.0)
    own = np.zeros(len(grid.inner) * len(grid.slices))
    entries = (grid.row < grid.group_rows) & (grid.cell < grid.own_start)
    np.add.at(own, grid.row[entries], grid.coefficient[entries] * true[grid.cell[entries]])
    true[grid.own_start :] = np.where(snapshot.state[grid.own_start :] == ABSENT, 0.0, np.maximum(own, 0.0))
    return true


def _with_sums(equations: Equations, sums: Sequence[Sequence[int]]) -> Equations:
    """With a further column for each sum of columns."""
    row, column, coefficient = [equations.row], [equations.column], [equations.coefficient]
    for place, members in enumerate(sums):
        row.append(np.full(len(members) + 1, equations.n_rows + place))
        column.append(np.array([*members, equations.n_columns + place]))
        coefficient.append(np.array([1] * len(members) + [-1]))
    return Equations(
        np.concatenate(row),
        np.concatenate(column),
        np.concatenate(coefficient),
        equations.n_rows + len(sums),
        equations.n_columns + len(sums),
    )


def _costs(snapshot: Snapshot, thresholds: Floats) -> Floats:
    """What withholding each cell costs: by its level, and rising with its size."""
    grid = snapshot.grid
    levels = [TOP_LEVELS.get(level, 1.0) for level, _ in grid.structure.units]
    weight = np.repeat(np.array(levels), len(grid.slices))
    weight *= np.tile(np.where([not part.dimensions for part in grid.slices], UNIT_WEIGHT, 1.0), len(levels))
    weight = np.concatenate([weight, np.ones(grid.size - grid.own_start)])
    return weight * (1 + np.minimum(snapshot.size / (10 * np.maximum(thresholds, 1.0)), 10.0)) + np.arange(grid.size) * 1e-7
