"""Reads what a publication serves, and what everybody knows of the organisation, into the cells of families.
Not here: withheld values, which this package never sees; or what is made of the cells (attacker.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from warehouse.catalogue import Table, read_tables
from warehouse.database import quoted
from warehouse.errors import UsageError
from warehouse.sdc.attack.cells import PRIMARY, RUNNING, SECONDARY, Cells
from warehouse.sdc.attack.copies import copies_of
from warehouse.sdc.attack.families import FAMILIES, SURVEY, WITH_RATIOS, YEAR_END, Family, Part, identities
from warehouse.sdc.attack.relations import Grid, Slice, Structure
from warehouse.settings import WITHHOLDING_RULES


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


# The time of a row, by the column of the grain that says it.
TIMES = {
    "period": "period",
    "month": "month",
    "year": "cast(year as varchar)",
    "reference_date": "cast(reference_date as varchar)",
}
# Publications of before their manifest.json named thresholds. Nothing is added here: later ones say it themselves.
THRESHOLDS_OF_OLDER = {
    "sick_leave_by_unit": "min_fte_unit",
    "sick_leave_by_sex": "min_fte_unit",
    "sick_leave_by_age": "min_fte_unit",
    "sick_leave_by_job_code": "min_fte_job_code",
    "full_time_by_unit": "min_persons",
    "full_time_by_job_code": "min_persons",
    "substitutes_by_unit": "min_fte_unit",
    "equality_gender_balance": "min_persons",
    "equality_parental_leave": "min_persons",
    "equality_pay": "min_persons",
    "survey_response": "min_responses",
    "survey_factor_scores": "min_responses",
}


@dataclass(frozen=True)
class Served:
    """The served tables: a folder of Parquet files or a schema of an attached database, read through one connection.

    `tables` says what those of a schema are; a folder says it itself, in its manifest.json.
    """

    con: duckdb.DuckDBPyConnection
    place: Path | str
    organisation: Organisation = Organisation()
    tables: Mapping[str, Table] | None = None

    @cached_property
    def declared(self) -> Mapping[str, Table]:
        """What the publication says its tables are."""
        if isinstance(self.place, str):
            return self.tables or {}
        return {
            name: table if table.columns else replace(table, threshold=THRESHOLDS_OF_OLDER.get(name))
            for name, table in read_tables(self.place).items()
        }

    def dimensions(self, part: Part) -> tuple[str, ...]:
        """What the table is broken down by beside units."""
        return self.declared[part.table].dimensions

    def time_of(self, part: Part) -> str:
        """The time of the table's rows, as SQL."""
        return (part.time or TIMES[self.declared[part.table].time or ""]).format(full_time=self.relation("full_time_by_unit"))

    def has(self, table: str) -> bool:
        return table in self._columns_of

    @cached_property
    def _columns_of(self) -> Mapping[str, Collection[str]]:
        """The columns of each table that is there."""
        if isinstance(self.place, Path):
            names = [path.stem for path in self.place.glob("*.parquet")]
            return {name: {column for column, *_ in self.rows(f"describe from {self.relation(name)}")} for name in names}
        found = self.con.execute(
            """select table_name, list(column_name)
               from duckdb_columns() semi join duckdb_tables() using (database_name, schema_name, table_name)
               where database_name = $1 and schema_name = $2 group by table_name""",
            self.place.split("."),
        )
        return dict(found.fetchall())

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

    @cached_property
    def counted_to(self) -> date | None:
        """The day to which the publication counts."""
        if "as_of" not in self._columns_of.get("publication", ()):
            return None
        found: date = self.rows(f"select as_of from {self.relation('publication')}")[0][0]
        return found

    def threshold(self, table: str) -> float:
        """A table's threshold as this publication has it, the municipality's stricter one included."""
        setting = self.declared[table].threshold
        assert setting is not None, table
        stricter = self.settings.get("stricter") or {}
        return max(float(self.settings[setting]), float(stricter.get(table, 0)))

    @property
    def rules(self) -> dict[str, Any]:
        """The settings that decide what must be withheld."""
        return {name: self.settings[name] for name in WITHHOLDING_RULES if name in self.settings}

    @property
    def hides_own(self) -> bool:
        """Whether what sits on units themselves must not follow. Publications of before that setting give it away."""
        return bool(self.settings.get("protect_own_positions", False))

    @property
    def protection(self) -> float:
        """Half the width that an interval must have, as a share of the threshold."""
        return float(self.settings.get("protection_interval", 0.1))

    @cached_property
    def tree(self) -> list[tuple[str, str, str | None]]:
        """The units with their levels and the codes of the units above them; groups are no part of the tree."""
        return self.rows(
            f"""select org_level, org_unit_code, parent_code from {self.relation("org_units")}
                where org_level <> 'gruppe' order by all"""
        )

    @cached_property
    def structure(self) -> Structure:
        """Units of the tree, and behind them those that stand in tables alone: groups, and units that matched nothing."""
        tree = self.tree
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
            threshold, names = self.threshold(part.table), self.dimensions(part)
            columns = ", ".join(names)
            found = self.rows(f"select distinct {columns} from {self.relation(part.table)} order by all") if columns else [()]
            for values in found:
                dimensions = tuple((name, str(value)) for name, value in zip(names, values, strict=True))
                places[part.table, tuple(map(str, values))] = len(slices)
                slices.append(Slice(part.table, dimensions, threshold, self.declared[part.table].time or ""))
        structure = self.structure if family.has_units else Structure([("", "")], {}, {})
        grid = Grid(structure, slices, identities(family, slices) if slices else [])
        rows: dict[str, list[Sequence]] = {}
        for part in present:
            of_table = self._columns(part, family, grid, places, times)
            found_times, starts = np.unique(of_table["at_time"].astype(str), return_index=True)
            ends = [*starts, of_table["at_time"].size][1:]
            for time, start, end in zip(found_times.tolist(), starts, ends, strict=True):
                rows.setdefault(time, []).append(
                    [of_table[name][start:end] for name in ("cell", "withheld", "size", "counted")]
                )
        given = self._given_by_ratios(grid) if family.name == WITH_RATIOS else {}
        loaded = {time: tuple(np.concatenate(parts) for parts in zip(*found, strict=True)) for time, found in rows.items()}
        positions = self.organisation.own_positions if family.of_positions else None
        answers = None if family.is_size else self.load(SURVEY, times, own)
        return Cells(family, grid, dict(sorted(loaded.items())), given, own, positions, answers, self.counted_to)

    def _present(self, family: Family) -> list[Part]:
        """The family's tables that are served, where they add up; the equality tables need the full-time tables' dates."""
        if family.holds_with is not None:
            setting, value = family.holds_with
            if self.settings.get(setting, value) != value:
                return []
        return [
            part
            for part in family.parts
            if part.table in self.declared
            and self.has(part.table)
            and (part.time is None or self.has("full_time_by_unit"))
            and self._serves(part)
        ]

    def _serves(self, part: Part) -> bool:
        """Whether the table has the columns: a publication of before they were added has not."""
        return {part.size, part.counted or part.size} <= set(self._columns_of[part.table])

    def _all_fte(self, of: str = "") -> str:
        """SQL: a row of substitutes_by_unit tells how many årsverk all are, by itself or by the share of substitutes."""
        has_all = "all_fte" in self._columns_of["substitutes_by_unit"]
        return f"{of}substitute_percent > 0" + (f" or {of}all_fte is not null" if has_all else "")

    def _given_by(self, of: str) -> str:
        """SQL: which columns of a row of substitutes_by_unit tell the årsverk."""
        ratio = "'substitute_fte and substitute_percent'"
        if "all_fte" not in self._columns_of["substitutes_by_unit"]:
            return ratio
        return f"case when {of}all_fte is null then {ratio} else 'all_fte' end"

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
        slice_columns = ", ".join([*(f"of_{name} varchar" for name in self.dimensions(part)), "i integer"])
        self.con.execute(f"create or replace temp table attack_slices ({slice_columns})")
        _insert(self.con, "attack_slices", [(*values, i) for (table, values), i in places.items() if table == part.table])
        on_slice = " and ".join(["true", *(f"cast(mart.{n} as varchar) = attack_slices.of_{n}" for n in self.dimensions(part))])
        on_unit = " and ".join(["true", *(f"mart.{name} = attack_units.{name}" for name in names)])
        time = self.time_of(part)
        query = f"""select {time} as at_time,
                attack_units.i * {len(grid.slices)} + attack_slices.i as cell,
                case withheld when 'primary' then {PRIMARY} when 'secondary' then {SECONDARY} when 'running' then {RUNNING}
                    else 0 end as withheld,
                coalesce(cast({part.size} as double), 0) as size,
                coalesce(cast({part.counted or part.size} as double), 0) as counted
            from {self.relation(part.table)} as mart
            inner join attack_units on {on_unit} inner join attack_slices on {on_slice}
            where {part.where} and ($1 is null or list_contains($1, {time}))
            order by at_time"""
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
                        {self._given_by("other.")} || ' of ' || other.month
                    from {full_time} as mart inner join {self.relation("substitutes_by_unit")} as other
                        using (org_level, org_unit_code)
                    where mart.source = 'payroll' and mart.withheld is not null and ({self._all_fte("other.")})
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
            cell = ", ".join(["left(period, 4)", "org_level", "org_unit_code", *self.dimensions(part)])
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
            columns = [*unit, *self.dimensions(part), "withheld", part.size, part.counted or part.size, *part.ratios]
            queries.append((part.table, self.time_of(part), columns, part.where))
        if family.name == WITH_RATIOS and self.has("substitutes_by_unit") and self.has("full_time_by_unit"):
            month_end = f"""(select cast(max(reference_date) as varchar) from {full_time}
                where source = 'payroll' and strftime(reference_date, '%Y-%m') = mart.month)"""
            columns = ["org_level", "org_unit_code", "withheld", self._all_fte()]
            queries.append(("substitutes_by_unit", month_end, columns, "true"))
        for table, time, columns, where in queries:
            query = f"""select {time} as at_time, count(*), sum(hash({", ".join(columns)}))
                from {self.relation(table)} as mart where {where} group by at_time"""
            for time, *numbers in self.rows(query):
                prints.setdefault(time, []).append((table, *map(str, numbers)))
        around: list[Any] = [sorted(self.organisation.groups.items()), self.rules]
        if family.has_units:
            around.append(self.tree)
        return {
            time: hashlib.sha256(repr([around, found]).encode()).hexdigest()
            for time, found in prints.items()
            if time is not None
        }

    def copies(self) -> list[tuple[str, dict[str, str], str]]:
        """Withheld cells of which another table serves a figure: table, grain and the copy."""
        found: list[tuple[str, dict[str, str], str]] = []
        for copy in copies_of(self.declared):
            if all(self.has(name) for name in (copy.table, copy.of)):
                of = self.declared.get(copy.of)
                limit = self.threshold(copy.of) if of and of.threshold else 0
                query = copy.query.format(copy=self.relation(copy.table), mart=self.relation(copy.of), limit=limit)
                columns = [column[0] for column in self.con.execute(query).description][:-1]
                for *grain, by in self.rows(query):
                    cell = {name: str(value) for name, value in zip(columns, grain, strict=True)}
                    found.append((copy.of, cell, f"{copy.table}.{by}"))
        return found


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple]) -> None:
    width = len(rows[0]) if rows else 0
    if not width:
        return
    columns = ", ".join(f"unnest($c{i})" for i in range(width))
    con.execute(f"insert into {table} select {columns}", {f"c{i}": [row[i] for row in rows] for i in range(width)})
