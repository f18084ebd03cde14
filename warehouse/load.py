"""Loads the files of a delivery into the restricted database: raw tables, quarantine and the evidence of each rule.
Not here: the rules themselves (the contracts in sources), or anything that is computed from the rows (dbt_project).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import holidays
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import Feed
from sources.dialect import FileRejected, TextTable
from sources.validate import Validated, validate
from warehouse.archive import unchanged_file
from warehouse.database import connect, one, remove_database
from warehouse.delivery import Delivery
from warehouse.errors import Refused
from warehouse.ledger import Arrival
from warehouse.paths import Home, write_private
from warehouse.pseudonym import pseudonym_key, pseudonyms
from warehouse.settings import Settings

FIRST_HOLIDAY_YEAR = 1900
ROWS_TOLD_PER_RULE = 3
ROWS_SHOWN_PER_RULE = 20
DECIMALS = ((9, 4), (12, 2), (18, 6))

BOOKKEEPING = """
create schema raw;
create table raw.inputs (feed varchar, delivered_as varchar, file_name varchar, sha256 varchar, extract_date date,
    rows_delivered bigint, rows_loaded bigint, rows_quarantined bigint, rejection varchar, unknown_columns varchar);
create table raw.quarantine (feed varchar, file_name varchar, file_sha256 varchar, row_number bigint, column_name varchar,
    rule varchar, value varchar, description varchar, remedy varchar, cause varchar, is_first_cause boolean);
create table raw.warnings (feed varchar, file_name varchar, file_sha256 varchar, row_number bigint, column_name varchar,
    rule varchar, value varchar, description varchar, remedy varchar);
create table raw.feeds (feed varchar, is_required boolean);
create table raw.rule_results (feed varchar, file_name varchar, rule varchar, severity varchar, description varchar,
    rows_seen bigint, rows_failed bigint);
create table raw.lost_keys (feed varchar, key_pseudonym varchar, cause varchar);
create table raw.merged_rows (feed varchar, file_sha256 varchar, row_number bigint, merged_row bigint);
create table raw.delivery (arrival varchar);
"""


@dataclass(frozen=True)
class FeedLoad:
    """How the load of one feed's file went. `rejection` says why a whole file cannot be used."""

    feed: str
    file_name: str
    rows_delivered: int = 0
    rows_loaded: int = 0
    rejection: str | None = None

    @property
    def rows_quarantined(self) -> int:
        return self.rows_delivered - self.rows_loaded


def start_build(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery) -> None:
    """Begin a new build database: empty raw tables for every feed, the night's settings and the public holidays."""
    remove_database(home.build_database)
    with connect(home.build_database, settings) as con:
        con.execute(BOOKKEEPING)
        for feed in feeds.values():
            columns = ", ".join(f'"{name}" {kind}' for name, kind in raw_columns(feed).items())
            con.execute(f"create table raw.{feed.name} (file_sha256 varchar, row_number bigint, {columns})")
            con.execute("insert into raw.feeds values ($1, $2)", [feed.name, feed.required])
        as_of = delivery.extract_date
        con.executemany("insert into raw.delivery values ($1)", [[arrival.to_json()] for arrival in delivery.files])
        con.execute(
            """create table raw.settings as select cast($1 as date) as as_of, cast($2 as integer) as first_year,
               cast($3 as integer) as possible_days_per_fte, cast($4 as integer) as short_term_max_days,
               cast($5 as decimal(7, 4)) as full_time_threshold""",
            [
                as_of,
                settings.first_year,
                settings.possible_days_per_fte,
                settings.short_term_max_days,
                settings.full_time_threshold,
            ],
        )
        _insert(
            con,
            "raw.age_bands",
            pd.DataFrame(settings.age_groups(), columns=["age_group", "first_age", "last_age"]),
            create=True,
        )
        names = holidays.country_holidays("NO", years=range(FIRST_HOLIDAY_YEAR, as_of.year + 2), language="no")
        frame = pd.DataFrame(
            {
                "holiday_date": pd.Series(list(names), dtype=pd.ArrowDtype(pa.date32())),
                "holiday_name": list(names.values()),
            }
        )
        _insert(con, "raw.public_holidays", frame, create=True)


