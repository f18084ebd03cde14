"""Reads what a publication serves, and the public structure, into the cells of grids, one a time.
Not here: withheld values, which this package never sees; or what is made of the cells (audit.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from warehouse.attack.elimination import Flags, Ints
from warehouse.attack.relations import ABSENT, ROUNDING, SERVED, WITHHELD, Floats, Grid, Identity, Slice, States, Structure
from warehouse.database import one, quoted
from warehouse.errors import UsageError


@dataclass(frozen=True)
class Part:
    """A served table's share in a family: the time its rows are of, its dimensions and its measures.

    `size` is the measure whose interval is sought, `counted` the one whose sums are held against the threshold.
    """

    table: str
    threshold: str
    size: str
    moment: str
    dimensions: tuple[str, ...] = ()
    counted: str | None = None
    where: str = "true"
    # Ratios whose being served gives other cells away.
    ratios: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """Tables whose cells are tied together at one time.

    `bounded`: the size is what the threshold is compared with, so that `withheld` tells on which side of it a cell lies; in
    tables with periods that holds for the year. `narrow`: an interval narrower than the protection interval is a leak, else
    only one that is a single value.
    """

    name: str
    parts: tuple[Part, ...]
    bounded: bool = True
    narrow: bool = True
    has_units: bool = True
    # A mean: weighted by its responses it adds up like them, so that elimination holds; where units have answers of their own
    # the responses tell.
    is_size: bool = True
    # Its people are those of the positions the payroll system delivers.
    of_positions: bool = False

    @property
    def has_periods(self) -> bool:
        """Whether the times are months, quarters and years that add up."""
        return any(part.moment == "period" for part in self.parts)

    @property
    def sums_by_size(self) -> bool:
        """Whether the size is also what is held against the threshold."""
        return self.narrow and all(part.counted is None for part in self.parts)


@dataclass
class Moment:
    """The cells of a family at one time: what is there, what is served, and what is known of the rest."""

    family: Family
    time: str
    grid: Grid
    state: States
    size: Floats
    counted: Floats
    lower: Floats
    upper: Floats
    # Cells that a served ratio gives away, with the ratio.
    given: dict[int, str] = field(default_factory=dict)
    # Said of a finding when cells that the publication before served took part.
    with_previous: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether sizes at this time are held against the thresholds: decisions are taken by the year's average."""
        return self.family.narrow and (not self.family.has_periods or len(self.time) == len("2023"))

    def joined(self, earlier: Moment) -> Moment:
        """The same with what the publication before served and this one withholds, where nothing shows that it has changed.

        Those cells are known, whatever is withheld now: they count as served.
        """
        place = _places(self.grid, earlier.grid)
        here = place >= 0
        was_served = np.zeros(self.grid.own_start, dtype=bool)
        was_served[here] = earlier.state[place[here]] == SERVED
        before = np.zeros(self.grid.own_start)
        before[here] = earlier.size[place[here]]
        cells = slice(0, self.grid.own_start)
        both = was_served & (self.state[cells] == SERVED)
        changed = both & (np.abs(before - self.size[cells]) > ROUNDING)
        remembered = [
            cell
            for cell in np.flatnonzero(was_served & (self.state[cells] == WITHHELD)).tolist()
            if not self._has_changed(cell, both, changed)
        ]
        if not remembered:
            return self
        joined = replace(self, **{name: getattr(self, name).copy() for name in ("state", "size", "counted", "lower", "upper")})
        joined.with_previous = ", with the publication before"
        joined.state[remembered] = SERVED
        for measure in (joined.size, joined.lower, joined.upper):
            measure[remembered] = earlier.size[place[remembered]]
        joined.counted[remembered] = earlier.counted[place[remembered]]
        return joined

    def beside_changes(self, earlier: Moment) -> Flags:
        """The cells that share a relation with one that is decided otherwise than in the publication before, or has another
        value there.
        """
        place = _places(self.grid, earlier.grid)
        here = np.flatnonzero(place >= 0)
        same = np.zeros(self.grid.size, dtype=bool)
        same[here] = (self.state[here] == earlier.state[place[here]]) & (
            np.abs(self.size[here] - earlier.size[place[here]]) <= ROUNDING
        )
        same[self.grid.own_start :] = True
        changed = np.bincount(self.grid.row, weights=~same[self.grid.cell], minlength=self.grid.n_rows) > 0
        beside = np.zeros(self.grid.size, dtype=bool)
        beside[self.grid.cell[changed[self.grid.row]]] = True
        return beside

    def _has_changed(self, cell: int, both: Flags, changed: Flags) -> bool:
        """Whether the smallest cell around this one that both publications serve differs between them."""
        unit, position = divmod(cell, len(self.grid.slices))
        around: int | None = unit
        while around is not None:
            for candidate in (around * len(self.grid.slices) + position, around * len(self.grid.slices)):
                if both[candidate]:
                    return bool(changed[candidate])
            around = self.grid.structure.parents.get(around)
        return False

    def with_own_parts(self, cells: Ints) -> Moment:
        """The same where the units of these cells, and those above them, may have positions of their own."""
        freed = replace(self, state=self.state.copy())
        n = len(self.grid.slices)
        units = {cell // n for cell in cells.tolist() if cell < self.grid.own_start}
        units |= {self.grid.structure.parents[unit] for unit in units if unit in self.grid.structure.parents}
        for i, unit in enumerate(self.grid.inner):
            if unit in units:
                freed.free_own_part(i)
        return freed

    def free_own_part(self, inner: int) -> None:
        """What sits on the unit itself is unknown, in every slice in which the unit has a cell."""
        n, unit, start = len(self.grid.slices), self.grid.inner[inner], self.grid.own_start
        there = self.state[unit * n : (unit + 1) * n] != ABSENT
        self.state[start + inner * n : start + (inner + 1) * n] = np.where(there, WITHHELD, ABSENT)

    def cell(self, index: int) -> tuple[str, dict[str, str]]:
        """Table and grain of a cell."""
        part = self.grid.slice_of(index)
        level, code = self.grid.unit_of(index)
        unit = {"org_level": level, "org_unit_code": code} if code else {}
        column = _time_column(part.table)
        return part.table, {column: self.time[:4] if column == "year" else self.time, **unit, **dict(part.dimensions)}


def _time_column(table: str) -> str:
    if table.startswith("sick_leave"):
        return "period"
    return {
        "full_time_by_unit": "reference_date",
        "full_time_by_job_code": "reference_date",
        "substitutes_by_unit": "month",
    }.get(table, "year")


@dataclass(frozen=True)
class Organisation:
    """What everybody knows of the municipality and no served table holds: unit code → group, and the (unit code, calendar
    year) that have positions on the unit itself. None: not known here, then figures must show them.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    own_positions: Collection[tuple[str, str]] | None = None

    @staticmethod
    def delivered(con: duckdb.DuckDBPyConnection, catalog: str) -> Organisation:
        """As it was delivered, from a database of the house."""
        groups = con.execute(f"select unit_code, group_name from {catalog}.staging.stg_units where group_name is not null")
        of_unit = dict(groups.fetchall())
        years = con.execute(
            f"""select distinct unit_code, cast(unnest(range(year(valid_from), 1 + year(coalesce(valid_to, as_of)))) as varchar)
                from {catalog}.staging.stg_positions cross join (select as_of from {catalog}.served.publication)"""
        )
        return Organisation(of_unit, set(years.fetchall()))


@dataclass(frozen=True)
class Served:
    """The served tables: a folder of Parquet files or a schema of an attached database, read through one connection."""

    con: duckdb.DuckDBPyConnection
    place: Path | str
    organisation: Organisation = Organisation()

    def has(self, table: str) -> bool:
        if isinstance(self.place, Path):
            return (self.place / f"{table}.parquet").exists()
        catalog, schema = self.place.split(".")
        query = "select count(*) from duckdb_tables() where database_name = $1 and schema_name = $2 and table_name = $3"
        return one(self.con, query, [catalog, schema, table])[0] > 0

    def relation(self, table: str) -> str:
        """The table as it is written in SQL."""
        if isinstance(self.place, Path):
            return f"read_parquet({quoted(str(self.place / f'{table}.parquet'))})"
        return f"{self.place}.{table}"

    def rows(self, query: str) -> list[tuple]:
        return self.con.execute(query).fetchall()

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings the publication was made with, as it tells them."""
        if not self.has("publication"):
            raise UsageError(f"{self.place} is not a publication: it has no table publication")
        return json.loads(self.rows(f"select settings from {self.relation('publication')}")[0][0])

    def threshold(self, setting: str, table: str) -> float:
        """A threshold as this publication has it, the municipality's stricter one for a table included."""
        stricter = self.settings.get("stricter") or {}
        return max(float(self.settings[setting]), float(stricter.get(table, 0)))

    @property
    def rules(self) -> dict[str, Any]:
        """The settings that decide what must be withheld."""
        names = [name for name in self.settings if name.startswith("min_") or name in ("stricter", "protection_interval")]
        return {name: self.settings[name] for name in sorted(names)}

    @property
    def protection(self) -> float:
        """Half the width that an interval must have, as a share of the threshold."""
        return float(self.settings.get("protection_interval", 0.1))

    @cached_property
    def structure(self) -> Structure:
        """Units of the tree, and behind them those that stand in tables alone: groups, and units that matched nothing."""
        tree = self.rows(f"select org_level, org_unit_code, parent_code from {self.relation('org_units')} order by all")
        units = [(level, code) for level, code, _ in tree]
        seen = set(units)
        for family in FAMILIES:
            for part in family.parts:
                if family.has_units and self.has(part.table):
                    found = self.rows(f"select distinct org_level, org_unit_code from {self.relation(part.table)} order by all")
                    units += [unit for unit in found if unit not in seen]
                    seen.update(found)
        of_code = {code: i for i, (_, code, _) in enumerate(tree)}
        index = {unit: i for i, unit in enumerate(units)}
        parents = {i: of_code[parent] for i, (_, _, parent) in enumerate(tree) if parent is not None}
        groups: dict[int, int] = {}
        of_unit = self.organisation.groups
        for i in range(len(tree)):
            above: int | None = i
            while above is not None and tree[above][1] not in of_unit:
                above = parents.get(above)
            if above is not None and ("gruppe", of_unit[tree[above][1]]) in index:
                groups[i] = index["gruppe", of_unit[tree[above][1]]]
        return Structure(units, parents, groups)

    def load(self, family: Family, times: Collection[str] | None = None, own: Collection[tuple[str, str]] = ()) -> Cells:
        """The cells of a family, at some times or at all.

        `own` are units known from elsewhere to have had positions of their own at some time.
        """
        present = self._present(family)
        places: dict[tuple[str, tuple[str, ...]], int] = {}
        slices: list[Slice] = []
        for part in present:
            threshold = self.threshold(part.threshold, part.table)
            columns = ", ".join(part.dimensions)
            found = self.rows(f"select distinct {columns} from {self.relation(part.table)} order by all") if columns else [()]
            for values in found:
                dimensions = tuple((name, str(value)) for name, value in zip(part.dimensions, values, strict=True))
                places[part.table, tuple(map(str, values))] = len(slices)
                slices.append(Slice(part.table, dimensions, threshold))
        structure = self.structure if family.has_units else Structure([("", "")], {}, {})
        grid = Grid(structure, slices, identities(family, slices) if slices else [])
        rows: dict[str, list[Sequence]] = {}
        for part in present:
            of_table = self._columns(part, family, grid, places, times)
            found_times, starts = np.unique(of_table["moment"].astype(str), return_index=True)
            ends = [*starts, of_table["moment"].size][1:]
            for time, start, end in zip(found_times.tolist(), starts, ends, strict=True):
                rows.setdefault(time, []).append(
                    [of_table[name][start:end] for name in ("cell", "withheld", "size", "counted")]
                )
        given = self._given_by_ratios(grid) if family.name == WITH_RATIOS else {}
        loaded = {time: tuple(np.concatenate(parts) for parts in zip(*found, strict=True)) for time, found in rows.items()}
        positions = self.organisation.own_positions if family.of_positions else None
        answers = None if family.is_size else self.load(SURVEY, times, own)
        return Cells(family, grid, dict(sorted(loaded.items())), given, own, positions, answers)

    def _present(self, family: Family) -> list[Part]:
        """The family's tables that are served; the equality tables need the full-time tables' dates."""
        return [
            part
            for part in family.parts
            if self.has(part.table) and ("{full_time}" not in part.moment or self.has("full_time_by_unit"))
        ]

    def _columns(
        self,
        part: Part,
        family: Family,
        grid: Grid,
        places: Mapping[tuple[str, tuple[str, ...]], int],
        times: Collection[str] | None,
    ) -> Mapping[str, np.ndarray]:
        """A table's rows as numbers of cells, ordered by time."""
        names = ["org_level", "org_unit_code"] if family.has_units else []
        self.con.execute("create or replace temp table attack_units (org_level varchar, org_unit_code varchar, i integer)")
        _insert(self.con, "attack_units", [(*unit, i) for i, unit in enumerate(grid.structure.units)])
        slice_columns = ", ".join([*(f"{name} varchar" for name in part.dimensions), "i integer"])
        self.con.execute(f"create or replace temp table attack_slices ({slice_columns})")
        _insert(self.con, "attack_slices", [(*values, i) for (table, values), i in places.items() if table == part.table])
        on_slice = " and ".join(["true", *(f"cast(mart.{n} as varchar) = attack_slices.{n}" for n in part.dimensions)])
        on_unit = " and ".join(["true", *(f"mart.{name} = attack_units.{name}" for name in names)])
        moment = part.moment.format(full_time=self.relation("full_time_by_unit"))
        query = f"""select {moment} as moment,
                attack_units.i * {len(grid.slices)} + attack_slices.i as cell,
                case withheld when 'primary' then 1 when 'secondary' then 2 else 0 end as withheld,
                coalesce(cast({part.size} as double), 0) as size,
                coalesce(cast({part.counted or part.size} as double), 0) as counted
            from {self.relation(part.table)} as mart
            inner join attack_units on {on_unit} inner join attack_slices on {on_slice}
            where {part.where} and ($1 is null or list_contains($1, {moment}))
            order by moment"""
        columns = self.con.execute(query, [list(times) if times is not None else None]).fetchnumpy()
        return {name: np.asarray(column) for name, column in columns.items()}

    def _given_by_ratios(self, grid: Grid) -> dict[str, dict[int, str]]:
        """A percentage with a known denominator is a count (metrics.md 10): the cells that such give away, by time."""
        full_time = self.relation("full_time_by_unit")
        queries = []
        if not self.has("full_time_by_unit"):
            return {}
        if self.has("equality_gender_balance"):
            equality = self.relation("equality_gender_balance")
            queries.append(
                f"""select {YEAR_END.format(full_time=full_time)}, org_level, org_unit_code, mart.sex,
                        'employees_percent of ' || other.sex
                    from {equality} as mart inner join {equality} as other using (year, org_level, org_unit_code)
                    where mart.withheld is not null and other.sex <> mart.sex
                        and coalesce(other.employees_percent, other.fte_percent) is not null"""
            )
        if self.has("substitutes_by_unit"):
            queries.append(
                f"""select cast(mart.reference_date as varchar), org_level, org_unit_code, null,
                        'substitute_fte and substitute_percent of ' || other.month
                    from {full_time} as mart inner join {self.relation("substitutes_by_unit")} as other
                        using (org_level, org_unit_code)
                    where mart.source = 'payroll' and mart.withheld is not null and other.substitute_percent > 0
                        and other.month = strftime(mart.reference_date, '%Y-%m')"""
            )
        sexes = {part.dimensions: i for i, part in enumerate(grid.slices)}
        given: dict[str, dict[int, str]] = {}
        for query in queries:
            for time, level, code, sex, text in self.rows(query):
                position = sexes[(("sex", sex),) if sex else ()]
                cell = grid.structure.index[level, code] * len(grid.slices) + position
                given.setdefault(time, {})[cell] = text
        return given

    def uneven_years(self, family: Family, among: Collection[str] | None = None) -> list[str]:
        """Calendar years, of some or of all, in which a cell is withheld in some of its periods and served in others."""
        years: set[str] = set()
        for part in self._present(family):
            cell = ", ".join(["left(period, 4)", "org_level", "org_unit_code", *part.dimensions])
            query = f"""select distinct year from (
                select left(period, 4) as year from {self.relation(part.table)}
                where $1 is null or list_contains($1, left(period, 4))
                group by {cell} having count(withheld) not in (0, count(*)))"""
            found = self.con.execute(query, [sorted(among) if among is not None else None]).fetchall()
            years.update(year for (year,) in found)
        return sorted(years)

    def fingerprints(self, family: Family) -> dict[str, str]:
        """For each time a hash over everything the attack looks at: rows, structure and thresholds."""
        prints: dict[str, list] = {}
        full_time = self.relation("full_time_by_unit")
        queries = []
        for part in self._present(family):
            unit = ("org_level", "org_unit_code") if family.has_units else ()
            columns = [*unit, *part.dimensions, "withheld", part.size, part.counted or part.size, *part.ratios]
            queries.append((part.table, part.moment, columns, part.where))
        if family.name == WITH_RATIOS and self.has("substitutes_by_unit") and self.has("full_time_by_unit"):
            month_end = f"""(select cast(max(reference_date) as varchar) from {full_time}
                where source = 'payroll' and strftime(reference_date, '%Y-%m') = mart.month)"""
            columns = ["org_level", "org_unit_code", "withheld", "substitute_percent > 0"]
            queries.append(("substitutes_by_unit", month_end, columns, "true"))
        for table, moment, columns, where in queries:
            query = f"""select {moment.format(full_time=full_time)} as moment, count(*), sum(hash({", ".join(columns)}))
                from {self.relation(table)} as mart where {where} group by moment"""
            for time, *numbers in self.rows(query):
                prints.setdefault(time, []).append((table, *map(str, numbers)))
        around = [sorted(self.organisation.groups.items()), self.rules]
        if family.has_units:
            around.append(
                self.rows(f"select org_level, org_unit_code, parent_code from {self.relation('org_units')} order by all")
            )
        return {
            time: hashlib.sha256(repr([around, found]).encode()).hexdigest()
            for time, found in prints.items()
            if time is not None
        }

    def copies(self) -> list[tuple[str, dict[str, str], str]]:
        """Withheld cells of which another table serves a figure: table, grain and the copy."""
        found: list[tuple[str, dict[str, str], str]] = []
        for copy in COPIES:
            if all(self.has(name) for name in (copy.table, copy.of)):
                query = copy.query.format(copy=self.relation(copy.table), mart=self.relation(copy.of))
                columns = [column[0] for column in self.con.execute(query).description][:-1]
                for *grain, by in self.rows(query):
                    cell = {name: str(value) for name, value in zip(columns, grain, strict=True)}
                    found.append((copy.of, cell, f"{copy.table}.{by}"))
        return found


def is_quarter(time: str) -> bool:
    """Whether a time of a family with periods is a quarter."""
    return "Q" in time


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple]) -> None:
    width = len(rows[0]) if rows else 0
    if not width:
        return
    columns = ", ".join(f"unnest($c{i})" for i in range(width))
    con.execute(f"insert into {table} select {columns}", {f"c{i}": [row[i] for row in rows] for i in range(width)})


