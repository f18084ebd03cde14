"""Marts → publication: disclosure control, the last gates, and the swap of the pointer."""

from datetime import timedelta

import dagster as dg

from orchestration.dbt import load_manifest, unproven_tests
from orchestration.night import WRITER_POOL, Night, log, refusals_as_failures
from warehouse.database import connect
from warehouse.disclosure import Earlier, decide, marts_of, mask
from warehouse.errors import Refused
from warehouse.publish import current_publication, publish

MARTS = marts_of(load_manifest())


@dg.asset(
    deps=[dg.AssetKey(["marts", mart.name]) for mart in MARTS],
    group_name="disclosure",
    pool=WRITER_POOL,
    kinds={"duckdb"},
    retry_policy=dg.RetryPolicy(max_retries=1),
)
def served_tables(night: Night) -> dg.MaterializeResult:
    """The marts with every withheld cell emptied (metrics.md 10)."""
    with refusals_as_failures(), connect(night.home.build_database, night.settings) as con:
        current = current_publication(night.home)
        earlier = Earlier(night.home.history / current, night.home.warehouse_database) if current else None
        counts = decide(con, MARTS, night.settings, earlier)
        mask(con, MARTS)
    told = {
        name: f"{primary} primary and {secondary} secondary of {cells} decisions withhold"
        for name, (cells, primary, secondary) in counts.items()
    }
    for name, line in told.items():
        log.info("disclosure: %s: %s", name, line)
    return dg.MaterializeResult(metadata=told)


@dg.asset(
    deps=[served_tables],
    group_name="publication",
    pool=WRITER_POOL,
    kinds={"duckdb", "parquet"},
    freshness_policy=dg.FreshnessPolicy.cron("0 6 * * *", timedelta(hours=5), timezone="Europe/Oslo"),
)
def publication(night: Night) -> dg.MaterializeResult:
    """What readers see: published whole after every gate has left its result, or not at all."""
    with refusals_as_failures():
        if untried := unproven_tests(night.home.build / "dbt"):
            raise Refused(f"dbt tests {', '.join(untried)} left no passing result; this is a fault of the program")
        publication_id = publish(night.home, night.settings, MARTS)
    log.info("publication: %s is served", publication_id)
    return dg.MaterializeResult(metadata={"publication_id": publication_id})