def load_delivery(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery) -> None:
    """Load all files of a delivery into a new build database, one feed after the other, as the night does.

    Raises:
        Refused: the delivery may not be built upon.
    """
    start_build(home, settings, feeds, delivery)
    for feed in feeds.values():
        load_feed(home, settings, feed, delivery.of(feed))
    accept_delivery(home, settings, feeds, delivery)


def delivery_being_built(home: Home, settings: Settings) -> Delivery:
    """The delivery that `start_build` began with."""
    if not home.build_database.exists():
        raise Refused("no build has been started; run the whole night")
    with connect(home.build_database, settings, read_only=True) as con:
        arrivals = [Arrival.from_json(row[0]) for row in con.execute("select arrival from raw.delivery").fetchall()]
        as_of = one(con, "select as_of from raw.settings")[0]
    return Delivery(as_of, tuple(arrivals))


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


def load_feed(home: Home, settings: Settings, feed: Feed, arrivals: Sequence[Arrival]) -> list[FeedLoad]:
    """Read, validate and store a feed's files. One that cannot be used is recorded as rejected; nothing is raised for it."""
    with connect(home.build_database, settings) as con:
        known = _known_codes(con, feed)
        key = pseudonym_key(home)
        con.begin()
        _forget(con, feed)
        loads = [_load_file(con, home, feed, arrival, known, key) for arrival in arrivals]
        con.commit()
    return loads


def _load_file(
    con: duckdb.DuckDBPyConnection,
    home: Home,
    feed: Feed,
    arrival: Arrival,
    known: Mapping[tuple[str, str], pd.Index],
    key: bytes,
) -> FeedLoad:
    try:
        validated = validate(feed, read_file(home, feed, arrival), known)
    except FileRejected as rejected:
        con.execute(
            "insert into raw.inputs values ($1, $2, $3, $4, $5, 0, 0, 0, $6, '')",
            [feed.name, arrival.feed, arrival.file_name, arrival.sha256, arrival.extract_date, str(rejected)],
        )
        return FeedLoad(feed.name, arrival.file_name, rejection=str(rejected))
    _store(con, validated, arrival, key)
    return FeedLoad(feed.name, arrival.file_name, validated.rows_delivered, len(validated.accepted))


def read_file(home: Home, feed: Feed, arrival: Arrival) -> TextTable:
    """The feed's columns of an archived file.

    Raises:
        FileRejected: the file cannot be read as one of the feed.
    """
    named = next(naming for naming in feed.namings if naming.stem == arrival.feed).read(arrival.file_name)
    assert named is not None, f"{arrival.file_name} was not chosen by its name"
    return feed.read(unchanged_file(home, arrival), named)


