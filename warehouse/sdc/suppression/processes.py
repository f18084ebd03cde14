"""Withholds in many problems: one after the other where decisions follow from those before, else side by side in processes.
Not here: the rule (secondary.py), or where problems come from and decisions go (decisions.py).
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np

from warehouse.errors import ProgramFault
from warehouse.sdc.suppression.problem import Problem
from warehouse.sdc.suppression.secondary import withhold

Turn = list[Problem]
# Turns of fewer cells together are over before other processes have begun.
SMALL = 60_000


def withhold_in_turn(turn: Turn, protection_interval: float) -> list[np.ndarray]:
    """Problem after problem. One with nothing to begin with begins with what the one before it withholds."""
    decided: list[np.ndarray] = []
    before: set[tuple] = set()
    for problem in turn:
        if problem.withheld_before is None and decided:
            problem.withheld_before = np.array([cell.lasting in before for cell in problem.cells])
        decided.append(withhold(problem, protection_interval))
        before = {cell.lasting for cell, is_withheld in zip(problem.cells, decided[-1], strict=True) if is_withheld}
    return decided


def withhold_in_all(turns: Iterable[Turn], cells: int, protection_interval: float) -> Iterator[tuple[Turn, list[np.ndarray]]]:
    """Every turn with the withheld cells of its problems, in the given order, whatever is decided first.

    Turns are worked on while later ones are still read: the largest should come first, so that none is left over for the end.
    `cells` is how many they have together.

    Raises:
        ProgramFault: a problem has no solution.
    """
    if cells < SMALL:
        yield from ((turn, withhold_in_turn(turn, protection_interval)) for turn in turns)
        return
    count = len(os.sched_getaffinity(0))
    workers = [_Worker() for _ in range(count)]
    try:
        with ThreadPoolExecutor(count) as pool:
            idle: SimpleQueue[_Worker] = SimpleQueue()
            for worker in workers:
                idle.put(worker)

            def in_next_worker(turn: Turn) -> list[np.ndarray]:
                worker = idle.get()
                try:
                    return worker.withhold(turn, protection_interval)
                finally:
                    idle.put(worker)

            running = [(turn, pool.submit(in_next_worker, turn)) for turn in turns]
            yield from ((turn, decided.result()) for turn, decided in running)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process of this module that withholds in one turn after the other."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed by end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )

    def withhold(self, turn: Turn, protection_interval: float) -> list[np.ndarray]:
        """The withheld cells of every problem of a turn."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump((turn, protection_interval), self._process.stdin)
            self._process.stdin.flush()
            decided: list[np.ndarray] = pickle.load(self._process.stdout)
        except (OSError, EOFError):
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else f"its process ended with {self._process.returncode}"
            raise ProgramFault(f"disclosure control of {turn[0].name}: {why}") from None
        return decided

    def end(self) -> None:
        """End the process, in the middle of its work too."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def _work() -> None:
    """Answer turns from the standard input until it ends."""
    while True:
        try:
            turn, protection_interval = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(withhold_in_turn(turn, protection_interval), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _work()