def _places(grid: Grid, other: Grid) -> Ints:
    """For each cell of a grid its place in another one, -1 where the other has no such unit or slice."""
    at = {(part.table, part.dimensions): i for i, part in enumerate(other.slices)}
    slices = np.array([at.get((part.table, part.dimensions), -1) for part in grid.slices])
    units = np.array([other.structure.index.get(unit, -1) for unit in grid.structure.units])
    place = units[:, None] * len(other.slices) + slices[None, :]
    return np.where((units[:, None] < 0) | (slices[None, :] < 0), -1, place).ravel()


class Cells:
    """The cells of a family: compact, and made into moments one at a time."""

    def __init__(
        self,
        family: Family,
        grid: Grid,
        rows: Mapping[str, Sequence[np.ndarray]],
        given: Mapping[str, dict[int, str]],
        own: Collection[tuple[str, str]],
        own_positions: Collection[tuple[str, str]] | None,
        weights: Cells | None,
    ) -> None:
        self.family, self.grid, self._rows, self._given = family, grid, rows, given
        self._own_positions, self._weights = own_positions, weights
        self._shown = {time: self._own_parts(time) for time in rows}
        self._ever = np.array([grid.structure.units[unit] in own for unit in grid.inner], dtype=bool)
        for some, _ in self._shown.values():
            self._ever |= some

    @property
    def times(self) -> list[str]:
        return list(self._rows)

    @property
    def own_units(self) -> list[tuple[str, str]]:
        """Units that had positions of their own at some time."""
        return [self.grid.structure.units[self.grid.inner[i]] for i in np.flatnonzero(self._ever).tolist()]

    def moment(self, time: str) -> Moment:
        """The cells at one time.

        Where a unit has positions of its own, what sits on it is unknown: where served figures show them, and where too much
        is withheld to tell, if it is known to have positions that year. Where that is not known either, it has them if figures
        show them at any time of the family.
        """
        moment = self._bare(time)
        some, none = self._shown[time]
        for i in np.flatnonzero(some | (self._likely(time) & ~none)).tolist():
            moment.free_own_part(i)
        return moment

    def _likely(self, time: str) -> Flags:
        if self._own_positions is None:
            return self._ever
        codes = [self.grid.structure.units[unit][1] for unit in self.grid.inner]
        return np.array([(code, time[:4]) in self._own_positions for code in codes], dtype=bool)

    def _own_parts(self, time: str) -> tuple[Flags, Flags]:
        if self._weights is not None:
            # Without the responses nothing adds up.
            unknown = np.ones(len(self.grid.inner), dtype=bool)
            return self._weights._own_parts(time) if time in self._weights.times else (unknown, ~unknown)
        moment = self._bare(time)
        return self.grid.own_parts(moment.lower, moment.upper, moment.state != ABSENT)

    def _bare(self, time: str) -> Moment:
        grid = self.grid
        cell, withheld, size, counted = self._rows[time]
        state = np.full(grid.size, ABSENT, dtype=np.int8)
        sizes, counts, lower, upper = np.zeros((4, grid.size))
        state[cell] = np.where(withheld > 0, WITHHELD, SERVED)
        sizes[cell], counts[cell] = size, counted
        lower[cell] = np.where(withheld > 0, 0, size)
        upper[cell] = np.where(withheld > 0, np.inf, size)
        upper[grid.own_start :] = np.inf
        # The decision compares the year's average: a month or quarter may lie on the other side.
        if self.family.bounded and len(time) == len("2023"):
            thresholds = grid.thresholds[cell % len(grid.slices)]
            upper[cell[withheld == 1]] = thresholds[withheld == 1]
            lower[cell[withheld == 2]] = thresholds[withheld == 2]
        return Moment(self.family, time, grid, state, sizes, counts, lower, upper, self._given.get(time, {}))


