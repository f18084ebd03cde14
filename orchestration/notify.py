"""Says how a night ended: keeps it in nights.jsonl, and sends its text by the command and the webhook of the settings.
Not here: the text (warehouse/outcome.py), or when a night ends (night.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import unicodedata
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from warehouse.errors import UsageError
from warehouse.metrics_file import metrics_text, write_metrics
from warehouse.outcome import HELD, PUBLISHED, Findings, Night, end, log
from warehouse.paths import Home, write_private
from warehouse.pseudonym import KEY_VARIABLE
from warehouse.release import stale_after_days
from warehouse.settings import Settings, read_settings

SECONDS_ALLOWED = 30.0
# What a thread gets beyond that to say how it failed.
GRACE = 5.0


def end_night(
    home: Home, run_id: str, began_at: str, findings: Findings, settings: Settings | None, as_of: object = None
) -> Night | None:
    """Keep how a night has ended and tell those who want to know. Whatever goes wrong here is logged and changes nothing.

    Args:
        settings: None when neither they nor those of the last night can be read; then nobody can be told.
        as_of: the extract date that a human has asked for; its extract is not stale, then.
    """
    try:
        night = end(
            home, run_id, began_at, findings, max_age_days=None if as_of or not settings else stale_after_days(settings)
        )
    except Exception as error:
        # A full disk, or a home folder of another user's: the night has failed for that already, and said so.
        log.error("how the night ended cannot be kept: %s", printable(f"{type(error).__name__}: {error}"))
        return None
    if night and settings:
        if night.word_of_notify_on in settings.notify_on:
            notify(settings, night.as_text())
        show_monitoring(home, settings, night, findings)
    return night


def show_monitoring(home: Home, settings: Settings, night: Night, findings: Findings) -> None:
    """Write `metrics_file`, and after a good night ask for `heartbeat_url`. What fails is logged in one sentence."""
    if settings.metrics_file:
        try:
            write_metrics(Path(settings.metrics_file), metrics_text(home, settings.municipality, night, findings))
        except Exception as error:
            log.error("metrics_file cannot be written: %s", printable(f"{type(error).__name__}: {error}"))
    if settings.heartbeat_url and night.result in (PUBLISHED, HELD):
        address = settings.heartbeat_url
        _try("heartbeat_url", lambda: _ask(address))


def remember_settings(home: Home, settings_file: Path) -> None:
    """Keep settings that can be read, so that somebody is told of a night that cannot read them any more."""
    text = settings_file.read_text(encoding="utf-8")
    if not home.last_settings.exists() or home.last_settings.read_text(encoding="utf-8") != text:
        write_private(home.last_settings, text)


def settings_to_tell_by(home: Home, settings_file: Path) -> Settings | None:
    """The settings, or those of the last night that could read them; None where there are none of either."""
    for path in (settings_file, home.last_settings):
        with contextlib.suppress(UsageError, OSError):
            return read_settings(path)
    return None


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


def _ask(address: str) -> None:
    """Ask for an address and throw the answer away."""
    urllib.request.build_opener(_NoRedirect).open(address, timeout=SECONDS_ALLOWED).close()


def _post(address: str, text: str) -> None:
    body = json.dumps({"text": text}).encode("ascii")
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS_ALLOWED).close()
