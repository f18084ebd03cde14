"""Removes old publications by rule, and enters in the ledger which; their own entries there stay.
Not here: archived person data (purge.py), Dagster's runs (orchestration/housekeeping.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from warehouse.history import Publication, publications
from warehouse.ledger import Thinning, append, entered_now, read_ledger, thinned_publications
from warehouse.paths import Home, fsync_folder
from warehouse.publish import UNFINISHED
from warehouse.settings import Settings


def thin(home: Home, settings: Settings, today: date) -> list[str]:
    """Remove the publications that the rule of the settings does not keep; returns their ids, oldest first.

    The caller holds the writer's lock. The ledger's entry comes first, so that a removal that breaks off is finished next time.
    """
    made = publications(home)
    kept = kept_publications(made, settings, today)
    taken = [one.entry.publication_id for one in made if one.entry.publication_id not in kept and not one.thinned_at]
    if taken:
        append(home, [Thinning(thinned_at=entered_now(), publications=tuple(taken))])
    _remove(home, thinned_publications(read_ledger(home)))
    return taken


def kept_publications(made: Sequence[Publication], settings: Settings, today: date) -> set[str]:
    """Ids of the publications that stay: the served one and the one before it, all of the last `keep_publications_days`, the
    last of each month of `keep_month_ends_years`, the last of each year, and both sides of an accepted restatement.
    """
    kept: set[str | None] = set()
    months: dict[tuple[int, int], str] = {}
    years: dict[int, str] = {}
    oldest_month = date(today.year - settings.keep_month_ends_years, today.month, 1)
    for one in made:
        entry, day = one.entry, one.published_on
        if one.is_current or entry.accepted_restatement:
            kept |= {entry.publication_id, entry.previous_publication}
        if day >= today - timedelta(days=settings.keep_publications_days):
            kept.add(entry.publication_id)
        if one.was_served:
            years[day.year] = entry.publication_id
            if day >= oldest_month:
                months[day.year, day.month] = entry.publication_id
    return {name for name in (*kept, *months.values(), *years.values()) if name}


def _remove(home: Home, thinned: Collection[str]) -> None:
    """Take the folders of thinned publications away: out of the history at once, then file by file."""
    gone = [name for name in thinned if (home.history / name).is_dir()]
    for name in gone:
        (home.history / name).rename(home.history / f"{name}.thinned{UNFINISHED}")
    if gone:
        fsync_folder(home.history)
    for name in gone:
        shutil.rmtree(home.history / f"{name}.thinned{UNFINISHED}")
