"""Holds a delivered file against its feed's contract: typed rows that pass, and every row that does not with the reason.
Belongs here: the order in which rules are tried and the evidence that each was. Not here: the rules, or any storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pandera.pandas as pap
import pyarrow as pa
import pyarrow.compute as pc

from sources.cells import NO_TEXT, header_key, nearest
from sources.code_lists import listed_kinds
from sources.contract import (
    CELL_IS_TEXT,
    FIELD_COUNT,
    NAME_DECODED,
    OLDEST,
    QUOTE_CLOSED,
    YOUNGEST,
    Feed,
    Rule,
    check_rule_name,
    rule_of,
)
from sources.dialect import parse
from sources.errors import FileRejected
from sources.naming import today
from sources.signs import FEWEST_ROWS
from sources.text_table import NO_LINES, TextTable, refuse_missing

ROW_NUMBER = "row_number"
STAGES = ("row", "reference", "duplicate", "overlap", "tree", "file")
MASK = "***"
A_YEAR = timedelta(days=366)
# What workbooks show for a formula that failed, in English and Norwegian, and what databases write for no value.
ERROR_VALUES = (
    r"^(#(N/A|I/T|REF!|VALUE!|VERDI!|DIV/0!|NAME\?|NAVN\?|NUM!|NULL!|SPILL!|OVERFLYT!|CALC!|GETTING_DATA)"
    r"|NULL|[(<\[](?i:null)[)>\]]|\\N|NaN|nan)$"
)
# UTF-8 read as Windows-1252 (twice, too) or as a DOS page, DOS read as Windows-1252, and letters that a program has lost.
MISREAD = (
    r"Ã[\x{80}-\x{bf}†˜…‚„‡ˆ‰Š‹Œ‘’“”•–—™š›œžŸ¦¸¥]|Â[\x{80}-\x{bf}]|â€|ï¿½|\x{fffd}|[├┬][^ ]"
    r"|\p{L}[†›¢]\p{L}|\p{Ll}‘\p{Ll}|(?:\p{L}|^|[ -])\?\p{L}"
)


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
    `columns`: the file's headers. `merged`: row_number → further rows of the file that a row was put together from. `lines`:
    the file's line by row number (0 = header), empty where it has none. `notes`: how the file was read, for people.
    `lost_keys`: row_number → key of quarantined rows, so that rows referring to them can name the first cause.
    """

    feed: Feed
    rows_delivered: int
    accepted: pd.DataFrame
    quarantined: pd.DataFrame
    warnings: pd.DataFrame
    results: list[RuleResult]
    columns: list[str] = field(default_factory=list)
    lost_keys: dict[int, str] = field(default_factory=dict)
    merged: Mapping[int, Sequence[int]] = field(default_factory=dict)
    lines: np.ndarray = field(default_factory=lambda: NO_LINES)
    notes: tuple[str, ...] = ()

    @property
    def rows_quarantined(self) -> int:
        return self.rows_delivered - len(self.accepted)

    @property
    def unknown_columns(self) -> list[str]:
        return [header for header in self.columns if header not in self.feed.columns]


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
        self,
        rule: Rule,
        seen: int,
        failed: np.ndarray,
        values: pa.ChunkedArray | None,
        *,
        references: bool = False,
        column: str | None = None,
    ) -> None:
        """`failed`: positions (not row numbers) of the rows that break the rule. `column`: where the rule has none."""
        before = self.results.get(rule.name)
        already = before.rows_failed if before else 0
        self.results[rule.name] = RuleResult(rule, max(seen, before.rows_seen if before else 0), already + len(failed))
        if not len(failed):
            return
        delivered = values.take(pa.array(failed)).to_pandas() if values is not None else pd.Series([None] * len(failed))
        delivered = delivered.str.removeprefix(NO_TEXT) if values is not None else delivered
        column = column or rule.column
        personal = bool(column) and self.feed.columns[column].metadata["personal"]
        frame = pd.DataFrame(
            {
                "row_number": self.row_numbers[failed],
                "column": column,
                "rule": rule.name,
                "value": delivered.where(delivered.isna(), MASK) if personal else delivered,
                "reference": delivered if references else None,
            }
        )
        (self.broken if rule.severity == "error" else self.warned).append(frame)
        if rule.severity == "error":
            self.good[failed] = False


