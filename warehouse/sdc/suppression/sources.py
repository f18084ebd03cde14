"""Where the cells of each table come from: the SQL that reads them, and what sits on units themselves, from the built marts.
Not here: which sums tie them (sums.py).

What is decided together is a scope: a calendar year of sick leave, a reference date of the tables that count persons, a
year of the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from warehouse.catalogue import Table
from warehouse.errors import ProgramFault

ALL_MONTHS = 1


@dataclass(frozen=True)
class Source:
    """Where the cells of a table come from. `rows` selects scope, months, size and the columns of `key` from the mart.

    `months` has a bit for each month in which the cell exists. `own` selects scope, months, size, unit_code and the breakdown
    of what sits on a unit itself where other units lie below it. `sum_of` is the measure that its sums are about, where that is
    not the size. `fewest` is how many a cell with a row has at least, where its size is a whole number that adds up.
    """

    declared: Table
    family: str
    rows: str
    own: str | None = None
    sum_of: str | None = None
    fewest: int | None = None

    @property
    def table(self) -> str:
        return self.declared.name

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the table's decisions."""
        return self.declared.decision_key

    @property
    def breakdown(self) -> tuple[str, ...]:
        """Those of the key that break a unit down."""
        return self.declared.dimensions

    @property
    def known_by(self) -> str | None:
        """The served measure by which a cell is known again: the one that its sums are about. None where there is not one."""
        sizes = self.declared.size
        return self.sum_of or (sizes[0] if len(sizes) == 1 and sizes[0] in self.declared.columns else None)

    @property
    def natural_key(self) -> tuple[str, ...]:
        """The columns of the key that say what a cell is at every date."""
        return self.key[-len(self.breakdown) - 2 :] if "org_unit_code" in self.key else self.breakdown


# What breaks down what sits on a unit itself, in the models the sick-leave tables are made of.
OWN_OF_SICK_LEAVE = {"sex": "cell.sex", "age_group": "band.age_group", "job_code": "cell.job_code"}


def _sick_leave(table: Table) -> Source:
    # The table by age has a row of both sexes beside those of each.
    has_both = {"sex", "age_group"} <= set(table.dimensions)
    columns = OWN_OF_SICK_LEAVE | ({"sex": "case when shown.by_sex then cell.sex else 'alle' end"} if has_both else {})
    sexes = "(true), (false)" if has_both else "(true)"
    own = "".join(f", {columns[name]} as {name}" for name in table.dimensions)
    return Source(
        table,
        family="sick leave",
        rows=f"""
            select left(period, 4) as scope,
                bit_or(case when period_type = 'month' then 1 << (cast(right(period, 2) as integer) - 1) else 0 end) as months,
                max(fte) filter (where period_type = 'year') as size,
                left(period, 4) as calendar_year, {", ".join(table.cell)}
            from marts.{table.name} group by all""",
        own=f"""
            select cast(month.calendar_year as varchar) as scope, bit_or(1 << (cell.month_index % 12)) as months,
                cast(sum(cell.possible) as double) / 10000 / any_value(period.working_days_in_period) as size,
                cell.unit_code{own}
            from intermediate.int_sick_leave_months as cell
            inner join intermediate.int_months as month on cell.month_index = month.month_index
            inner join intermediate.int_periods as period
                on month.calendar_year = period.calendar_year and period.period_type = 'year'
            inner join raw.age_bands as band
                on month.calendar_year - cell.birth_year between band.first_age and band.last_age
            cross join (values {sexes}) as shown (by_sex)
            where cell.unit_code in (select parent_code from staging.stg_units)
            group by all""",
    )


def _own(table: Table, model: str, scope: str, persons: str, held: str = "true") -> str:
    """Those whose positions sit on a unit itself, counted in the model that the table is made of."""
    return f"""
        select {scope} as scope, {ALL_MONTHS} as months, count(distinct {persons}) as size,
            unit_code{"".join(f", {name}" for name in table.dimensions)}
        from intermediate.{model}
        where {held} and unit_code in (select parent_code from staging.stg_units)
        group by all"""


def _full_time(table: Table) -> Source:
    scope = "source || ' ' || reference_date"
    return Source(
        table,
        family="persons",
        rows=f"""
            select {scope} as scope, {ALL_MONTHS} as months, headcount as size, {", ".join(table.grain)}
            from marts.{table.name}""",
        own=_own(table, "int_full_time_positions", scope, "person_id"),
        fewest=1,
    )


def _gender_balance(table: Table) -> Source:
    return Source(
        table,
        family="persons",
        rows=f"""
            select 'payroll ' || reference.reference_date as scope, {ALL_MONTHS} as months, mart.employees as size,
                mart.year, mart.org_level, mart.org_unit_code, mart.sex
            from marts.equality_gender_balance as mart
            inner join intermediate.int_reference_dates as reference
                on mart.year = reference.calendar_year and reference.is_last_of_year""",
        own=f"""
            select 'payroll ' || reference.reference_date as scope, {ALL_MONTHS} as months,
                count(distinct held.employee_no) as size, held.unit_code, held.sex
            from intermediate.int_equality_positions as held
            inner join intermediate.int_reference_dates as reference
                on held.calendar_year = reference.calendar_year and reference.is_last_of_year
            where not held.is_on_full_leave and held.unit_code in (select parent_code from staging.stg_units)
            group by all""",
        fewest=1,
    )


def _substitutes(table: Table) -> Source:
    return Source(
        table,
        family="persons",
        rows=f"""
            select 'payroll ' || reference.reference_date as scope, {ALL_MONTHS} as months, mart.fte_of_year as size,
                mart.month, mart.org_level, mart.org_unit_code
            from marts.substitutes_by_unit as mart
            inner join intermediate.int_reference_dates as reference
                on mart.month = strftime(reference.reference_date, '%Y-%m')""",
    )


