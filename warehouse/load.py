"""Loads the files of a delivery into the raw tables of the build database, with the evidence of each rule.
Not here: the rules (the contracts in sources), what becomes of bad rows (quarantine.py), or the gate (acceptance.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import Feed
from sources.dialect import FileRejected, TextTable
from sources.validate import Validated, validate
from warehouse.archive import unchanged_file
from warehouse.build_database import insert
from warehouse.database import connect, one
from warehouse.ledger import Arrival
from warehouse.paths import Home
from warehouse.pseudonym import pseudonym_key, pseudonyms
from warehouse.quarantine import rows_of_quarantine, rows_of_warnings
from warehouse.settings import Settings


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
    insert(con, f"raw.{feed.name}", pa.table(columns))
    merged = [(feed.name, arrival.sha256, row, further) for row, rows in validated.merged.items() for further in rows]
    insert(con, "raw.merged_rows", pd.DataFrame(merged, columns=["feed", "file_sha256", "row_number", "merged_row"]))

    quarantined, lost_keys = rows_of_quarantine(con, validated, arrival, key)
    insert(con, "raw.quarantine", quarantined)
    insert(con, "raw.warnings", rows_of_warnings(validated, arrival))
    results = [
        {
            "feed": feed.name,
            "file_name": arrival.file_name,
            "rule": r.rule.name,
            "severity": r.rule.severity,
            "description": f"{r.rule.column} {r.rule.description}".strip(),
            "rows_seen": r.rows_seen,
            "rows_failed": r.rows_failed,
        }
        for r in validated.results
    ]
    insert(con, "raw.rule_results", pd.DataFrame(results))
    lost = [(feed.name, lost_key, cause) for lost_key, cause in lost_keys.items()]
    insert(con, "raw.lost_keys", pd.DataFrame(lost, columns=["feed", "key", "cause"]))
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
