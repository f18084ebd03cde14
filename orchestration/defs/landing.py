"""Landing → archive: takes in what has arrived and chooses the delivery of the night."""

import dagster as dg

from orchestration import stages
from orchestration.night import WRITER_POOL, Night, refusals_as_failures

NO_NEWER_DELIVERY_WAITING = "no_newer_delivery_waiting"


@dg.asset(
    group_name="landing",
    pool=WRITER_POOL,
    kinds={"file"},
    check_specs=[
        dg.AssetCheckSpec(
            NO_NEWER_DELIVERY_WAITING,
            asset="chosen_delivery",
            description="No newer delivery waits for files that have not come.",
        )
    ],
)
def chosen_delivery(context: dg.AssetExecutionContext, night: Night) -> dg.MaterializeResult:
    """The newest complete delivery, archived under the hashes of its files; a new build database is begun for it."""
    with refusals_as_failures():
        plan = night.plan(context.run.run_id)
        taken = stages.take_in(plan)
        chosen = stages.choose(plan)
    return dg.MaterializeResult(
        metadata={
            "extract_date": str(chosen.delivery.extract_date),
            "new_files": [arrival.file_name for arrival in taken.new],
            "files_seen_before": [arrival.file_name for arrival in taken.seen],
            "notes": taken.notes,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=NO_NEWER_DELIVERY_WAITING,
                passed=not chosen.waiting,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"waiting": chosen.waiting},
            )
        ],
    )
