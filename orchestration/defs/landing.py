"""Landing → archive: takes in what has arrived and chooses the delivery of the night."""

from collections.abc import Iterator

import dagster as dg

from orchestration import stages
from orchestration.night import PUBLICATION, WRITER_POOL, Night, refusals_as_failures
from orchestration.shown import PAYROLL_OFFICE, code_of

NO_NEWER_DELIVERY_WAITING = "no_newer_delivery_waiting"


@dg.asset(
    group_name="landing",
    owners=[PAYROLL_OFFICE],
    metadata=code_of(stages.choose.work),
    pool=WRITER_POOL,
    kinds={"file"},
    # When nothing new has come there is no output, and all that follows is skipped: the publication holds.
    output_required=False,
    check_specs=[
        dg.AssetCheckSpec(
            NO_NEWER_DELIVERY_WAITING,
            asset="chosen_delivery",
            description="No newer delivery waits for files that have not come.",
        )
    ],
)
def chosen_delivery(context: dg.AssetExecutionContext, night: Night) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """The newest complete delivery, archived under the hashes of its files; a new build database is begun for it."""
    with refusals_as_failures():
        plan = night.plan(context.run.run_id, tags=context.run.tags)
        taken = stages.take_in(plan)
        chosen = stages.choose(plan)
    no_newer = dg.AssetCheckResult(
        check_name=NO_NEWER_DELIVERY_WAITING,
        passed=not chosen.waiting,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"waiting": chosen.waiting},
    )
    if chosen.held:
        context.log.info(f"nothing new has come; publication {chosen.held} still holds")
        # It holds by tonight's word, though nothing is made: else each night that holds would leave it overdue.
        held = {"publication_id": chosen.held, "held": "nothing new has come"}
        context.log_event(dg.AssetMaterialization(PUBLICATION, metadata=held))
        yield no_newer
        return
    yield dg.MaterializeResult(
        metadata={
            "extract_date": str(chosen.delivery.extract_date),
            "new_files": [arrival.file_name for arrival in taken.new],
            "files_seen_before": [arrival.file_name for arrival in taken.seen],
            "notes": taken.notes,
            "not_used": chosen.unused,
        },
        check_results=[no_newer],
    )
