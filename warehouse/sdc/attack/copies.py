"""Tables that repeat figures of other tables: where a copy is served of a cell that is withheld, the copy gives it away.
Not here: sums and ratios (families.py, served.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse.catalogue import Table
from warehouse.sdc.attack.relations import ROUNDING


@dataclass(frozen=True)
class Copy:
    """A table that repeats figures of another, in these columns. The query gives the grain of each withheld cell of which one
    is served; {limit} in it is the other table's threshold.
    """

    table: str
    of: str
    columns: tuple[str, ...]
    query: str


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
        ("value",),
        f"""select mart.period, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart using (period_type, period)
            where copy.source = 'payroll' and copy.value is not null and indicator in {SICK_LEAVE_INDICATORS}
                and org_level = 'kommune' and withheld is not null""",
    ),
    Copy(
        "benchmarks",
        "full_time_by_unit",
        ("value",),
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
        ("actual", "gap"),
        f"""select mart.period, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart using (org_level, org_unit_code)
            where mart.period = cast(copy.year as varchar) and coalesce(actual, gap) is not null
                and indicator in {SICK_LEAVE_INDICATORS} and withheld is not null""",
    ),
    Copy(
        "targets",
        "full_time_by_unit",
        ("actual", "gap"),
        f"""select mart.reference_date, org_level, org_unit_code, indicator
            from {{copy}} as copy inner join {{mart}} as mart using (org_level, org_unit_code)
            where mart.source = 'payroll' and {LAST_OF_YEAR % "copy.year"} and coalesce(actual, gap) is not null
                and indicator in {FULL_TIME_INDICATORS} and withheld is not null""",
    ),
    *(
        Copy(
            "full_time_sources",
            "full_time_by_unit",
            columns,
            f"""select mart.reference_date, org_level, org_unit_code, copy.indicator
                from {{copy}} as copy inner join {{mart}} as mart using (org_level, org_unit_code)
                where mart.source = '{source}' and mart.reference_date = copy.{day} and mart.withheld is not null
                    and coalesce({", ".join(f"copy.{name}" for name in columns)}) is not null""",
        )
        for source, day, columns in (
            ("payroll", "payroll_date", ("payroll_value", "payroll_minus_pai", "due_to_date")),
            ("payroll", "payroll_date_before_pai", ("payroll_value_before_pai", "due_to_date", "due_to_source")),
            ("pai", "pai_date", ("pai_value", "payroll_minus_pai", "due_to_source")),
        )
    ),
    # Substitutes are those with the form Vikar and the hours of substitutes, of which there may be few.
    Copy(
        "substitutes_by_unit",
        "workforce_by_unit",
        ("substitute_fte", "substitute_percent"),
        """select mart.reference_date, org_level, org_unit_code, employment_form, 'substitute_fte of ' || copy.month
            from {copy} as copy inner join {mart} as mart using (org_level, org_unit_code)
            where employment_form = 'Vikar' and copy.month = strftime(mart.reference_date, '%Y-%m')
                and coalesce(copy.substitute_fte, copy.substitute_percent) is not null and mart.withheld is not null""",
    ),
    # Persons less those who joined and with those who left are the persons of a year before.
    Copy(
        "workforce_by_unit",
        "workforce_by_unit",
        ("joined_12m", "left_12m", "turnover_percent"),
        """select mart.reference_date, org_level, org_unit_code, employment_form,
                'joined_12m and left_12m of ' || copy.reference_date
            from {copy} as copy inner join {mart} as mart using (org_level, org_unit_code, employment_form)
            where mart.reference_date = last_day(cast(copy.reference_date - interval 12 month as date))
                and coalesce(copy.joined_12m, copy.left_12m, copy.turnover_percent) is not null
                and mart.withheld is not null""",
    ),
    *(
        Copy(
            table,
            table,
            tuple(served.replace("copy.", "").split(", ")),
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

# The views for BI tools repeat served cells, and each unit less those as its remainder.
REMAINDER = "øvrige (ikke vist)"
ABSENCE = (
    "lost_days",
    "self_certified_days",
    "doctor_certified_days",
    "short_term_days",
    "long_term_days",
    "graded_days",
    "sick_leave_percent",
    "self_certified_percent",
    "doctor_certified_percent",
    "short_term_percent",
    "long_term_percent",
    "graded_percent",
)


def _differs(name: str) -> str:
    """Condition that a view's figure is not the table's: the views' are decimals, and one of them takes up what the last digits
    of the unit's leave over.
    """
    return f"abs(copy.{name} - mart.{name}) > {ROUNDING}"


@dataclass(frozen=True)
class Split:
    """A view that splits each unit of a table into the served cells of a breakdown and a remainder.

    `figures` are compared; `secret` is emptied where a remainder is below the threshold by its `size` in the rows `decided`.
    """

    view: str
    cells: str
    units: str
    dimension: str
    time: tuple[str, ...]
    figures: tuple[str, ...]
    size: str | None = None
    secret: tuple[str, ...] = ()
    where: str = "true"
    decided: str = "true"

    def copies(self) -> list[Copy]:
        """What would give a withheld cell away: to show it, another figure than the served one, or too small a remainder."""
        unit = (*self.time, "org_level", "org_unit_code")
        cell = (*unit, self.dimension)
        differs = " or ".join(map(_differs, self.figures))
        sums = ", ".join(f"sum({name}) as {name}" for name in self.figures)
        named = [name for name in unit if name != "period_type"]
        shown = " or ".join(f"copy.{name} is not null" for name in self.secret or self.figures)
        found = [
            Copy(
                self.view,
                self.cells,
                self.figures,
                f"""select {", ".join(f"mart.{name}" for name in (*named, self.dimension))}, 'cell'
                    from {{copy}} as copy inner join (from {{mart}} where {self.where}) as mart using ({", ".join(cell)})
                    where not copy.is_remainder and (mart.withheld is not null or {differs})""",
            ),
            Copy(
                self.view,
                self.units,
                self.figures,
                f"""select {", ".join(f"mart.{name}" for name in named)}, 'parts together'
                    from (select {", ".join(unit)}, {sums} from {{copy}} group by all) as copy
                    inner join {{mart}} as mart using ({", ".join(unit)})
                    where mart.withheld is not null or {differs}""",
            ),
        ]
        if self.size:
            small = Copy(
                self.view,
                self.units,
                self.secret or self.figures,
                f"""select {", ".join(f"copy.{name}" for name in named)}, 'remainder below the threshold'
                    from {{copy}} as copy
                    where copy.is_remainder and {self.decided} and copy.{self.size} < {{limit}} - {ROUNDING} and ({shown})""",
            )
            found.append(small)
        return found


_PERIOD = ("period_type", "period")
_DAYS = (
    "fte",
    "possible_days",
    "lost_days",
    "self_certified_days",
    "doctor_certified_days",
    "short_term_days",
    "long_term_days",
    "graded_days",
)
_PERSONS = ("fte", "headcount", "part_time", "involuntary_part_time", "part_time_answered")

SPLITS = (
    *(
        Split(
            f"bi_{table}",
            table,
            "sick_leave_by_unit",
            dimension,
            _PERIOD,
            _DAYS,
            "fte",
            secret=ABSENCE,
            where=where,
            decided="copy.period_type = 'year'",
        )
        for table, dimension, where in (
            ("sick_leave_by_sex", "sex", "true"),
            ("sick_leave_by_age", "age_group", "sex = 'alle'"),
            ("sick_leave_by_job_code", "job_code", "true"),
        )
    ),
    Split(
        "bi_full_time_by_sex",
        "full_time_by_sex",
        "full_time_by_unit",
        "sex",
        ("source", "reference_date"),
        _PERSONS,
        "headcount",
    ),
    # Its persons do not add up, so that the view shows none.
    Split(
        "bi_full_time_by_job_code",
        "full_time_by_job_code",
        "full_time_by_unit",
        "job_code",
        ("source", "reference_date"),
        ("fte",),
    ),
)

# The pieces of the tree: units that are served, and remainders that are large enough by the year's average.
OF_TREE = (
    Copy(
        "bi_sick_leave",
        "sick_leave_by_unit",
        _DAYS,
        f"""select mart.period, org_level, org_unit_code, 'unit'
            from {{copy}} as copy inner join {{mart}} as mart using (period_type, period, org_level, org_unit_code)
            where mart.withheld is not null
                or not is_remainder and ({" or ".join(map(_differs, _DAYS))})""",
    ),
    Copy(
        "bi_sick_leave",
        "sick_leave_by_unit",
        ABSENCE,
        f"""select mart.period, org_level, org_unit_code, 'remainder below the threshold'
            from (
                select left(period, 4) as period, org_level, org_unit_code, sum(possible_days) as possible_days
                from {{copy}} where is_remainder and coalesce({", ".join(ABSENCE)}) is not null group by all
            ) as copy
            inner join {{mart}} as mart using (period, org_level, org_unit_code)
            where copy.possible_days / mart.days_per_fte < {{limit}} - {ROUNDING}""",
    ),
    Copy(
        "bi_sick_leave",
        "sick_leave_by_unit",
        _DAYS,
        f"""select period, mart.org_level, mart.org_unit_code, 'pieces together'
            from (
                select period, sum(fte) as fte, sum(possible_days) as possible_days
                from {{copy}} group by all
            ) as copy
            inner join {{mart}} as mart using (period)
            where mart.org_level = 'kommune' and mart.withheld is null
                and ({_differs("fte")} or {_differs("possible_days")})""",
    ),
)
OF_BALANCE = Copy(
    "bi_equality_gender_balance",
    "equality_gender_balance",
    ("employees", "fte"),
    f"""select mart.year, org_level, org_unit_code, sex, 'cell'
        from {{copy}} as copy inner join {{mart}} as mart using (year, org_level, org_unit_code, sex)
        where mart.withheld is not null or copy.employees <> mart.employees or {_differs("fte")}""",
)

# The tables that are no cells of a family and copy none, and why there is nothing in them to attack. The tests alone read it:
# a table that stands neither here nor in families.py nor above fails one.
BESIDE = {
    "data_quality": "numbers of rows by rule: of the delivery as a whole, of no unit",
    "equality_leaders": "leaders by level and sex, of the whole municipality: who leads is public",
    "inputs": "files and their numbers of rows: of the delivery as a whole, of no unit",
    "metric_definitions": "texts",
    "org_units": "names and parents of units: known to everybody, and used by the attack",
    "pilots": "means over a pilot's units in two months, empty where one of them is withheld (follows in its yml)",
    "publication": "when and with what settings it was made; the attack reads the thresholds there",
    "sick_leave_changes": "computed of served cells alone, after disclosure control",
    "sick_leave_contributions": "computed of served cells alone, after disclosure control",
}


def copies_of(tables: Mapping[str, Table]) -> list[Copy]:
    """The copies in a publication with these tables: reconciliation and restatements repeat figures of every one that
    withholds.
    """
    withholding = [table for table in tables.values() if table.threshold]
    of_views = [copy for split in SPLITS for copy in split.copies()]
    return [*COPIES, *of_views, *OF_TREE, OF_BALANCE, *map(_reconciled, withholding), *map(_restated, withholding)]


def _restated(table: Table) -> Copy:
    """A change tells what a figure was and is."""
    grain = [name for name in table.grain if name != "period_type"]
    return Copy(
        "restatements",
        table.name,
        ("was", "now"),
        f"""select {", ".join(f"mart.{name}" for name in grain)}, copy.measure || ' of ' || copy.publication_id
            from {{copy}} as copy inner join {{mart}} as mart on
                {" and ".join(f"cast(mart.{name} as varchar) = (copy.cell ->> '{name}')" for name in grain)}
            where copy.table_name = '{table.name}' and coalesce(copy.was, copy.now) is not null
                and mart.withheld is not null""",
    )


def _reconciled(table: Table) -> Copy:
    # A period says its type itself.
    grain = [name for name in table.grain if name != "period_type"]
    return Copy(
        "reconciliation",
        table.name,
        ("computed", "difference"),
        f"""select {", ".join(f"mart.{name}" for name in grain)}, 'computed of ' || copy.figure_id
            from {{copy}} as copy inner join {{mart}} as mart on
                {" and ".join(f"cast(mart.{name} as varchar) = (copy.cell ->> '{name}')" for name in grain)}
            where copy.mart = '{table.name}' and coalesce(copy.computed, copy.difference) is not null
                and mart.withheld is not null""",
    )
