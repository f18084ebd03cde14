"""Archive → raw tables: one asset a feed, its checks generated from the feed's contract, and the gate after them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg

from orchestration import stages
from orchestration.defs.landing import chosen_delivery
from orchestration.loading import FeedLoaded
from orchestration.night import WRITER_POOL, Night, refusals_as_failures
from orchestration.shown import DATA_TEAM, OF_SYSTEM, code_at, code_of
from sources.contract import Feed, Rule, readable_as
from sources.payroll.profile import ProfileError, feeds_by
from sources.registry import contract_of, feeds, system_of
from warehouse.errors import UsageError
from warehouse.settings import PROFILES, Settings
from warehouse.still_loaded import Comparison

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
            added = feeds_by(profile)[feed.name].parser_rules
        except ProfileError:
            continue  # the night that uses it is refused and says what is wrong
        for rule in added:
            found.setdefault(rule.name, replace(rule, remedy="The failing rows say what to do"))
    return list(found.values())


def overdue(feed: Feed) -> dg.FreshnessPolicy | None:
    """When Dagster's pages call a feed overdue: not loaded for `max_age_days`, as the settings have it when the code is loaded.

    None for an optional feed: its step runs in every build, whether a file has come or not.
    """
    if not feed.required:
        return None
    try:
        days = Night().settings.max_age_days
    except UsageError:
        days = Settings.model_fields["max_age_days"].default  # the night is refused and says what is wrong
    return dg.FreshnessPolicy.time_window(timedelta(days=days))


def _check_spec(key: dg.AssetKey, rule: Rule) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(rule.name, asset=key, description=f"{rule.sentence} ({rule.severity}). {rule.remedy}.")


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
        owners=[OF_SYSTEM[system_of(feed.name)]],
        metadata={"dagster/column_schema": column_schema(feed), **code_at(contract_of(feed.name))},
        pool=WRITER_POOL,
        retry_policy=dg.RetryPolicy(max_retries=1),
        freshness_policy=overdue(feed),
        check_specs=[
            dg.AssetCheckSpec(FILE_ACCEPTED, asset=key, description="The file can be read and has the required columns."),
            *(_check_spec(key, rule) for rule in rules),
            *_continuity_specs(key, feed),
        ],
    )
    def load(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
        with refusals_as_failures():
            plan = night.plan(context.run.run_id)
            loaded = stages.load_one(plan, feed.name)
        results = [
            dg.AssetCheckResult(
                check_name=FILE_ACCEPTED,
                passed=not loaded.is_rejected,
                metadata={
                    "files": [file.file_name for file in loaded.loads],
                    "reasons": [file.rejection for file in loaded.loads if file.rejection],
                },
            )
        ]
        results += [_rule_result(rule, plan.feeds[feed.name], loaded) for rule in rules]
        return dg.MaterializeResult(
            metadata={
                "files": [arrival.file_name for arrival in loaded.arrivals],
                "sha256": [arrival.sha256 for arrival in loaded.arrivals],
                "dagster/row_count": sum(file.rows_loaded for file in loaded.loads),
                "rows_delivered": sum(file.rows_delivered for file in loaded.loads),
                "rows_quarantined": sum(file.rows_quarantined for file in loaded.loads),
            },
            check_results=[*results, *([_continuity_result(loaded.continuity)] if feed.natural_key else [])],
        )

    return load


def _rule_result(rule: Rule, feed: Feed, loaded: FeedLoaded) -> dg.AssetCheckResult:
    """How a rule went: red (ERROR) only where the night is refused for it, a warning where the night goes on without the rows.

    A rule that the night's profile does not have cannot fail, nor can one that takes out harmless copies.
    """
    outcome = loaded.rules.get(rule.name)
    metadata: dict[str, Any]
    if outcome:
        passed = outcome.rows_failed == 0 or (rule.severity == "error" and rule.name in {own.name for own in feed.parser_rules})
        metadata = {
            "rows_seen": outcome.rows_seen,
            "rows_failed": outcome.rows_failed,
            "failing_rows": dg.MetadataValue.json(outcome.examples),
        }
    elif not loaded.arrivals:
        passed, metadata = True, {"not_tried": "no file was delivered"}
    elif rule.name not in {own.name for own in feed.rules}:
        passed, metadata = True, {"not_tried": "the payroll profile has no such rule"}
    else:
        passed, metadata = False, {"not_tried": "the file or one it refers to was rejected"}
    ends_the_night = rule.severity == "error" and feed.required and (outcome is None or loaded.is_refused)
    severity = dg.AssetCheckSeverity.ERROR if ends_the_night else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(check_name=rule.name, passed=passed, severity=severity, metadata=metadata)


def _continuity_specs(key: dg.AssetKey, feed: Feed) -> list[dg.AssetCheckSpec]:
    if not feed.natural_key:
        return []
    description = (
        f"Every row that the last publication was made of is loaded again, known by {' + '.join(feed.natural_key)} (warning)."
        " Look the named rows up in the earlier file; if they were taken out by mistake, have the extract made again."
    )
    return [dg.AssetCheckSpec(ROWS_STILL_LOADED, asset=key, description=description)]


def _continuity_result(found: Comparison | None) -> dg.AssetCheckResult:
    """The check that no row is gone since the last publication; `found` is None when nothing was compared."""
    metadata: dict[str, Any]
    if found is None:
        metadata = {"not_tried": "the feed was not delivered, or its file was rejected"}
    else:
        metadata = {"rows_before": found.rows_before, "rows_gone": found.rows_gone}
        if found.not_compared:
            metadata["not_compared"] = found.not_compared
        if found.rows_gone:
            metadata["rows"] = dg.MetadataValue.json(list(found.rows))
    return dg.AssetCheckResult(
        check_name=ROWS_STILL_LOADED,
        passed=found is not None and found.passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


feed_assets = [feed_asset(feed) for feed in feeds().values()]


@dg.asset(
    deps=feed_assets,
    group_name="feeds",
    owners=[DATA_TEAM],
    kinds={"duckdb"},
    metadata=code_of(stages.accept.work),
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
def accepted_delivery(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """The gate between what arrived and what is computed: passed whole, or the night stops here."""
    with refusals_as_failures():
        plan = night.plan(context.run.run_id)
        delivery = stages.accept(plan)
        gone = stages.continuity(plan)
    return dg.MaterializeResult(
        metadata={"extract_date": str(delivery.extract_date), "gone_and_accepted": gone.to_accept},
        check_results=[dg.AssetCheckResult(check_name=DELIVERY_ACCEPTED, passed=True)],
    )
