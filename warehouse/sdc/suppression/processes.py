"""Withholds in many problems: one after the other where decisions follow from those before, else side by side in processes.
Not here: the rule (secondary.py), or where problems come from and decisions go (decisions.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from warehouse.machine import cores
from warehouse.sdc.linear.equations import Flags
from warehouse.sdc.suppression.problem import Problem
from warehouse.sdc.suppression.secondary import withhold
from warehouse.workers import Processes

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
    side_by_side = cells >= SMALL
    count = cores() if side_by_side else 1
    ahead = map(iter, chains)
    running: dict[Future[Flags], tuple[Iterator[Problem], Problem]] = {}
    with Processes() as processes, ThreadPoolExecutor(count) as pool:
        if side_by_side:
            processes.start()

        def begin(chain: Iterator[Problem], before: Decided | None) -> None:
            if (problem := _following(chain, before)) is not None:
                what = f"disclosure control of {problem.name}"
                running[pool.submit(processes.call, what, withhold, problem, protection_interval)] = chain, problem

        while True:
            while len(running) < count and (chain := next(ahead, None)) is not None:
                begin(chain, None)
            if not running:
                return
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                chain, problem = running.pop(done)
                decided = problem, done.result()
                begin(chain, decided)
                yield decided


def _following(chain: Iterator[Problem], before: Decided | None) -> Problem | None:
    """The next problem of a chain. One with nothing to begin with begins with what the one before it withholds."""
    problem = next(chain, None)
    if problem is not None and before is not None and problem.withheld_before is None:
        withheld_then = {cell.natural_key for cell, is_withheld in zip(before[0].cells, before[1], strict=True) if is_withheld}
        problem.withheld_before = np.array([cell.natural_key in withheld_then for cell in problem.cells])
    return problem
