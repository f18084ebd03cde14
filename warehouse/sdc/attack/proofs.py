"""What linear programming has shown of a time's cells, kept for other snapshots of the same time.
Not here: the programs (linear), or which cells are asked (attacker.py).

A snapshot in which more is withheld, and nothing else is known, leaves each figure at least as much room. So what was shown
beside the publication before holds of this one alone, and what was shown in one round of disclosure control holds in the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from warehouse.sdc.attack.cells import Snapshot
from warehouse.sdc.attack.relations import ABSENT, ROUNDING, SERVED, WITHHELD, States
from warehouse.sdc.linear.equations import Flags, Floats, Ints


@dataclass(frozen=True)
class Proof:
    """One possible set of figures of a snapshot, and the cells whose feasibility interval is known to be wide enough.

    `values`, `lower`, `upper` and `wide` are of the cells `there`, those that are not absent. A value is NaN where none was
    sought.
    """

    state: States
    there: Ints
    values: Floats
    lower: Floats
    upper: Floats
    wide: Flags

    def holds_in(self, snapshot: Snapshot) -> bool:
        """Whether everything that is possible in the proof's own snapshot is possible in this one."""
        if snapshot.state.size != self.state.size:
            return False
        there, withheld = self.there, snapshot.state[self.there] == WITHHELD
        was_withheld = self.state[there] == WITHHELD
        if (was_withheld & ~withheld).any() or (snapshot.state[there] == ABSENT).any():
            return False
        # What a cell is known to be at least and at most: now, and then.
        least, most = snapshot.lower[there], snapshot.upper[there]
        lowest = np.where(was_withheld, self.lower, self.values)
        highest = np.where(was_withheld, self.upper, self.values)
        if (np.abs(snapshot.size[there] - self.values)[~withheld] > ROUNDING).any():
            return False
        if ((least > lowest + ROUNDING) | (most < highest - ROUNDING))[withheld].any():
            return False
        return self._has_all_relations(snapshot)

    def _has_all_relations(self, snapshot: Snapshot) -> bool:
        """Whether the relations of this snapshot held in the proof's own; what was absent there counts as nothing."""
        new = (self.state == ABSENT) & (snapshot.state != ABSENT)
        if not new.any():
            return True
        if (snapshot.state[new] == SERVED).any() or (snapshot.lower[new] > ROUNDING).any():
            return False
        grid, time = snapshot.grid, snapshot.time
        return not (grid.holding(snapshot.state, time) & ~grid.holding(self.state, time)).any()


class Proofs:
    """The proofs of snapshots, by family and time."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], list[Proof]] = defaultdict(list)

    def shown(self, snapshot: Snapshot) -> tuple[Floats, Flags]:
        """For each cell of the grid a value, all of them possible together, and whether its interval is known to be wide
        enough. NaN where no value is known of a withheld cell.
        """
        values, wide = np.where(snapshot.state == WITHHELD, np.nan, snapshot.size), np.zeros(snapshot.grid.size, dtype=bool)
        for proof in reversed(self._of[_key(snapshot)]):
            if proof.holds_in(snapshot):
                values[snapshot.state == WITHHELD] = 0.0
                values[proof.there], wide[proof.there] = proof.values, proof.wide
                break
        return values, wide

    def keep(self, snapshot: Snapshot, values: Floats, wide: Flags) -> None:
        """Keep what was shown of a snapshot."""
        there = np.flatnonzero(snapshot.state != ABSENT)
        proof = Proof(snapshot.state.copy(), there, values[there], snapshot.lower[there], snapshot.upper[there], wide[there])
        self._of[_key(snapshot)].append(proof)

    def forget(self, snapshot: Snapshot) -> None:
        """Forget a time of which nothing more will be asked: proofs are large."""
        self._of.pop(_key(snapshot), None)

    def forget_other_years(self, years: Collection[str]) -> None:
        """Forget the times of other calendar years than these."""
        for key in [key for key in self._of if key[1][:4] not in years]:
            del self._of[key]


def _key(snapshot: Snapshot) -> tuple[str, str]:
    return snapshot.family.name, snapshot.time
