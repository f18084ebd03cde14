"""Which remedy of the closed loop a finding gets. Not here: that the loop hides everything (test_nothing_leaks.py)."""

from __future__ import annotations

from warehouse.sdc.attack.audit import Finding
from warehouse.sdc.protection import REMEDIES, ROUNDS, Tries

TIME = ("sick leave", "2024")


def found(unit: str) -> Finding:
    cell = {"period": "2024", "org_level": "avdeling", "org_unit_code": unit}
    return Finding("sick_leave_by_unit", cell, "pinned", "a sum")


def test_a_cell_begins_at_the_cheapest_however_often_others_were_found() -> None:
    """Else a cell that comes up in the last rounds costs the whole running year, as it did in the demo's second release."""
    tries = Tries()
    for number, remedy in enumerate(REMEDIES):
        tries.begin(number)
        assert tries.by_remedy(*TIME, [found("A")]) == {remedy: [found("A")]}
    tries.begin(len(REMEDIES))
    assert tries.by_remedy(*TIME, [found("A"), found("B")]) == {REMEDIES[-1]: [found("A")], REMEDIES[0]: [found("B")]}
    assert REMEDIES[tries.furthest] == REMEDIES[-1]


def test_the_loop_ends_at_the_last_resort() -> None:
    tries = Tries()
    tries.begin(ROUNDS + len(REMEDIES) - 1)
    assert set(tries.by_remedy(*TIME, [found("never found before")])) == {REMEDIES[-1]}
