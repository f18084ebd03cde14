"""Finds the figures of closed periods that a new publication changes, why, and whether a human has to accept it first.
Not here: whose rows changed them (restatement_causes.py), or the comparison of a publication with its own rebuild (compare.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from warehouse.catalogue import Table
from warehouse.cells import as_words
from warehouse.database import column_types, one, quoted
from warehouse.errors import Damaged, Refused
from warehouse.numbers import printed
from warehouse.paths import Home
from warehouse.recorded import Recorded
from warehouse.restatement_causes import find_causes
from warehouse.settings import Settings

FIGURES_NAMED = 20
WITHOUT_COMPARISON = "restore it from backup, or publish without comparing with it: arsverk run --accept-restatement REASON"
# The changes with all their values, in the restricted database: what a human is asked to accept.
WITH_VALUES = "disclosure.restatements"
# Settings that change no figure.
WITHOUT_EFFECT = {
    "copy_to",
    "folders",
    "internal",
    "keep_month_ends_years",
    "keep_publications_days",
    "keep_runs_days",
    "max_age_days",
    "max_drop",
    "max_quarantine_rows",
    "max_quarantine_share",
    "memory_limit",
    "release",
    "release_day",
    "report",
    "restatement_points",
    "restatement_share",
    "settle_seconds",
}
# A change at the threshold itself stops nothing. Percents are held against points, where few rows differ against a share of
# themselves too; all else against a share. Årsverk, and some tables (`counts_persons` of Stops), let what few rows have moved.
IS_ABOVE_THRESHOLD = """
create or replace temp macro is_above_threshold(was, now, unit, times, has_few_rows, lets_few_rows, points, share) as coalesce(
    not coalesce(has_few_rows and lets_few_rows, false)
    and (unit <> 'prosent' or abs(now - was) > points * times)
    and ((unit = 'prosent' and not coalesce(has_few_rows, false)) or abs(now - was) > share * times * abs(was)),
    false)
"""
# Rows of a period that had ended so few days before the previous publication's as-of date were still coming in then.
DAYS_OF_COMING_IN = 31
# What few persons or årsverk are, of a whole.
FEW = "least(5, 0.02 * {})"
# Figures are divided in floating point; nothing smaller than a billionth of one is a change.
CHANGED = "abs({now} - {was}) > 1e-9 * greatest(1, abs({was}))"
# A period's first and last day, from its text: a year, a quarter, a month or a day.
DAYS_OF_PERIODS = """
create or replace temp macro first_day(period) as case
    when period like '%-Q%' then make_date(cast(left(period, 4) as integer), 3 * cast(right(period, 1) as integer) - 2, 1)
    else cast(rpad(period, 10, case length(period) when 4 then '-01-01' else '-01' end) as date) end;
create or replace temp macro last_day_of(period) as cast(case
    when period like '%-Q%' then first_day(period) + interval 3 month - interval 1 day
    when length(period) = 4 then first_day(period) + interval 1 year - interval 1 day
    when length(period) = 7 then last_day(first_day(period))
    else first_day(period) end as date);
