"""The resource every asset of the night works with: home folder, settings and the one writer's lock."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration import signals
from orchestration.instance import PROCESS_TAG, end_dead_runs, identity_of
from orchestration.stages import Plan, no_event
from sources.contract import Feed
from sources.payroll.profile import ProfileError, feeds_by
from warehouse.errors import ProgramFault, Refused, UsageError
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import DEFAULT_FILE, Settings, read_settings

HOME_VARIABLE = "ARSVERK_HOME"
LANDING_VARIABLE = "ARSVERK_LANDING"
SETTINGS_VARIABLE = "ARSVERK_SETTINGS"
# On a Dagster failure: what was found, when it is a fault of the program.
PROGRAM_FAULT = "program_fault"
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
        with contextlib.ExitStack() as held:
            held.enter_context(refusals_as_failures())
            self.home.prepare()
            held.enter_context(writer_lock(self.home))
            run_id = context.run.run_id if context.run else None
            if context.instance and run_id:
                signals.remember_run(run_id)
                context.instance.add_run_tags(run_id, {PROCESS_TAG: identity_of(os.getpid()) or ""})
                end_dead_runs(context.instance, self.home, own=run_id, lock_held=True)
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

    def plan(self, run_id: str, on_dbt_event: Callable[[dict[str, Any]], None] = no_event) -> Plan:
        """What the stages of a run work with."""
        return Plan(
            self.home,
            self.settings,
            self.feeds,
            previous=current_publication(self.home),
            landing=self.landing,
            as_of=date.fromisoformat(self.as_of) if self.as_of else None,
            accepted_restatement=self.accept_restatement.strip() or None,
            dagster_run_id=run_id,
            on_dbt_event=on_dbt_event,
        )


@contextlib.contextmanager
def refusals_as_failures() -> Iterator[None]:
    """Turn a refusal into a Dagster failure that is not retried: the same files would be refused again.

    So would the program contradict itself again; such a failure is marked as a fault of the program.
    """
    try:
        yield
    except (Refused, UsageError) as refused:
        raise dg.Failure(description=str(refused), allow_retries=False) from None
    except ProgramFault as fault:
        raise dg.Failure(fault.as_text(), metadata={PROGRAM_FAULT: str(fault)}, allow_retries=False) from fault
