"""Withholds in many problems: one after the other where decisions follow from those before, else side by side in processes.
Not here: the rule (secondary.py), or where problems come from and decisions go (decisions.py).
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from warehouse.errors import ProgramFault
from warehouse.sdc.suppression.problem import Problem
from warehouse.sdc.suppression.secondary import withhold

Turn = list[Problem]
# Turns of fewer cells together are over before another process would have withheld_before.
SMALL = 20_000


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


def withhold_in_all(turns: Sequence[Turn], protection_interval: float) -> Iterator[list[np.ndarray]]:
    """The withheld cells of every problem of every turn, in their order, whatever is decided first.

    Raises:
        ProgramFault: a problem has no solution.
    """
    cells = {n: sum(len(problem.cells) for problem in turn) for n, turn in enumerate(turns)}
    if sum(cells.values()) < SMALL or len(turns) < 2:
        yield from (withhold_in_turn(turn, protection_interval) for turn in turns)
        return
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        # The largest first, so that none of them is left over for the end.
        running = {
            n: pool.submit(_in_process, turns[n], protection_interval) for n in sorted(cells, key=lambda n: (-cells[n], n))
        }
        yield from (running[n].result() for n in range(len(turns)))


def _in_process(turn: Turn, protection_interval: float) -> list[np.ndarray]:
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name], input=pickle.dumps((turn, protection_interval)), capture_output=True, check=False
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"its process ended with {done.returncode}"]
        raise ProgramFault(f"disclosure control of {turn[0].name}: {lines[-1]}")
    return pickle.loads(done.stdout)


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(withhold_in_turn(*pickle.load(sys.stdin.buffer))))
