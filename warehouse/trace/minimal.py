"""Leaves out of a handful of rows those without which nothing changes: of two that cover the same day one is enough.
Not here: where the rows come from, or what their outcome is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def smallest(
    rows: Sequence[Row], outcome: Callable[[Sequence[Row]], object], may_leave: Callable[[Row], bool] = lambda row: True
) -> list[Row]:
    """The rows that remain when every row that changes nothing is left out, the last ones first.

    Args:
        outcome: what the rows make together; it stays the same.
        may_leave: whether a row may be left out at all.
    """
    kept = list(rows)
    wanted = outcome(kept)
    shrinking = True
    while shrinking:
        shrinking = False
        for row in [row for row in reversed(kept) if may_leave(row)]:
            without = [other for other in kept if other is not row]
            if outcome(without) == wanted:
                kept, shrinking = without, True
    return kept
