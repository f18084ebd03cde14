"""Says how a night ended: keeps it in nights.jsonl, and sends its text by the command and the webhook of the settings.
Not here: the text (warehouse/outcome.py), or when a night ends (night.py).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import unicodedata
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

from warehouse.outcome import Findings, Night, end, log
from warehouse.paths import Home
from warehouse.pseudonym import KEY_VARIABLE
from warehouse.settings import Settings

SECONDS_ALLOWED = 30.0
# What a thread gets beyond that to say how it failed.
GRACE = 5.0


def end_night(
    home: Home, run_id: str, began_at: str, findings: Findings, settings: Settings | None, as_of: object = None
) -> Night | None:
    """Keep how a night has ended and tell those who want to know. Whatever goes wrong here is logged and changes nothing.

    Args:
        settings: None when they cannot be read; then nobody can be told.
        as_of: the extract date that a human has asked for; its extract is not stale, then.
    """
    try:
        night = end(home, run_id, began_at, findings, max_age_days=None if as_of or not settings else settings.max_age_days)
    except Exception as error:
        # A full disk, or a home folder of another user's: the night has failed for that already, and said so.
        log.error("how the night ended cannot be kept: %s", printable(f"{type(error).__name__}: {error}"))
        return None
    if night and settings and night.is_wanted in settings.notify_on:
        notify(settings, night.as_text())
    return night


def notify(settings: Settings, text: str) -> None:
    """Give a text to `notify_command` on standard input and to `notify_webhook` as JSON, where they are set.

    Neither can end or hold up the night, whatever they are set to: what fails is logged in one sentence.
    """
    text = printable(text)
    if settings.notify_command:
        _try("notify_command", lambda: _run(settings.notify_command, text))
    if settings.notify_webhook:
        address = settings.notify_webhook
        _try("notify_webhook", lambda: _post(address, text))


def printable(text: str) -> str:
    """The text as any program can take it: in place of lone surrogates and control characters a replacement character."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs") else "\ufffd"
        for character in text
    )


def _try(name: str, send: Callable[[], None]) -> None:
    """Send in a thread of its own: no time limit of a socket counts when an answer drips in."""
    failed: list[str] = []

    def attempt() -> None:
        try:
            send()
        except Exception as error:
            failed.append(printable(f"{type(error).__name__}: {error}").partition("\n")[0])

    thread = threading.Thread(target=attempt, name=name, daemon=True)
    thread.start()
    thread.join(SECONDS_ALLOWED + GRACE)
    if thread.is_alive():
        failed.append(f"no end after {SECONDS_ALLOWED:.0f} s")
    if failed:
        log.error("the notification by %s failed: %s", name, failed[0])


def _run(command: Sequence[str], text: str) -> None:
    """Run a command without the pseudonym key in its environment; with all that it has started it ends in time."""
    environment = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        process.communicate(text.encode("utf-8"), timeout=SECONDS_ALLOWED)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0])


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A hook that has moved is an error: the text goes to the address of the settings and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(address: str, text: str) -> None:
    body = json.dumps({"text": text}).encode("ascii")
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS_ALLOWED).close()
