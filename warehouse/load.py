"""Loads the files of a delivery into the raw tables of the build database, with the evidence of each rule.
Not here: the rules (the contracts in sources), what becomes of bad rows (quarantine.py), or the gate (acceptance.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import Feed
from sources.errors import FileRejected
from sources.text_table import TextTable
from sources.validate import Validated, validate
from warehouse.archive import unchanged_file
from warehouse.build_database import insert
from warehouse.database import at_once, one
from warehouse.ledger import Arrival
from warehouse.paths import Home
from warehouse.pseudonym import pseudonym_key, pseudonyms
from warehouse.quarantine import rows_of_quarantine, rows_of_warnings


@dataclass(frozen=True)
class FeedLoad:
    """How the load of one feed's file went. `rejection` says why a whole file cannot be used, `notes` how it was read."""

    feed: str
    file_name: str
    rows_delivered: int = 0
    rows_loaded: int = 0
    rejection: str | None = None
    notes: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()

    @property
    def rows_quarantined(self) -> int:
        return self.rows_delivered - self.rows_loaded


def load_feed(con: duckdb.DuckDBPyConnection, home: Home, feed: Feed, arrivals: Sequence[Arrival]) -> list[FeedLoad]:
    """Read, validate and store a feed's files. One that cannot be used is recorded as rejected; nothing is raised for it."""
    beside = references(con, feed)
    with at_once(con):
        forget(con, feed)
        return [load_file(con, home, feed, arrival, beside) for arrival in arrivals]


@dataclass(frozen=True)
class References:
    """What other feeds have loaded that rows may be held against: accepted codes, and birth years by employee number."""

    codes: Mapping[tuple[str, str], pd.Index]
    birth_years: pd.Series | None


def load_file(con: duckdb.DuckDBPyConnection, home: Home, feed: Feed, arrival: Arrival, beside: References) -> FeedLoad:
    """Read, validate and store one file within the caller's transaction."""
    try:
        validated = validate(
            feed,
            read_file(home, feed, arrival),
            beside.codes,
            extract_date=arrival.extract_date,
            birth_years=beside.birth_years,
        )
    except FileRejected as rejected:
        con.execute(
            "insert into raw.inputs values ($1, $2, $3, $4, $5, 0, 0, 0, $6, '', '', [])",
            [feed.name, arrival.feed, arrival.file_name, arrival.sha256, arrival.extract_date, str(rejected)],
        )
        return FeedLoad(feed.name, arrival.file_name, rejection=str(rejected))
    _store(con, validated, arrival, pseudonym_key(home))
    return FeedLoad(
        feed.name,
        arrival.file_name,
        validated.rows_delivered,
        len(validated.accepted),
        notes=tuple(validated.notes),
        unknown_columns=tuple(validated.unknown_columns),
    )


def read_file(home: Home, feed: Feed, arrival: Arrival) -> TextTable:
    """The feed's columns of an archived file.

    Raises:
        FileRejected: the file cannot be read as one of the feed.
    """
    named = next(naming for naming in feed.namings if naming.stem == arrival.feed).read(arrival.file_name)
    assert named is not None, f"{arrival.file_name} was not chosen by its name"
    return feed.read_file(unchanged_file(home, arrival), named)


def forget(con: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    """Remove what an earlier try of the same night loaded, so that a retry starts clean."""
    con.execute(f"delete from raw.{feed.name}")
    for table in ("inputs", "quarantine", "warnings", "rule_results", "lost_keys", "merged_rows", "line_offsets", "left_out"):
        con.execute(f"delete from raw.{table} where feed = $1", [feed.name])


def references(con: duckdb.DuckDBPyConnection, feed: Feed) -> References:
    """Accepted codes of the other feeds this one refers to, and birth years where its dates are held against them.

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
    if not any(column.metadata["after_birth_of"] for column in feed.columns.values()):
        return References(known, None)
    if not one(con, "select count(*) from raw.inputs where feed = 'ansatte' and rejection is null")[0]:
        return References(known, None)
    persons = con.execute("select employee_no, birth_year from raw.ansatte").df()
    return References(known, persons.drop_duplicates("employee_no").set_index("employee_no")["birth_year"])


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

    insert(con, "raw.line_offsets", _line_offsets(validated, arrival))
    quarantined, lost_keys = rows_of_quarantine(con, validated, arrival, key)
    insert(con, "raw.quarantine", quarantined)
    insert(con, "raw.warnings", rows_of_warnings(validated, arrival))
    results = [
        {
            "feed": feed.name,
            "file_name": arrival.file_name,
            "rule": r.rule.name,
            "severity": r.rule.severity,
            "description": r.rule.sentence,
            "rows_seen": r.rows_seen,
            "rows_failed": r.rows_failed,
        }
        for r in validated.results
    ]
    insert(con, "raw.rule_results", pd.DataFrame(results))
    lost = [(feed.name, lost_key, cause) for lost_key, cause in lost_keys.items()]
    insert(con, "raw.lost_keys", pd.DataFrame(lost, columns=["feed", "key", "cause"]))
    con.execute(
        "insert into raw.inputs values ($1, $2, $3, $4, $5, $6, $7, $8, null, $9, $10, $11)",
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
            "; ".join(validated.notes),
            validated.columns,
        ],
    )


def _line_offsets(validated: Validated, arrival: Arrival) -> pd.DataFrame:
    """How far lines run ahead of rows, from each row on at which that changes."""
    lines = validated.lines
    offsets = lines - np.arange(len(lines))
    changes = np.flatnonzero(np.diff(offsets, prepend=offsets[:1] - 1))
    found: list[tuple[int, int | None]] = [(int(row), int(offsets[row])) for row in changes] if len(lines) else [(0, None)]
    if found == [(0, 1)]:
        found = []
    frame = pd.DataFrame(found, columns=["first_row", "line_offset"], dtype="Int64")
    frame.insert(0, "feed", validated.feed.name)
    frame.insert(1, "file_sha256", arrival.sha256)
    return frame
