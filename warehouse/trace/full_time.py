"""Which rows make a full-time cell: positions on the reference date, from payroll or from PAI.
Not here: which of a person's positions a measure needs (persons.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from warehouse.database import one, quoted
from warehouse.trace import persons
from warehouse.trace.evaluated import Evaluated
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import smallest
from warehouse.trace.sick_leave import add_title
from warehouse.trace.temporary import Relation, table


def of_cell(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell of the full_time tables."""
    day = cell["reference_date"]
    assert isinstance(day, date)
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    part = Part({name: str(cell[name]) for name in ("job_code", "sex") if name in cell})
    if cell["source"] == "pai":
        _of_pai(lineage, day, units, part, measures)
        named = "(select null as position_row)"
    else:
        # Payroll knows no education: such a measure is empty, whoever makes the cell.
        of_payroll = [name for name in measures if name not in EDUCATION] or ["headcount"]
        named = f"(select row as position_row from {add_rows(lineage, day, units, of_payroll, part=part)})"
    if "job_code" in cell:
        add_title(lineage, str(cell["job_code"]), named)
    if cell["source"] == "payroll":
        add_full_leaves(lineage, day)
    lineage.begin_series(day.year)
    lineage.make_deliverable()


# Measures of full_time_sources by the figure they are made without.
WITHOUT = {
    "payroll_date": ("payroll_value_before_pai", "pai_value", "due_to_source"),
    "payroll_date_before_pai": ("payroll_value", "pai_value", "payroll_minus_pai"),
    "pai_date": ("payroll_value", "payroll_value_before_pai", "due_to_date"),
}


