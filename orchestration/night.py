"""The resource every asset of the night works with: home folder, settings and the one writer's lock."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from pydantic import PrivateAttr

from orchestration import signals
from orchestration.environment import variables
from orchestration.housekeeping import keep_house
from orchestration.instance import PROCESS_TAG, end_dead_runs
from orchestration.notify import end_night, remember_settings, settings_to_tell_by
from orchestration.plan import OUTSIDE_DAGSTER, Plan, log, no_event
from sources.contract import Feed
from warehouse.archive import Settling
from warehouse.errors import ProgramFault, Refused, UsageError
from warehouse.lock import writer_lock
from warehouse.outcome import Findings, begin, now
from warehouse.paths import HOME_VARIABLE, LANDING_VARIABLE, SETTINGS_VARIABLE, Home
from warehouse.processes import identity_of
from warehouse.publication import current_publication
from warehouse.settings import DEFAULT_FILE, Settings, feeds_of, read_settings

# On a Dagster failure: what was found, when it is a fault of the program.
PROGRAM_FAULT = "program_fault"
# The job that is a whole night.
NIGHTLY = "nightly"
# The asset that readers are served; a night that finds nothing new says of it that it holds.
PUBLICATION = "publication"
# Tags of the runs that the daemon starts by itself.
DAEMON_TAGS = {"dagster/schedule_name", "dagster/sensor_name"}
# Every asset of the night writes through this pool; dagster.yaml limits it to one.
WRITER_POOL = "arsverk_writer"


class Night(dg.ConfigurableResource):
    """Where the night works. The process environment says it, since whoever reaches the web pages sets run configuration.

    `as_of` (YYYY-MM-DD) loads the newest complete delivery not newer than that date. It is all that run configuration can say.
    """

    as_of: str = ""
    _findings: Findings = PrivateAttr(default_factory=Findings)

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Night]:
        """Hold the writer's lock from the first asset of the run to the last; then say how the night has ended.

        Here, since it is the one place that every run comes through, whoever has started it.
        """
        run_id = context.run.run_id if context.run else OUTSIDE_DAGSTER
        began_at = now()
        with contextlib.ExitStack() as held:
            held.callback(lambda: end_night(self.home, run_id, began_at, self._findings, self._to_tell_by(), self.as_of))
            self._findings.is_whole = is_whole_night(context.run)
            held.enter_context(refusals_as_failures())
            try:
                self.home.prepare()
                held.enter_context(writer_lock(self.home))
                held.callback(self._keep_house, context.instance)
                if context.instance and context.run:
                    signals.remember_run(run_id)
                    context.instance.add_run_tags(run_id, {PROCESS_TAG: identity_of(os.getpid())})
                    end_dead_runs(context.instance, self.home, own=run_id, lock_held=True)
                with contextlib.suppress(UsageError):
                    read_settings(self.settings_file)
                    remember_settings(self.home, self.settings_file)
                if self._findings.is_whole:
                    began_at = begin(self.home, run_id, self._findings)
            except Exception as error:
                self._findings.refuse(error)
                raise
            yield self

    def _keep_house(self, instance: dg.DagsterInstance | None) -> None:
        """After a whole night that went well, under the lock."""
        if self._findings.is_whole and self._findings.result:
            with contextlib.suppress(UsageError):
                keep_house(self.home, self.settings, instance)

    @property
    def findings(self) -> Findings:
        """What this run has found so far."""
        return self._findings

    def _to_tell_by(self) -> Settings | None:
        return settings_to_tell_by(self.home, self.settings_file)

    @property
    def home(self) -> Home:
        return Home(Path(os.environ.get(HOME_VARIABLE) or "data").resolve())

    @property
    def landing(self) -> Path:
        folder = os.environ.get(LANDING_VARIABLE)
        return Path(folder).resolve() if folder else self.home.landing

    @property
    def settings(self) -> Settings:
        return read_settings(self.settings_file)

    @property
    def settings_file(self) -> Path:
        return Path(os.environ.get(SETTINGS_VARIABLE) or DEFAULT_FILE)

    @property
    def feeds(self) -> dict[str, Feed]:
        """The feeds, as the municipality's payroll system delivers them."""
        return feeds_of(self.settings)

    def _as_of(self) -> date | None:
        try:
            return date.fromisoformat(self.as_of) if self.as_of else None
        except ValueError:
            # Without the value: `{env: NAME}` in run configuration makes it that variable's, the pseudonym key's for instance.
            raise UsageError("as_of in the run configuration is no date YYYY-MM-DD") from None

    def plan(
        self, run_id: str, on_dbt_event: Callable[[dict[str, Any]], None] = no_event, *, tags: Mapping[str, str] | None = None
    ) -> Plan:
        """What the stages of a run work with. `tags`: the run's, for the stage that takes files in: nobody waits for a run of
        the schedule or the sensor, so that a file that has just come can wait for the next.
        """
        settings = self.settings
        return Plan(
            self.home,
            settings,
            self.feeds,
            previous=current_publication(self.home),
            landing=self.landing,
            as_of=self._as_of(),
            only_new=True,
            settling=Settling(settings.settle_seconds, look_twice=not DAEMON_TAGS & (tags or {}).keys()),
            dagster_run_id=run_id,
            findings=self._findings,
            on_dbt_event=on_dbt_event,
        )


def is_whole_night(run: dg.DagsterRun | None) -> bool:
    """Whether a run is a whole night: the job `nightly`, or *Materialize all* of Dagster's pages."""
    if run is None or run.job_name not in (NIGHTLY, IMPLICIT_ASSET_JOB_NAME):
        return False
    from orchestration.definitions import defs

    # A run of the command line names all steps, one of the daemon none; the pages name all assets.
    has_all_steps = set(run.step_keys_to_execute or ()) in (set(), set(defs.resolve_job_def(NIGHTLY).graph.node_dict))
    return has_all_steps and set(run.asset_selection or ()) in (set(), set(defs.resolve_asset_graph().executable_asset_keys))


@contextlib.contextmanager
def environment(home: Home, *, settings_file: Path | None, landing: Path | None) -> Iterator[None]:
    """Let the nights of this process work in `home`; what is None stays as the environment has it."""
    given = {HOME_VARIABLE: home.root, SETTINGS_VARIABLE: settings_file, LANDING_VARIABLE: landing}
    with variables({name: str(path.resolve()) for name, path in given.items() if path}):
        yield


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


@dg.failure_hook(required_resource_keys={"night"})
def keep_failure(context: dg.HookContext) -> None:
    """Keep why a step failed for the end of the night, in the words of the refusal."""
    signals.end_if_signalled()
    error = context.op_exception or RuntimeError("no reason given")
    findings: Findings = context.resources.night.findings
    if isinstance(error, dg.Failure):
        caused = error.__cause__ or error.__context__
        known = caused if isinstance(caused, (Refused, UsageError, ProgramFault)) else Refused()
        findings.refuse(known, error.description or "no reason given")
    else:
        findings.refuse(error, f"{context.op.name} broke off: {type(error).__name__}: {error}")
    log.error("failed: %s: %s", context.op.name, findings.reasons[-1])