YEAR = "cast(year as varchar)"
# The equality tables' date is the year's last one of the full-time tables, and their people are the same but for the director.
YEAR_END = """(
    select cast(max(reference_date) as varchar) from {full_time}
    where source = 'payroll' and year(reference_date) = mart.year)"""
DATE = "cast(reference_date as varchar)"

SURVEY = Family("survey", (Part("survey_response", "min_responses", "responses", YEAR),))

# The family whose cells the percentages of other rows and tables give away.
WITH_RATIOS = "full time and equality"

FAMILIES = (
    Family(
        "sick leave",
        (
            Part("sick_leave_by_unit", "min_fte_unit", "fte", "period"),
            Part("sick_leave_by_sex", "min_fte_unit", "fte", "period", ("sex",)),
            Part("sick_leave_by_age", "min_fte_unit", "fte", "period", ("sex", "age_group")),
            Part("sick_leave_by_job_code", "min_fte_job_code", "fte", "period", ("job_code",)),
        ),
        of_positions=True,
    ),
    Family(
        WITH_RATIOS,
        (
            Part("full_time_by_unit", "min_persons", "fte", DATE, (), "headcount", "source = 'payroll'"),
            Part("full_time_by_job_code", "min_persons", "fte", DATE, ("job_code",), "headcount", "source = 'payroll'"),
            Part(
                "equality_gender_balance",
                *("min_persons", "fte", YEAR_END, ("sex",), "employees"),
                ratios=("employees_percent is null", "fte_percent is null"),
            ),
        ),
        bounded=False,
        of_positions=True,
    ),
    Family(
        "full time, PAI",
        (
            Part("full_time_by_unit", "min_persons", "fte", DATE, (), "headcount", "source = 'pai'"),
            Part("full_time_by_job_code", "min_persons", "fte", DATE, ("job_code",), "headcount", "source = 'pai'"),
        ),
        bounded=False,
    ),
    Family(
        "substitutes, hours",
        (Part("substitutes_by_unit", "min_fte_unit", "variable_fte", "month"),),
        bounded=False,
        narrow=False,
    ),
    Family(
        "parental leave",
        (Part("equality_parental_leave", "min_persons", "parental_leave_takers", YEAR, ("sex", "leave_coverage")),),
        has_units=False,
    ),
    *(
        Family(
            f"pay, {measure}",
            (Part("equality_pay", "min_persons", measure, YEAR, ("pay_group",)),),
            bounded=False,
            has_units=False,
        )
        for measure in ("positions", "women", "men")
    ),
    SURVEY,
    Family(
        "survey scores",
        (Part("survey_factor_scores", "min_responses", "score", YEAR, ("factor_no",)),),
        bounded=False,
        narrow=False,
        is_size=False,
    ),
)


