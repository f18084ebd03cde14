"""The Dagster code location: everything under defs/, and the resources. Nothing is defined here."""

import dagster as dg

from orchestration.defs.feeds import accepted_delivery, feed_assets
from orchestration.defs.landing import chosen_delivery
from orchestration.defs.models import dbt_models
from orchestration.defs.nightly import landing_folder, nightly, nightly_schedule
from orchestration.defs.publication import disclosure_attack, publication, restated_figures, served_tables
from orchestration.instance import killed_runs
from orchestration.night import Night, keep_failure

# The hook sits on the assets, not on the job: whoever runs one, by whatever way, somebody is told of its failure.
defs = dg.Definitions(
    assets=[
        asset.with_hooks({keep_failure})
        for asset in (
            chosen_delivery,
            *feed_assets,
            accepted_delivery,
            dbt_models,
            served_tables,
            disclosure_attack,
            restated_figures,
            publication,
        )
    ],
    jobs=[nightly],
    schedules=[nightly_schedule],
    sensors=[landing_folder, killed_runs],
    # Assets hand nothing on through an I/O manager. Dagster's own would take a folder of pickles from run configuration.
    resources={"night": Night(), "io_manager": dg.InMemoryIOManager()},
    executor=dg.in_process_executor,
)
