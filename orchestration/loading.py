"""Loads one feed of a delivery, holds it against the last publication, and tells what there is to tell of it.
Not here: how a file is read and stored (warehouse/load.py), or whether the delivery is accepted (warehouse/acceptance.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from orchestration.plan import Plan, log
from warehouse.acceptance import Judged, judge
from warehouse.delivery import Delivery
from warehouse.errors import Refused
from warehouse.ledger import Arrival
from warehouse.load import FeedLoad, load_feed
from warehouse.optional_feeds import load_optional
from warehouse.outcome import FeedRows
from warehouse.quarantine import ROWS_NAMED_PER_RULE, RuleOutcome, rule_outcomes
from warehouse.still_loaded import Comparison, compare_with_last, headers_of_last


@dataclass(frozen=True)
class FeedLoaded:
    """One feed in the build: its files, how each was loaded, how its rules went, and what is gone since the last publication.

    `continuity` is None when the feed was not delivered, its file was rejected, or its rows cannot be known again.
    """

    arrivals: list[Arrival]
    loads: list[FeedLoad]
    rules: dict[str, RuleOutcome]
    judged: list[Judged]
    continuity: Comparison | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the gate `accept` will end the night for a file of it."""
        return any(file.problems for file in self.judged)

    @property
    def is_rejected(self) -> bool:
        """Whether a file of it cannot be used."""
        return any(loaded.rejection for loaded in self.loads)


def load_feed_of(plan: Plan, con: duckdb.DuckDBPyConnection, name: str, delivery: Delivery) -> FeedLoaded:
    """Validate and load one feed of a delivery, and put what there is to tell of it into the plan's findings.

    Raises:
        Refused: the feed is required and the delivery has no file of it.
    """
    feed = plan.feeds[name]
    arrivals = delivery.of(feed)
    if not arrivals and feed.required:
        raise Refused(f"{name} is not part of the delivery")
    if not arrivals:
        log.info("feeds: %s is not delivered; its marts are served empty", name)
        return FeedLoaded([], [], {}, [])
    if feed.required:
        loads = load_feed(con, plan.home, feed, arrivals)
    else:
        loads, left_out = load_optional(con, plan.home, plan.settings, feed, arrivals)
        for file in left_out:
            plan.findings.warn("left_out", f"{name}: {file.as_text()}", files=[file.arrival.file_name])
    known = headers_of_last(plan.home, plan.settings, feed) if any(loaded.unknown_columns for loaded in loads) else set()
    for loaded in loads:
        for note in loaded.notes:
            log.warning("feeds: %s: %s", loaded.file_name, note)
        if as_before := [header for header in loaded.unknown_columns if header in known]:
            log.info("feeds: %s: unknown columns are ignored, as before: %s", loaded.file_name, ", ".join(as_before))
        if new := [header for header in loaded.unknown_columns if header not in known]:
            plan.findings.warn(
                "unknown_columns",
                f"{name}: unknown columns are ignored: {', '.join(new)}",
                count=len(new),
                files=[loaded.file_name],
            )
        if loaded.rejection:
            log.warning("feeds: %s is rejected", loaded.file_name)
        else:
            log.info(
                "feeds: %s: %d rows delivered, %d loaded, %d quarantined",
                loaded.file_name,
                loaded.rows_delivered,
                loaded.rows_loaded,
                loaded.rows_quarantined,
            )
    plan.findings.rows[name] = FeedRows(
        *(sum(getattr(file, rows) for file in loads) for rows in ("rows_delivered", "rows_loaded", "rows_quarantined"))
    )
    judged = judge(con, plan.settings, feed)
    for one_file in judged:
        if one_file.bad and not one_file.problems:
            plan.findings.warn(
                "quarantined",
                f"{one_file.file_name}: {one_file.bad} of {one_file.delivered} rows are bad and not loaded; below the limit",
                count=one_file.bad,
                files=[one_file.file_name],
            )
    return FeedLoaded(arrivals, loads, rule_outcomes(con, feed), judged)


def held_against_the_last(plan: Plan, name: str, loaded: FeedLoaded) -> FeedLoaded:
    """Through a connection of its own: the last publication's database may be damaged, which can end a connection."""
    if not loaded.arrivals or loaded.is_rejected or not plan.feeds[name].natural_key:
        return loaded
    continuity = compare_with_last(plan.home, plan.settings, plan.feeds[name])
    _warn_of_what_is_gone(plan, name, continuity)
    return replace(loaded, continuity=continuity)


def _warn_of_what_is_gone(plan: Plan, name: str, found: Comparison) -> None:
    if found.not_compared and not found.passed:
        plan.findings.warn("damaged", f"{name} cannot be held against the last publication: {found.not_compared}")
    if found.columns_gone:
        plan.findings.warn(
            "columns_gone",
            f"{name}: columns of the last delivery are gone: {', '.join(found.columns_gone)}",
            count=len(found.columns_gone),
        )
    if found.rows_gone:
        named = [f"{row['file_name']} row {row['row_number']}" for row in found.rows[:ROWS_NAMED_PER_RULE]]
        more = ", …" if len(found.rows) > len(named) else ""
        plan.findings.warn(
            "rows_gone",
            f"{name}: {found.rows_gone} of the {found.rows_before} rows behind the last publication are gone or quarantined:"
            f" {', '.join(named)}{more}",
            count=found.rows_gone,
            files=dict.fromkeys(str(row["file_name"]) for row in found.rows if row["file_name"]),
        )
