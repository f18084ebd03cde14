"""What one run of the stages works with. Not here: the stages (stages.py), or who begins a run (night.py, reproduce.py)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sources import naming
from sources.contract import Feed
from warehouse.archive import Settling
from warehouse.delivery import Delivery
from warehouse.outcome import Findings
from warehouse.paths import Home
from warehouse.settings import Settings

OUTSIDE_DAGSTER = "no Dagster run"

log = logging.getLogger("arsverk")


def no_event(event: dict[str, Any]) -> None:
    """For whoever does not listen to dbt."""


@dataclass(frozen=True)
class Plan:
    """What one run of the stages works with. Everything else passes from stage to stage in the build database.

    `previous` is the publication that this one would replace: its decisions are kept, its figures may be restated.
    `as_of` is the date that a human has asked for: its delivery is published at once. A publication that is made again brings
    its `delivery`, its `publication_id`, the date `counted_to` and the reason for which it was accepted; else the newest
    complete delivery is chosen, an id given, and the ledger asked whether a human has accepted it. `only_new`: what is served
    already is not made again. `today` decides whether a release is due. `settling` says when a file has arrived. `findings`
    gets what the night is to say when it ends. `on_dbt_event` gets the end of each model, seed and test of dbt.
    """

    home: Home
    settings: Settings
    feeds: Mapping[str, Feed]
    previous: str | None
    landing: Path | None = None
    as_of: date | None = None
    accepted_restatement: str | None = None
    dagster_run_id: str = OUTSIDE_DAGSTER
    delivery: Delivery | None = None
    publication_id: str | None = None
    counted_to: date | None = None
    today: date = field(default_factory=lambda: naming.today())
    only_new: bool = False
    settling: Settling = field(default=Settling())
    findings: Findings = field(default_factory=Findings)
    on_dbt_event: Callable[[dict[str, Any]], None] = field(default=no_event)