def validate(
    feed: Feed,
    table: TextTable,
    known: Mapping[tuple[str, str], pd.Index],
    *,
    extract_date: date | None = None,
    birth_years: pd.Series | None = None,
) -> Validated:
    """Try every rule of the contract on a file.

    Cells first (all broken cells of a row are told), then whole rows, references, duplicates, overlaps, trees and the file,
    each only on rows that are still good: a row that will never load cannot make another one a duplicate.
    Pandera's checks are called one by one rather than through `schema.validate`: that gives the count of rows each rule saw
    (a gate has to have run), cannot be switched off by PANDERA_VALIDATION_ENABLED, and stays linear when every row fails.

    Args:
        feed: the contract.
        table: the file as text.
        known: for each referenced (feed, column), the codes that were accepted; references into a feed that is not there
            stay untried (a delivery that is still waiting for files, a rejected file).
        extract_date: day that ages are held against; today when left out.
        birth_years: birth year by employee number, of the persons that were accepted; rules on it stay untried without.

    Raises:
        FileRejected: a column is missing, percents are of another scale, or there are no rows where there must be some.
    """
    table = _with_known_headers(feed, table)
    missing = [header for header in feed.columns if header not in table.columns]
    unknown = [header for header in table.columns if header not in feed.columns and header not in table.added]
    # A column that may be missing and has something much like it in the file has lost its name.
    owed = [h for h in missing if not feed.columns[h].metadata["optional"] or nearest(h, unknown, cutoff=0.85)]
    refuse_missing(owed, table, feed.columns)
    if feed.needs_rows and not table.rows_delivered:
        raise FileRejected("the file has a header but no rows; export it again")

    rules = {rule.name: rule for rule in feed.rules}
    count = len(table.row_numbers)
    empty = pa.chunked_array([pa.nulls(count, pa.string())])
    text = {header: table.columns.get(header, empty) for header in feed.columns}
    findings = _Findings(feed, table.row_numbers)
    frame = _try_cells(feed, text, findings, extract_date or today())
    for stage in STAGES:
        if stage == "reference":
            _try_references(feed, text, frame, findings, known)
            if birth_years is not None:
                _try_birth_years(feed, text, frame, findings, birth_years)
        _try_rows(feed, stage, text, frame, findings, rules)
        if stage == "tree":
            # Rows below a unit that fell in a later stage.
            _try_references(feed, text, frame, findings, known)

    misshapen = pd.DataFrame(
        {"row_number": list(table.misshapen), "column": "", "rule": FIELD_COUNT.name, "value": None, "reference": None}
    )
    misshapen["value"] = [f"{fields} fields instead of {table.width}" for fields in table.misshapen.values()]
    unclosed = pd.DataFrame(
        {"row_number": list(table.unclosed), "column": "", "rule": QUOTE_CLOSED.name, "value": None, "reference": None}
    )
    unclosed["column"] = list(table.unclosed.values())
    results = findings.results | {
        FIELD_COUNT.name: RuleResult(FIELD_COUNT, table.rows_delivered, len(misshapen)),
        QUOTE_CLOSED.name: RuleResult(QUOTE_CLOSED, table.rows_delivered, len(unclosed)),
    }
    set_aside, noted = _of_parser(feed, table.set_aside), _of_parser(feed, table.noted)
    for rule in feed.parser_rules:
        found = len(table.set_aside.get(rule.name, ())) + len(table.noted.get(rule.name, ()))
        results[rule.name] = RuleResult(rule, table.rows_delivered, found)
    quarantined = _concat([misshapen, unclosed, set_aside, *findings.broken])
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
        columns=list(table.columns),
        lost_keys=_lost_keys(feed, text, findings),
        merged=table.merged,
        lines=table.lines,
        notes=table.notes,
    )