def _by_time(
    table: Table, family: str, size: str, own: str | None = None, sum_of: str | None = None, fewest: int | None = None
) -> Source:
    """A table whose years or reference dates are decided each by itself."""
    return Source(
        table,
        family=family,
        rows=f"""
            select cast({table.time} as varchar) as scope, {ALL_MONTHS} as months, {size} as size, {", ".join(table.grain)}
            from marts.{table.name}""",
        own=own,
        sum_of=sum_of,
        fewest=fewest,
    )


def _parental_leave(table: Table) -> Source:
    # As large as the fewer of those on leave and those whose leave has ended.
    return _by_time(table, "parental leave", "fewest_persons")


def _pay(table: Table) -> Source:
    # A group is as large as its smaller sex.
    return _by_time(table, "pay", "least(women_persons, men_persons)")


def _pay_by_job_code(table: Table) -> Source:
    return _by_time(table, "pay", "fewest_persons")


def _absence_spells(table: Table) -> Source:
    own = _own(table, "int_spell_parts", "cast(calendar_year as varchar)", "person_row")
    return _by_time(table, "spells", "persons", own, sum_of="lost_days")


def _workforce(table: Table) -> Source:
    own = _own(table, "int_workforce_positions", "cast(reference_date as varchar)", "employee_no", held="is_held")
    return _by_time(table, "workforce", "persons", own, fewest=1)


def _survey_response(table: Table) -> Source:
    return _by_time(table, "answers", "coalesce(responses, 0)", fewest=0)


def _survey_scores(table: Table) -> Source:
    return _by_time(table, "scores", "coalesce(responses, 0)")


# In the order in which cells stand in a problem, which the decisions depend on.
BUILDERS: dict[str, Callable[[Table], Source]] = {
    "sick_leave_by_unit": _sick_leave,
    "sick_leave_by_sex": _sick_leave,
    "sick_leave_by_age": _sick_leave,
    "sick_leave_by_job_code": _sick_leave,
    "full_time_by_unit": _full_time,
    "full_time_by_job_code": _full_time,
    "equality_gender_balance": _gender_balance,
    "substitutes_by_unit": _substitutes,
    "equality_parental_leave": _parental_leave,
    "equality_pay": _pay,
    "equality_pay_by_job_code": _pay_by_job_code,
    "absence_spells_by_unit": _absence_spells,
    "workforce_by_unit": _workforce,
    "survey_response": _survey_response,
    "survey_factor_scores": _survey_scores,
}
# A further breakdown of these is read like the others of its subject.
BUILDERS_OF_SUBJECT = {"sick leave": _sick_leave, "full time": _full_time}
# Means over several units' cells, empty where one of them is withheld: no cells of sums.
WITHOUT_SUMS = ("pilots",)


def sources_of(tables: Sequence[Table]) -> tuple[Source, ...]:
    """Where the cells of the withholding tables come from that the secondary rule ties together.

    Raises:
        ProgramFault: a table withholds and nothing says what its cells are: only its small cells would be withheld.
    """
    withholding = {table.name: table for table in tables if table.threshold is not None}
    known = [build(withholding[name]) for name, build in BUILDERS.items() if name in withholding]
    further = [
        BUILDERS_OF_SUBJECT[table.subject](table)
        for name, table in withholding.items()
        if name not in BUILDERS and table.subject in BUILDERS_OF_SUBJECT
    ]
    sources = (*known, *further)
    if unknown := withholding.keys() - {source.table for source in sources} - set(WITHOUT_SUMS):
        raise ProgramFault(f"{', '.join(sorted(unknown))}: say in BUILDERS of suppression/sources.py where the cells come from")
    return sources


def read_cells(con: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> None:
    """Collect the cells of every table, with their primary decisions, in the temporary tables `cells_…` and `own_…`."""
    for source in sources:
        same = " and ".join(f"decision.{name} = mart.{name}" for name in source.key)
        con.execute(
            f"""create or replace temporary table cells_{source.table} as
                with mart as ({source.rows})
                select mart.*, decision.withheld is not null as is_primary
                from mart inner join disclosure.{source.table} as decision on {same}
                -- Where nothing of a time is served, nothing has to be hidden.
                where decision.withheld is distinct from 'running'"""
        )
        if source.own:
            con.execute(f"create or replace temporary table own_{source.table} as {source.own}")


def fingerprints(con: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> dict[tuple[str, str], str]:
    """A fingerprint of all that is known of each scope's cells, by family and scope. It depends on withheld values."""
    tree = con.execute("select bit_xor(hash(unit_code, parent_code, group_name)) from staging.stg_units").fetchone()
    found: dict[tuple[str, str], str] = defaultdict(lambda: str(tree))
    for source in sources:
        for kind in ("cells", "own") if source.own else ("cells",):
            columns = [name for name, *_ in con.execute(f"describe {kind}_{source.table}").fetchall()]
            for scope, count, digest in con.execute(
                f"""select scope, count(*), bit_xor(hash({", ".join(columns)})) from {kind}_{source.table}
                    group by scope order by scope"""
            ).fetchall():
                found[source.family, scope] += f" {kind}_{source.table} {count} {digest}"
    return dict(found)


def counts(con: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> Counter[tuple[str, str]]:
    """How many cells each scope has, by family and scope."""
    found: Counter[tuple[str, str]] = Counter()
    for source in sources:
        for scope, count in con.execute(f"select scope, count(*) from cells_{source.table} group by scope").fetchall():
            found[source.family, scope] += count
    return found
