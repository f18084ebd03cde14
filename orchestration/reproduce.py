"""A past publication built again from the archive by the stages of the night, and compared with what was published.
Not here: the stages (stages.py), or the comparison (warehouse/compare.py).
"""

from __future__ import annotations

from orchestration.dbt import DbtFailed
from orchestration.plan import Plan
from orchestration.stages import marts, run_stages
from warehouse.catalogue import with_settings
from warehouse.compare import Reproduction, compare
from warehouse.database import connect
from warehouse.errors import ProgramFault, Refused, UsageError
from warehouse.ledger import PublicationEntry
from warehouse.paths import Home
from warehouse.publication import code_version
from warehouse.publish import write_parquet
from warehouse.recorded import Recorded, scratch_home
from warehouse.settings import Settings, feeds_of

# Its files are in the archive, and it has passed the gates of its own night.
NOT_AGAIN = {"take_in", "continuity", "accept_restatement", "publish"}


def reproduce(home: Home, entry: PublicationEntry, today: Settings) -> Reproduction:
    """Build a past publication again from the archive, beside everything else, and compare it with what was published.

    The files, the as-of date, the settings and the publication before it are those it recorded; the code is today's.

    Args:
        entry: the publication in the ledger.
        today: the settings of today, for what the publication did not record.

    Raises:
        Refused: it has lost its record, or another reproduction is running.
    """
    recorded = Recorded(home, entry.publication_id)
    reasons = recorded.changed_files()
    if (code := recorded.row["code_version"]) != code_version():
        reasons.append(f"code: it was made by {code}, this is {code_version()}")
    if gone := recorded.gone_inputs():
        return Reproduction(reasons, gone, [])
    settings, unknown = recorded.settings(today)
    reasons += unknown
    earlier = recorded.manifest["previous_publication"]
    if earlier and (lost := Recorded(home, earlier).gone_inputs()):
        return Reproduction(reasons, [f"of the publication before it, for its restatements: {line}" for line in lost], [])
    with scratch_home(home, home.reproduction) as scratch:
        try:
            feeds = feeds_of(settings)
            plan = Plan(
                scratch,
                settings,
                feeds,
                previous=earlier,
                accepted_restatement=entry.accepted_restatement,
                dagster_run_id=recorded.row["dagster_run_id"],
                delivery=recorded.delivery(feeds),
                publication_id=entry.publication_id,
                counted_to=recorded.row["as_of"],
            )
            run_stages(plan, without=NOT_AGAIN)
        except (Refused, ProgramFault, DbtFailed, UsageError) as failed:
            return Reproduction(reasons, [f"it cannot be built today: {failed}"], [])
        with connect(scratch.build_database, settings) as con:
            con.execute("update served.publication set published_at = $1", [recorded.row["published_at"]])
            folder = scratch.build / "tables"
            folder.mkdir()
            write_parquet(con, [with_settings(mart, settings) for mart in marts()], folder)
        return Reproduction(reasons, [], compare(recorded, folder))
