"""The build database of a night: begun empty for a delivery, with a raw table for each feed, settings and public holidays.
Not here: the rows of the files (load.py), or what is computed from them (dbt_project).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import duckdb
import holidays
import pandas as pd
import pyarrow as pa

from sources.contract import Feed
from warehouse.database import connect, one, remove_database
from warehouse.delivery import Delivery
from warehouse.gates import TABLE as GATES
from warehouse.gates import must_have_begun
from warehouse.ledger import Arrival
from warehouse.paths import Home
from warehouse.settings import Settings

FIRST_HOLIDAY_YEAR = 1900
DECIMALS = ((9, 4), (12, 2), (18, 6))

BOOKKEEPING = (
    """
create schema raw;
create table raw.inputs (feed varchar, delivered_as varchar, file_name varchar, sha256 varchar, extract_date date,
    rows_delivered bigint, rows_loaded bigint, rows_quarantined bigint, rejection varchar, unknown_columns varchar,
    notes varchar, columns varchar[]);
create table raw.quarantine (feed varchar, file_name varchar, file_sha256 varchar, row_number bigint, line_number bigint,
    column_name varchar, rule varchar, value varchar, description varchar, remedy varchar, cause varchar,
    is_first_cause boolean);
create table raw.warnings (feed varchar, file_name varchar, file_sha256 varchar, row_number bigint, line_number bigint,
    column_name varchar, rule varchar, value varchar, description varchar, remedy varchar);
create table raw.feeds (feed varchar, is_required boolean);
create table raw.rule_results (feed varchar, file_name varchar, rule varchar, severity varchar, description varchar,
    rows_seen bigint, rows_failed bigint);
create table raw.lost_keys (feed varchar, key_pseudonym varchar, cause varchar);
create table raw.merged_rows (feed varchar, file_sha256 varchar, row_number bigint, merged_row bigint);
-- From first_row on a row stands on line row_number + line_offset, null in a file without lines. Files with all rows one line
-- further than their number are left out.
create table raw.line_offsets (feed varchar, file_sha256 varchar, first_row bigint, line_offset bigint);
create table raw.left_out (feed varchar, file_name varchar, file_sha256 varchar, extract_date date, used_instead varchar,
    reason varchar);
create table raw.delivery (arrival varchar);
"""
    + GATES
)


def start_build(
    home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery, as_of: date | None = None
) -> None:
    """Begin a new build database: empty raw tables for every feed, the night's settings and the public holidays.

    `as_of` is the date to which is counted, the extract date when left out.
    """
    remove_database(home.build_database)
    with connect(home.build_database, settings) as con:
        con.execute(BOOKKEEPING)
        for feed in feeds.values():
            columns = ", ".join(f'"{name}" {kind}' for name, kind in raw_columns(feed).items())
            con.execute(f"create table raw.{feed.name} (file_sha256 varchar, row_number bigint, {columns})")
            con.execute("insert into raw.feeds values ($1, $2)", [feed.name, feed.required])
        as_of = as_of or delivery.extract_date
        con.executemany("insert into raw.delivery values ($1)", [[arrival.to_json()] for arrival in delivery.files])
        con.execute(
            """create table raw.settings as select cast($1 as date) as as_of, cast($2 as integer) as first_year,
               cast($3 as integer) as possible_days_per_fte, cast($4 as integer) as short_term_max_days,
               cast($5 as decimal(7, 4)) as full_time_threshold, cast($6 as date) as extract_date""",
            [
                as_of,
                settings.first_year,
                settings.possible_days_per_fte,
                settings.short_term_max_days,
                settings.full_time_threshold,
                delivery.extract_date,
            ],
        )
        insert(
            con,
            "raw.age_bands",
            pd.DataFrame(settings.age_groups(), columns=["age_group", "first_age", "last_age"]),
            create=True,
        )
        names = holidays.country_holidays("NO", years=range(FIRST_HOLIDAY_YEAR, delivery.extract_date.year + 2), language="no")
        frame = pd.DataFrame(
            {
                "holiday_date": pd.Series(list(names), dtype=pd.ArrowDtype(pa.date32())),
                "holiday_name": list(names.values()),
            }
        )
        insert(con, "raw.public_holidays", frame, create=True)


def delivery_being_built(home: Home, settings: Settings) -> Delivery:
    """The delivery that `start_build` began with."""
    must_have_begun(home)
    with connect(home.build_database, settings, read_only=True) as con:
        return delivery_of(con)


def delivery_of(con: duckdb.DuckDBPyConnection) -> Delivery:
    """The delivery that a build is of."""
    arrivals = [Arrival.from_json(row[0]) for row in con.execute("select arrival from raw.delivery").fetchall()]
    return Delivery(extract_date_of(con), tuple(arrivals))


def extract_date_of(con: duckdb.DuckDBPyConnection, database: str | None = None) -> date:
    """The extract date of the delivery behind a build, of an attached database where one is named."""
    catalog = database or one(con, "select current_database()")[0]
    # A database of before releases has no such column: it counted to the extract date.
    known = one(
        con,
        """select count(*) from duckdb_columns() where database_name = $1 and schema_name = 'raw'
           and table_name = 'settings' and column_name = 'extract_date'""",
        [catalog],
    )[0]
    found: date = one(con, f"select {'extract_date' if known else 'as_of'} from {catalog}.raw.settings")[0]
    return found


def raw_columns(feed: Feed) -> dict[str, str]:
    """Names and SQL types of a feed's raw table, from its contract."""
    types = {"string": "varchar", "date32[day]": "date", "int32": "integer"}
    types |= {f"decimal128({digits}, {places})": f"decimal({digits},{places})" for digits, places in DECIMALS}
    columns = {}
    for column in feed.columns.values():
        name, stored = column.metadata["name"], column.metadata["stored_as"]
        if stored == "value":
            columns[name] = types[str(column.dtype.type.pyarrow_dtype)]
        elif stored == "pseudonym":
            columns["person_key"] = "varchar"
        elif stored == "year":
            columns[name.replace("_date", "_year")] = "integer"
    return columns


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame | pa.Table, *, create: bool = False) -> None:
    """Add rows to a table by position, or make the table of them."""
    con.register("incoming", rows)
    con.execute(f"create table {table} as from incoming" if create else f"insert into {table} from incoming")
    con.unregister("incoming")
