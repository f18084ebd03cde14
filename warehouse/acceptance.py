"""The gate after loading: whether a delivery may be built upon, and whether one that still waits for files could ever be.
Not here: the rules of a row (sources), or the quarantine and its report (quarantine.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.contract import Feed
from sources.errors import FileRejected
from sources.validate import validate
from warehouse.database import connect, one
from warehouse.delivery import Delivery
from warehouse.errors import ProgramFault, Refused
from warehouse.load import read_file
from warehouse.paths import Home
from warehouse.quarantine import bad_rows, write_report
from warehouse.settings import Settings


def judge_waiting(home: Home, feeds: Mapping[str, Feed], waiting: Delivery, settings: Settings) -> list[str]:
    """What is wrong with the files that have come of a delivery that still waits for others; references stay untried."""
    problems = []
    arrived = [(feed, arrival) for feed in feeds.values() for arrival in waiting.of(feed)]
    for feed, arrival in arrived:
        if not feed.required:
            continue  # it will be left out, and an earlier one used
        try:
            validated = validate(feed, read_file(home, feed, arrival), {}, extract_date=arrival.extract_date)
        except FileRejected as rejected:
            problems.append(f"{arrival.file_name} is rejected: {rejected}")
            continue
        failed = {result.rule.name: result.rows_failed for result in validated.results}
        bad = validated.rows_quarantined - _set_aside(feed, failed)
        if _too_many(bad, validated.rows_delivered, settings):
            problems.append(_share_text(arrival.file_name, bad, validated.rows_delivered, settings))
    return problems


def _set_aside(feed: Feed, failed: Mapping[str, int]) -> int:
    """Rows that the feed's parser takes out as a matter of course, like duplicates; they are no fault of the delivery's."""
    return sum(failed.get(rule.name, 0) for rule in feed.parser_rules if rule.severity == "error")


def _too_many(quarantined: int, delivered: int, settings: Settings) -> bool:
    return quarantined > settings.max_quarantine_share * delivered and quarantined > settings.max_quarantine_rows


def _share_text(file_name: str, quarantined: int, delivered: int, settings: Settings) -> str:
    share = f"{100 * quarantined / delivered:.1f}".replace(".", ",")
    limit = f"{100 * settings.max_quarantine_share:g}".replace(".", ",")
    rows = f" and {settings.max_quarantine_rows} rows" if settings.max_quarantine_rows else ""
    return f"{file_name} is rejected: {quarantined} of {delivered} rows ({share} %) are bad; the limit is {limit} %{rows}"


@dataclass(frozen=True)
class Input:
    """What the load recorded of one file, with the number of failed rows by rule for each rule that was tried."""

    feed: str
    file_name: str
    delivered: int
    loaded: int
    quarantined: int
    rejection: str | None
    tried: dict[str, int]

    def bad(self, feed: Feed) -> int:
        """Rows in quarantine for a fault of theirs; those that the feed's parser sets aside as a matter of course are not."""
        return self.quarantined - _set_aside(feed, self.tried)


@dataclass(frozen=True)
class Judged:
    """A loaded file of a feed: its rows, how many are bad, and why it cannot be used, if it cannot."""

    file_name: str
    delivered: int
    bad: int
    problems: list[str]


def judge(con: duckdb.DuckDBPyConnection, settings: Settings, feed: Feed) -> list[Judged]:
    """The loaded files of a feed, as `accept_delivery` judges them."""
    return [
        Judged(found.file_name, found.delivered, found.bad(feed), problems_of(con, feed, found, settings))
        for found in loaded_inputs(con)
        if found.feed == feed.name
    ]


def accept_delivery(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery) -> None:
    """Write the quarantine report and decide whether the delivery may be built upon.

    Raises:
        Refused: a file was rejected or has too many bad rows. The message names files, rows, columns and rules.
        ProgramFault: a declared rule left no result, or rows or files have been lost on the way.
    """
    with connect(home.build_database, settings, read_only=True) as con:
        write_report(con, home, delivery.extract_date)
        inputs = loaded_inputs(con)
        problems = [line for found in inputs for line in problems_of(con, feeds[found.feed], found, settings)]
        faults = _faults(con, feeds, delivery, inputs)
    if not problems and not faults:
        return
    report = f"all bad rows: quarantine/{delivery.extract_date}.csv below the home folder"
    text = "\n".join([f"the delivery of {delivery.extract_date} is not accepted", *problems, *faults, report])
    raise ProgramFault(text) if faults else Refused(text)


def loaded_inputs(con: duckdb.DuckDBPyConnection) -> list[Input]:
    """What the load recorded of each file."""
    inputs = con.execute(
        "select feed, file_name, rows_delivered, rows_loaded, rows_quarantined, rejection from raw.inputs"
        " order by feed, file_name"
    ).fetchall()
    results = con.execute("select feed, file_name, rule, rows_failed from raw.rule_results").fetchall()
    tried: dict[tuple[str, str], dict[str, int]] = {}
    for feed, file_name, rule, failed in results:
        tried.setdefault((feed, file_name), {})[rule] = failed
    return [
        Input(feed, file_name, delivered, loaded, quarantined, rejection, tried.get((feed, file_name), {}))
        for feed, file_name, delivered, loaded, quarantined, rejection in inputs
    ]


def problems_of(con: duckdb.DuckDBPyConnection, feed: Feed, found: Input, settings: Settings) -> list[str]:
    """Why a file cannot be used, with the first of its bad rows."""
    if found.rejection:
        return [f"{found.file_name} is rejected: {found.rejection}"]
    bad = found.bad(feed)
    if not _too_many(bad, found.delivered, settings):
        return []
    return [
        _share_text(found.file_name, bad, found.delivered, settings),
        *bad_rows(con, feed.name, found.file_name),
    ]


def _faults(
    con: duckdb.DuckDBPyConnection, feeds: Mapping[str, Feed], delivery: Delivery, inputs: Sequence[Input]
) -> list[str]:
    """What the load's own bookkeeping contradicts: rules without a result, rows and files that are nowhere."""
    faults = []
    rejected_feeds = {found.feed for found in inputs if found.rejection}
    for found in inputs:
        if found.rejection:
            continue
        feed = feeds[found.feed]
        owed = {rule.name for rule in feed.rules if rule.refers_to not in rejected_feeds}
        if untried := sorted(owed - found.tried.keys()):
            faults.append(f"{found.file_name}: rules {', '.join(untried)} were never tried")
        if found.loaded + found.quarantined != found.delivered:
            faults.append(
                f"{found.file_name}: {found.delivered} rows delivered are not"
                f" {found.loaded} loaded + {found.quarantined} quarantined"
            )
    for name, contract in feeds.items():
        counted = sum(found.loaded for found in inputs if found.feed == name)
        if counted != (stored := one(con, f"select count(*) from raw.{name}")[0]):
            faults.append(f"{name}: {counted} rows loaded are {stored} rows stored")
        left_out = con.execute("select file_name from raw.left_out where feed = $1", [name]).fetchall()
        tried_files = {found.file_name for found in inputs if found.feed == name} | {name for (name,) in left_out}
        faults += [
            f"{arrival.file_name} was never loaded" for arrival in delivery.of(contract) if arrival.file_name not in tried_files
        ]
    return faults