def _with_known_headers(feed: Feed, table: TextTable) -> TextTable:
    """The table with the contract's spelling of headers that are alike, whoever has read them."""
    missing = {header_key(header): header for header in feed.columns if header not in table.columns}
    if not missing:
        return table
    columns = {}
    for header, cells in table.columns.items():
        name = header if header in feed.columns else missing.pop(header_key(header), header)
        columns[name] = cells
    return replace(table, columns=columns)


def _of_parser(feed: Feed, found: Mapping[str, Mapping[int, str | None]]) -> pd.DataFrame:
    """What the feed's parser has found, in the form of findings; personal values masked."""
    rules = {rule.name: rule for rule in feed.parser_rules}
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


def _try_cells(feed: Feed, text: dict[str, pa.ChunkedArray], findings: _Findings, extract_date: date) -> pd.DataFrame:
    rules = {rule.name: rule for rule in feed.rules}
    columns: dict[str, pd.Series] = {}
    count = len(findings.row_numbers)
    for header, column in feed.columns.items():
        meta = column.metadata
        typed = parse(text[header], column.dtype.type, thousands=meta["thousands"], digits=meta["digits"])
        blank = pc.is_null(text[header]).to_numpy()
        if required := rules.get(rule_of(column, "required")):
            findings.record(required, count, np.flatnonzero(blank), text[header])
        if readable := rules.get(rule_of(column, "readable")):
            unreadable = pc.is_null(typed).to_numpy() & ~blank
            findings.record(readable, count, np.flatnonzero(unreadable), text[header])
        else:
            findings.record(CELL_IS_TEXT, count, _no_text(text[header]), text[header], column=header)
        if meta["is_name"]:
            findings.record(NAME_DECODED, count, _misread(text[header]), text[header], column=header)
        if meta["of_scale"]:
            _refuse_other_scale(header, text[header], typed)
        if meta["ends_most"]:
            _refuse_without_ends(header, text[header])
        if meta["listed_in"]:
            typed = _as_listed(typed, listed_kinds(meta["listed_in"]))
            unlisted = pc.is_null(typed).to_numpy() & ~blank
            findings.record(rules[rule_of(column, "listed")], count, np.flatnonzero(unlisted), text[header])
        if meta["zero_is_empty"]:
            zero = pc.fill_null(pc.equal(typed, pa.scalar(Decimal(0), typed.type)), False)
            findings.record(rules[rule_of(column, "not_zero")], count, np.flatnonzero(zero.to_numpy()), text[header])
            typed = pc.if_else(zero, pa.scalar(None, typed.type), typed)
        if meta["is_birth_date"]:
            ages = pc.subtract(extract_date.year, pc.year(typed))
            plausible = pc.and_(pc.greater_equal(ages, YOUNGEST), pc.less_equal(ages, OLDEST))
            failed = np.flatnonzero(~pc.fill_null(plausible, True).to_numpy())
            findings.record(rules[rule_of(column, "plausible")], count, failed, text[header])
        if meta["in_view"]:
            failed = np.flatnonzero(pc.fill_null(pc.greater(typed, extract_date + A_YEAR), False).to_numpy())
            findings.record(rules[rule_of(column, "in_view")], count, failed, text[header])
        for check in column.checks:
            if codes := check.statistics["code_list"]:
                typed = pc.coalesce(_as_listed(typed, {header_key(code): code for code in codes}), typed)
        series = pd.Series(pd.arrays.ArrowExtensionArray(typed))
        for check in column.checks:
            findings.record(rules[check_rule_name(column, check)], count, _failures(check, series), text[header])
        columns[header] = series
    return pd.DataFrame(columns)


