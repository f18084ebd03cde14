"""Archive → raw tables: one asset a feed, its checks generated from the feed's contract, and the gate after them."""

from dataclasses import replace
from typing import Any

import dagster as dg

from orchestration.defs.landing.assets import chosen_delivery
from orchestration.night import WRITER_POOL, Night, log, refusals_as_failures
from sources.contract import Feed, Rule, readable_as
from sources.payroll.profile import ProfileError, feeds_by
from sources.registry import feeds, system_of
from warehouse.continuity import compare_with_last
from warehouse.load import (
    ROWS_TOLD_PER_RULE,
    RuleOutcome,
    accept_delivery,
    delivery_being_built,
    load_feed,
    rule_outcomes,
)
from warehouse.paths import Home
from warehouse.settings import PROFILES, Settings

FILE_ACCEPTED = "file_accepted"
ROWS_STILL_LOADED = "rows_still_loaded"
DELIVERY_ACCEPTED = "delivery_accepted"


def column_schema(feed: Feed) -> dg.TableSchema:
    """The contract's columns for Dagster's catalogue."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=header,
                type=(readable_as(column) or ("text", ""))[0],
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
            )
            for header, column in feed.columns.items()
        ]
    )


def declared_rules(feed: Feed) -> list[Rule]:
    """The contract's rules and those that any payroll profile adds: which one a night uses is known when it runs."""
    found = {rule.name: rule for rule in feed.rules}
    for profile in PROFILES:
        try:
            added = feeds_by(profile)[feed.name].reader_rules
        except ProfileError:
            continue  # the night that uses it is refused and says what is wrong
        for rule in added:
            found.setdefault(rule.name, replace(rule, remedy="The failing rows say what to do"))
    return list(found.values())


def _check_spec(key: dg.AssetKey, rule: Rule) -> dg.AssetCheckSpec:
    description = f"{rule.column} {rule.description}".strip()
    return dg.AssetCheckSpec(rule.name, asset=key, description=f"{description} ({rule.severity}). {rule.remedy}.")


def feed_asset(feed: Feed) -> dg.AssetsDefinition:
    """The asset that validates and loads one feed, with one check a rule."""
    key = dg.AssetKey(["raw", feed.name])
    rules = declared_rules(feed)
    referred = sorted({other for other, _ in feed.references.values()} - {feed.name})

    @dg.asset(
        key=key,
        deps=[chosen_delivery, *(dg.AssetKey(["raw", other]) for other in referred)],
        group_name="feeds",
        description=feed.schema.description,
        kinds={"pandera", "duckdb"},
        tags={"source_system": system_of(feed.name)},
        metadata={"dagster/column_schema": column_schema(feed)},
        pool=WRITER_POOL,
        retry_policy=dg.RetryPolicy(max_retries=1),
        check_specs=[
            dg.AssetCheckSpec(FILE_ACCEPTED, asset=key, description="The file can be read and has the required columns."),
            *(_check_spec(key, rule) for rule in rules),
            *_continuity_specs(key, feed),
        ],
    )
    def load(night: Night) -> dg.MaterializeResult:
        with refusals_as_failures():
            home, settings, delivered = night.home, night.settings, night.feeds[feed.name]
            arrivals = delivery_being_built(home, settings).of(delivered)
            if not arrivals and feed.required:
                raise dg.Failure(f"{feed.name} is not part of the delivery", allow_retries=False)
            if not arrivals:
                log.info("feeds: %s is not delivered; its marts are served empty", feed.name)
            loads = load_feed(home, settings, delivered, arrivals) if arrivals else []
            for loaded in loads:
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
            outcomes = rule_outcomes(home, settings, feed) if arrivals else {}
            rejected = not arrivals or any(loaded.rejection for loaded in loads)
            compared = [_continuity(home, settings, feed, rejected)] if feed.natural_key else []
        results = [
            dg.AssetCheckResult(
                check_name=FILE_ACCEPTED,
                passed=not any(loaded.rejection for loaded in loads),
                metadata={
                    "files": [loaded.file_name for loaded in loads],
                    "reasons": [loaded.rejection for loaded in loads if loaded.rejection],
                },
            )
        ]
        results += [_rule_result(rule, delivered, outcomes.get(rule.name), bool(arrivals)) for rule in rules]
        return dg.MaterializeResult(
            metadata={
                "files": [arrival.file_name for arrival in arrivals],
                "sha256": [arrival.sha256 for arrival in arrivals],
                "dagster/row_count": sum(loaded.rows_loaded for loaded in loads),
                "rows_delivered": sum(loaded.rows_delivered for loaded in loads),
                "rows_quarantined": sum(loaded.rows_quarantined for loaded in loads),
            },
            check_results=[*results, *compared],
        )

    return load


