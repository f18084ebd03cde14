"""Looks for the rows of a feed that the last publication was made of and that are not loaded now.
Not here: what a delivery as a whole has lost, which may stop the night (continuity.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sources.contract import Feed
from warehouse.build_database import extract_date_of
from warehouse.database import connect, one, quoted
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.quarantine import ROWS_SHOWN_PER_RULE
from warehouse.settings import Settings

# Numbers of persons of whom one is gone who are there by another one: another payroll system has numbered them anew, or two of
# a person's numbers have become one. All of the person's are taken for one number then, in the earlier rows and in these.
RENUMBERED = """select own.employee_no, min(new.employee_no) as number_now
    from {}raw.ansatte as own inner join raw.ansatte as new using (person_key)
    where person_key in (select person_key from last.raw.ansatte where employee_no not in (select employee_no from raw.ansatte))
    group by all"""


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

    A row is known again by the feed's natural key, so that an absence whose end has become known is the same row; of a person
    who has been numbered anew, by the new number. A row that is quarantined now is gone as well.
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
    for name, database in (("was", "last."), ("here", "")):
        known_as, renumbered = "own.*", ""
        if "employee_no" in key:
            known_as = "own.* replace (coalesce(renumbered.number_now, employee_no) as employee_no)"
            renumbered = f"left join ({RENUMBERED.format(database)}) as renumbered using (employee_no)"
        con.execute(
            f"create temporary table {name} as select {columns}, file_sha256, row_number from"
            f" (select {known_as} from {database}raw.{feed.name} as own {renumbered})"
        )
    con.execute(
        f"""create temporary table gone as
            with before as (select {columns}, count(*) as copies from was group by all),
            now as (select {columns}, count(*) as copies from here group by all)
            select before.*, before.copies - coalesce(now.copies, 0) as missing
            from before left join now using ({columns})
            where before.copies > coalesce(now.copies, 0)"""
    )
    rows_before = one(con, "select count(*) from was")[0]
    rows_gone = one(con, "select cast(coalesce(sum(missing), 0) as bigint) from gone")[0]
    rows = con.execute(
        f"""select input.file_name, was.row_number
            from was
            semi join gone using ({columns})
            inner join last.raw.inputs as input on was.file_sha256 = input.sha256 and input.feed = $1
            order by all limit $2""",
        [feed.name, ROWS_SHOWN_PER_RULE],
    ).fetchall()
    found = tuple({"file_name": file_name, "row_number": row} for file_name, row in rows)
    return Comparison(rows_gone == 0, rows_before, rows_gone, found, columns_gone=_columns_gone(con, feed))


def headers_of_last(home: Home, settings: Settings, feed: Feed) -> set[str]:
    """The headers that the feed's files behind the last publication had; none where that cannot be read."""
    if not home.warehouse_database.exists():
        return set()
    try:
        with connect(home.warehouse_database, settings, read_only=True) as con:
            found = con.execute("select unnest(columns) from raw.inputs where feed = $1", [feed.name]).fetchall()
    except duckdb.Error:
        return set()  # damaged, or of an older version
    return {header for (header,) in found}


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
