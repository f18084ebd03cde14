"""Tells somebody that the night failed: the diagnosis in the log and to the command or webhook of the settings."""

import json
import subprocess
import urllib.request

import dagster as dg

from orchestration.night import Night
from orchestration.stages import log

SECONDS_ALLOWED = 30


def diagnosis_of(error: BaseException | None) -> str:
    """The named reason of a failed step, without traceback."""
    if isinstance(error, dg.Failure):
        return error.description or "no reason given"
    return f"{type(error).__name__}: {error}" if error else "no reason given"


@dg.failure_hook(required_resource_keys={"night"})
def notify_of_failure(context: dg.HookContext) -> None:
    """Log the diagnosis of a failed step and pass it on. A notification that fails is logged and changes nothing."""
    diagnosis = f"{context.op.name}: {diagnosis_of(context.op_exception)}"
    log.error("failed: %s", diagnosis)
    notify(context.resources.night, diagnosis)


def notify(night: Night, diagnosis: str) -> None:
    """Give the diagnosis to `notify_command` on standard input and to `notify_webhook` as JSON, where they are set."""
    settings = night.settings
    try:
        if settings.notify_command:
            subprocess.run(settings.notify_command, input=diagnosis, text=True, timeout=SECONDS_ALLOWED, check=True)
        if settings.notify_webhook:
            body = json.dumps({"text": diagnosis}).encode("utf-8")
            request = urllib.request.Request(settings.notify_webhook, body, {"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=SECONDS_ALLOWED).close()
    except (OSError, subprocess.SubprocessError) as error:
        log.error("the notification failed: %s", error)