"""

# All units below each unit, itself included.
BELOW = """
    with recursive climb as (
        select org_unit_code as unit, org_unit_code from {units} where org_level <> 'gruppe'
        union all
        select climb.unit, above.parent_code from climb inner join {units} as above using (org_unit_code)
        where above.parent_code is not null
    )
    select org_unit_code, list(unit order by unit) as units from climb group by all"""


@dataclass(frozen=True)
class Restated:
    """How many figures of closed periods changed, and those of them that have to be accepted, told one a line.

    `no_longer_served` is what `restate` found of that, told likewise.
    """

    figures: int
    to_accept: list[str]
    accepted_reason: str | None
    no_longer_served: tuple[str, ...] = ()

    def stop_unless_accepted(self, extract_date: date) -> None:
        """Stop the night when large changes of closed periods by the delivery of this date have not been accepted.

        Raises:
            Refused: figures changed by more than the settings' thresholds and no reason was given.
        """
        if self.to_accept and not self.accepted_reason:
            more = len(self.to_accept) - FIGURES_NAMED
            raise Refused(
                "\n".join(
                    [
                        f"{len(self.to_accept)} figures of closed periods would change by more than the thresholds"
                        " restatement_points and restatement_share allow",
                        *(f"  {line}" for line in self.to_accept[:FIGURES_NAMED]),
                        *([f"  … and {more} more"] if more > 0 else []),
                        f"look at the causes named; if the new figures are right: arsverk accept {extract_date} --reason TEXT,"
                        " or at once arsverk run --accept-restatement REASON",
                    ]
                )
            )


def restate(con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, marts: Sequence[Table]) -> Restated:
    """Fill `served.restatements` of the build database: what changes against the previous publication, and all earlier rows.

    Only figures served both times are compared; a period is closed when it ended by the previous as-of date.

    Raises:
        Damaged: the previous publication is, and no reason to publish without the comparison was given.
    """
    publication_id, previous, accepted = one(
        con, "select publication_id, previous_publication, accepted_restatement from raw.publication"
    )
    con.execute(f"delete from served.restatements; drop table if exists {WITH_VALUES}")
    if previous is None:
        return restated_figures(con)
    earlier = Recorded(home, previous)
    if damage := earlier.damage():
        if accepted:
            return restated_figures(con)
        raise Damaged(f"{damage}; {WITHOUT_COMPARISON}")
    con.execute(DAYS_OF_PERIODS)
    con.execute(IS_ABOVE_THRESHOLD)
    con.execute(
        """create or replace temp table restated (table_name varchar, cell varchar, period varchar, org_level varchar,
           org_unit_code varchar, measure varchar, was double, now double, times integer)"""
    )
    for mart in marts:
        _compare(con, mart, earlier)
    find_causes(con, home, settings, marts, earlier)
    con.execute(
        """insert into served.restatements by name
           select $1 as publication_id, $2 as previous_publication, figure.table_name, figure.cell, figure.period,
               figure.org_unit_code, figure.measure, figure.was, figure.now,
               -- Absences move no årsverk.
               is_above_threshold(figure.was, figure.now, text.unit, figure.times,
                   if(text.unit = 'årsverk', touch.has_few_positions, touch.has_few_rows),
                   (text.unit = 'årsverk' or list_contains($8, figure.table_name)) and $5 is null and $6 is null,
                   $3, $4) as is_above_threshold,
               concat_ws('; ',
                   case when touch.has_rows then 'rows' end,
                   case when touch.has_structure then 'structure' end,
                   $5, $6,
                   case when touch.table_name is null and $5 is null and $6 is null then 'later rows' end
               ) as cause,
               touch.files, $7 as accepted_reason, true as is_served,
               shown.period is not null as is_shown
           from restated as figure
           left join touch on figure.table_name = touch.table_name and figure.period = touch.period
               and figure.org_level is not distinct from touch.org_level
               and figure.org_unit_code is not distinct from touch.org_unit_code
           left join shown
               on figure.table_name = shown.table_name and figure.period = shown.period
               and figure.org_unit_code = shown.org_unit_code and figure.org_level <> 'gruppe'
               and coalesce(json_extract_string(figure.cell, 'source'), 'payroll') = 'payroll'
           left join served.metric_definitions as text
               on figure.table_name = text.table_name and figure.measure = text.measure""",
        [
            publication_id,
            previous,
            settings.restatement_points,
            settings.restatement_share,
            _settings_that_differ(con, earlier),
            "code" if one(con, "select code_version from raw.publication")[0] != earlier.row["code_version"] else None,
            accepted,
            [mart.name for mart in marts if mart.restatement and mart.restatement.counts_persons],
        ],
    )
    _keep_earlier(con, marts, earlier)
    # The new rows have no days yet, nor have those of publications without such columns.
    con.execute(
        """update served.restatements set period_start = first_day(period), period_end = last_day_of(period), is_partial = false
           where period_start is null"""
    )
    con.execute("create schema if not exists disclosure")
    con.execute(
        f"create or replace table {WITH_VALUES} as from served.restatements where publication_id = $1", [publication_id]
    )
    con.execute("update served.restatements set was = null, now = null, files = null where not is_shown")
    return replace(restated_figures(con), no_longer_served=tuple(no_longer_served(con, earlier, marts)))


def no_longer_served(con: duckdb.DuckDBPyConnection, earlier: Recorded, marts: Sequence[Table]) -> list[str]:
    """What the previous publication served and the build does not, a line for each: whole tables, and years of tables.

    No gate stops it: a feed beside payroll may stop coming, and `first_year` may move. Somebody should know it.
    """
    emptied: list[str] = []
    tables_of: dict[str, list[str]] = {}
    for mart in marts:
        path = earlier.folder / f"{mart.name}.parquet"
        if not path.exists():
            continue
        # A table without a time, as pilots, can be emptied too.
        year = f"left(cast({mart.time} as varchar), 4)" if mart.time else "'any'"
        years = f"select distinct {year} as year from"
        then = con.execute(f"{years} read_parquet({quoted(str(path))}) where year is not null").fetchall()
        now = con.execute(f"{years} served.{mart.name} where year is not null").fetchall()
        if then and not now:
            emptied.append(mart.name)
        elif gone := sorted({year for (year,) in then} - {year for (year,) in now}):
            tables_of.setdefault(", ".join(gone), []).append(mart.name)
    lines = [f"nothing is left in {', '.join(emptied)}"] if emptied else []
    return lines + [f"nothing of {years} is left in {', '.join(names)}" for years, names in tables_of.items()]


def restated_figures(con: duckdb.DuckDBPyConnection) -> Restated:
    """What `restate` has left in the build database of this publication's own changes."""
    publication_id, accepted = one(con, "select publication_id, accepted_restatement from raw.publication")
    schema, table = WITH_VALUES.split(".")
    known = "select count(*) from duckdb_tables() where schema_name = $1 and table_name = $2 and not internal"
    if not one(con, f"{known} and database_name = current_database()", [schema, table])[0]:
        return Restated(0, [], accepted)  # nothing could be compared
    figures = one(con, f"select count(*) from {WITH_VALUES} where publication_id = $1", [publication_id])[0]
    to_accept = con.execute(
        f"""select table_name, cell, measure, was, now, cause, files from {WITH_VALUES}
           where publication_id = $1 and is_above_threshold
           -- The first figures that are named are of every table.
           order by row_number() over (partition by table_name order by abs(now - was) desc, cell, measure), table_name""",
        [publication_id],
    ).fetchall()
    return Restated(figures, [_line_of(*figure) for figure in to_accept], accepted)


