"""Tables that repeat figures of other tables: where a copy is served of a cell that is withheld, the copy gives it away.
Not here: sums and ratios (families.py, served.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse.catalogue import Table


@dataclass(frozen=True)
class Copy:
    """A table that repeats figures of another, in these columns. The query gives the grain of each withheld cell of which one
    is served.
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

# The tables that are no cells of a family and copy none, and why there is nothing in them to attack. A table that stands
# neither here nor in families.py nor above fails a test.
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
    return [*COPIES, *map(_reconciled, withholding), *map(_restated, withholding)]


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
