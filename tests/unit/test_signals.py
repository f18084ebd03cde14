"""A signal ends the night, whichever thread learns of it first. Not here: what a killed night leaves behind (concurrency)."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from orchestration.dbt import _is_interrupt
from tests.command import hear_signals

# The thread that awaits signals never gets its turn, as on a busy machine.
TOLD_LATE = """
import os, signal, sys
from orchestration import signals
signals._wait = lambda told, awaited: None
signals.end_at_once_on_signals()
# As Dagster does.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: None)
signals.end_if_signalled()
os.kill(os.getpid(), int(sys.argv[1]))
signals.end_if_signalled()
print("goes on")
"""


def told_late(number: signal.Signals, ignored: signal.Signals | None = None) -> subprocess.CompletedProcess[str]:
    """The program, started by one that ignores a signal."""

    def prepare() -> None:
        hear_signals()
        if ignored is not None:
            signal.signal(ignored, signal.SIG_IGN)

    command = [sys.executable, "-c", TOLD_LATE, str(int(number))]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=prepare, check=False)


@pytest.mark.parametrize("ignored", [None, signal.SIGTERM])
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_the_main_thread_ends_the_night_where_it_is_first(number: signal.Signals, ignored: signal.Signals | None) -> None:
    done = told_late(number, ignored)
    assert (done.returncode, done.stdout) == (128 + number, "")
    assert f"ended by {number.name}" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_changes_nothing(number: signal.Signals) -> None:
    done = told_late(number, ignored=number)
    assert (done.returncode, done.stdout) == (0, "goes on\n"), done.stderr


def test_what_dbt_makes_of_an_interrupt_is_known() -> None:
    class Interrupted(BaseException):
        pass

    try:
        try:
            raise Interrupted
        except BaseException:
            raise RuntimeError("connection is busy with another call")  # noqa: B904 what dbt's clean-up does
    except RuntimeError as error:
        assert _is_interrupt(error)
    assert _is_interrupt(KeyboardInterrupt())
    assert not _is_interrupt(RuntimeError())
    assert not _is_interrupt(None)
