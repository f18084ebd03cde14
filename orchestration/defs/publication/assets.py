"""Marts → publication: disclosure control, the last gates, and the swap of the pointer."""

import itertools
from datetime import timedelta

import dagster as dg

from orchestration.dbt import load_manifest, unproven_tests
from orchestration.night import WRITER_POOL, Night, log, refusals_as_failures
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.errors import Refused
from warehouse.publish import current_publication, publish
from warehouse.reconciliation import new_mismatches
from warehouse.restatements import restate
from warehouse.sdc.masking import mask
from warehouse.sdc.protection import protect
from warehouse.sdc.suppression.decisions import Earlier, decide

MARTS = tables_of(load_manifest())
NO_NEW_MISMATCH = "no_new_mismatch"
FIGURES_TOLD = 20
WITHHELD_CELLS_HOLD = "withheld_cells_hold"
NOTHING_TO_MEND = "no_further_suppression"


@dg.asset(
    deps=[dg.AssetKey(["marts", mart.name]) for mart in MARTS],
    group_name="disclosure",
    pool=WRITER_POOL,
    kinds={"duckdb"},
    retry_policy=dg.RetryPolicy(max_retries=1),
    check_specs=[
        dg.AssetCheckSpec(
            NO_NEW_MISMATCH,
            asset="served_tables",
            description="No published figure that the last publication gave again, or did not hold, mismatches now (warning).",
        )
    ],
)
def served_tables(night: Night) -> dg.MaterializeResult:
    """The marts with every withheld cell emptied (metrics.md 10)."""
    with refusals_as_failures(), connect(night.home.build_database, night.settings) as con:
        current = current_publication(night.home)
        earlier = Earlier(night.home.history / current, night.home.warehouse_database) if current else None
        counts = decide(con, MARTS, night.settings, earlier)
        mask(con, MARTS)
        mismatches = new_mismatches(night.home, con)
    if mismatches:
        figures = ", ".join(figure_id for figure_id, _ in mismatches[:FIGURES_TOLD])
        more = f" and {len(mismatches) - FIGURES_TOLD} more" if len(mismatches) > FIGURES_TOLD else ""
        log.warning("reconciliation: %d published figures mismatch that did not before: %s%s", len(mismatches), figures, more)
    told = {
        name: f"{primary} primary and {secondary} secondary of {cells} decisions withhold"
        for name, (cells, primary, secondary) in counts.items()
    }
    for name, line in told.items():
        log.info("disclosure: %s: %s", name, line)
    return dg.MaterializeResult(
        metadata=told,
        check_results=[
            dg.AssetCheckResult(
                check_name=NO_NEW_MISMATCH,
                passed=not mismatches,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"new_mismatches": len(mismatches), "figures": dg.MetadataValue.json(dict(mismatches))},
            )
        ],
    )


@dg.asset(
    deps=[served_tables],
    group_name="disclosure",
    pool=WRITER_POOL,
    kinds={"duckdb"},
    retry_policy=dg.RetryPolicy(max_retries=1),
    check_specs=[
        dg.AssetCheckSpec(
            WITHHELD_CELLS_HOLD,
            asset="disclosure_attack",
            blocking=True,
            description="No withheld cell can be computed or narrowed down from what is about to be served (docs/attack.md).",
        ),
        dg.AssetCheckSpec(
            NOTHING_TO_MEND,
            asset="disclosure_attack",
            description="The attack found nothing at once; else further cells were withheld for what it found (warning).",
        ),
    ],
)
def disclosure_attack(night: Night) -> dg.MaterializeResult:
    """The gate before readers: an attack on what is about to be served; what falls is hidden and attacked again."""
    with refusals_as_failures():
        protection = protect(night.home, night.settings, MARTS, current_publication(night.home))
    attacked = {name: table.withheld for name, table in protection.report.tables.items() if table.withheld}
    log.info("disclosure: %d withheld cells attacked, none falls", sum(attacked.values()))
    if protection.cells:
        log.warning(
            "disclosure: %d further cells withheld for what the attack found: %s",
            protection.cells,
            "; ".join(itertools.islice(protection.lines(), FIGURES_TOLD)),
        )
    return dg.MaterializeResult(
        metadata={name: f"{withheld} withheld cells attacked" for name, withheld in attacked.items()},
        check_results=[
            dg.AssetCheckResult(check_name=WITHHELD_CELLS_HOLD, passed=True),
            dg.AssetCheckResult(
                check_name=NOTHING_TO_MEND,
                passed=not protection.cells,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "cells": protection.cells,
                    "where": dg.MetadataValue.json(list(protection.lines())),
                    "remedies": dg.MetadataValue.json(protection.remedies),
                },
            ),
        ],
    )


@dg.asset(
    deps=[disclosure_attack],
    group_name="publication",
    pool=WRITER_POOL,
    kinds={"duckdb"},
    retry_policy=dg.RetryPolicy(max_retries=1),
)
def restated_figures(night: Night) -> dg.MaterializeResult:
    """The figures of closed periods that this publication changes; large changes stop the night until a human accepts them."""
    with refusals_as_failures():
        with connect(night.home.build_database, night.settings) as con:
            restated = restate(con, night.home, night.settings, MARTS)
        restated.stop_unless_accepted()
    if restated.figures:
        accepted = f", accepted: {restated.accepted_reason}" if restated.accepted_reason else ""
        log.info(
            "restatements: %d figures of closed periods change, %d of them by more than the thresholds%s",
            restated.figures,
            len(restated.to_accept),
            accepted,
        )
    return dg.MaterializeResult(metadata={"figures": restated.figures, "above_threshold": len(restated.to_accept)})


@dg.asset(
    deps=[restated_figures],
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
