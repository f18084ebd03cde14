"""The stages of a night one after the other without Dagster, and past publications built again by them.
Not here: the stages themselves (warehouse, dbt_project), or the night (defs).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from orchestration.dbt import DbtFailed, load_manifest, run_dbt
from sources.contract import Feed
from sources.payroll.profile import ProfileError, feeds_by
from warehouse.catalogue import tables_of
from warehouse.compare import Reproduction, compare
from warehouse.database import connect
from warehouse.delivery import Delivery
from warehouse.errors import Refused, UsageError
from warehouse.history import publications
from warehouse.load import load_delivery
from warehouse.paths import Home
from warehouse.publication import code_version, describe
from warehouse.publish import write_parquet
from warehouse.recorded import Recorded, scratch_home
from warehouse.restatements import Restated, restate
from warehouse.sdc.masking import mask
from warehouse.sdc.protection import protect
from warehouse.sdc.suppression.decisions import Earlier, decide
from warehouse.settings import Settings

log = logging.getLogger("arsverk")


def build_tables(
    home: Home,
    settings: Settings,
    feeds: Mapping[str, Feed],
    delivery: Delivery,
    *,
    dagster_run_id: str,
    previous: str | None,
    accepted_restatement: str | None = None,
    publication_id: str | None = None,
) -> Restated:
    """Archived files → served tables in the build database; returns what they change of earlier figures.

    Raises:
        Refused: the delivery may not be built upon.
        DbtFailed: a model or test failed.
    """
    load_delivery(home, settings, feeds, delivery)
    log.info("feeds: %d files loaded", len(delivery.files))
    describe(
        home,
        settings,
        delivery,
        dagster_run_id,
        previous=previous,
        accepted_restatement=accepted_restatement,
        publication_id=publication_id,
    )
    run_dbt(
        ["build", "--exclude-resource-type", "unit_test"],
        database=home.build_database,
        target=home.build / "dbt",
        memory_limit=settings.memory_limit,
    )
    log.info("models: built and tested")
    marts = tables_of(load_manifest())
    with connect(home.build_database, settings) as con:
        decide(con, marts, settings, Earlier(home.history / previous) if previous else None)
        mask(con, marts)
    protect(home, settings, marts, previous)
    with connect(home.build_database, settings) as con:
        return restate(con, home, settings, marts)


def reproduce(home: Home, publication_id: str, today: Settings) -> Reproduction:
    """Build a past publication again from the archive, beside everything else, and compare it with what was published.

    The files, the as-of date, the settings and the publication before it are those it recorded; the code is today's.

    Raises:
        UsageError: there is no such publication.
        Refused: it has lost its record, or another reproduction is running.
    """
    entries = {publication.entry.publication_id: publication.entry for publication in publications(home)}
    if publication_id not in entries:
        raise UsageError(f"no publication {publication_id}; `arsverk history` lists them")
    recorded = Recorded(home, publication_id)
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
            feeds = feeds_by(settings.payroll_profile)
            build_tables(
                scratch,
                settings,
                feeds,
                recorded.delivery(feeds),
                dagster_run_id=recorded.row["dagster_run_id"],
                previous=earlier,
                accepted_restatement=entries[publication_id].accepted_restatement,
                publication_id=publication_id,
            )
        except (Refused, DbtFailed, ProfileError) as failed:
            return Reproduction(reasons, [f"it cannot be built today: {failed}"], [])
        marts = tables_of(load_manifest())
        with connect(scratch.build_database, settings) as con:
            con.execute("update served.publication set published_at = $1", [recorded.row["published_at"]])
            folder = scratch.build / "tables"
            folder.mkdir()
            write_parquet(con, marts, folder)
        return Reproduction(reasons, [], compare(recorded, folder))
