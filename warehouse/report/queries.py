"""Every figure of the report with its cell, read from the Parquet files of one publication and from nothing else.
Not here: how a figure is written (numbers.py, render.py), or in which table of the report it stands (chapters/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from warehouse.catalogue import Table
from warehouse.cells import as_words
from warehouse.database import quoted
from warehouse.report.numbers import MISSING, WITHHELD

MUNICIPALITY, AREA, DIVISION, UNIT, WARD, GROUP = (
    "kommune",
    "tjenesteområde",
    "kommunalsjefområde",
    "virksomhet",
    "avdeling",
    "gruppe",
)
SHARES = (
    "sick_leave_percent",
    "self_certified_percent",
    "doctor_certified_percent",
    "short_term_percent",
    "long_term_percent",
    "graded_percent",
)
_WITH_A_PAGE = "org_level in ('kommune', 'tjenesteområde', 'virksomhet')"
_REFERENCE_DATES = (
    "(source = 'pai' or strftime(reference_date, '%m') = '12' or reference_date = (select max(reference_date) from {table}"
    " where source = 'payroll') or reference_date = (select max(reference_date) - interval 1 year from {table}))"
)
# Of large tables only the rows that the report shows are read.
READ = {
    "sick_leave_by_unit": "period_type <> 'month'",
    "sick_leave_by_sex": "period_type = 'year' and org_level <> 'avdeling'",
    "sick_leave_by_age": "period_type = 'year' and org_level in ('kommune', 'tjenesteområde')",
    "sick_leave_by_job_code": "period_type = 'year' and org_level in ('kommune', 'tjenesteområde')",
    "sick_leave_changes": (
        "(period_type in ('year', 'quarter', 'half_year', 'year_to_date', 'rolling_12'))"
        f" and (measure = 'sick_leave_percent' or {_WITH_A_PAGE})"
        f" and (period_type <> 'rolling_12' or {_WITH_A_PAGE} or period = (select max(period) from {{table}} where"
        " period_type = 'rolling_12'))"
    ),
    "sick_leave_contributions": "period_type in ('year', 'rolling_12') and org_level in ('kommune', 'tjenesteområde')",
    "absence_spells_by_unit": "org_level in ('kommune', 'tjenesteområde')",
    "full_time_by_unit": _REFERENCE_DATES,
    "full_time_by_sex": f"{_REFERENCE_DATES} and org_level in ('kommune', 'tjenesteområde')",
    "full_time_by_job_code": "false",
    "full_time_sources": "org_level = 'kommune'",
    "workforce_by_unit": "org_level = 'kommune'",
    "substitutes_by_unit": "org_level in ('kommune', 'tjenesteområde')",
    "equality_gender_balance": "org_level in ('kommune', 'tjenesteområde')",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A served cell's measure.

    `value` is None where nothing can be shown; `empty` then says why, by SSB's standard signs. `numerator` and `denominator`
    are the figures it is divided of, where they are served too.
    """

    table: str
    cell: str
    measure: str
    value: float | int | None
    empty: str
    decimals: int
    numerator: float | None = None
    denominator: float | None = None

    @property
    def words(self) -> str:
        """What `arsverk trace` takes to trace it."""
        return f"{self.table} {self.cell} --measure {self.measure}"


@dataclass(frozen=True, slots=True)
class Derived:
    """A figure that is computed of served ones for the page alone; `how` names the formula in `COMPUTED`."""

    of: tuple[Figure, ...]
    how: str
    decimals: int

    @property
    def value(self) -> float | None:
        """The value; None where one of the figures is not shown."""
        values = [figure.value for figure in self.of]
        if any(value is None for value in values):
            return None
        return COMPUTED[self.how](*values)

    @property
    def empty(self) -> str:
        """Why there is none."""
        return WITHHELD if any(figure.value is None and figure.empty == WITHHELD for figure in self.of) else MISSING


# report.js says each in words.
COMPUTED: dict[str, Any] = {
    "difference": lambda now, before: now - before,
    "one_person": lambda fte: 100 / fte if fte else None,
    "in_persons": lambda points, fte: points * fte / 100,
}


@dataclass(frozen=True)
class Unit:
    """A unit of the organisation."""

    level: str
    code: str
    name: str
    parent: str | None
    path: str

    @property
    def cell(self) -> dict[str, str]:
        """Its columns of a cell."""
        return {"org_level": self.level, "org_unit_code": self.code}


