"""Runs the Dagster job `nightly` once in this process, for the command line. The daemon runs the same job."""

from __future__ import annotations

import logging
import traceback
from datetime import date
from pathlib import Path
from typing import Any

from warehouse.errors import ProgramFault, Refused
from warehouse.outcome import Findings, last_night, now
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import DEFAULT_FILE


def run_night(
    home: Home,
    *,
    settings_file: Path | None,
    landing: Path | None,
    as_of: date | None,
) -> str:
    """Run the nightly job; returns the id of the publication it made, or of the one that still holds.

    Raises:
        Refused: the night failed; the message is the diagnosis.
        ProgramFault: it failed because the program contradicts itself.
    """
    # Not at the top: where Dagster is imported before duckdb, duckdb complains of leaks when the process ends.
    from orchestration.instance import prepare_instance
    from orchestration.night import environment

    began_at = now()
    try:
        try:
            prepare_instance(home)
            with environment(home, settings_file=settings_file, landing=landing):
                result = _execute(as_of)
        except (Refused, ProgramFault):
            raise
        except Exception as error:
            # A full disk or an unreadable instance strikes anywhere, Dagster's own records included.
            logging.getLogger("arsverk").debug("%s", traceback.format_exc())
            raise Refused(f"the night broke off: {type(error).__name__}: {error}") from error
        if not result.success:
            raise failure_of(result)
    except (Refused, ProgramFault) as error:
        end_unless_ended(home, settings_file, began_at, error)
        raise
    publication_id = current_publication(home)
    assert publication_id is not None
    return publication_id


def end_unless_ended(home: Home, settings_file: Path | None, began_at: str, error: Exception) -> None:
    """Say how the night ended, unless it has been said already: by night.py, which does so when Dagster has begun the run."""
    from orchestration.notify import end_night, settings_to_tell_by

    if last_night(home, since=began_at):
        return
    findings = Findings()
    if isinstance(error, Refused) and error.__cause__:
        findings.refuse(error.__cause__, str(error))  # who does what follows from what broke it off
    else:
        findings.refuse(error)
    settings = settings_to_tell_by(home, settings_file or DEFAULT_FILE)
    end_night(home, f"outside Dagster {began_at}", began_at, findings, settings)


def _execute(as_of: date | None) -> Any:
    import dagster as dg

    from orchestration.definitions import defs

    # A night that holds skips its checks; what Dagster says of each is nobody's news.
    logging.getLogger("dagster._core.execution.plan.active").addFilter(
        lambda record: "emitted no result" not in record.getMessage()
    )
    with dg.DagsterInstance.get() as instance:
        return defs.resolve_job_def("nightly").execute_in_process(
            run_config={
                "resources": {"night": {"config": {"as_of": as_of.isoformat() if as_of else ""}}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            instance=instance,
            raise_on_error=False,
        )


def failure_of(result: Any) -> Refused | ProgramFault:
    """The first failure's reason: a refusal's own words, a fault of the program, or the error that broke the night."""
    from orchestration.night import PROGRAM_FAULT

    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            given = failure.user_failure_data
            if given and PROGRAM_FAULT in given.metadata:
                return ProgramFault(given.metadata[PROGRAM_FAULT].value)
            if given and given.description:
                return Refused(given.description)
            cause = failure.error.cause or failure.error
            return Refused(f"{event.step_key} broke off: {cause.message.strip()}")
    for event in result.all_events:
        if event.is_failure and getattr(event.event_specific_data, "error", None):
            error = event.event_specific_data.error
            return Refused((error.cause or error).message.strip())
    return Refused(f"the run {result.run_id} failed; see it in Dagster")
