"""The resource every asset of the night works with: home folder, settings and the one writer's lock."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from sources.contract import Feed
from sources.payroll.profile import ProfileError, feeds_by
from warehouse.errors import Refused, UsageError
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.settings import DEFAULT_FILE, Settings, read_settings

log = logging.getLogger("arsverk")

HOME_VARIABLE = "ARSVERK_HOME"
LANDING_VARIABLE = "ARSVERK_LANDING"
SETTINGS_VARIABLE = "ARSVERK_SETTINGS"
# Every asset of the night writes through this pool; dagster.yaml limits it to one.
WRITER_POOL = "arsverk_writer"


class Night(dg.ConfigurableResource):
    """Where the night works. Empty values fall back on the environment, then on ./data.

    `as_of` (YYYY-MM-DD) loads the newest complete delivery not newer than that date. `accept_restatement` is the reason why a
    human lets figures of closed periods change by more than the settings allow; empty, such a night stops.
    """

    home_folder: str = ""
    landing_folder: str = ""
    settings_file: str = ""
    as_of: str = ""
    accept_restatement: str = ""

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Night]:
        """Hold the writer's lock from the first asset of the run to the last."""
        self.home.prepare()
        with contextlib.ExitStack() as held:
            held.enter_context(refusals_as_failures())
            held.enter_context(writer_lock(self.home))
            yield self

    @property
    def home(self) -> Home:
        return Home(Path(self.home_folder or os.environ.get(HOME_VARIABLE, "data")).resolve())

    @property
    def landing(self) -> Path:
        folder = self.landing_folder or os.environ.get(LANDING_VARIABLE)
        return Path(folder).resolve() if folder else self.home.landing

    @property
    def settings(self) -> Settings:
        return read_settings(Path(self.settings_file or os.environ.get(SETTINGS_VARIABLE) or DEFAULT_FILE))

    @property
    def feeds(self) -> dict[str, Feed]:
        """The feeds, as the municipality's payroll system delivers them."""
        try:
            return feeds_by(self.settings.payroll_profile)
        except ProfileError as error:
            raise UsageError(str(error)) from None

    @property
    def as_of_date(self) -> date | None:
        return date.fromisoformat(self.as_of) if self.as_of else None


@contextlib.contextmanager
def refusals_as_failures() -> Iterator[None]:
    """Turn a refusal into a Dagster failure that is not retried: the same files would be refused again."""
    try:
        yield
    except (Refused, UsageError) as refused:
        raise dg.Failure(description=str(refused), allow_retries=False) from None
