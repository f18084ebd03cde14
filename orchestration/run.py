"""Runs the Dagster job `nightly` once in this process, for the command line. The daemon runs the same job."""

from __future__ import annotations

import logging
import traceback
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.instance import prepare_instance
from warehouse.errors import ProgramFault, Refused
from warehouse.paths import Home
from warehouse.publication import current_publication


def run_night(
    home: Home,
    *,
    settings_file: Path | None,
    landing: Path | None,
    as_of: date | None,
    accept_restatement: str | None = None,
) -> str:
    """Run the nightly job; returns the id of the publication it made.

    `accept_restatement` is a human's reason for publishing changed figures of closed periods.

    Raises:
        Refused: the night failed; the message is the diagnosis.
        ProgramFault: it failed because the program contradicts itself.
    """
    prepare_instance(home)
    try:
        result = _execute(
            {
                "home_folder": str(home.root),
                "landing_folder": str(landing.resolve()) if landing else "",
                "settings_file": str(settings_file.resolve()) if settings_file else "",
                "as_of": as_of.isoformat() if as_of else "",
                "accept_restatement": accept_restatement or "",
            }
        )
    except (Refused, ProgramFault):
        raise
    except Exception as error:
        # A full disk or an unreadable instance strikes anywhere, Dagster's own records included.
        logging.getLogger("arsverk").debug("%s", traceback.format_exc())
        raise Refused(f"the night broke off: {type(error).__name__}: {error}") from error
    if not result.success:
        raise failure_of(result)
    publication_id = current_publication(home)
    assert publication_id is not None
    return publication_id


def _execute(resource_config: dict[str, str]) -> Any:
    import dagster as dg

    from orchestration.definitions import defs

    with dg.DagsterInstance.get() as instance:
        return defs.resolve_job_def("nightly").execute_in_process(
            run_config={
                "resources": {"night": {"config": resource_config}},
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