@dataclass(frozen=True)
class Definition:
    """What metric_definitions says of a measure, and what its numerator and denominator are called."""

    table: str
    measure: str
    name: str
    unit: str
    decimals: int
    formula: str
    population: str
    source: str
    factor: int
    of: str
    by: str


class Served:
    """The served tables of one publication.

    Args:
        folder: the publication's folder, with a Parquet file a table.
        tables: what the tables are, as its manifest.json says or will say.
    """

    def __init__(self, folder: Path, tables: Mapping[str, Table]) -> None:
        self.folder = folder
        self.tables = tables
        self._con = duckdb.connect(config={"autoinstall_known_extensions": False})
        self._con.execute("set threads = 2")
        self._rows: dict[str, dict[tuple, dict[str, Any]]] = {}
        self._indexes: dict[tuple[str, tuple[str, ...]], dict[tuple, list[dict[str, Any]]]] = {}

    def close(self) -> None:
        self._con.close()

    def _file(self, table: str) -> str:
        return f"read_parquet({quoted(str(self.folder / f'{table}.parquet'))})"

    @cached_property
    def publication(self) -> dict[str, Any]:
        """The publication's one row."""
        return next(iter(self.rows("publication")))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that the publication was made with."""
        settings: dict[str, Any] = json.loads(self.publication["settings"])
        return settings

    @cached_property
    def previous_publication(self) -> str | None:
        """The publication that was served before this one."""
        said = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        previous: str | None = said.get("previous_publication")
        return previous

    @cached_property
    def definitions(self) -> dict[tuple[str, str], Definition]:
        """The definition of every measure, by table and measure."""
        rows = self._query(f"from {self._file('metric_definitions')}")
        found = {}
        for row in rows:
            said = self.tables[row["table_name"]].measures.get(row["measure"]) if row["table_name"] in self.tables else None
            found[row["table_name"], row["measure"]] = Definition(
                row["table_name"],
                row["measure"],
                row["name"],
                row["unit"],
                int(row["decimals"]),
                row["formula"],
                row["population"],
                row["source"],
                int(row["factor"] or 1),
                said.of if said and row["numerator"] else "",
                said.by if said and row["numerator"] else "",
            )
        return found

    def _query(self, query: str) -> list[dict[str, Any]]:
        cursor = self._con.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _table(self, name: str) -> dict[tuple, dict[str, Any]]:
        """The rows of a table by the values of its grain, dates as text; none of a table that the publication lacks."""
        if name not in self._rows:
            found: dict[tuple, dict[str, Any]] = {}
            if name in self.tables and (self.folder / f"{name}.parquet").exists():
                grain = self.tables[name].grain
                fractions = self._con.execute(
                    f"""select measure, numerator, denominator from {self._file("metric_definitions")}
                        where table_name = $1 and numerator is not null order by measure""",
                    [name],
                ).fetchall()
                parts = "".join(
                    f', cast({part} as double) as "{measure} {kind}"'
                    for measure, *both in fractions
                    for part, kind in zip(both, ("numerator", "denominator"), strict=True)
                )
                where = READ.get(name, "true").replace("{table}", self._file(name))
                rows = self._query(f"select *{parts} from {self._file(name)} as cell where {where} order by {', '.join(grain)}")
                for row in rows:
                    found[tuple(_text(row[column]) for column in grain)] = row
            self._rows[name] = found
        return self._rows[name]

    def rows(self, table: str, /, **where: object) -> Iterator[dict[str, Any]]:
        """The rows of a table with these values, in the order of its grain."""
        names = tuple(where)
        index = self._indexes.get((table, names))
        if index is None:
            index = self._indexes[table, names] = {}
            for row in self._table(table).values():
                index.setdefault(tuple(_text(row[name]) for name in names), []).append(row)
        yield from index.get(tuple(_text(value) for value in where.values()), [])

    def row(self, table: str, /, **cell: object) -> dict[str, Any] | None:
        """The row of a cell; None when there is none."""
        key = tuple(_text(cell.get(name)) for name in self.tables[table].grain) if table in self.tables else ()
        return self._table(table).get(key)

    def figure(self, table: str, measure: str, /, **cell: object) -> Figure:
        """A measure of a cell; of a cell that is not served one that says so."""
        row = self.row(table, **cell)
        definition = self.definitions.get((table, measure))
        decimals = definition.decimals if definition else 1
        grain = self.tables[table].grain if table in self.tables else tuple(cell)
        words = as_words({name: _text(cell.get(name)) for name in grain if cell.get(name) is not None})
        if row is None:
            return Figure(table, words, measure, None, MISSING, decimals)
        value = row[measure]
        if value is None:
            return Figure(table, words, measure, None, self._why_empty(table, row, measure), decimals)
        return Figure(
            table,
            words,
            measure,
            float(value) if not isinstance(value, bool | int) else value,
            "",
            decimals,
            row.get(f"{measure} numerator"),
            row.get(f"{measure} denominator"),
        )

    def of_row(self, table: str, row: Mapping[str, Any], measure: str) -> Figure:
        """A measure of a row that `rows` gave."""
        return self.figure(table, measure, **{name: row[name] for name in self.tables[table].grain})

    def _why_empty(self, table: str, row: Mapping[str, Any], measure: str) -> str:
        """Withheld or not to be had: what is computed of served cells has no `withheld` of its own."""
        if row.get("withheld"):
            return WITHHELD
        if table == "sick_leave_changes":
            if measure == "value" and row["measure"] != "graded_percent":
                return WITHHELD
            if measure == "mean_three_years":
                return WITHHELD if int(row["period"][:4]) - self.first_year > 2 else MISSING
            before = int(row["period"][:4]) - (2 if row["period_type"] == "rolling_12" and row["period"][5:] != "12" else 1)
            unit = {"org_level": row["org_level"], "org_unit_code": row["org_unit_code"]}
            was_there = self.row("sick_leave_by_unit", period_type="year", period=str(before), **unit) is not None
            return WITHHELD if was_there else MISSING
        if table == "sick_leave_contributions":
            return MISSING if row["is_remainder"] else WITHHELD
        if table == "benchmarks" and row["source"] == "payroll":
            return WITHHELD
        if table == "targets" and measure == "actual" and row["year"] <= self.as_of.year and row["year"] >= self.first_year:
            return WITHHELD
        if table == "survey_response" and measure.startswith("previous"):
            return self._why_no_previous(table, row, {})
        if table == "survey_factor_scores" and measure in ("previous_score", "difference_previous"):
            return self._why_no_previous(table, row, {"factor_no": row["factor_no"]})
        return MISSING

    def _why_no_previous(self, table: str, row: Mapping[str, Any], more: Mapping[str, object]) -> str:
        rounds = [year for year in self.survey_rounds if year < row["year"]]
        if not rounds:
            return MISSING
        unit = {"org_level": row["org_level"], "org_unit_code": row["org_unit_code"]}
        before = self.row(table, year=rounds[-1], **unit, **more)
        return WITHHELD if before and before["withheld"] else MISSING

    # What the publication covers

    @property
    def as_of(self) -> date:
        """The date to which is counted."""
        return self.publication["as_of"]

    @cached_property
    def years(self) -> list[int]:
        """The years of sick leave that are over."""
        return [
            int(row["period"]) for row in self.rows("sick_leave_by_unit", **self._whole, period_type="year", is_partial=False)
        ]

    @cached_property
    def all_years(self) -> list[int]:
        """The years of sick leave, the running one too."""
        return [int(row["period"]) for row in self.rows("sick_leave_by_unit", **self._whole, period_type="year")]

    @property
    def first_year(self) -> int:
        """The first year of the series."""
        return min(self.all_years, default=self.as_of.year)

    @cached_property
    def last_twelve(self) -> dict[str, Any] | None:
        """The latest row of twelve whole months of the municipality's sick leave."""
        rows = self.rows(
            "sick_leave_changes", **self._whole, period_type="rolling_12", measure="sick_leave_percent", is_partial=False
        )
        return max(rows, key=lambda row: row["period"], default=None)

    @cached_property
    def this_year(self) -> dict[str, Any] | None:
        """The row of the running year so far, whole months alone; none where the last year is over."""
        rows = self.rows("sick_leave_changes", **self._whole, period_type="year_to_date", measure="sick_leave_percent")
        return max((row for row in rows if int(row["period"]) not in self.years), key=lambda row: row["period"], default=None)

    @cached_property
    def reference_dates(self) -> list[date]:
        """Of full time in payroll: the last dates of the years, and the latest one."""
        rows = self.rows("full_time_by_unit", **self._whole, source="payroll")
        dates = sorted({row["reference_date"] for row in rows})
        return [day for day in dates if (day.month, day.day) == (12, 31) or day == dates[-1]]

    @cached_property
    def pai_dates(self) -> list[date]:
        """The dates of PAI."""
        return sorted({row["reference_date"] for row in self.rows("full_time_by_unit", **self._whole, source="pai")})

    @cached_property
    def survey_rounds(self) -> list[int]:
        """The rounds of 10-FAKTOR."""
        return sorted({row["year"] for row in self.rows("survey_response")})

    @property
    def last_round(self) -> int | None:
        return self.survey_rounds[-1] if self.survey_rounds else None

    # The organisation

    @cached_property
    def units(self) -> list[Unit]:
        """The units in the order of the tree."""
        rows = sorted(self.rows("org_units"), key=lambda row: row["path"])
        return [
            Unit(row["org_level"], row["org_unit_code"], row["org_unit_name"], row["parent_code"], row["path"]) for row in rows
        ]

    @cached_property
    def municipality(self) -> Unit:
        """The unit at the top."""
        return next(unit for unit in self.units if unit.level == MUNICIPALITY)

    @property
    def _whole(self) -> dict[str, str]:
        return self.municipality.cell

    @cached_property
    def by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units}

    @cached_property
    def _children(self) -> dict[str | None, list[Unit]]:
        children: dict[str | None, list[Unit]] = {}
        for unit in self.units:
            children.setdefault(unit.parent, []).append(unit)
        return children

    def children(self, unit: Unit) -> list[Unit]:
        """The units directly below a unit."""
        return self._children.get(unit.code, [])

    def below(self, unit: Unit) -> Iterator[Unit]:
        """All units below a unit, each before those below itself."""
        for child in self.children(unit):
            yield child
            yield from self.below(child)

    def above(self, unit: Unit) -> list[Unit]:
        """The units above a unit, the municipality first."""
        chain: list[Unit] = []
        code = unit.parent
        while code in self.by_code:
            chain.insert(0, self.by_code[code])
            code = self.by_code[code].parent
        return chain

    def units_of(self, *levels: str) -> list[Unit]:
        """The units of some levels."""
        return [unit for unit in self.units if unit.level in levels]

    def groups(self) -> list[str]:
        """The groups that cut across the tree."""
        return sorted({row["org_unit_code"] for row in self.rows("sick_leave_by_unit", org_level=GROUP, period_type="year")})

    # Figures of sick leave

    def sick_leave(self, cell: Mapping[str, str], period_type: str, period: str, measure: str = "sick_leave_percent") -> Figure:
        """A measure of sick leave in a month, quarter or year of the calendar."""
        return self.figure("sick_leave_by_unit", measure, period_type=period_type, period=period, **cell)

    def change(
        self,
        cell: Mapping[str, str],
        period_type: str,
        period: str,
        what: str = "change_points",
        measure: str = "sick_leave_percent",
    ) -> Figure:
        """What is said of a measure of sick leave beside the same period a year before."""
        return self.figure("sick_leave_changes", what, period_type=period_type, period=period, measure=measure, **cell)

    def rolling(self, unit: Unit) -> list[tuple[date, Figure]]:
        """The twelve months that end with each month, by the month's last day."""
        rows = self.rows(
            "sick_leave_changes", **unit.cell, period_type="rolling_12", measure="sick_leave_percent", is_partial=False
        )
        return [(row["period_end"], self.of_row("sick_leave_changes", row, "value")) for row in rows]

    # Figures of full time

    def full_time(self, unit: Unit, day: date, measure: str, source: str = "payroll") -> Figure:
        """A measure of full time on a reference date."""
        return self.figure("full_time_by_unit", measure, source=source, reference_date=day, **unit.cell)

    def year_before(self, day: date) -> date:
        """The reference date a year before."""
        return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)

    # Evidence

    def count(self, query: str, tables: Iterable[str]) -> tuple:
        """One row of counts; `{name}` in the query is the file of a table."""
        files = {name: self._file(name) for name in tables}
        row = self._con.execute(query.format(**files)).fetchone()
        assert row is not None
        return row


def difference(now: Figure, before: Figure) -> Derived:
    """How much a figure has changed, where no served table says so."""
    return Derived((now, before), "difference", now.decimals)


def one_person(fte: Figure) -> Derived:
    """By how many points one person who is away all the time raises the sick leave of so many årsverk."""
    return Derived((fte,), "one_person", 1)


def in_persons(points: Figure, fte: Figure) -> Derived:
    """To how many årsverk away all the time a change in points comes."""
    return Derived((points, fte), "in_persons", 1)


def _text(value: object) -> str:
    """A value of the grain as the commands write it."""
    return str(value).lower() if isinstance(value, bool) else value.isoformat() if isinstance(value, date) else str(value)