@dataclass(frozen=True)
class Copy:
    """A table that repeats figures of another. The query gives the grain of each withheld cell of which one is served."""

    table: str
    of: str
    query: str


# The grain of the tables whose figures the reconciliation repeats, without period_type: a period says it itself.
UNIT = ("org_level", "org_unit_code")
GRAINS = {
    "sick_leave_by_unit": ("period", *UNIT),
    "sick_leave_by_sex": ("period", *UNIT, "sex"),
    "sick_leave_by_age": ("period", *UNIT, "sex", "age_group"),
    "sick_leave_by_job_code": ("period", *UNIT, "job_code"),
    "full_time_by_unit": ("source", "reference_date", *UNIT),
    "full_time_by_job_code": ("source", "reference_date", *UNIT, "job_code"),
    "equality_gender_balance": ("year", *UNIT, "sex"),
    "equality_parental_leave": ("year", "sex", "leave_coverage"),
    "equality_pay": ("year", "pay_group"),
    "survey_response": ("year", *UNIT),
    "survey_factor_scores": ("year", *UNIT, "factor_no"),
}

SICK_LEAVE_INDICATORS = (
    "('sick_leave_percent', 'self_certified_percent', 'doctor_certified_percent', 'short_term_percent', 'long_term_percent')"
)
FULL_TIME_INDICATORS = "('full_time_80_percent', 'full_time_100_percent', 'average_position_percent')"
LAST_OF_YEAR = """mart.reference_date = (
    select max(reference_date) from {mart} where source = 'payroll' and year(reference_date) = %s)"""

