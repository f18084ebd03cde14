"""Tells what is doubtful and new: what data_quality warns of in optional feeds and whole files, and figures that are unusual.
Not here: the rules and their counts (dbt_project/models/audit/data_quality.sql), or rows that the contracts refuse.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.registry import feeds
from warehouse.publication import earlier_table

# A later decision replaces an earlier one as it should.
IN_ORDER = "target_not_superseded"
# From so many rows on a warning of most rows of a required feed is about the file.
FEWEST_ROWS = 20
# A whole municipality's sick leave in a year, in percent, and from how many årsverk on it does not leave these by chance.
USUAL_SICK_LEAVE = (2, 20)
LEAST_FTE = 50
# A unit of so many årsverk has absences in a year; where it has none, the export may lack it.
LEAST_FTE_OF_UNIT = 20
UNITS_NAMED = 5
# A running year says nothing yet, nor does the first one, in which the payroll system may have begun.
CLOSED_AFTER_FIRST = """period_type = 'year' and not is_partial
    and period > (select min(period) from served.sick_leave_by_unit where period_type = 'year')"""


def new_doubts(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[str]:
    """A line for each rule with severity warning that rows of an optional feed break, with how many and what it asks.

    Of a required feed, which has single doubtful rows every night, only what most of its rows break or a sign of the whole
    file.

    Args:
        previous: the folder of the previous publication, of which the same rules with the same words are known; but not one
            that most rows break now, and less than half as many did then.
    """
    optional = {feed.name for feed in feeds().values() if not feed.required}
    signs = {(feed.name, rule.name) for feed in feeds().values() for rule in feed.rules if rule.stage == "file"}
    served = earlier_table(previous, "data_quality")
    # A rule that no row broke then stands there too.
    known = f"from {served} where rows > 0" if served else "from served.data_quality limit 0"
    found = con.execute(
        f"""with tried as (select feed, rule, sum(rows_seen) as seen from raw.rule_results group by all),
            of_feed as (select feed, max(seen) as all_seen from tried group by all),
            known as (select feed, rule, description, rows as rows_then {known}),
            broken as (
                select feed, rule, rows, description,
                    -- A rule that asks other tables (model_rules) is not among those of files, and sees every row.
                    coalesce(rows > {FEWEST_ROWS} and rows > coalesce(seen, all_seen) / 2, false) as is_of_most
                from served.data_quality left join tried using (feed, rule) left join of_feed using (feed)
                where severity = 'warning' and rows > 0 and rule <> '{IN_ORDER}'
            )
            select feed, rule, rows, description, is_of_most from broken left join known using (feed, rule, description)
            where rows_then is null or (is_of_most and rows > 2 * rows_then) order by feed, rule"""
    ).fetchall()
    return [
        f"{feed}, {rule} ({rows}): {description}"
        for feed, rule, rows, description, is_of_most in found
        if feed in optional or is_of_most or (feed, rule) in signs
    ]


def unusual_years(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[str]:
    """A line for each year in which the sick leave of the whole municipality is none that a municipality has.

    Whatever is wrong with the absences, as ends or percents that are missing, shows here.

    Args:
        previous: the folder of the previous publication, of which the same years are known.
    """
    low, high = USUAL_SICK_LEAVE
    unusual = f"""period_type = 'year' and org_level = 'kommune' and fte >= {LEAST_FTE}
        and (sick_leave_percent > {high} or (sick_leave_percent < {low} and {CLOSED_AFTER_FIRST}))"""
    served = earlier_table(previous, "sick_leave_by_unit")
    known = f"select period from {served} where {unusual}" if served else "select ''"
    found = con.execute(
        f"""select period, sick_leave_percent from served.sick_leave_by_unit
            where {unusual} and period not in ({known}) order by all"""
    ).fetchall()
    percents = [(year, f"{percent:.1f}".replace(".", ",")) for year, percent in found]
    return [
        f"sick leave of the whole municipality in {year} is {percent} %, and {low} to {high} % is usual"
        for year, percent in percents
    ]


def units_without_absences(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[str]:
    """A line for each closed year after the first in which units have no day of sick leave that are too large for that.

    Args:
        previous: the folder of the previous publication, of which the same units and years are known.
    """
    without = f"""{CLOSED_AFTER_FIRST} and sick_leave_percent = 0 and fte >= {LEAST_FTE_OF_UNIT}
        and org_level <> 'kommune'"""
    cell = "period, org_level, org_unit_code"
    served = earlier_table(previous, "sick_leave_by_unit")
    known = f"select {cell} from {served} where {without}" if served else "select '', '', ''"
    found = con.execute(
        f"""select period, count(*), list(org_level || ' ' || org_unit_code order by fte desc, org_unit_code)
            from served.sick_leave_by_unit where {without} and ({cell}) not in ({known}) group by period order by period"""
    ).fetchall()
    return [
        f"no absence at all in {year} in {count} units of {LEAST_FTE_OF_UNIT} årsverk or more:"
        f" {', '.join(units[:UNITS_NAMED])}{', …' if count > UNITS_NAMED else ''}"
        for year, count, units in found
    ]
