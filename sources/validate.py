"""Holds a delivered file against its feed's contract: typed rows that pass, and every row that does not with the reason.
Belongs here: the order in which rules are tried and the evidence that each was. Not here: the rules, or any storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.pandas as pap
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import FIELD_COUNT, Feed, Rule, check_rule_name
from sources.dialect import FileRejected, TextTable, parse

ROW_NUMBER = "row_number"
STAGES = ("row", "reference", "duplicate", "overlap", "tree")
MASK = "***"


@dataclass(frozen=True)
class RuleResult:
    """Evidence that a rule was tried: rows it saw and rows that broke it."""

    rule: Rule
    rows_seen: int
    rows_failed: int


@dataclass
class Validated:
    """A file held against its contract.

    `accepted`: typed rows with `row_number`, columns by delivered header. `quarantined`: one row for each broken rule with
    `row_number, column, rule, value, reference, is_first_cause` (`reference` is the code that was not found, unmasked, for
    internal use only). `warnings`: the same for rows that load all the same.
    `merged`: row_number → further rows of the file that a row was put together from.
    `lost_keys`: row_number → key of quarantined rows, so that rows referring to them can name the first cause.
    """

    feed: Feed
    rows_delivered: int
    accepted: pd.DataFrame
    quarantined: pd.DataFrame
    warnings: pd.DataFrame
    results: list[RuleResult]
    unknown_columns: list[str] = field(default_factory=list)
    lost_keys: dict[int, str] = field(default_factory=dict)
    merged: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def rows_quarantined(self) -> int:
        return self.rows_delivered - len(self.accepted)


class _Findings:
    """Collects broken rules and keeps the rows that are still good."""

    def __init__(self, feed: Feed, row_numbers: np.ndarray) -> None:
        self.feed = feed
        self.row_numbers = row_numbers
        self.good = np.ones(len(row_numbers), dtype=bool)
        self.broken: list[pd.DataFrame] = []
        self.warned: list[pd.DataFrame] = []
        self.results: dict[str, RuleResult] = {}

    def record(
        self, rule: Rule, seen: int, failed: np.ndarray, values: pa.ChunkedArray | None, references: bool = False
    ) -> None:
        """`failed`: positions (not row numbers) of the rows that break the rule."""
        before = self.results.get(rule.name)
        already = before.rows_failed if before else 0
        self.results[rule.name] = RuleResult(rule, max(seen, before.rows_seen if before else 0), already + len(failed))
        if not len(failed):
            return
        delivered = values.take(pa.array(failed)).to_pandas() if values is not None else pd.Series([None] * len(failed))
        personal = bool(rule.column) and self.feed.columns[rule.column].metadata["personal"]
        frame = pd.DataFrame(
            {
                "row_number": self.row_numbers[failed],
                "column": rule.column,
                "rule": rule.name,
                "value": delivered.where(delivered.isna(), MASK) if personal else delivered,
                "reference": delivered if references else None,
            }
        )
        (self.broken if rule.severity == "error" else self.warned).append(frame)
        if rule.severity == "error":
            self.good[failed] = False


def validate(feed: Feed, table: TextTable, known: Mapping[tuple[str, str], pd.Index]) -> Validated:
    """Try every rule of the contract on a file.

    Cells first (all broken cells of a row are told), then whole rows, references, duplicates, overlaps and trees, each only
    on rows that are still good: a row that will never load cannot make another one a duplicate.
    Pandera's checks are called one by one rather than through `schema.validate`: that gives the count of rows each rule saw
    (a gate has to have run), cannot be switched off by PANDERA_VALIDATION_ENABLED, and stays linear when every row fails.

    Args:
        feed: the contract.
        table: the file as text.
        known: for each referenced (feed, column), the codes that were accepted; references into a feed that is not there
            stay untried (a delivery that is still waiting for files, a rejected file).

    Raises:
        FileRejected: a required column is missing, or there are no rows where there must be some.
    """
    if missing := [h for h, c in feed.columns.items() if c.required and h not in table.columns]:
        unknown = [h for h in table.columns if h not in feed.columns]
        # Without one known header the first line may well be a data row, whose values are nobody's business.
        hint = f" (found instead: {', '.join(unknown)})" if 0 < len(unknown) < len(table.columns) - len(table.added) else ""
        raise FileRejected(f"required column {', '.join(missing)} is missing{hint}; export the file with that header")
    if feed.needs_rows and not table.rows_delivered:
        raise FileRejected("the file has a header but no rows; export it again")

    rules = {rule.name: rule for rule in feed.rules}
    count = len(table.row_numbers)
    empty = pa.chunked_array([pa.nulls(count, pa.string())])
    text = {header: table.columns.get(header, empty) for header in feed.columns}
    findings = _Findings(feed, table.row_numbers)
    frame = _try_cells(feed, text, findings)
    for stage in STAGES:
        if stage == "reference":
            _try_references(feed, text, frame, findings, known)
        _try_rows(feed, stage, text, frame, findings, rules)
        if stage == "tree":
            # Rows below a unit that fell in a later stage.
            _try_references(feed, text, frame, findings, known)

    misshapen = pd.DataFrame(
        {"row_number": list(table.misshapen), "column": "", "rule": FIELD_COUNT.name, "value": None, "reference": None}
    )
    misshapen["value"] = [f"{fields} fields instead of {table.width}" for fields in table.misshapen.values()]
    results = findings.results | {
        FIELD_COUNT.name: RuleResult(FIELD_COUNT, table.rows_delivered, len(misshapen)),
    }
    set_aside, noted = _of_reader(feed, table.set_aside), _of_reader(feed, table.noted)
    for rule in feed.reader_rules:
        found = len(table.set_aside.get(rule.name, ())) + len(table.noted.get(rule.name, ()))
        results[rule.name] = RuleResult(rule, table.rows_delivered, found)
    quarantined = _concat([misshapen, set_aside, *findings.broken])
    quarantined["is_first_cause"] = ~quarantined.duplicated("row_number")
    accepted = frame[findings.good].copy()
    accepted.insert(0, ROW_NUMBER, table.row_numbers[findings.good])
    warnings = _concat([noted, *findings.warned])
    return Validated(
        feed=feed,
        rows_delivered=table.rows_delivered,
        accepted=accepted,
        quarantined=quarantined,
        warnings=warnings[warnings["row_number"].isin(accepted[ROW_NUMBER])],
        results=[results[rule.name] for rule in feed.rules if rule.name in results],
        unknown_columns=[header for header in table.columns if header not in feed.columns],
        lost_keys=_lost_keys(feed, text, findings),
        merged=table.merged,
    )


def _of_reader(feed: Feed, found: Mapping[str, Mapping[int, str | None]]) -> pd.DataFrame:
    """What the feed's reader has found, in the form of findings; personal values masked."""
    rules = {rule.name: rule for rule in feed.reader_rules}
    rows = []
    for name, values in found.items():
        column = rules[name].column
        personal = column in feed.columns and feed.columns[column].metadata["personal"]
        rows += [(row, column, name, MASK if personal and value else value, None) for row, value in values.items()]
    return pd.DataFrame(rows, columns=["row_number", "column", "rule", "value", "reference"])