def of_sources(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell of full_time_sources: the same indicator by payroll on two dates and by PAI."""
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    indicator = [str(cell["indicator"])]
    days = {name: cell[name] for name, spared in WITHOUT.items() if set(measures) - set(spared)}
    # Twice, since what one date names would count on the other date without its leaves.
    for apart in (False, True):
        for name in ("payroll_date", "payroll_date_before_pai"):
            if isinstance(day := days.get(name), date):
                add_one_of_several(lineage, day, units, indicator, apart=apart)
                lineage.begin_series(day.year)
    if isinstance(day := days.get("pai_date"), date):
        _of_pai(lineage, day, units, WHOLE, indicator)
    lineage.begin_series(int(str(cell["year"])))
    if not lineage.count("pai"):
        lineage.add(
            "pai",
            "position in PAI without which the year is not compared",
            f"""select file_sha256, row_number from staging.stg_pai
                where year(reference_date) = $1 and position_percent > 0
                order by unit_code in ({units}), row_number limit 1""",
            [cell["year"]],
        )
        lineage.add_units(
            f"select unit_code from (select unit_code, file_sha256, row_number from staging.stg_pai) as pai"
            f" semi join {lineage.rows_of('pai')} as named using (file_sha256, row_number)"
        )
    lineage.make_deliverable(f"unit_code not in ({units})")


@dataclass(frozen=True)
class Part:
    """The part of a unit that a cell is of: column → value of the breakdown."""

    values: Mapping[str, str]

    @property
    def counted(self) -> str:
        """The condition on int_full_time_positions."""
        return " and ".join(f"{name} = {quoted(value)}" for name, value in self.values.items()) or "true"

    def of_delivered(self, person: str) -> str:
        """The condition on delivered positions, which know the sex by their person's column `person`."""
        known = {name: f"{name} = {quoted(value)}" for name, value in self.values.items()}
        if "sex" in known:
            known["sex"] = f"{person} in (select {person} from staging.stg_persons where {known['sex']})"
        return " and ".join(known.values()) or "true"


WHOLE = Part({})


def add_rows(
    lineage: Lineage, day: date, units: str, measures: Sequence[str], *, part: Part = WHOLE, apart: bool = True
) -> Relation:
    """Name the positions of the payroll system that count on a reference date; returns their rows (`row`)."""
    kept = persons.keep(lineage.con, _held(lineage.con, "payroll", day, units, part), measures)
    lineage.add_positions("position", f"select row from {kept}")
    if apart:
        set_apart(lineage, day, units, part.of_delivered("employee_no"), "in_full_time", "full time")
    return kept


def _held(con: duckdb.DuckDBPyConnection, source: str, day: date, units: str, part: Part) -> Relation:
    """The positions of a source that count on the date in the units, as persons.keep reads them."""
    return table(
        con,
        "held",
        f"""select person_id, position_row as row, position_percent as percent, wants_larger_position as wants,
                false as is_temporary, 0 as size_rank
            from intermediate.int_full_time_positions
            where source = $1 and reference_date = $2 and unit_code in ({units}) and {part.counted}""",
        [source, day],
    )


EDUCATION = ("vocational_or_higher", "education_known", "vocational_or_higher_percent")


def _kept_of_pai(con: duckdb.DuckDBPyConnection, day: date, units: str, part: Part, measures: Sequence[str]) -> Relation:
    """Rows (`row`) of PAI that make the measures. Of education one of each person's positions says it: one that counts, else
    one of which it is known; at least one row stays, so that the cell is there.
    """
    held = _held(con, "pai", day, units, part)
    of_education = [name for name in measures if name in EDUCATION]
    others = [name for name in measures if name not in EDUCATION]
    counted = persons.keep(con, held, others) if others or not of_education else None
    if not of_education:
        assert counted is not None
        return counted
    told = table(
        con,
        "rows_of_education",
        f"""select held.row, held.person_id, pai.is_vocational_or_higher as counts from {held} as held
            inner join intermediate.int_full_time_positions as pai
                on pai.source = 'pai' and pai.reference_date = {quoted(str(day))} and pai.position_row = held.row
            where pai.is_vocational_or_higher is not null
            qualify row_number() over (partition by held.person_id order by counts desc, held.row) = 1""",
    )
    if set(of_education) == {"vocational_or_higher"}:
        # Nobody may become a count of nobody whose education is known: that is not the same as 0.
        of_those = f"select row from {told} where counts"
        if not one(con, f"select count(*) from ({of_those})")[0]:
            of_those = f"select row from {told} order by row limit 1"
        told = table(con, "rows_that_count", of_those)
    if counted is None:
        (there,) = one(con, f"select count(*) from {told}")
        return told if there else table(con, "one_row", f"select min(row) as row from {held}")
    return table(con, "rows_of_both", f"select row from {counted} union select row from {told}")


def add_rows_of_pai(lineage: Lineage, day: date, units: str, measures: Sequence[str]) -> None:
    """Name the positions in PAI below the units that make the measures on PAI's day."""
    _of_pai(lineage, day, units, WHOLE, measures)


def _of_pai(lineage: Lineage, day: date, units: str, part: Part, measures: Sequence[str]) -> None:
    kept = _kept_of_pai(lineage.con, day, units, part, measures)
    named = f"from staging.stg_pai where reference_date = $1 and row_number in (select row from {kept})"
    lineage.add("pai", "position in PAI", f"select file_sha256, row_number {named}", [day])
    if "sex" in part.values:
        lineage.add(
            "ansatte",
            "person whose sex PAI does not have",
            f"""select file_sha256, row_number from staging.stg_persons where person_row in (
                    select min(person_row) from staging.stg_persons
                    where person_key in (select person_key {named}) group by person_key)""",
            [day],
        )
    # A position of an unknown unit counts in the municipality, so that for its cells the root of the tree is enough.
    whole = "select min(unit_code) from staging.stg_units where parent_code is null"
    lineage.add_units(
        f"select case when ({whole}) in ({units}) then ({whole}) else unit_code end {named}",
        [day],
    )
    lineage.exclude(
        "pai",
        f"""select file_sha256, row_number, 'position percent is 0' as reason from staging.stg_pai
            where reference_date = $1 and position_percent = 0 and unit_code in ({units})
                and {part.of_delivered("person_key")}""",
        [day],
    )


def add_one_of_several(lineage: Lineage, day: date, units: str, measures: Sequence[str], *, apart: bool) -> None:
    """The rows of one of several figures of a cell: the positions, and the leaves of those that other figures have named."""
    add_rows(lineage, day, units, measures, apart=apart)
    add_full_leaves(lineage, day)


def add_full_leaves(lineage: Lineage, day: date) -> None:
    """Name the leaves of the positions named so far that are on full leave on the day. Without them these would count."""
    found: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
    for position, leave, percent in lineage.con.execute(
        f"""select held.row_number, leaves.leave_row, leaves.leave_percent
            from {lineage.rows_of("stillinger")} as held
            inner join intermediate.int_full_leave_dates as full_leave
                on held.row_number = full_leave.position_row and full_leave.reference_date = $1
            inner join staging.stg_leaves as leaves
                on held.employee_no = leaves.employee_no
                and coalesce(leaves.position_no, held.position_no) = held.position_no
                and $1 between leaves.from_date and coalesce(leaves.to_date, $1)
            order by all""",
        [day],
    ).fetchall():
        found[position].append((leave, percent))
    is_full_leave = Evaluated(lineage.con, "formulas.is_full_leave(leaves)", {"leaves": "decimal(18, 4)"})
    kept = [
        leave
        for leaves in found.values()
        for leave, _ in smallest(leaves, lambda rows: is_full_leave(sum((percent for _, percent in rows), Decimal(0))))
    ]
    lineage.add(
        "permisjoner",
        "leave of a position that does not count on the date",
        "select file_sha256, row_number from staging.stg_leaves where list_contains($1, leave_row)",
        [kept],
    )


def set_apart(lineage: Lineage, day: date, units: str, conditions: str, population: str, called: str) -> None:
    """Set the positions of the units apart that are valid on the day and do not count, each with its reason."""
    lineage.exclude(
        "stillinger",
        f"""select file_sha256, row_number, case
                when not population.{population}
                    then 'form of employment ' || employment_form || ' does not count in {called}'
                when position_percent = 0 then 'position percent is 0'
                when leader_level = 'Kommunedirektør' and '{called}' = 'equality' then 'the municipal director'
                when row_number in (
                    select position_row from intermediate.int_full_leave_dates where reference_date = $1
                ) then 'on leave of 100 % on the date'
                else 'changes nothing in the number: another position of the person counts' end as reason
            from raw.stillinger inner join seeds.populations as population using (employment_form)
            where unit_code in ({units}) and {conditions} and $1 between valid_from and coalesce(valid_to, $1)""",
        [day],
    )
