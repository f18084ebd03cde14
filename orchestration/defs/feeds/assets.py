"""Archive → raw tables: one asset a feed, its checks generated from the feed's contract, and the gate after them."""

import dagster as dg

from orchestration.defs.landing.assets import chosen_delivery
from orchestration.night import WRITER_POOL, Night, log, refusals_as_failures
from sources.contract import Feed, Rule, readable_as
from sources.registry import feeds, system_of
from warehouse.load import accept_delivery, delivery_being_built, load_feed, rule_outcomes

FILE_ACCEPTED = "file_accepted"
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


def _check_spec(key: dg.AssetKey, rule: Rule) -> dg.AssetCheckSpec:
    description = f"{rule.column} {rule.description}".strip()
    return dg.AssetCheckSpec(rule.name, asset=key, description=f"{description} ({rule.severity}). {rule.remedy}.")


def feed_asset(feed: Feed) -> dg.AssetsDefinition:
    """The asset that validates and loads one feed, with one check a rule."""
    key = dg.AssetKey(["raw", feed.name])
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
            *(_check_spec(key, rule) for rule in feed.rules),
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
        for rule in feed.rules:
            outcome = outcomes.get(rule.name)
            severity = dg.AssetCheckSeverity.WARN if rule.severity == "warning" else dg.AssetCheckSeverity.ERROR
            results.append(
                dg.AssetCheckResult(
                    check_name=rule.name,
                    passed=not arrivals or (outcome is not None and outcome.rows_failed == 0),
                    severity=severity,
                    metadata={
                        "rows_seen": outcome.rows_seen,
                        "rows_failed": outcome.rows_failed,
                        "failing_rows": dg.MetadataValue.json(outcome.examples),
                    }
                    if outcome
                    else {"not_tried": "the file or one it refers to was rejected" if arrivals else "no file was delivered"},
                )
            )
        return dg.MaterializeResult(
            metadata={
                "files": [arrival.file_name for arrival in arrivals],
                "sha256": [arrival.sha256 for arrival in arrivals],
                "dagster/row_count": sum(loaded.rows_loaded for loaded in loads),
                "rows_delivered": sum(loaded.rows_delivered for loaded in loads),
                "rows_quarantined": sum(loaded.rows_quarantined for loaded in loads),
            },
            check_results=results,
        )

    return load


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
