"""Attacks the withheld cells of one time, of one with the publication before, or of a calendar year's periods together.
Not here: relations (relations.py), the reading of tables (served.py), or the walk over all families and times (publication.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from warehouse.sdc.attack.cells import Snapshot
from warehouse.sdc.attack.findings import Finding
from warehouse.sdc.attack.headcounts import known_headcounts
from warehouse.sdc.attack.proofs import Proofs
from warehouse.sdc.attack.relations import ROUNDING, SERVED, WITHHELD
from warehouse.sdc.linear.elimination import Revealed, eliminate
from warehouse.sdc.linear.equations import Flags, Floats, Ints, components
from warehouse.sdc.linear.intervals import Contradiction, System, reach
from warehouse.sdc.linear.solution import determined
from warehouse.workers import Processes

SEVERAL = "several relations together"
BY_UNITS_BEFORE = "the units of the publication before"
# An interval narrower than this is one value, in årsverk or persons.
ONE_VALUE = 1e-3
# Each time figures contradict the belief that units have no positions of their own, the belief is given up for those units.
TRIES = 5


@dataclass
class Attacker:
    """Attacks one time after the other and remembers the patterns it has solved: months often share theirs.

    Elimination and linear programs are computed in `processes`.
    """

    processes: Processes
    protection: float
    hides_own: bool = False
    notes: list[str] = field(default_factory=list)
    proofs: Proofs = field(default_factory=Proofs)
    _solved: dict[tuple, tuple[Revealed, dict[bytes, str]]] = field(default_factory=dict)

    def at_one_time(self, snapshot: Snapshot, sought: Flags) -> list[Finding]:
        """Attack the withheld cells of one time: all by elimination, those `sought` by linear programming too."""
        findings = self._believing(snapshot, sought)
        if not any(finding.is_leak for finding in findings) or (then := snapshot.of_before()) is None:
            return findings
        # What follows from the figures that were known before is no doing of this publication. Only what was found is asked.
        in_question = np.zeros_like(sought)
        in_question[[cell for finding in findings if finding.is_leak for cell in finding.members]] = True
        earlier = {(found.kind, *found.members) for found in self._believing(then, sought & in_question)}
        return [
            replace(found, kind="before", width=None) if found.is_leak and (found.kind, *found.members) in earlier else found
            for found in findings
        ]

    def _believing(self, snapshot: Snapshot, sought: Flags) -> list[Finding]:
        """What is found believing that units have no positions of their own, as far as the figures allow that."""
        for _ in range(TRIES):
            try:
                return list(self._findings(snapshot, sought))
            except Contradicted as contradicted:
                snapshot = snapshot.with_own_parts(contradicted.cells)
        self.notes.append(
            f"{snapshot.family.name} {snapshot.time}: the served figures contradict each other; not attacked by intervals"
        )
        return list(self._findings(snapshot, np.zeros_like(sought)))

    def _findings(self, snapshot: Snapshot, sought: Flags) -> Iterator[Finding]:
        grid = snapshot.grid
        system, cells, relation = unknowns(snapshot)
        is_cell = cells < grid.own_start
        for cell, ratio in snapshot.given.items():
            yield Finding(*snapshot.cell(cell), "pinned", ratio, members=(cell,))
        if not cells.size:
            return
        known = np.isin(cells, list(snapshot.given))
        by_size = snapshot.is_judged_by_size
        pattern = (
            snapshot.family.name,
            by_size,
            *(part.tobytes() for part in (known, cells, relation, system.row, system.column)),
        )
        if pattern not in self._solved:
            is_within = relation >= grid.identity_rows if by_size else None
            self._solved[pattern] = self.processes.call(_work_on(snapshot), _solve, known, system, is_within)
        revealed, sums = self._solved[pattern]
        pinned = np.flatnonzero(revealed.pinned & is_cell & ~known)
        if pinned.size:
            pinned = pinned[~np.isin(cells[pinned], _untrue(snapshot))]
        for i in pinned.tolist():
            reason = revealed.reason[i]
            by = grid.relation_text(relation[reason]) if reason >= 0 else SEVERAL
            yield Finding(*snapshot.cell(cells[i]), "pinned", by + snapshot.with_previous, members=(int(cells[i]),))
        if snapshot.family.has_persons:
            yield from _headcounts(snapshot)
        if self.hides_own and snapshot.large_own is not None:
            yield from _own_parts(snapshot, system, cells, relation, revealed)
        if snapshot.is_judged:
            yield from _small_sums(snapshot, system, cells, relation, revealed)
        if snapshot.family.narrow and sought[cells].any():
            yield from self._narrow(snapshot, system, cells, revealed, sums, sought[cells])

    def _narrow(
        self, snapshot: Snapshot, system: System, cells: Ints, revealed: Revealed, sums: dict[bytes, str], sought: Flags
    ) -> Iterator[Finding]:
        """Cells whose interval is too narrow, and small sums that follow from several relations together."""
        grid = snapshot.grid
        is_cell = cells < grid.own_start
        thresholds = grid.thresholds[np.where(is_cell, cells, cells - grid.own_start) % len(grid.slices)]
        wanted = 2 * self.protection * thresholds if snapshot.is_judged_by_size else np.full(cells.size, ONE_VALUE)
        wanted = np.where(is_cell & sought & ~revealed.pinned, wanted - ROUNDING, 0.0)
        width = np.full(cells.size, np.inf)
        point = np.zeros(cells.size)
        blocks = grid.blocks(cells)
        values, wide = self.proofs.shown(snapshot)
        is_new = False
        for columns in components(cells.size, system.row, system.column):
            of_these = cells[columns]
            first = None if np.isnan(values[of_these]).any() else values[of_these]
            asked = wanted[columns]
            if first is not None:
                point[columns], asked = first, np.where(wide[of_these], 0.0, asked)
            if not asked.any():
                continue
            place = np.full(cells.size, -1, dtype=np.int64)
            place[columns] = np.arange(columns.size)
            within = [part for block in blocks if (part := place[block][place[block] >= 0]).size > 1]
            found = self.processes.call(_work_on(snapshot), _reach, system.part(columns), asked, within, first)
            if found is None:
                raise Contradicted(of_these)
            low, high, point[columns] = found
            if not snapshot.family.sums_by_size:
                # Where enough persons are known to have worked nothing together, each has.
                high = np.where(high <= ROUNDING, np.inf, high)
            width[columns] = np.where(asked > 0, high - low, np.inf)
            values[of_these] = point[columns]
            wide[of_these] |= (asked > 0) & (width[columns] >= asked)
            is_new = True
        if is_new:
            self.proofs.keep(snapshot, values, wide)
        own_alone = set(np.flatnonzero(grid.own_alone(snapshot.state)).tolist())
        for i in np.flatnonzero(width < wanted).tolist():
            kind = "own" if cells[i] in own_alone else "narrow"
            share = max(0.0, float(width[i])) / float(thresholds[i])
            yield Finding(*snapshot.cell(cells[i]), kind, "linear programming", share, members=(int(cells[i]),))
        for packed, kind_of_sum in sums.items():
            members = np.frombuffer(packed, dtype=np.int64)
            slices = np.unique(cells[members[is_cell[members]]] % len(grid.slices))
            if slices.size and sought[members].any() and point[members].sum() < grid.sum_limit(slices) - ROUNDING:
                of_table = cells[members[is_cell[members]]].tolist()
                kind = "own" if own_alone.issuperset(of_table) else kind_of_sum
                yield Finding(*snapshot.cell(of_table[0]), kind, SEVERAL, members=tuple(cells[members].tolist()))

    def across(self, snapshot: Snapshot, earlier: Snapshot) -> list[Finding]:
        """Attack by the units of both publications: the sums of the one before hold for its figures, those of now for
        these, and a figure that nothing shows to have changed is one.

        A unit that is withheld and moved, or merged with another, is what its old parent has less, and its new one more.
        """
        findings = list(self._across(snapshot, earlier))
        if not findings or (then := snapshot.of_before()) is None:
            return findings
        # As in `at_one_time`: what follows without this publication's figures is no doing of it.
        before = {found.text() for found in self._across(then, earlier)}
        return [replace(found, kind="before") if found.text() in before else found for found in findings]

    def _across(self, snapshot: Snapshot, earlier: Snapshot) -> Iterator[Finding]:
        grid, old = snapshot.grid, earlier.grid
        system, cells, _ = unknowns(snapshot)
        before, cells_before, relation = unknowns(earlier)
        if not cells_before.size or not snapshot.serves:
            return
        now = snapshot.columns_before(earlier)[cells_before]
        is_known = (now >= 0) & (now < grid.own_start) & (snapshot.state[now] == SERVED)
        column_of = np.full(grid.size, -1, dtype=np.int64)
        column_of[cells] = np.arange(cells.size)
        column = np.where(now >= 0, column_of[now], -1)
        others = np.flatnonzero(column < 0)
        column[others] = cells.size + np.arange(others.size)
        holds = old.holds_before(relation)[before.row]
        known = np.zeros(cells.size + others.size, dtype=bool)
        known[column[is_known]] = True
        together = eliminate(
            known,
            np.concatenate([system.row, before.row[holds] + system.right.size]),
            np.concatenate([system.column, column[before.column[holds]]]),
            np.concatenate([system.coefficient, before.coefficient[holds]]),
        )
        alone = _tells(system, cells.size)
        then = _tells(before, cells_before.size)
        followed_before = np.zeros(known.size, dtype=bool)
        followed_before[column[then.pinned]] = True
        new = together.pinned[: cells.size] & ~alone.pinned & ~followed_before[: cells.size] & (cells < grid.own_start)
        # Those that only the publication before has: of a unit that is gone, such as one that was merged.
        gone = cells_before[others[together.pinned[cells.size :] & ~then.pinned[others]]]
        gone = gone[snapshot.is_gone(earlier)[gone]]
        if gone.size:
            # What this publication tells by itself is found, and judged, where it stands.
            follows_now = np.zeros(cells_before.size, dtype=bool)
            follows_now[column < cells.size] = alone.pinned[column[column < cells.size]]
            then = eliminate(follows_now, before.row, before.column, before.coefficient)
            gone = gone[~np.isin(gone, cells_before[then.pinned])]
        if not (new.any() or gone.size):
            return
        differing, n = snapshot.lost_or_gained(earlier), len(grid.slices)
        for cell in cells[new][~np.isin(cells[new], _untrue(snapshot))].tolist():
            wholes = differing[differing % n == cell % n].tolist()
            yield Finding(*snapshot.cell(cell), "moved", BY_UNITS_BEFORE, members=(cell, *wholes))
        # What they follow from: sums that have lost or gained them, and cells beside them that are served only now. Without any
        # they follow only if the withheld cells beside them are unchanged: a merger has changed one of them.
        telling = [*differing.tolist(), *now[is_known].tolist()]
        if not telling:
            return
        by_part: dict[object, list[int]] = defaultdict(list)
        for other in telling:
            part = grid.slice_of(other)
            by_part[part.key].append(other)
            by_part[part.table].append(other)
        for cell in gone[~np.isin(gone, _untrue(earlier))].tolist():
            part = old.slice_of(cell)
            members = by_part.get(part.key) or by_part.get(part.table) or telling
            yield Finding(*earlier.cell(cell), "moved", BY_UNITS_BEFORE, members=tuple(members))

    def calendar(self, snapshots: Sequence[Snapshot]) -> Iterator[Finding]:
        """Attack a calendar year's periods together: a year is the sum of its quarters, a quarter that of its months.

        Where every cell is withheld in all of a year's periods or in none, that tells nothing beyond each period alone: what
        follows for a quarter then follows for each of its months.
        """
        grid = snapshots[0].grid
        own_system, parts, alone = [], [], []
        offset, n_rows = 0, 0
        for snapshot in snapshots:
            system, cells, _ = unknowns(snapshot)
            alone.append(_tells(system, cells.size).pinned)
            own_system.append((system.row + n_rows, system.column + offset, system.coefficient))
            place = np.full(grid.own_start, -1)
            place[cells[cells < grid.own_start]] = np.flatnonzero(cells < grid.own_start) + offset
            parts.append(place)
            offset, n_rows = offset + cells.size, n_rows + system.right.size
        for i, whole in enumerate(snapshots):
            below = [j for j, part in enumerate(snapshots) if _is_part(part.time, whole.time)]
            if below:
                for sign, members in ((1, [i]), (-1, below)):
                    for j in members:
                        here = np.flatnonzero(parts[j] >= 0)
                        own_system.append((n_rows + here, parts[j][here], np.full(here.size, sign)))
                n_rows += grid.own_start
        row, column, coefficient = (np.concatenate(entries) for entries in zip(*own_system, strict=True))
        pinned = eliminate(np.zeros(offset, dtype=bool), row, column, coefficient).pinned & ~np.concatenate(alone)
        for snapshot, place in zip(snapshots, parts, strict=True):
            for cell in np.flatnonzero((place >= 0) & pinned[place]).tolist():
                yield Finding(*snapshot.cell(cell), "pinned", "the sum over the months and quarters of the year")


def _is_part(part: str, whole: str) -> bool:
    """Whether a quarter lies directly below a year, or a month below a quarter."""
    if len(whole) == len("2023"):
        return "Q" in part and part.startswith(whole)
    return "Q" in whole and "Q" not in part and part[:5] == whole[:5] and f"Q{(int(part[5:]) + 2) // 3}" == whole[5:]


class Contradicted(Exception):
    """The relations between these cells cannot all hold."""

    def __init__(self, cells: Ints) -> None:
        super().__init__("the served figures contradict the relations")
        self.cells = cells


def _work_on(snapshot: Snapshot) -> str:
    return f"the attack on {snapshot.family.name} {snapshot.time}"


def _reach(
    system: System, wanted: Floats, blocks: Sequence[Ints], first: Floats | None
) -> tuple[Floats, Floats, Floats] | None:
    """As `reach`; None where no values fulfil the relations."""
    try:
        return reach(system, wanted, blocks, first)
    except Contradiction:
        return None


def _solve(known: Flags, system: System, is_within: Flags | None) -> tuple[Revealed, dict[bytes, str]]:
    """What elimination reveals, and where `is_within` tells of each relation whether it is within a unit, the sums it finds."""
    whole = eliminate(known, system.row, system.column, system.coefficient, sums=is_within is not None)
    return whole, {} if is_within is None else _kinds_of_sums(whole, known, system, is_within)


def _kinds_of_sums(whole: Revealed, known: Flags, system: System, is_within: Flags) -> dict[bytes, str]:
    """Sets of columns whose sum follows from several relations, with the kind of finding that they are when it is small.

    `is_within` are the relations within a unit; the others are those of one kind of cell over the tree.
    """
    kinds = {members.tobytes(): "mixed" for members in whole.sums}
    for rows in (is_within, ~is_within):
        part = rows[system.row]
        found = eliminate(known, system.row[part], system.column[part], system.coefficient[part], sums=True)
        kinds |= {members.tobytes(): "sum" for members in found.sums}
    return kinds


def _headcounts(snapshot: Snapshot) -> Iterator[Finding]:
    """Cells whose headcount follows; its members after the first are the served cells that tell it."""
    own_alone = snapshot.grid.own_alone(snapshot.state)
    for cell, telling in known_headcounts(snapshot):
        if not own_alone[cell]:
            by = "whole numbers on one side of the threshold" + snapshot.with_previous
            yield Finding(*snapshot.cell(cell), "headcount", by, members=(cell, *telling))


def _own_parts(snapshot: Snapshot, system: System, cells: Ints, relation: Ints, revealed: Revealed) -> Iterator[Finding]:
    """Small groups that sit on a unit itself and follow from it and the units below it: so does how long they were away."""
    grid = snapshot.grid
    assert snapshot.large_own is not None
    pinned = np.flatnonzero(revealed.pinned & (cells >= grid.own_start))
    pinned = pinned[~snapshot.large_own[cells[pinned] - grid.own_start]]
    if not pinned.size:
        return
    # Nothing that may be withheld hides what sits on the municipality itself: what follows easily is enough of that.
    may_be_hidden = grid.below_the_top[cells[pinned] - grid.own_start]
    values, fits = determined(system, pinned, may_be_hidden, exact_to=ONE_VALUE)
    if not fits and snapshot.alone is not None:
        # Some figure of the publication before is not that of now, whatever it looks like: what it would give is nobody's.
        system, cells, relation = unknowns(snapshot.alone)
        revealed = _tells(system, cells.size)
        yield from _own_parts(snapshot.alone, system, cells, relation, revealed)
        return
    for i in pinned[values > ONE_VALUE].tolist():
        kind = "pinned" if grid.below_the_top[cells[i] - grid.own_start] else "own"
        reason = revealed.reason[i]
        by = grid.relation_text(relation[reason]) if reason >= 0 else SEVERAL
        yield Finding(
            *snapshot.cell(cells[i]),
            kind,
            f"what sits on the unit itself, {by}{snapshot.with_previous}",
            members=(int(cells[i]),),
        )


def _untrue(snapshot: Snapshot) -> Ints:
    """The cells that would follow if everything were withheld: from relations that are not true of them.

    Such are those of persons who count in one table and not in the other; what follows from them is nobody's figure.
    """
    nothing_served = replace(snapshot, state=np.where(snapshot.state == SERVED, WITHHELD, snapshot.state))
    system, cells, _ = unknowns(nothing_served)
    return cells[_tells(system, cells.size).pinned]


def _tells(system: System, cells: int) -> Revealed:
    """What a system tells of its cells when none of them is known."""
    return eliminate(np.zeros(cells, dtype=bool), system.row, system.column, system.coefficient)


def unknowns(snapshot: Snapshot) -> tuple[System, Ints, Ints]:
    """The relations between what is withheld: the system, the cell of each of its columns, the relation of each of its rows."""
    grid = snapshot.grid
    state = snapshot.state[grid.cell]
    is_open = (state == WITHHELD) & grid.holding(snapshot.state, snapshot.time)[grid.row]
    rows, row = np.unique(grid.row[is_open], return_inverse=True)
    cells, column = np.unique(grid.cell[is_open], return_inverse=True)
    order = np.argsort(row, kind="stable")
    system = System(
        row[order],
        column[order],
        grid.coefficient[is_open][order],
        _right_side(snapshot, snapshot.size)[rows],
        snapshot.lower[cells],
        snapshot.upper[cells],
    )
    return system, cells, rows


def _right_side(snapshot: Snapshot, measure: Floats) -> Floats:
    """For each relation what its withheld cells must add up to, with their signs."""
    grid = snapshot.grid
    known = snapshot.state[grid.cell] == SERVED
    weights = -grid.coefficient[known] * measure[grid.cell[known]]
    return np.bincount(grid.row[known], weights=weights, minlength=grid.n_rows).astype(float)


def _small_sums(snapshot: Snapshot, system: System, cells: Ints, relation: Ints, revealed: Revealed) -> Iterator[Finding]:
    """Relations whose withheld cells all have one sign and nothing else unknown: their sum must reach the threshold."""
    grid = snapshot.grid
    count = np.bincount(system.row, minlength=relation.size)
    signs = np.bincount(system.row, weights=system.coefficient, minlength=relation.size)
    any_pinned = np.bincount(system.row, weights=revealed.pinned[system.column], minlength=relation.size) > 0
    total = np.abs(_right_side(snapshot, snapshot.counted)[relation])
    own_alone = grid.own_alone(snapshot.state)
    small = (count > 1) & (np.abs(signs) == count) & ~any_pinned & (total < grid.sum_limits[relation] - ROUNDING)
    for row in np.flatnonzero(small).tolist():
        members = cells[system.column[system.row == row]]
        of_table = members[members < grid.own_start]
        if of_table.size:
            kind = "own" if own_alone[of_table].all() else "sum"
            yield Finding(*snapshot.cell(of_table[0]), kind, grid.relation_text(relation[row]), members=tuple(members.tolist()))