def _no_text(column: pa.ChunkedArray) -> np.ndarray:
    """Positions of cells that are a date, an error, a word for no value or the like."""
    encoded = column.combine_chunks().dictionary_encode()
    different = encoded.dictionary
    marked = pc.or_(pc.starts_with(different, NO_TEXT), pc.match_substring_regex(different, ERROR_VALUES))
    if not pc.any(marked).as_py():
        return np.array([], dtype=np.int64)
    return np.flatnonzero(pc.fill_null(marked.take(encoded.indices), False).to_numpy(zero_copy_only=False))


def _misread(column: pa.ChunkedArray) -> np.ndarray:
    """Positions of cells with signs of a wrong encoding."""
    encoded = column.combine_chunks().dictionary_encode()
    signs = pc.match_substring_regex(encoded.dictionary, MISREAD)
    if not pc.any(signs).as_py():
        return np.array([], dtype=np.int64)
    return np.flatnonzero(pc.fill_null(signs.take(encoded.indices), False).to_numpy(zero_copy_only=False))


def _as_listed(column: pa.ChunkedArray, kinds: Mapping[str, str]) -> pa.ChunkedArray:
    """The kinds as the list spells them; null where it has none."""
    encoded = column.combine_chunks().dictionary_encode()
    spelled = pa.array([kinds.get(header_key(kind)) for kind in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([spelled.take(encoded.indices)])


def _refuse_other_scale(header: str, text: pa.ChunkedArray, typed: pa.ChunkedArray) -> None:
    filled = len(text) - text.null_count
    in_percent_format = pc.sum(pc.fill_null(pc.match_substring_regex(text, f"^{NO_TEXT}.* %$"), False)).as_py() or 0
    if filled and in_percent_format > filled / 2:
        raise FileRejected(
            f"{header} is in percent format, where 80 % is stored as 0,8; export it as plain numbers from 0 to 100"
        )
    largest = pc.max(typed).as_py()
    if largest is not None and 0 < largest <= 1:
        raise FileRejected(
            f"no {header} is above 1 %: they are fractions or of another scale; export them as numbers from 0 to 100"
        )


def _refuse_without_ends(header: str, text: pa.ChunkedArray) -> None:
    if len(text) >= FEWEST_ROWS and text.null_count == len(text):
        raise FileRejected(
            f"none of the {len(text)} rows has a {header}, and each would last until today; export the column with its dates"
        )


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
        rule = rules[rule_of(feed.columns[header], "known")]
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


def _try_birth_years(
    feed: Feed, text: dict[str, pa.ChunkedArray], frame: pd.DataFrame, findings: _Findings, birth_years: pd.Series
) -> None:
    """Only the year of birth is kept, so a date counts from 1 January of the year the person turns 13."""
    rules = {rule.name: rule for rule in feed.rules}
    for header, column in feed.columns.items():
        if not column.metadata["after_birth_of"]:
            continue
        still_good = frame[findings.good]
        persons = next(own for own, other in feed.references.items() if other == column.metadata["after_birth_of"])
        earliest = still_good[persons].map(birth_years).to_numpy(dtype=float, na_value=-np.inf) + YOUNGEST
        years = pc.year(pa.array(still_good[header])).to_numpy(zero_copy_only=False)
        failed = still_good.index[years < earliest].to_numpy()
        findings.record(rules[rule_of(column, "after_birth")], len(still_good), failed, text[header])


def _lost_keys(feed: Feed, text: dict[str, pa.ChunkedArray], findings: _Findings) -> dict[int, str]:
    bad = np.flatnonzero(~findings.good)
    if feed.key is None or not len(bad):
        return {}
    keys = text[feed.key].take(pa.array(bad)).to_pylist()
    return {row: key for row, key in zip(findings.row_numbers[bad].tolist(), keys, strict=True) if key is not None}
