"""Marts → publication: disclosure control, the last gates, and the swap of the pointer."""

from datetime import timedelta

import dagster as dg

from orchestration import stages
from orchestration.night import PUBLICATION, WRITER_POOL, Night, refusals_as_failures
from orchestration.shown import DATA_TEAM, code_of

NO_NEW_MISMATCH = "no_new_mismatch"
WITHHELD_CELLS_HOLD = "withheld_cells_hold"
NO_FURTHER_SUPPRESSION = "no_further_suppression"


@dg.asset(
    deps=[dg.AssetKey(["marts", mart.name]) for mart in stages.marts()],
    group_name="disclosure",
    owners=[DATA_TEAM],
    metadata=code_of(stages.disclose.work),
    pool=WRITER_POOL,
    kinds={"duckdb"},
    retry_policy=dg.RetryPolicy(max_retries=1),
    check_specs=[
        dg.AssetCheckSpec(
            NO_NEW_MISMATCH,
            asset="served_tables",
            description="No printed figure that the last publication gave again, or did not hold, mismatches now (warning).",
        )
    ],
)
def served_tables(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """The marts with every withheld cell emptied (metrics.md 10)."""
    with refusals_as_failures():
        disclosed = stages.disclose(night.plan(context.run.run_id))
    mismatches = disclosed.new_mismatches
    return dg.MaterializeResult(
        metadata={
            # Numbers are plotted over the nights, texts are not.
            "primary": sum(primary for _, primary, _ in disclosed.decisions.values()),
            "secondary": sum(secondary for _, _, secondary in disclosed.decisions.values()),
            "new_mismatches": len(mismatches),
            **{
                name: f"{primary} primary and {secondary} secondary of {cells} decisions withhold"
                for name, (cells, primary, secondary) in disclosed.decisions.items()
            },
        },
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
    owners=[DATA_TEAM],
    metadata=code_of(stages.attack.work),
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
            NO_FURTHER_SUPPRESSION,
            asset="disclosure_attack",
            description="The attack found nothing at once; else further cells were withheld for what it found (warning).",
        ),
    ],
)
def disclosure_attack(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """The gate before readers: an attack on what is about to be served; what falls is hidden and attacked again."""
    with refusals_as_failures():
        protection = stages.attack(night.plan(context.run.run_id))
    tables = protection.report.tables.items()
    return dg.MaterializeResult(
        metadata={
            "withheld": sum(table.withheld for _, table in tables),
            "further_withheld": protection.cells,
            **{name: f"{table.withheld} withheld cells attacked" for name, table in tables if table.withheld},
        },
        check_results=[
            dg.AssetCheckResult(check_name=WITHHELD_CELLS_HOLD, passed=True),
            dg.AssetCheckResult(
                check_name=NO_FURTHER_SUPPRESSION,
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
    owners=[DATA_TEAM],
    metadata=code_of(stages.restate.work),
    pool=WRITER_POOL,
    kinds={"duckdb"},
    retry_policy=dg.RetryPolicy(max_retries=1),
)
def restated_figures(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """The figures of closed periods that this publication changes; large changes stop the night until a human accepts them."""
    with refusals_as_failures():
        plan = night.plan(context.run.run_id)
        stages.restate(plan)
        restated = stages.accept_restatement(plan)
    return dg.MaterializeResult(metadata={"figures": restated.figures, "above_threshold": len(restated.to_accept)})


@dg.asset(
    name=PUBLICATION,
    deps=[restated_figures],
    group_name="publication",
    owners=[DATA_TEAM],
    metadata=code_of(stages.publish.work),
    pool=WRITER_POOL,
    kinds={"duckdb", "parquet"},
    # Every night publishes or holds. One that finds nothing new skips this step, and says so of this asset (landing.py).
    freshness_policy=dg.FreshnessPolicy.cron("0 6 * * *", timedelta(hours=5), timezone="Europe/Oslo"),
)
def publication(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """What readers see: published whole after every gate has left its result, or not at all. Between releases it holds."""
    with refusals_as_failures():
        served = stages.publish(night.plan(context.run.run_id))
    held = {"held": served.held} if served.held else {}
    seconds = {f"seconds_{name}": round(value, 1) for name, value in night.findings.seconds.items()}
    warnings = sum(warning.count for warning in night.findings.warnings)
    return dg.MaterializeResult(
        metadata={"publication_id": served.publication_id or "none", **held, "warnings": warnings, **seconds}
    )
