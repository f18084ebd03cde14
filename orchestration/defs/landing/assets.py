"""Landing → archive: takes in what has arrived and chooses the delivery of the night."""

import dagster as dg

from orchestration.night import WRITER_POOL, Night, log, refusals_as_failures
from warehouse.archive import kept_arrivals, take_in
from warehouse.delivery import choose
from warehouse.errors import Refused
from warehouse.load import judge_waiting, start_build
from warehouse.publication import current_publication, describe

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
        home, settings = night.home, night.settings
        taken = take_in(home, night.landing, night.feeds)
        log.info("landing: %d new files, %d seen before", len(taken.new), len(taken.seen))
        for note in taken.notes:
            log.warning("landing: %s", note)
        choice = choose(kept_arrivals(home), night.feeds, night.as_of_date)
        waiting_texts = []
        for waiting in choice.waiting:
            missing = ", ".join(waiting.missing(night.feeds))
            waiting_texts.append(f"the delivery of {waiting.extract_date} waits for {missing}")
            log.warning("landing: %s", waiting_texts[-1])
            if problems := judge_waiting(home, night.feeds, waiting, settings):
                raise Refused("\n".join([f"the delivery of {waiting.extract_date} is not accepted", *problems]))
        delivery = choice.delivery
        log.info("landing: the delivery of %s is chosen", delivery.extract_date)
        start_build(home, settings, night.feeds, delivery)
        describe(
            home,
            settings,
            delivery,
            context.run.run_id,
            previous=current_publication(home),
            accepted_restatement=night.accept_restatement.strip() or None,
        )
    return dg.MaterializeResult(
        metadata={
            "extract_date": str(delivery.extract_date),
            "new_files": [arrival.file_name for arrival in taken.new],
            "files_seen_before": [arrival.file_name for arrival in taken.seen],
            "notes": taken.notes,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=NO_NEWER_DELIVERY_WAITING,
                passed=not choice.waiting,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"waiting": waiting_texts},
            )
        ],
    )