def _forget(con: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    """Remove what an earlier try of the same night loaded, so that a retry starts clean."""
    con.execute(f"delete from raw.{feed.name}")
    for table in ("inputs", "quarantine", "warnings", "rule_results", "lost_keys", "merged_rows"):
        con.execute(f"delete from raw.{table} where feed = $1", [feed.name])


def _known_codes(con: duckdb.DuckDBPyConnection, feed: Feed) -> dict[tuple[str, str], pd.Index]:
    """Accepted codes of the other feeds this one refers to.

    A reference into a rejected file stays untried: the night stops anyway, and its missing rows would only drown the cause.
    """
    known = {}
    for other, header in set(feed.references.values()):
        if other == feed.name:
            continue
        if one(con, "select count(*) from raw.inputs where feed = $1 and rejection is null", [other])[0]:
            name = _english(other, header)
            codes = con.execute(f"select distinct {name} from raw.{other}").df()[name]
            known[(other, header)] = pd.Index(codes.astype(pd.ArrowDtype(pa.string())))
    return known


def _english(feed: str, header: str) -> str:
    from sources.registry import feeds

    return feeds()[feed].columns[header].metadata["name"]


def _store(con: duckdb.DuckDBPyConnection, validated: Validated, arrival: Arrival, key: bytes) -> None:
    feed = validated.feed
    columns: dict[str, object] = {
        "file_sha256": pa.array([arrival.sha256] * len(validated.accepted), pa.string()),
        "row_number": pa.array(validated.accepted["row_number"], pa.int64()),
    }
    for header, column in feed.columns.items():
        name, stored = column.metadata["name"], column.metadata["stored_as"]
        values = pa.array(validated.accepted[header])
        if stored == "value":
            columns[name] = values
        elif stored == "pseudonym":
            columns["person_key"] = pa.array(pseudonyms(values.to_pylist(), key), pa.string())
        elif stored == "year":
            columns[name.replace("_date", "_year")] = pc.year(values).cast(pa.int32())
    _insert(con, f"raw.{feed.name}", pa.table(columns))
    joined = [(feed.name, arrival.sha256, row, further) for row, rows in validated.joined.items() for further in rows]
    _insert(con, "raw.merged_rows", pd.DataFrame(joined, columns=["feed", "file_sha256", "row_number", "merged_row"]))

    causes, lost_keys = _causes(con, validated, arrival, key)
    quarantined = _reasons(validated, validated.quarantined, arrival)
    quarantined["cause"] = causes
    _insert(con, "raw.quarantine", quarantined[COLUMNS_OF_QUARANTINE])
    _insert(con, "raw.warnings", _reasons(validated, validated.warnings, arrival)[COLUMNS_OF_WARNINGS])
    results = [
        {
            "feed": feed.name,
            "file_name": arrival.file_name,
            "rule": r.rule.name,
            "severity": r.rule.severity,
            "description": _described(r.rule.column, r.rule.description),
            "rows_seen": r.rows_seen,
            "rows_failed": r.rows_failed,
        }
        for r in validated.results
    ]
    _insert(con, "raw.rule_results", pd.DataFrame(results))
    lost = [(feed.name, lost_key, cause) for lost_key, cause in lost_keys.items()]
    _insert(con, "raw.lost_keys", pd.DataFrame(lost, columns=["feed", "key", "cause"]))
    con.execute(
        "insert into raw.inputs values ($1, $2, $3, $4, $5, $6, $7, $8, null, $9)",
        [
            feed.name,
            arrival.feed,
            arrival.file_name,
            arrival.sha256,
            arrival.extract_date,
            validated.rows_delivered,
            len(validated.accepted),
            validated.rows_quarantined,
            ", ".join(validated.unknown_columns),
        ],
    )


COLUMNS_OF_WARNINGS = [
    "feed",
    "file_name",
    "file_sha256",
    "row_number",
    "column",
    "rule",
    "value",
    "description",
    "remedy",
]
COLUMNS_OF_QUARANTINE = [*COLUMNS_OF_WARNINGS, "cause", "is_first_cause"]


def _described(column: str, description: str) -> str:
    return f"{column} {description}".strip()


def _reasons(validated: Validated, found: pd.DataFrame, arrival: Arrival) -> pd.DataFrame:
    """Broken rules with their texts."""
    rules = {rule.name: rule for rule in validated.feed.rules}
    return found.assign(
        feed=validated.feed.name,
        file_name=arrival.file_name,
        file_sha256=arrival.sha256,
        description=[rules[name].description for name in found["rule"]],
        remedy=[rules[name].remedy for name in found["rule"]],
    )


def _causes(
    con: duckdb.DuckDBPyConnection, validated: Validated, arrival: Arrival, key: bytes
) -> tuple[list[str | None], dict[str, str]]:
    """The first cause of each finding that has one, and of each key that is lost with this file (pseudonym → cause).

    Findings come in the order they were made: what a row refers to was lost before the row itself.
    """
    feed, found = validated.feed, validated.quarantined
    referred = {rule.name: feed.references[rule.column][0] for rule in feed.rules if rule.stage == "reference"}
    lost = {(other, lost_key): cause for other, lost_key, cause in con.execute("select * from raw.lost_keys").fetchall()}
    own_keys = dict(zip(validated.lost_keys, pseudonyms(list(validated.lost_keys.values()), key), strict=True))
    references = pseudonyms([str(reference) for reference in found["reference"]], key)
    causes = []
    for row, rule, reference in zip(found["row_number"], found["rule"], references, strict=True):
        cause = lost.get((referred.get(rule, ""), reference))
        causes.append(cause)
        if row in own_keys:
            lost.setdefault((feed.name, own_keys[row]), cause or f"{arrival.file_name} row {row}: {rule}")
    return causes, {lost_key: cause for (other, lost_key), cause in lost.items() if other == feed.name}


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame | pa.Table, *, create: bool = False) -> None:
    con.register("incoming", rows)
    con.execute(f"create table {table} as from incoming" if create else f"insert into {table} from incoming")
    con.unregister("incoming")


