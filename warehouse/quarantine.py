"""The rows that are not loaded: reasons and first causes, the evidence of each rule, and the report for the payroll office.
Not here: the rules themselves (sources), or whether a delivery with bad rows may be built upon (acceptance.py).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

import duckdb
import pandas as pd

from sources.contract import Feed
from sources.validate import Validated
from warehouse.ledger import Arrival
from warehouse.paths import Home, write_private
from warehouse.pseudonym import pseudonyms

ROWS_NAMED_PER_RULE = 3
ROWS_SHOWN_PER_RULE = 20
COLUMNS_OF_WARNINGS = [
    "feed",
    "file_name",
    "file_sha256",
    "row_number",
    "line_number",
    "column",
    "rule",
    "value",
    "description",
    "remedy",
]
COLUMNS_OF_QUARANTINE = [*COLUMNS_OF_WARNINGS, "cause", "is_first_cause"]


def rows_of_quarantine(
    con: duckdb.DuckDBPyConnection, validated: Validated, arrival: Arrival, key: bytes
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The quarantined rows of a file as raw.quarantine holds them, and the keys lost with them (pseudonym → first cause)."""
    causes, lost_keys = _causes(con, validated, arrival, key)
    quarantined = _reasons(validated, validated.quarantined, arrival)
    quarantined["cause"] = causes
    return quarantined[COLUMNS_OF_QUARANTINE], lost_keys


def rows_of_warnings(validated: Validated, arrival: Arrival) -> pd.DataFrame:
    """The rows of a file that are loaded with a warning, as raw.warnings holds them."""
    return _reasons(validated, validated.warnings, arrival)[COLUMNS_OF_WARNINGS]


def _reasons(validated: Validated, found: pd.DataFrame, arrival: Arrival) -> pd.DataFrame:
    """Broken rules with their texts."""
    rules = {rule.name: rule for rule in validated.feed.rules}
    return found.assign(
        feed=validated.feed.name,
        file_name=arrival.file_name,
        file_sha256=arrival.sha256,
        line_number=pd.array([_line(validated, row) for row in found["row_number"]], dtype="Int64"),
        description=[rules[name].description for name in found["rule"]],
        remedy=[rules[name].remedy for name in found["rule"]],
    )


def _line(validated: Validated, row: int) -> int | None:
    return int(validated.lines[row]) if row < len(validated.lines) else None


def _causes(
    con: duckdb.DuckDBPyConnection, validated: Validated, arrival: Arrival, key: bytes
) -> tuple[list[str | None], dict[str, str]]:
    """The first cause of each finding that has one, and of each key that is lost with this file (pseudonym → cause).

    Findings come in the order they were made: what a row refers to was lost before the row itself.
    """
    feed, found = validated.feed, validated.quarantined
    referred = {rule.name: rule.refers_to for rule in feed.rules if rule.refers_to}
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


@dataclass(frozen=True)
class RuleOutcome:
    """How one rule went on one file, with the first rows that broke it as dicts (personal values masked)."""

    rule: str
    severity: str
    rows_seen: int
    rows_failed: int
    examples: list[dict[str, object]]


def rule_outcomes(con: duckdb.DuckDBPyConnection, feed: Feed) -> dict[str, RuleOutcome]:
    """The evidence of each rule that was tried on a feed, for Dagster's checks."""
    results = con.execute(
        """select rule, severity, cast(sum(rows_seen) as bigint), cast(sum(rows_failed) as bigint)
           from raw.rule_results where feed = $1 group by rule, severity""",
        [feed.name],
    ).fetchall()
    examples: dict[str, list[dict[str, object]]] = {}
    columns = ("rule", "file_name", "row_number", "line_number", "column_name", "value", "description", "remedy")
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


def bad_rows(con: duckdb.DuckDBPyConnection, feed: str, file_name: str) -> list[str]:
    """The first quarantined rows of each rule that a file broke, one line a row; of kinds in no list one line a kind."""
    rows = con.execute(
        """select row_number, line_number, column_name, value, rule, description, remedy, cause,
               count(*) over (partition by rule) as n, row_number() over (partition by rule order by row_number) as place
           from raw.quarantine where feed = $1 and file_name = $2 and not ends_with(rule, '_listed')
           qualify place <= $3 order by min(row_number) over (partition by rule), rule, row_number""",
        [feed, file_name, ROWS_NAMED_PER_RULE],
    ).fetchall()
    lines = _unlisted_kinds(con, feed, file_name)
    for row, line, column, value, rule, description, remedy, cause, count, place in rows:
        where = where_of(row, line) + (f", {column}" if column else "") + (f" = {value}" if value else "")
        because = f" (first cause: {cause})" if cause else ""
        lines.append(f"  {where}: breaks {rule} ({description}){because}: {remedy}")
        if place == min(count, ROWS_NAMED_PER_RULE) and count > place:
            lines.append(f"  … and {count - place} more rows break {rule}")
    return lines


def _unlisted_kinds(con: duckdb.DuckDBPyConnection, feed: str, file_name: str) -> list[str]:
    kinds = con.execute(
        """select column_name, value, rule, description, remedy, count(*), min(row_number), arg_min(line_number, row_number)
           from raw.quarantine where feed = $1 and file_name = $2 and ends_with(rule, '_listed')
           group by all order by count(*) desc, value""",
        [feed, file_name],
    ).fetchall()
    return [
        f"  {column} = {value}: {count} row{'s' if count > 1 else ''}, first {where_of(row, line)}:"
        f" breaks {rule} ({description}): {remedy}"
        for column, value, rule, description, remedy, count, row, line in kinds
    ]


def where_of(row: int, line: int | None) -> str:
    """Where a row stands in its file; with its line where that is not the one after as many rows and a header."""
    return f"row {row}" if line is None or line == row + 1 else f"row {row} (line {line} of the file)"


def _harmless(cell: object) -> object:
    """A cell that a spreadsheet will not take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell


def write_report(con: duckdb.DuckDBPyConnection, home: Home, extract_date: date) -> None:
    """The bad rows of a delivery as a CSV in the dialect, for the payroll office."""
    rows = con.execute(
        """select file_name, row_number, line_number, column_name, rule, value, description, remedy, cause,
               'quarantined' as outcome
           from raw.quarantine
           union all
           select file_name, row_number, line_number, column_name, rule, value, description, remedy, null, 'loaded with warning'
           from raw.warnings order by file_name, row_number, rule"""
    )
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["file", "row", "line", "column", "rule", "value", "should be", "what to do", "first cause", "outcome"])
    writer.writerows([_harmless(cell) for cell in row] for row in rows.fetchall())
    write_private(home.quarantine / f"{extract_date}.csv", "\ufeff" + out.getvalue())