COPIES = (
    Copy(
        "benchmarks",
        "sick_leave_by_unit",
        f"""select mart.period, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart using (period_type, period)
            where copy.source = 'payroll' and copy.value is not null and indicator in {SICK_LEAVE_INDICATORS}
                and org_level = 'kommune' and withheld is not null""",
    ),
    Copy(
        "benchmarks",
        "full_time_by_unit",
        f"""select mart.reference_date, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart
                on copy.period_type = 'month' and copy.period = strftime(mart.reference_date, '%Y-%m')
                or copy.period_type = 'year' and copy.period = strftime(mart.reference_date, '%Y')
                    and {LAST_OF_YEAR % "try_cast(copy.period as integer)"}
            where copy.source = 'payroll' and copy.value is not null and indicator in {FULL_TIME_INDICATORS}
                and mart.source = 'payroll' and org_level = 'kommune' and withheld is not null""",
    ),
    Copy(
        "targets",
        "sick_leave_by_unit",
        f"""select mart.period, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart using (org_level, org_unit_code)
            where mart.period = cast(copy.year as varchar) and coalesce(actual, gap) is not null
                and indicator in {SICK_LEAVE_INDICATORS} and withheld is not null""",
    ),
    Copy(
        "targets",
        "full_time_by_unit",
        f"""select mart.reference_date, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart using (org_level, org_unit_code)
            where mart.source = 'payroll' and {LAST_OF_YEAR % "copy.year"} and coalesce(actual, gap) is not null
                and indicator in {FULL_TIME_INDICATORS} and withheld is not null""",
    ),
    *(
        Copy(
            "reconciliation",
            table,
            f"""select {", ".join(f"mart.{name}" for name in grain)}, 'computed of ' || copy.figure_id
                from {{copy}} as copy inner join {{mart}} as mart on
                    {" and ".join(f"cast(mart.{name} as varchar) = (copy.cell ->> '{name}')" for name in grain)}
                where copy.mart = '{table}' and coalesce(copy.computed, copy.difference) is not null
                    and mart.withheld is not null""",
        )
        for table, grain in GRAINS.items()
    ),
    *(
        Copy(
            table,
            table,
            f"""select mart.year, {grain}, '{measure} of ' || copy.year
                from {{copy}} as copy inner join {{mart}} as mart using ({grain})
                where mart.year = (select max(year) from {{mart}} as earlier where earlier.year < copy.year)
                    and coalesce({served}) is not null and mart.withheld is not null""",
        )
        for table, grain, measure, served in (
            (
                "survey_response",
                "org_level, org_unit_code",
                "previous_response_percent",
                "copy.previous_response_percent",
            ),
            (
                "survey_factor_scores",
                "org_level, org_unit_code, factor_no",
                "previous_score",
                "copy.previous_score, copy.difference_previous",
            ),
        )
    ),
)