@dataclass(frozen=True)
class RuleOutcome:
    """How one rule went on one file, with the first rows that broke it as dicts (personal values masked)."""

    rule: str
    severity: str
    rows_seen: int
    rows_failed: int
    examples: list[dict[str, object]]


def rule_outcomes(home: Home, settings: Settings, feed: Feed) -> dict[str, RuleOutcome]:
    """The evidence of each rule that was tried on a feed, for Dagster's checks."""
    with connect(home.build_database, settings, read_only=True) as con:
        results = con.execute(
            """select rule, severity, cast(sum(rows_seen) as bigint), cast(sum(rows_failed) as bigint)
               from raw.rule_results where feed = $1 group by rule, severity""",
            [feed.name],
        ).fetchall()
        examples: dict[str, list[dict[str, object]]] = {}
        columns = ("rule", "file_name", "row_number", "column_name", "value", "description", "remedy")
        for table in ("quarantine", "warnings"):
            rows = con.execute(
                f"""select {", ".join(columns)} from raw.{table} where feed = $1
                    qualify row_number() over (partition by rule order by file_name, row_number) <= $2
                    order by rule, file_name, row_number""",
                [feed.name, ROWS_SHOWN_PER_RULE],
            ).fetchall()
            for row in rows:
                examples.setdefault(row[0], []).append(dict(zip(columns[1:], row[1:], strict=True)))
    return {rule: RuleOutcome(rule, severity, seen, failed, examples.get(rule, [])) for rule, severity, seen, failed in results}


def judge_waiting(home: Home, feeds: Mapping[str, Feed], waiting: Delivery, settings: Settings) -> list[str]:
    """What is wrong with the files that have come of a delivery that still waits for others; references stay untried."""
    problems = []
    arrived = [(feed, arrival) for feed in feeds.values() for arrival in waiting.of(feed)]
    for feed, arrival in arrived:
        try:
            validated = validate(feed, read_file(home, feed, arrival), {})
        except FileRejected as rejected:
            problems.append(f"{arrival.file_name} is rejected: {rejected}")
            continue
        failed = {result.rule.name: result.rows_failed for result in validated.results}
        bad = validated.rows_quarantined - _set_aside(feed, failed)
        if _too_many(bad, validated.rows_delivered, settings):
            problems.append(_share_text(arrival.file_name, bad, validated.rows_delivered, settings))
    return problems


def _set_aside(feed: Feed, failed: Mapping[str, int]) -> int:
    """Rows that the feed's reader takes out as a matter of course, like duplicates; they are no fault of the delivery's."""
    return sum(failed.get(rule.name, 0) for rule in feed.reader_rules if rule.severity == "error")


def _too_many(quarantined: int, delivered: int, settings: Settings) -> bool:
    return delivered > 0 and quarantined > settings.max_quarantine_share * delivered


def _share_text(file_name: str, quarantined: int, delivered: int, settings: Settings) -> str:
    share = f"{100 * quarantined / delivered:.1f}".replace(".", ",")
    limit = f"{100 * settings.max_quarantine_share:g}".replace(".", ",")
    return f"{file_name} is rejected: {quarantined} of {delivered} rows ({share} %) are bad; the limit is {limit} %"


