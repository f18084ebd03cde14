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
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from warehouse.errors import ProgramFault
from warehouse.sdc.linear.equations import Flags
from warehouse.sdc.memory import rarely_collected
from warehouse.sdc.suppression.problem import Problem
from warehouse.sdc.suppression.secondary import withhold

# Problems that follow from each other, in their order. They are read one by one, so that few are in memory at once.
Chain = Iterable[Problem]
Decided = tuple[Problem, Flags]
# Problems of fewer cells together are solved before other processes have begun.
SMALL = 20_000


def withhold_in_all(chains: Iterable[Chain], cells: int, protection_interval: float) -> Iterator[Decided]:
    """Every problem with its withheld cells, in whatever order they are decided.

    Problems are read when a process is idle: the largest chains should come first, so that none is left over for the end.
    `cells` is how many they have together.

    Raises:
        ProgramFault: a problem has no solution.
    """
    if cells < SMALL:
        for problems in map(iter, chains):
            before: Decided | None = None
            while (problem := _following(problems, before)) is not None:
                before = problem, withhold(problem, protection_interval)
                yield before
        return
    count = len(os.sched_getaffinity(0))
    workers = [_Worker() for _ in range(count)]
    idle, ahead = list(workers), map(iter, chains)
    running: dict[Future[Flags], tuple[_Worker, Iterator[Problem], Problem]] = {}
    try:
        with ThreadPoolExecutor(count) as pool:

            def begin(chain: Iterator[Problem], before: Decided | None) -> None:
                if (problem := _following(chain, before)) is not None:
                    worker = idle.pop()
                    running[pool.submit(worker.withhold, problem, protection_interval)] = worker, chain, problem

            while True:
                while idle and (chain := next(ahead, None)) is not None:
                    begin(chain, None)
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    worker, chain, problem = running.pop(done)
                    idle.append(worker)
                    decided = problem, done.result()
                    begin(chain, decided)
                    yield decided
    finally:
        for worker in workers:
            worker.end()


def _following(chain: Iterator[Problem], before: Decided | None) -> Problem | None:
    """The next problem of a chain. One with nothing to begin with begins with what the one before it withholds."""
    problem = next(chain, None)
    if problem is not None and before is not None and problem.withheld_before is None:
        withheld_then = {cell.natural_key for cell, is_withheld in zip(before[0].cells, before[1], strict=True) if is_withheld}
        problem.withheld_before = np.array([cell.natural_key in withheld_then for cell in problem.cells])
    return problem


class _Worker:
    """A process of this module that withholds in one problem after the other."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed by end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )

    def withhold(self, problem: Problem, protection_interval: float) -> Flags:
        """The withheld cells of a problem.

        Raises:
            ChildProcessError: the process was killed or had no memory left; the machine is at fault.
            ProgramFault: it broke down otherwise.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump((problem, protection_interval), self._process.stdin)
            self._process.stdin.flush()
            withheld: Flags = pickle.load(self._process.stdout)
        except (OSError, EOFError):
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else f"its process ended with {self._process.returncode}"
            if self._process.returncode < 0 or "MemoryError" in why:
                raise ChildProcessError(
                    f"disclosure control of {problem.name} was killed or out of memory ({why}); give the night more memory,"
                    " or run fewer nights at once"
                ) from None
            raise ProgramFault(f"disclosure control of {problem.name}: {why}") from None
        return withheld

    def end(self) -> None:
        """End the process, in the middle of its work too."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def _work() -> None:
    """Answer problems from the standard input until it ends."""
    while True:
        try:
            problem, protection_interval = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(withhold(problem, protection_interval), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    with rarely_collected():
        _work()