def identities(family: Family, slices: Sequence[Slice]) -> list[Identity]:
    """Sums between a unit's slices: the unit over sexes, ages and job codes, and these over each other."""
    at = {(part.table, tuple(value for _, value in part.dimensions)): i for i, part in enumerate(slices)}
    limit = slices[0].threshold
    found = []

    def add(text: str, whole: tuple[str, tuple], parts: Sequence[tuple[str, tuple]]) -> None:
        terms = [(at[part], -1) for part in parts if part in at]
        if whole in at and terms:
            found.append(Identity(text, ((at[whole], 1), *terms), limit))

    tables = {part.table for part in slices}
    sexes = ("kvinne", "mann")
    if family.name == "sick leave":
        total = ("sick_leave_by_unit", ())
        ages = sorted({values[1] for table, values in at if table == "sick_leave_by_age"})
        add("unit = kvinne + mann", total, [("sick_leave_by_sex", (sex,)) for sex in sexes])
        for sex in ("alle", *sexes):
            whole = total if sex == "alle" else ("sick_leave_by_sex", (sex,))
            add(f"{sex} = its age groups", whole, [("sick_leave_by_age", (sex, age)) for age in ages])
        for age in ages:
            of_age = [("sick_leave_by_age", (sex, age)) for sex in sexes]
            add(f"{age} = kvinne + mann", ("sick_leave_by_age", ("alle", age)), of_age)
    if "full_time_by_unit" in tables:
        balance = [("equality_gender_balance", (sex,)) for sex in sexes]
        add("full time = kvinne + mann", ("full_time_by_unit", ()), balance)
    for table, of in (("sick_leave_by_job_code", "sick_leave_by_unit"), ("full_time_by_job_code", "full_time_by_unit")):
        add("unit = its job codes", (of, ()), sorted(key for key in at if key[0] == table))
    for sex in sexes:
        leaves = [("equality_parental_leave", (sex, coverage)) for coverage in ("80", "100")]
        add(f"{sex}: alle = 80 + 100", ("equality_parental_leave", (sex, "alle")), leaves)
    groups = sorted(key for key in at if key[0] == "equality_pay" and key[1] != ("0",))
    add("total = its pay groups", ("equality_pay", ("0",)), groups)
    return found