def _line_of(table: str, cell: str, measure: str, was: float, now: float, cause: str, files: str | None) -> str:
    line = f"{table} {as_words(json.loads(cell))}: {measure} was {printed(was)}, now {printed(now)} ({cause})"
    for feed in json.loads(files or "[]"):
        names = ", ".join(file["file_name"] for file in feed["files"]) or feed["feed"]
        line += f"; {names}: {feed['added']} rows added, {feed['removed']} removed, {feed['changed']} changed"
    return line


def _is_number(kind: str) -> bool:
    return kind.startswith("DECIMAL") or kind in ("DOUBLE", "BIGINT", "INTEGER", "HUGEINT", "FLOAT", "SMALLINT")


def _cell(mart: Table, row: str) -> str:
    """A row's grain as a JSON text."""
    parts = ", ".join(f"{quoted(name)}, cast({row}.{name} as varchar)" for name in mart.grain)
    return f"cast(json_object({parts}) as varchar)"


def _is_by_chance(mart: Table, name: str) -> str:
    """SQL that says whether a measure has changed, a percent in its numerator, by no more than what a few late rows do."""
    measure = mart.measures[name]
    few = mart.restatement.by_chance.get(measure.unit) if mart.restatement else None
    whole = _whole(mart, name)
    if few is None or whole is None:
        return "false"
    moved = f"abs(after.{name} - before.{name})"
    if measure.unit == "prosent":
        # Of an average of percents too, the persons or årsverk that would move it so far.
        moved += f" / 100 * {whole}"
    return f"coalesce({moved} <= {FEW.format(whole) if few == 'few' else few}, false)"


def _whole(mart: Table, name: str) -> str | None:
    """SQL of what few are few of: the measure itself, of a percent its denominator. One that is no column follows from the
    numerator.
    """
    measure = mart.measures[name]
    if measure.unit != "prosent":
        return f"after.{name}"
    if measure.denominator in mart.columns:
        return f"after.{measure.denominator}"
    return f"(100 * after.{measure.numerator} / nullif(after.{name}, 0))" if measure.numerator in mart.columns else None


def _more(mart: Table, name: str) -> int:
    """How many times more a measure may change while rows of the period come in."""
    return mart.restatement.still_coming.get(mart.measures[name].unit, 1) if mart.restatement else 1


