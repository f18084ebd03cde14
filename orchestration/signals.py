"""SIGHUP, SIGTERM and Ctrl-C end `arsverk run` at once, whatever it is doing.
Not here: runs that nobody ended (instance.py).

A night may be killed at any point without harm (tests/concurrency). So the process is replaced by one that only says how it
ended, and marks the run. Dbt's and Dagster's own handlers, which wait for the step in hand, are never called.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_run_ids: list[str] = []
_awaiting: list[threading.Thread] = []


def remember_run(run_id: str) -> None:
    """Name the run that a signal would cancel."""
    _run_ids.append(run_id)


def end_at_once_on_signals() -> None:
    """Let a thread of its own learn of the signals, whatever handlers Dagster and dbt set and whatever the main thread does."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    # Python writes the number of every signal that has a handler there at once, from whichever thread the system interrupts.
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    # nohup has asked that a hang-up changes nothing.
    awaited = {number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    for number in awaited:
        signal.signal(number, lambda *_: None)
    thread = threading.Thread(target=_wait, args=(told, awaited), name="signals", daemon=True)
    thread.start()
    _awaiting.append(thread)


def _wait(told: int, awaited: set[signal.Signals]) -> None:
    while (number := os.read(told, 1)[0]) not in awaited:
        pass
    _end(number)


def _end(number: int) -> None:
    run_id = _run_ids[-1] if _run_ids else ""
    # Every other thread ends here and the writer's lock is let go; child processes stay children.
    os.execv(sys.executable, [sys.executable, "-m", "orchestration.signals", str(int(number)), run_id])


def end_if_awaited() -> None:
    """End the process as SIGTERM does, where `end_at_once_on_signals` was called; for code that Dagster interrupts first."""
    if _awaiting:
        _end(signal.SIGTERM)


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