def _concat(frames: list[pd.DataFrame]) -> pd.DataFrame:
    columns = ["row_number", "column", "rule", "value", "reference"]
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)


def _try_cells(feed: Feed, text: dict[str, pa.ChunkedArray], findings: _Findings) -> pd.DataFrame:
    rules = {rule.name: rule for rule in feed.rules}
    columns: dict[str, pd.Series] = {}
    count = len(findings.row_numbers)
    for header, column in feed.columns.items():
        name, meta = column.metadata["name"], column.metadata
        typed = parse(text[header], column.dtype.type, thousands=meta["thousands"], digits=meta["digits"])
        blank = pc.is_null(text[header]).to_numpy()
        if required := rules.get(f"{name}_required"):
            findings.record(required, count, np.flatnonzero(blank), text[header])
        if readable := rules.get(f"{name}_readable"):
            unreadable = pc.is_null(typed).to_numpy() & ~blank
            findings.record(readable, count, np.flatnonzero(unreadable), text[header])
        series = pd.Series(pd.arrays.ArrowExtensionArray(typed))
        for check in column.checks:
            findings.record(rules[check_rule_name(column, check)], count, _failures(check, series), text[header])
        columns[header] = series
    return pd.DataFrame(columns)


def _failures(check: pap.Check, checked: pd.Series | pd.DataFrame) -> np.ndarray:
    """Index labels (positions in the file's frame) at which a Pandera check fails."""
    output = check(checked).check_output
    if isinstance(output, pd.Series):
        return output.index[~output.astype(bool).to_numpy()].to_numpy()
    # Nothing but nulls was checked: Pandera answers with one truth for the lot.
    return np.array([], dtype=np.int64) if output else checked.index.to_numpy()


def _try_rows(
    feed: Feed, stage: str, text: dict[str, pa.ChunkedArray], frame: pd.DataFrame, findings: _Findings, rules: dict[str, Rule]
) -> None:
    for check in feed.schema.checks:
        if check.statistics["stage"] == stage:
            rule = rules[str(check.name)]
            still_good = frame[findings.good]
            findings.record(rule, len(still_good), _failures(check, still_good), text[rule.column])


def _try_references(
    feed: Feed,
    text: dict[str, pa.ChunkedArray],
    frame: pd.DataFrame,
    findings: _Findings,
    known: Mapping[tuple[str, str], pd.Index],
) -> None:
    rules = {rule.name: rule for rule in feed.rules}
    for header, (other, column) in feed.references.items():
        rule = rules[f"{feed.columns[header].metadata['name']}_known"]
        within = other == feed.name
        if not within and (other, column) not in known:
            continue
        while True:
            still_good = frame[findings.good]
            codes = still_good[column] if within else known[(other, column)]
            unknown = still_good[header].notna() & ~still_good[header].isin(codes)
            failed = still_good.index[unknown.to_numpy(dtype=bool)].to_numpy()
            findings.record(rule, len(still_good), failed, text[header], references=True)
            if not (within and len(failed)):
                break


def _lost_keys(feed: Feed, text: dict[str, pa.ChunkedArray], findings: _Findings) -> dict[int, str]:
    bad = np.flatnonzero(~findings.good)
    if feed.key is None or not len(bad):
        return {}
    keys = text[feed.key].take(pa.array(bad)).to_pylist()
    return {row: key for row, key in zip(findings.row_numbers[bad].tolist(), keys, strict=True) if key is not None}