def _compare(con: duckdb.DuckDBPyConnection, mart: Table, earlier: Recorded) -> None:
    """Put into `restated` the measures of one table that changed in a cell of a closed period."""
    period, path = mart.time, earlier.folder / f"{mart.name}.parquet"
    # What is computed of served cells changes with them, and is not told twice.
    if period is None or mart.from_served or not path.exists():
        return
    served = f"read_parquet({quoted(str(path))})"
    then, now = column_types(con, served), column_types(con, f"served.{mart.name}")
    measures = [name for name in mart.values if _is_number(now[name]) and _is_number(then.get(name, ""))]
    if not measures or any(then.get(name) != now[name] for name in mart.grain):
        return
    changes = ", ".join(
        f"{{'measure': {quoted(name)}, 'was': cast(before.{name} as double), 'now': cast(after.{name} as double),"
        f" 'is_by_chance': {_is_by_chance(mart, name)}, 'more': {_more(mart, name)}}}"
        for name in measures
    )
    differs = " or ".join(f"before.{name} <> after.{name}" for name in measures)
    unit = "after.org_level, after.org_unit_code" if "org_unit_code" in mart.grain else "null, null"
    gated = ", ".join(quoted(name) for name in mart.restatement.measures) if mart.restatement else ""
    allowed = f"times * case when last_day_of(period) > $1 - {DAYS_OF_COMING_IN} then change.more else 1 end"
    times = f"({mart.restatement.times})" if mart.restatement else "null"
    con.execute(
        f"""insert into restated
            with changed as (
                select {_cell(mart, "after")} as cell, cast(after.{period} as varchar) as period, {unit},
                    cast({times} as integer) as times, unnest([{changes}]) as change
                from served.{mart.name} as after
                inner join {served} as before using ({", ".join(mart.grain)})
                where {differs}
            )
            select {quoted(mart.name)}, cell, period, org_level, org_unit_code, change.measure, change.was, change.now,
                {f"case when change.measure in ({gated}) and not change.is_by_chance then {allowed} end" if gated else "null"}
            from changed as changed (cell, period, org_level, org_unit_code, times, change)
            where {CHANGED.format(was="change.was", now="change.now")} and last_day_of(period) <= $1""",
        [earlier.row["as_of"]],
    )


def _settings_that_differ(con: duckdb.DuckDBPyConnection, earlier: Recorded) -> str | None:
    now = json.loads(one(con, "select settings from raw.publication")[0])
    then = json.loads(earlier.row["settings"])
    names = sorted(name for name in (now.keys() | then.keys()) - WITHOUT_EFFECT if now.get(name, None) != then.get(name, None))
    return f"settings {', '.join(names)}" if names else None


def _keep_earlier(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], earlier: Recorded) -> None:
    """Take over the earlier publications' rows. The values of a figure that is not served now are emptied, and those of a unit
    that consists of other units than before: held against what it has now, they are the figures of those.
    """
    path = earlier.folder / "restatements.parquet"
    if not path.exists():
        return
    columns = column_types(con, f"read_parquet({quoted(str(path))})")
    is_shown = "is_shown" if "is_shown" in columns else "false as is_shown"
    con.execute(
        f"create or replace temp table kept as select * {'exclude (is_shown)' if 'is_shown' in columns else ''}, {is_shown}"
        f" from read_parquet({quoted(str(path))})"
    )
    con.execute(
        f"""create or replace temp table other_units as
            select org_unit_code from ({BELOW.format(units="served.org_units")}) as now
            full join ({BELOW.format(units=f"read_parquet({quoted(str(earlier.folder / 'org_units.parquet'))})")}) as before
                using (org_unit_code)
            where now.units is distinct from before.units"""
    )
    con.execute("create or replace temp table served_now (table_name varchar, cell varchar, measure varchar)")
    present = {name for (name,) in con.execute("select distinct table_name from kept").fetchall()}
    for mart in marts:
        if mart.name not in present:
            continue
        measures = ", ".join(f"case when mart.{name} is not null then {quoted(name)} end" for name in mart.values)
        con.execute(
            f"""insert into served_now
                select {quoted(mart.name)}, cell, unnest(measures)
                from (select {_cell(mart, "mart")} as cell, [{measures}] as measures from served.{mart.name} as mart)
                semi join (from kept where table_name = {quoted(mart.name)}) as kept using (cell)"""
        )
    con.execute(
        """insert into served.restatements by name
           with known as (
               select kept.*, now.cell is not null as is_served_now, now.cell is not null and kept.is_shown
                   and coalesce(kept.org_unit_code not in (from other_units), false) as stays
               from kept left join served_now as now using (table_name, cell, measure)
           )
           select * exclude (is_served_now, stays) replace (
               case when stays then was end as was, case when stays then now end as now,
               case when stays then files end as files, is_served_now as is_served, stays as is_shown
           )
           from known"""
    )
