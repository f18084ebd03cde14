"""Holds what is loaded against what the last publication was made of: full extracts do not lose rows from one to the next.
Not here: the rules of a single file (sources), or what the publication before decides of the next (sdc, restatements.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

# Fewer rows, or days of absence, vanish or halve by chance.
FEWEST_ROWS = 5
FEWEST_DAYS = 30
MONTHS_BEFORE = 3
MONTHS_NAMED = 12


@dataclass(frozen=True)
class Comparison:
    """How many of a feed's rows of the last publication are gone, with the first of them as dicts of file and row number.

    Of several rows alike in the natural key of which some are gone, all are named. `columns_gone` are columns of the contract
    that the feed's files had then and have no longer. `not_compared` says why nothing could be held against anything;
    `passed` is still true where nothing is wrong with that.
    """

    passed: bool
    rows_before: int = 0
    rows_gone: int = 0
    rows: tuple[dict[str, object], ...] = ()
    not_compared: str | None = None
    columns_gone: tuple[str, ...] = ()


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
    return Comparison(rows_gone == 0, rows_before, rows_gone, found, columns_gone=_columns_gone(con, feed))


def _columns_gone(con: duckdb.DuckDBPyConnection, feed: Feed) -> tuple[str, ...]:
    """Columns of the contract that the feed's files behind the last publication had and none of its files has now; none of an
    older database. An unknown column fed nothing, so that nobody misses it.
    """
    recorded = """select 1 from duckdb_columns()
        where database_name = 'last' and schema_name = 'raw' and table_name = 'inputs' and column_name = 'columns'"""
    if not con.execute(recorded).fetchall():
        return ()
    headers = "select distinct unnest(columns) as header from {}raw.inputs where feed = $1"
    gone = con.execute(f"{headers.format('last.')} except {headers.format('')} order by header", [feed.name]).fetchall()
    return tuple(header for (header,) in gone if header in feed.columns)


# The date by which a feed's rows belong to a month, and how many rows each of the MONTHS_BEFORE months must have for a month
# without any to be no accident: July has a third of June's absences, and after August's new positions come few.
FIRST_DATES = {"fravaer": "from_date", "permisjoner": "from_date", "stillinger": "valid_from"}
FEWEST_A_MONTH = 10


@dataclass
class Gone:
    """What a full extract should not have lost, a line each: what a human has to accept, and what is only told."""

    to_accept: list[str] = field(default_factory=list)
    to_tell: list[str] = field(default_factory=list)


def what_is_gone(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery, previous: str | None) -> Gone:
    """Hold the required feeds against the delivery that is served, before anything is computed.

    To accept: rows or persons that dropped by more than `max_drop`, an end of the file that is gone, a newest month without
    rows, a closed month that lost most of its absence, no position with an end in view any more, a file that is cut off. To
    tell: closed months whose days of absence dropped by more than `max_drop`. Small numbers are let be.
    """
    required = [feed for feed in feeds.values() if feed.required]
    gone = Gone(_cut_lines(home, required, delivery, previous))
    with connect(home.build_database, settings, read_only=True) as con:
        gone.to_accept += _empty_months(con, required, delivery)
    if previous is None:
        return gone
    with raw_rows(home, previous, settings, home.build / "earlier") as rows, connect(home.build_database, settings) as con:
        con.execute(f"attach {quoted(str(rows))} as last (read_only)")
        before, now = extract_date_of(con, "last"), extract_date_of(con)
        if before <= now:
            for feed in required:
                gone.to_accept += _drops(con, feed, delivery, settings.max_drop)
            gone.to_accept += _ends_in_view(con, feeds["stillinger"], before, now)
            _lost_days(con, settings.max_drop, before, gone)
        con.execute("detach last")
    return gone


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
        if was - now > max(max_drop * was, FEWEST_ROWS):
            found.append(f"{_names(feed, delivery)}: {what} of {feed.name} {_fall(was, now)}")
    return found or _cut_tail(con, feed, delivery)


def _cut_tail(con: duckdb.DuckDBPyConnection, feed: Feed, delivery: Delivery) -> list[str]:
    """The last rows of the earlier file, when not one of them is there any more."""
    same = " and ".join(f"new.{name} is not distinct from old.{name}" for name in feed.column_names(feed.natural_key))
    total, kept = one(
        con,
        f"""select max(old.row_number), max(old.row_number) filter (exists (select 1 from raw.{feed.name} as new where {same}))
            from last.raw.{feed.name} as old""",
    )
    if kept is None or total - kept < FEWEST_ROWS:
        return []
    return [f"{_names(feed, delivery)}: the last {total - kept} rows of the earlier file are gone: it looks cut off"]


def _ends_in_view(con: duckdb.DuckDBPyConnection, feed: Feed, before: date, today: date) -> list[str]:
    """Whether positions with an end after the extract are all gone. How many there are changes with the season: after the last
    day of a school year there may be none. So the ends of the earlier file must be gone too.
    """
    was, now = (
        one(con, f"select count(*) from {database}raw.stillinger where valid_to > $1", [extract_date])[0]
        for database, extract_date in (("last.", before), ("", today))
    )
    key = ", ".join(feed.column_names(feed.natural_key))
    without_end = one(
        con,
        f"""select count(*) from last.raw.stillinger as old
            anti join (from raw.stillinger where valid_to is not null) as new using ({key})
            where old.valid_to > $1""",
        [before],
    )[0]
    is_gone = without_end > FEWEST_ROWS and not now
    return [f"stillinger: positions with an end after the extract {_fall(was, now)}"] if is_gone else []


def _lost_days(con: duckdb.DuckDBPyConnection, max_drop: float, before: date, gone: Gone) -> None:
    """Closed months of the last three years whose lost days dropped, counted in calendar days by percent."""
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
            where was.days - now.days > greatest($1 * was.days, {FEWEST_DAYS})
            order by month""",
        [max_drop],
    ).fetchall()
    halved = [row for row in rows if row[2] < row[1] / 2]
    for lines, months in [(gone.to_accept, halved), (gone.to_tell, [row for row in rows if row not in halved])]:
        if months:
            shown = "; ".join(f"{month}: {_fall(was, now)}" for month, was, now in months[:MONTHS_NAMED])
            more = f"; and {len(months) - MONTHS_NAMED} months more" if len(months) > MONTHS_NAMED else ""
            lines.append(f"fravaer: days of absence in closed months {shown}{more}")


def _empty_months(con: duckdb.DuckDBPyConnection, feeds: Sequence[Feed], delivery: Delivery) -> list[str]:
    """Feeds of which no row begins in the newest whole month, where the months before have theirs."""
    found = []
    for feed in feeds:
        if feed.name not in FIRST_DATES:
            continue
        first_date = FIRST_DATES[feed.name]
        *before, (newest, rows) = con.execute(
            f"""select strftime(month, '%Y-%m'), count(row_number)
                from (select unnest(generate_series(
                    date_trunc('month', $1 + interval 1 day) - interval {MONTHS_BEFORE + 1} month,
                    date_trunc('month', $1 + interval 1 day) - interval 1 month, interval 1 month)) as month)
                left join raw.{feed.name} on date_trunc('month', {first_date}) = month
                group by month order by month""",
            [delivery.extract_date],
        ).fetchall()
        if rows == 0 and all(count >= FEWEST_A_MONTH for _, count in before):
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