def _rule_result(rule: Rule, feed: Feed, outcome: RuleOutcome | None, is_delivered: bool) -> dg.AssetCheckResult:
    """How a rule went. One that the night's profile does not have cannot fail, nor can one that takes out harmless copies."""
    metadata: dict[str, Any]
    if outcome:
        passed = outcome.rows_failed == 0 or (rule.severity == "error" and rule.name in {own.name for own in feed.reader_rules})
        metadata = {
            "rows_seen": outcome.rows_seen,
            "rows_failed": outcome.rows_failed,
            "failing_rows": dg.MetadataValue.json(outcome.examples),
        }
    elif not is_delivered:
        passed, metadata = True, {"not_tried": "no file was delivered"}
    elif rule.name not in {own.name for own in feed.rules}:
        passed, metadata = True, {"not_tried": "the payroll profile has no such rule"}
    else:
        passed, metadata = False, {"not_tried": "the file or one it refers to was rejected"}
    severity = dg.AssetCheckSeverity.WARN if rule.severity == "warning" else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(check_name=rule.name, passed=passed, severity=severity, metadata=metadata)


def _continuity_specs(key: dg.AssetKey, feed: Feed) -> list[dg.AssetCheckSpec]:
    if not feed.natural_key:
        return []
    description = (
        f"Every row that the last publication was made of is loaded again, known by {' + '.join(feed.natural_key)} (warning)."
        " Look the named rows up in the earlier file; if they were taken out by mistake, have the extract made again."
    )
    return [dg.AssetCheckSpec(ROWS_STILL_LOADED, asset=key, description=description)]


def _continuity(home: Home, settings: Settings, feed: Feed, rejected: bool) -> dg.AssetCheckResult:
    """Whether rows are gone since the last publication; the night goes on, and somebody is told which rows of which file."""
    metadata: dict[str, Any]
    if rejected:
        passed, metadata = False, {"not_tried": "the file was rejected"}
    else:
        found = compare_with_last(home, settings, feed)
        passed = found.passed
        metadata = {"rows_before": found.rows_before, "rows_gone": found.rows_gone}
        if found.not_compared:
            metadata |= {"not_compared": found.not_compared}
            if not passed:
                log.warning("feeds: %s cannot be held against the last publication: %s", feed.name, found.not_compared)
        if found.rows_gone:
            metadata |= {"rows": dg.MetadataValue.json(list(found.rows))}
            told = [f"{row['file_name']} row {row['row_number']}" for row in found.rows[:ROWS_TOLD_PER_RULE]]
            more = ", …" if len(found.rows) > len(told) else ""
            log.warning(
                "feeds: %s: %d of the %d rows behind the last publication are gone or quarantined: %s%s",
                feed.name,
                found.rows_gone,
                found.rows_before,
                ", ".join(told),
                more,
            )
    return dg.AssetCheckResult(
        check_name=ROWS_STILL_LOADED, passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata=metadata
    )


feed_assets = [feed_asset(feed) for feed in feeds().values()]


@dg.asset(
    deps=feed_assets,
    group_name="feeds",
    pool=WRITER_POOL,
    check_specs=[
        dg.AssetCheckSpec(
            DELIVERY_ACCEPTED,
            asset="accepted_delivery",
            blocking=True,
            description="No file is rejected, every rule was tried, and delivered rows are loaded or quarantined rows.",
        )
    ],
)
def accepted_delivery(night: Night) -> dg.MaterializeResult:
    """The gate between what arrived and what is computed: passed whole, or the night stops here."""
    with refusals_as_failures():
        delivery = delivery_being_built(night.home, night.settings)
        accept_delivery(night.home, night.settings, night.feeds, delivery)
    return dg.MaterializeResult(
        metadata={"extract_date": str(delivery.extract_date)},
        check_results=[dg.AssetCheckResult(check_name=DELIVERY_ACCEPTED, passed=True)],
    )
