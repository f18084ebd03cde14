"""SIGHUP, SIGTERM and Ctrl-C end `arsverk run` at once, whatever it is doing.
Not here: runs that nobody ended (instance.py).

A night may be killed at any point without harm (tests/concurrency). So the process is replaced by one that only says how it
ended, and marks the run. Dbt's and Dagster's own handlers, which wait for the step in hand, are never called.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path

ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_run_ids: list[str] = []
# Where the number of a signal arrives, and the signals that are awaited.
_told: list[tuple[socket.socket, set[signal.Signals]]] = []


def remember_run(run_id: str) -> None:
    """Name the run that a signal would cancel."""
    _run_ids.append(run_id)


def end_at_once_on_signals() -> None:
    """Let a thread of its own learn of the signals, whatever handlers Dagster and dbt set and whatever the main thread does."""
    told, tell = socket.socketpair()
    tell.setblocking(False)
    # Python writes the number of every signal that has a handler there at once, from whichever thread the system interrupts.
    signal.set_wakeup_fd(tell.detach(), warn_on_full_buffer=False)
    # nohup has asked that a hang-up changes nothing, a shell that it starts in the background that Ctrl-C does not. Nobody asks
    # that of SIGTERM, but a program in which Dagster has run leaves it so.
    awaited = {number for number in ENDING if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN}
    for number in awaited:
        signal.signal(number, lambda *_: None)
    _told.append((told, awaited))
    threading.Thread(target=_wait, args=(told, awaited), name="signals", daemon=True).start()


def _wait(told: socket.socket, awaited: set[signal.Signals]) -> None:
    # The number stays there for `end_if_signalled`.
    while (number := told.recv(1, socket.MSG_PEEK)[0]) not in awaited:
        told.recv(1)
    _end(number)


def _end(number: int) -> None:
    run_id = _run_ids[-1] if _run_ids else ""
    # Every other thread ends here and the writer's lock is let go; child processes stay children.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "orchestration.signals", str(int(number)), run_id])


def end_if_signalled() -> None:
    """End the process where a signal has come; for the main thread, which Dagster or dbt may have interrupted before the other
    has ended it.
    """
    for told, awaited in _told:
        with contextlib.suppress(BlockingIOError):
            number = told.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)[0]
            if number in awaited:
                _end(number)


def _descendants(process: int) -> list[int]:
    """Child processes, theirs before them."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text(encoding="ascii").split()):
                found += [*_descendants(child), child]
    return found


def _mark_and_exit(number: int, run_id: str) -> None:
    for process in _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    name = signal.Signals(number).name
    said = f"ended by {name}: the run was broken off and published nothing more; the next one can start"
    with contextlib.suppress(OSError):
        print(said, file=sys.stderr, flush=True)
    if run_id:
        from dagster import DagsterInstance

        with contextlib.suppress(Exception), DagsterInstance.get() as instance:
            run = instance.get_run_by_id(run_id)
            if run and not run.is_finished:
                instance.report_run_canceled(run, said)
                instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    os._exit(128 + number)


if __name__ == "__main__":
    _mark_and_exit(int(sys.argv[1]), sys.argv[2])
