"""Attacks everything a publication serves: every family at every time, and what several tables serve twice.
Not here: how one time is attacked (attacker.py), or which of a night's times need it (night.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter

import numpy as np

from warehouse.machine import cores
from warehouse.sdc.attack.attacker import Attacker
from warehouse.sdc.attack.cells import Cells, Snapshot
from warehouse.sdc.attack.families import FAMILIES
from warehouse.sdc.attack.findings import Finding, Report
from warehouse.sdc.attack.relations import WITHHELD
from warehouse.sdc.attack.served import Served
from warehouse.sdc.linear.equations import Flags
from warehouse.workers import Processes

# Fewer withheld cells of a family are attacked before other processes have begun.
SMALL = 5_000


def attack(
    served: Served,
    previous: Served | None = None,
    progress: Callable[[str], None] = lambda message: None,
    own_units: Sequence[tuple[str, str, str]] = (),
) -> Report:
    """Attack everything a publication serves, together with what the publication before it served.

    `own_units` are units, by family, that are known to have had positions of their own.
    """
    report = Report()
    with Processes() as processes, ThreadPoolExecutor(cores()) as pool:
        attacker = Attacker(processes, served.protection, served.hides_own, report.notes)
        for family in FAMILIES:
            earlier = previous.load(family) if previous else None
            own = [(level, unit) for name, level, unit in own_units if name == family.name]
            cells = served.load(family, own=[*own, *(earlier.own_units if earlier else ())])

            def everything(snapshot: Snapshot, _: Snapshot | None) -> Flags:
                return np.ones(snapshot.grid.size, dtype=bool)

            begin_times(pool, attacker, cells, earlier, cells.times, everything, progress)(report)
            if family.has_periods:
                for year in served.uneven_years(family):
                    report.add(
                        attacker.calendar([snapshot_beside(cells, earlier, time) for time in cells.times if time[:4] == year])
                    )
    report.add(copied(served))
    report.notes.sort()
    return report


def copied(served: Served) -> list[Finding]:
    """Withheld cells of which another table serves a figure."""
    return [Finding(table, cell, "copy", by) for table, cell, by in served.copies()]


def begin_times(
    pool: Executor,
    attacker: Attacker,
    cells: Cells,
    earlier: Cells | None,
    times: Sequence[str],
    sought: Callable[[Snapshot, Snapshot | None], Flags],
    progress: Callable[[str], None] = lambda message: None,
    *,
    again: bool = False,
) -> Callable[[Report], None]:
    """Begin to attack a family at some times, side by side. What is returned waits for it, and puts what is found into a report
    in the order of the times.

    `sought` gives the cells to attack by linear programming, of a time and the same time of the publication before. `again`:
    what is shown of the times is kept, for they may be attacked again when more is withheld.
    """
    if sum(map(cells.withheld, times)) >= SMALL:
        attacker.processes.start()

    def attacked(time: str) -> tuple[list[tuple[list[Finding], Snapshot | None]], Counter[str], float]:
        progress(f"{cells.family.name} {time}")
        began = perf_counter()
        before = earlier.snapshot(time) if earlier is not None and time in earlier.times else None
        snapshot = cells.snapshot(time) if before is None else cells.snapshot(time).beside(before)
        wanted = sought(snapshot, before)
        # Beside the publication before, and by itself: what is believed of an earlier figure must not excuse what follows now.
        # What serves nothing tells nothing that was not known before.
        both = [one for one in (snapshot, snapshot.alone) if one is not None and (one.serves or one.given)]
        found = [(attacker.at_one_time(one, wanted), one) for one in both]
        if before is not None and snapshot.has_other_units(before):
            found.append((attacker.across(snapshot, before), replace(snapshot, by_units_of=before)))
        # A snapshot is large, and asked for only where something leaks.
        leaking = [(findings, one if any(finding.is_leak for finding in findings) else None) for findings, one in found]
        if not again:
            attacker.proofs.forget(snapshot)
        return leaking, _withheld(snapshot), perf_counter() - began

    # Years take longest, and on a first night the newest times: they come first, so that none is left over for the end.
    order = sorted(times, key=lambda time: (len(time) == len("2024"), time), reverse=True)
    begun = {time: pool.submit(attacked, time) for time in order}

    def put_into(report: Report) -> None:
        try:
            for time in times:
                found, withheld, seconds = begun[time].result()
                for findings, snapshot in found:
                    report.add(findings, snapshot)
                for table, count in withheld.items():
                    result = report.of(table)
                    result.withheld += count
                    result.seconds += seconds * count / max(1, withheld.total())
        finally:
            for waiting in begun.values():
                waiting.cancel()

    return put_into


def snapshot_beside(cells: Cells, earlier: Cells | None, time: str) -> Snapshot:
    """The cells at one time, with what the publication before served of them."""
    snapshot = cells.snapshot(time)
    return snapshot.beside(earlier.snapshot(time)) if earlier and time in earlier.times else snapshot


def _withheld(snapshot: Snapshot) -> Counter[str]:
    """The numbers of withheld cells by table."""
    n, found = len(snapshot.grid.slices), Counter[str]()
    withheld = (snapshot.state[: snapshot.grid.own_start] == WITHHELD).reshape(-1, n).sum(axis=0)
    for part, count in zip(snapshot.grid.slices, withheld.tolist(), strict=True):
        found[part.table] += count
    return found