def accept_delivery(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery) -> None:
    """Write the quarantine report and decide whether the delivery may be built upon.

    Raises:
        Refused: a file was rejected, or a declared rule left no result. The message names files, rows, columns and rules.
    """
    with connect(home.build_database, settings, read_only=True) as con:
        _write_report(con, home, delivery.extract_date)
        problems = []
        inputs = con.execute(
            "select feed, file_name, rows_delivered, rows_loaded, rows_quarantined, rejection from raw.inputs"
            " order by feed, file_name"
        ).fetchall()
        for feed, file_name, delivered, loaded, quarantined, rejection in inputs:
            if rejection:
                problems.append(f"{file_name} is rejected: {rejection}")
                continue
            results = con.execute(
                "select rule, rows_failed from raw.rule_results where feed = $1 and file_name = $2", [feed, file_name]
            )
            tried: dict[str, int] = dict(results.fetchall())
            rejected_feeds = {name for name, *_, reason in inputs if reason}
            owed = {
                rule.name
                for rule in feeds[feed].rules
                if rule.stage != "reference" or feeds[feed].references[rule.column][0] not in rejected_feeds
            }
            if untried := sorted(owed - tried.keys()):
                problems.append(f"{file_name}: rules {', '.join(untried)} were never tried; this is a fault of the program")
            if loaded + quarantined != delivered:
                problems.append(f"{file_name}: {delivered} rows delivered are not {loaded} loaded + {quarantined} quarantined")
            bad = quarantined - _set_aside(feeds[feed], tried)
            if _too_many(bad, delivered, settings):
                problems.append(_share_text(file_name, bad, delivered, settings))
                problems += _told_rows(con, feed, file_name)
        for name, contract in feeds.items():
            counted = sum(row[3] for row in inputs if row[0] == name)
            if counted != (stored := one(con, f"select count(*) from raw.{name}")[0]):
                problems.append(f"{name}: {counted} rows loaded are {stored} rows stored; this is a fault of the program")
            tried_files = {row[1] for row in inputs if row[0] == name}
            problems += [
                f"{arrival.file_name} was never loaded; this is a fault of the program"
                for arrival in delivery.of(contract)
                if arrival.file_name not in tried_files
            ]
    if problems:
        report = f"all bad rows: quarantine/{delivery.extract_date}.csv below the home folder"
        raise Refused("\n".join([f"the delivery of {delivery.extract_date} is not accepted", *problems, report]))


def _told_rows(con: duckdb.DuckDBPyConnection, feed: str, file_name: str) -> list[str]:
    """A few bad rows of each rule, one line a row."""
    rows = con.execute(
        """select row_number, column_name, value, rule, description, remedy, cause, count(*) over (partition by rule) as n,
               row_number() over (partition by rule order by row_number) as place
           from raw.quarantine where feed = $1 and file_name = $2
           qualify place <= $3 order by min(row_number) over (partition by rule), rule, row_number""",
        [feed, file_name, ROWS_TOLD_PER_RULE],
    ).fetchall()
    lines = []
    for row, column, value, rule, description, remedy, cause, count, place in rows:
        where = f"row {row}" + (f", {column}" if column else "") + (f" = {value}" if value else "")
        because = f" (first cause: {cause})" if cause else ""
        lines.append(f"  {where}: breaks {rule} ({description}){because}: {remedy}")
        if place == min(count, ROWS_TOLD_PER_RULE) and count > place:
            lines.append(f"  … and {count - place} more rows break {rule}")
    return lines


def _harmless(cell: object) -> object:
    """A cell that a spreadsheet will not take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell


def _write_report(con: duckdb.DuckDBPyConnection, home: Home, extract_date: date) -> None:
    """The bad rows of a delivery as a CSV in the dialect, for the payroll office."""
    rows = con.execute(
        """select file_name, row_number, column_name, rule, value, description, remedy, cause, 'quarantined' as outcome
           from raw.quarantine
           union all
           select file_name, row_number, column_name, rule, value, description, remedy, null, 'loaded with warning'
           from raw.warnings order by file_name, row_number, rule"""
    )
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["file", "row", "column", "rule", "value", "should be", "what to do", "first cause", "outcome"])
    writer.writerows([_harmless(cell) for cell in row] for row in rows.fetchall())
    write_private(home.quarantine / f"{extract_date}.csv", "\ufeff" + out.getvalue())
