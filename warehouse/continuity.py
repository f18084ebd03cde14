"""Holds what is loaded against what the last publication was made of: full extracts do not lose rows from one to the next.
Not here: the rules of a single file (sources), or anything that is served: a publication does not depend on the one before.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sources.contract import Feed
from warehouse.archive import all_arrivals, archived_file, unchanged_file
from warehouse.build_database import extract_date_of
from warehouse.database import connect, one, quoted
from warehouse.delivery import Delivery
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.quarantine import ROWS_SHOWN_PER_RULE
from warehouse.recorded import Recorded, raw_rows
from warehouse.settings import Settings


@dataclass(frozen=True)
class Comparison:
    """How many of a feed's rows of the last publication are gone, with the first of them as dicts of file and row number.

    Of several rows alike in the natural key of which some are gone, all are named. `not_compared` says why nothing could
    be held against anything; `passed` is still true where nothing is wrong with that.
    """

    passed: bool
    rows_before: int = 0
    rows_gone: int = 0
    rows: tuple[dict[str, object], ...] = ()
    not_compared: str | None = None


def compare_with_last(home: Home, settings: Settings, feed: Feed) -> Comparison:
    """Look for the rows of a feed that the last publication was made of and that are not loaded now.

    A row is known again by the feed's natural key, so that an absence whose end has become known is the same row. A row
    that is quarantined now is gone as well.
    """
    if not home.warehouse_database.exists():
        if current_publication(home):
            return Comparison(False, not_compared="the last publication's database is gone")
        return Comparison(True, not_compared="this is the first publication")
    with connect(home.build_database, settings, read_only=True) as con:
        try:
            con.execute(f"attach {quoted(str(home.warehouse_database))} as last (read_only)")
            return _compared(con, feed, feed.column_names(feed.natural_key))
        except duckdb.Error as error:
            return Comparison(False, not_compared=f"the last publication's database cannot be read: {type(error).__name__}")


def _compared(con: duckdb.DuckDBPyConnection, feed: Feed, key: Sequence[str]) -> Comparison:
    before, now = extract_date_of(con, "last"), extract_date_of(con)
    if before > now:
        return Comparison(True, not_compared=f"the last publication is of a newer extract, {before}")
    columns = ", ".join(key)
    con.execute(
        f"""create temporary table gone as
            with before as (select {columns}, count(*) as copies from last.raw.{feed.name} group by all),
            now as (select {columns}, count(*) as copies from raw.{feed.name} group by all)
            select before.*, before.copies - coalesce(now.copies, 0) as missing
            from before left join now using ({columns})
            where before.copies > coalesce(now.copies, 0)"""
    )
    rows_before = one(con, f"select count(*) from last.raw.{feed.name}")[0]
    rows_gone = one(con, "select cast(coalesce(sum(missing), 0) as bigint) from gone")[0]
    rows = con.execute(
        f"""select input.file_name, old.row_number
            from last.raw.{feed.name} as old
            semi join gone using ({columns})
            left join last.raw.inputs as input on old.file_sha256 = input.sha256 and input.feed = $1
            order by all limit $2""",
        [feed.name, ROWS_SHOWN_PER_RULE],
    ).fetchall()
    found = tuple({"file_name": file_name, "row_number": row} for file_name, row in rows)
    return Comparison(rows_gone == 0, rows_before, rows_gone, found)


# Months with so few rows a month say nothing when the next has none.
FEWEST_ROWS_OF_MONTHS = 15
MONTHS_BEFORE = 3
# So many rows gone at the end of the earlier file, and none kept after them, are no chance.
FEWEST_ROWS_OF_TAIL = 5
FIRST_DATES = {"fravaer": "from_date", "permisjoner": "from_date", "stillinger": "valid_from"}


def what_is_gone(
    home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery, previous: str | None
) -> list[str]:
    """What a full extract should not have lost, a line each: for a human to look at before anything is computed.

    Of the required feeds: rows, persons, open positions and the lost days of closed months that dropped by more than
    `max_drop` since the served delivery; a newest month without rows; a file that looks cut off.
    """
    required = [feed for feed in feeds.values() if feed.required]
    found = _cut_lines(home, required, delivery, previous)
    with connect(home.build_database, settings, read_only=True) as con:
        found += _empty_months(con, required, delivery)
    if previous is None:
        return found
    with raw_rows(home, previous, settings, home.build / "earlier") as rows, connect(home.build_database, settings) as con:
        con.execute(f"attach {quoted(str(rows))} as last (read_only)")
        before, now = extract_date_of(con, "last"), extract_date_of(con)
        if before <= now:
            for feed in required:
                found += _drops(con, feed, delivery, settings.max_drop)
            found += _open_positions(con, settings.max_drop, before, now)
            found += _lost_days(con, settings.max_drop, before)
        con.execute("detach last")
    return found


def _names(feed: Feed, delivery: Delivery) -> str:
    return ", ".join(arrival.file_name for arrival in delivery.of(feed))


def _fall(was: float, now: float) -> str:
    return f"{was:,.0f} → {now:,.0f} (−{100 * (was - now) / was:.1f} %)".replace(",", " ").replace(".", ",")


def _drops(con: duckdb.DuckDBPyConnection, feed: Feed, delivery: Delivery, max_drop: float) -> list[str]:
    found = []
    counted = {"rows": "count(*)"}
    if "employee_no" in feed.column_names(list(feed.columns)):
        counted["persons"] = "count(distinct employee_no)"
    for what, count in counted.items():
        was, now = (one(con, f"select {count} from {database}raw.{feed.name}")[0] for database in ("last.", ""))
        if was - now > max_drop * was:
            found.append(f"{_names(feed, delivery)}: {what} of {feed.name} {_fall(was, now)}")
    key = ", ".join(feed.column_names(feed.natural_key)) if feed.natural_key else None
    if key and not found:
        total, kept = one(
            con,
            f"""select max(old.row_number), max(old.row_number) filter (exists (
                    select 1 from raw.{feed.name} as new where {
                " and ".join(f"new.{name} is not distinct from old.{name}" for name in key.split(", "))
            }))
                from last.raw.{feed.name} as old""",
        )
        if kept is not None and total - kept >= FEWEST_ROWS_OF_TAIL:
            found.append(
                f"{_names(feed, delivery)}: the last {total - kept} rows of the earlier file are gone: it looks cut off"
            )
    return found


def _open_positions(con: duckdb.DuckDBPyConnection, max_drop: float, before: date, today: date) -> list[str]:
    found = []
    for what, condition in {
        "positions that last beyond the extract": "valid_to is null or valid_to > $1",
        "positions with an end after the extract": "valid_to > $1",
    }.items():
        was, now = (
            one(con, f"select count(*) from {database}raw.stillinger where {condition}", [extract_date])[0]
            for database, extract_date in (("last.", before), ("", today))
        )
        # How many have an end in view changes with the season; that none has any more does not.
        limit = max_drop * was if "beyond" in what else max(was - 1, FEWEST_ROWS_OF_TAIL)
        if was - now > limit:
            found.append(f"stillinger: {what} {_fall(was, now)}")
    return found


def _lost_days(con: duckdb.DuckDBPyConnection, max_drop: float, before: date) -> list[str]:
    """Closed months whose lost days, counted in calendar days by percent, dropped by more than an average month may."""
    con.execute(
        """create or replace temp table closed_months as
           select cast(unnest(generate_series(
               date_trunc('month', $1 - interval 36 month), date_trunc('month', $1 + interval 1 day) - interval 1 month,
               interval 1 month)) as date) as month""",
        [before],
    )
    lost = """select closed.month, coalesce(sum(absence_percent / 100 * (1 + date_diff('day',
            greatest(from_date, closed.month), least(coalesce(to_date, last_day(closed.month)), last_day(closed.month))))), 0)
            as days
        from closed_months as closed left join {0}raw.fravaer as absence on absence.from_date <= last_day(closed.month)
            and coalesce(absence.to_date, last_day(closed.month)) >= closed.month
        group by all"""
    rows = con.execute(
        f"""select strftime(month, '%Y-%m'), was.days, now.days
            from ({lost.format("last.")}) as was inner join ({lost.format("")}) as now using (month)
            where was.days - now.days > $1 * greatest(was.days, (select avg(days) from ({lost.format("last.")})))
            order by month""",
        [max_drop],
    ).fetchall()
    if not rows:
        return []
    shown = "; ".join(f"{month}: {_fall(was, now)}" for month, was, now in rows[:12])
    more = f"; and {len(rows) - 12} months more" if len(rows) > 12 else ""
    return [f"fravaer: days of absence in closed months {shown}{more}"]


def _empty_months(con: duckdb.DuckDBPyConnection, feeds: Sequence[Feed], delivery: Delivery) -> list[str]:
    """Feeds of which no row begins in the newest whole month, where the months before have theirs."""
    found = []
    for feed in feeds:
        if feed.name not in FIRST_DATES:
            continue
        months = [
            (month, rows)
            for month, rows in con.execute(
                f"""select strftime(month, '%Y-%m'), count(row_number)
                    from (select unnest(generate_series(
                        date_trunc('month', $1 + interval 1 day) - interval {MONTHS_BEFORE + 1} month,
                        date_trunc('month', $1 + interval 1 day) - interval 1 month, interval 1 month)) as month)
                    left join raw.{feed.name} on date_trunc('month', {FIRST_DATES[feed.name]}) = month
                    group by month order by month""",
                [delivery.extract_date],
            ).fetchall()
        ]
        *before, (newest, rows) = months
        if rows == 0 and all(count for _, count in before) and sum(count for _, count in before) >= FEWEST_ROWS_OF_MONTHS:
            told = ", ".join(f"{month}: {count}" for month, count in before)
            found.append(f"{_names(feed, delivery)}: no row of {feed.name} begins in {newest} ({told})")
    return found


def _cut_lines(home: Home, feeds: Sequence[Feed], delivery: Delivery, previous: str | None) -> list[str]:
    """Files of text whose last line has no end, where that is not how the payroll system writes all its files."""
    texts = [one for feed in feeds for one in delivery.of(feed) if one.file_name.lower().endswith((".csv", ".txt"))]
    without = [one for one in texts if not _ends_with_line(unchanged_file(home, one))]
    usual: set[str] = set()
    if previous and without:
        hashes = {sha256 for _, sha256 in Recorded(home, previous).inputs()}
        usual = {
            one.feed
            for one in all_arrivals(home)
            if one.sha256 in hashes and (path := archived_file(home, one.sha256)).exists() and not _ends_with_line(path)
        }
    found = []
    for arrival in without:
        lines = unchanged_file(home, arrival).read_bytes().rstrip(b"\x00").split(b"\n")
        is_short = len(lines) > 1 and lines[-1].count(b";") < lines[0].count(b";")
        if not is_short and (arrival.feed in usual or len(without) == len(texts) > 1):
            continue
        shape = f" and {lines[-1].count(b';') + 1} of {lines[0].count(b';') + 1} fields" if is_short else ""
        found.append(f"{arrival.file_name}: its last line, {len(lines)}, has no line end{shape}: it looks cut off")
    return found


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4))
        return file.read().rstrip(b"\x00")[-1:] in (b"\n", b"\r", b"\x1a", b"")
