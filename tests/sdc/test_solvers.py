"""Elimination and intervals against brute force on random small tables: rational rank, and every table of whole numbers.
Not here: publications (test_hand_made.py).
"""

from __future__ import annotations

import gc
import itertools
import weakref
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples, over_seeds
from warehouse.sdc.linear.elimination import eliminate
from warehouse.sdc.linear.equations import Equations, components, in_rings
from warehouse.sdc.linear.intervals import Contradiction, Intervals, System, reach
from warehouse.sdc.linear.movement import Movement
from warehouse.sdc.linear.programs import Program


def rank(rows: list[list[Fraction]]) -> int:
    """Of a matrix, by Gauss over the rational numbers."""
    rows, done = [row[:] for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(done, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        for i in range(done + 1, len(rows)):
            factor = rows[i][column] / rows[done][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[done], strict=True)]
        done += 1
    return done


def in_row_space(rows: list[list[Fraction]], vector: list[Fraction]) -> bool:
    return rank([*rows, vector]) == rank(rows)


def entries(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row, column = np.nonzero(matrix)
    return row, column, matrix[row, column]


def random_matrix(draw: Random) -> np.ndarray:
    """Sums and differences of a few cells; some cells stand nowhere, some relations are combinations of others."""
    n_rows, n_columns = draw.randint(1, 7), draw.randint(2, 9)
    matrix = [[draw.choice((0, 0, 0, 1, 1, -1)) for _ in range(n_columns)] for _ in range(n_rows)]
    if n_rows > 2 and draw.random() < 0.5:
        matrix.append([a + b for a, b in zip(matrix[0], matrix[1], strict=True)])
    return np.array(matrix, dtype=np.int64)


@examples(few=150, many=3000)
@given(draw=st.randoms(use_true_random=False))
def test_elimination_finds_what_the_rational_row_space_holds(draw: Random) -> None:
    matrix = random_matrix(draw)
    n = matrix.shape[1]
    known = np.array([draw.random() < 0.1 for _ in range(n)])
    revealed = eliminate(known, *entries(matrix), sums=True)
    unit_vectors = [[Fraction(int(i == j)) for i in range(n)] for j in range(n)]
    rows = [[Fraction(int(value)) for value in row] for row in matrix] + [unit_vectors[j] for j in range(n) if known[j]]
    assert revealed.pinned.tolist() == [in_row_space(rows, unit_vectors[j]) for j in range(n)]
    for members in revealed.sums:
        assert members.size > 1 and not revealed.pinned[members].any()
        assert in_row_space(rows, [Fraction(int(j in members)) for j in range(n)])
    for column, reason in enumerate(revealed.reason.tolist()):
        if reason >= 0:
            others = [j for j in np.flatnonzero(matrix[reason]).tolist() if j != column]
            assert matrix[reason, column] and all(revealed.pinned[j] for j in others)


def random_table(draw: Random) -> tuple[np.ndarray, np.ndarray]:
    """A table of whole numbers up to 3, mostly small, and which of its cells are withheld; margins are known."""
    shape = draw.randint(2, 3), draw.randint(2, 3)
    values = np.array([[draw.choice((0, 0, 1, 1, 2, 3)) for _ in range(shape[1])] for _ in range(shape[0])])
    cells = draw.sample(range(values.size), draw.randint(1, min(5, values.size)))
    return values, np.isin(np.arange(values.size), cells).reshape(shape)


def system_of(values: np.ndarray, withheld: np.ndarray) -> System:
    """Row and column sums over the withheld cells."""
    number = np.full(values.shape, -1)
    number[withheld] = np.arange(withheld.sum())
    row, column, right = [], [], []
    for line, cells in [(values[i], number[i]) for i in range(values.shape[0])] + [
        (values[:, j], number[:, j]) for j in range(values.shape[1])
    ]:
        if (cells >= 0).any():
            row += [len(right)] * int((cells >= 0).sum())
            column += cells[cells >= 0].tolist()
            right.append(float(line[cells >= 0].sum()))
    n = int(withheld.sum())
    return System(
        np.array(row), np.array(column), np.ones(len(row), dtype=np.int64), np.array(right), np.zeros(n), np.full(n, np.inf)
    )


@examples(few=60, many=1000)
@given(draw=st.randoms(use_true_random=False))
def test_intervals_are_those_of_every_possible_table(draw: Random) -> None:
    """The ends for tables with margins are whole numbers, so that all tables of whole numbers show them."""
    values, withheld = random_table(draw)
    system = system_of(values, withheld)
    n = system.lower.size
    tables = np.array(list(itertools.product(range(int(system.right.max()) + 1), repeat=n)))
    sums = np.array([tables[:, system.column[system.row == row]].sum(axis=1) for row in range(system.right.size)])
    tables = tables[(sums == system.right[:, None]).all(axis=0)]
    low, high, point = reach(system, np.full(n, 100.0))
    assert low == pytest.approx(tables.min(axis=0), abs=1e-5)
    assert high == pytest.approx(tables.max(axis=0), abs=1e-5)
    assert np.bincount(system.row, weights=point[system.column]) == pytest.approx(system.right)


@examples(few=60, many=1000)
@given(draw=st.randoms(use_true_random=False))
def test_a_change_keeps_every_equation_and_every_bound(draw: Random) -> None:
    """Of each column in turn, up and down: the program of all columns is one, whatever was asked of it before."""
    system = system_of(*random_table(draw))
    n = system.lower.size
    below, above = (np.array([draw.choice((0.0, 1.0, 3.0, 100.0)) for _ in range(n)]) for _ in range(2))
    equations = Equations(system.row, system.column, system.coefficient, system.right.size, n)
    movement = Movement(equations, below, above, np.ones(n))
    charge = np.array([draw.choice((0.0, 1.0, 5.0, np.inf)) for _ in range(n)])
    farthest = np.zeros((2, n))
    for _ in range(2):
        for column in draw.sample(np.flatnonzero(np.isfinite(charge)).tolist(), int(np.isfinite(charge).sum())):
            for way, amount in enumerate((2.0, -2.0)):
                change = movement.around(column, charge).cheapest(amount)
                moved = change.dense(n)
                assert (moved <= above + 1e-6).all() and (moved >= -below - 1e-6).all()
                assert not moved[np.isinf(charge)].any(), "what may not move does not"
                sums = np.bincount(system.row, weights=moved[system.column] * system.coefficient, minlength=system.right.size)
                assert sums == pytest.approx(np.zeros(system.right.size), abs=1e-6)
                reached = abs(change.of(column))
                assert farthest[way, column] in (0.0, pytest.approx(reached, abs=1e-6)), "asked again it is the same"
                farthest[way, column] = reached


def test_what_is_likely_to_move_is_tried_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring of 40 columns that must all move, of which the nearest are too few; one more column moves with none of them."""
    monkeypatch.setattr("warehouse.sdc.linear.movement.NEIGHBOURHOODS", (3, 2, 2))
    ring = [([i], [(i + 1) % 40]) for i in range(40)]
    equations, ends = Equations.of_sides(ring, 41), np.ones(41)
    movement = Movement(equations, ends, ends, ends, lambda column: list(range(40)))
    change = movement.around(0, np.zeros(41)).cheapest(1.0)
    assert change.dense(41) == pytest.approx(np.append(np.ones(40), 0.0))
    assert "whole" not in vars(movement), "no program of all columns was made"
    # What is likely need not suffice: then all are tried.
    movement = Movement(equations, ends, ends, ends, lambda column: [0, 1, 2, 3])
    assert movement.around(0, np.zeros(41)).cheapest(1.0).of(0) == pytest.approx(1.0)
    assert "whole" in vars(movement)


@examples(few=60, many=1000)
@given(draw=st.randoms(use_true_random=False))
def test_ends_without_programs_are_those_of_programs(draw: Random) -> None:
    """Of sums of a tree and a few more that close rings, some of their columns not free: each against a program of its own."""
    n = draw.randint(1, 12)
    entries = [(row, column, draw.choice((1, -1))) for row in range(n // 2) for column in {row, draw.randrange(n), n - 1 - row}]
    row, column, coefficient = (np.array([entry[part] for entry in entries], dtype=np.int64) for part in range(3))
    equations = Equations(row, column, coefficient, n // 2, n)
    free = np.array([draw.random() < 0.8 for _ in range(n)])
    below, above = (np.where(free, [draw.choice((0.0, 1.0, 3.0, 100.0)) for _ in range(n)], 0.0) for _ in range(2))
    intervals = Intervals(equations, below, above, np.where(free, 1000.0, 0.0))
    intervals.prove(free, None)
    movement, charge = Movement(equations, below, above, np.ones(n)), np.where(free, 0.0, np.inf)
    ringed = set(equations.among(free).column[in_rings(equations.among(free))].tolist())
    for i in np.flatnonzero(free).tolist():
        lowest, highest = (movement.around(i, charge).cheapest(amount).of(i) for amount in (-1000.0, 1000.0))
        assert (intervals.lowest[i], intervals.highest[i]) == pytest.approx((lowest, highest), abs=1e-5), i in ringed


@over_seeds(few=5, many=100)
def test_the_few_that_are_left_are_pushed_as_the_many(seed: int) -> None:
    """A table of 800 cells of which few are asked about: every change that is seen is possible, and what can be wide is
    proven but for a few."""
    draw = Random(seed)
    shape = 20, 40
    number = np.arange(800).reshape(shape)
    equations = Equations.of_sides([(line.tolist(), []) for line in (*number, *number.T)], 800)
    below, above = (np.array([draw.choice((0.0, 0.5, 1.0, 2.0)) for _ in range(800)]) for _ in range(2))
    asked = draw.sample(range(800), 30)
    width = np.zeros(800)
    width[asked] = 1.5
    found: list[tuple[np.ndarray, np.ndarray]] = []
    intervals = Intervals(equations, below, above, width)
    intervals.prove(np.ones(800, dtype=bool), [np.arange(800)], lambda columns, change: found.append((columns, change)))
    for columns, change in found:
        moved = np.zeros(800)
        moved[columns] = change
        assert (moved <= above + 1e-6).all() and (moved >= -below - 1e-6).all()
        table = moved.reshape(shape)
        assert np.abs(table.sum(axis=0)).max() < 1e-5 and np.abs(table.sum(axis=1)).max() < 1e-5
    is_missing, can_be_wide = intervals.missing()[asked] > 0, below[asked] + above[asked] >= 1.5
    assert is_missing[~can_be_wide].all()
    # In a table as large as that every cell has company enough to move as far as it may; what pushing leaves is proven singly.
    assert is_missing[can_be_wide].sum() <= 8, "pushing ends where it hardly gets further"
    movement = Movement(equations, below, above, np.ones(800))
    for cell in np.array(asked)[is_missing & can_be_wide].tolist():
        for amount in (width[cell], -width[cell]):
            change = movement.around(cell, np.zeros(800)).cheapest(amount)
            intervals.see(change.columns, change.amounts)
    assert not intervals.missing()[asked][can_be_wide].any()


@pytest.mark.parametrize(
    ("size", "very_large", "is_proven"), [(8, 0, True), (20, 0, False), (20, 30, True), (30, 0, True), (30, 40, True)]
)
def test_what_no_block_proves_is_proven_with_what_lies_around_it(
    monkeypatch: pytest.MonkeyPatch, size: int, very_large: int, is_proven: bool
) -> None:
    """A ring of columns that all move or none, cut into two blocks: one of 20 is wider than the widest circle around a column,
    which is not followed by all columns where those are very many and more than few of them are asked: 1 of 20, but not of 30.
    """
    monkeypatch.setattr("warehouse.sdc.linear.intervals.VERY_LARGE", very_large)
    equations, ends = Equations.of_sides([([i], [(i + 1) % size]) for i in range(size)], size), np.ones(size)
    assert np.flatnonzero(equations.around(np.array([0]), 2)).tolist() == [0, 1, 2, size - 2, size - 1]
    asked = np.zeros(size)
    asked[0] = 1.5
    intervals = Intervals(equations, ends, ends, asked)
    intervals.prove(np.ones(size, dtype=bool), [np.arange(size // 2), np.arange(size // 2, size)])
    assert bool(intervals.missing()[0] == 0) == is_proven
    intervals.settle(np.array([0]))
    assert not intervals.missing().any(), "no more is asked of what is settled"


@pytest.mark.parametrize("steps", [0, 1000])
def test_a_push_that_takes_too_many_steps_is_taken_otherwise(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """A ring of columns that all move or none."""
    monkeypatch.setattr("warehouse.sdc.linear.intervals.ONE_BY_ONE", 0)
    monkeypatch.setattr("warehouse.sdc.linear.intervals.SIMPLEX_STEPS", steps)
    solved: list[bool] = []

    class Watched(Program):
        def solve(self, cost: np.ndarray | None = None) -> np.ndarray | None:
            found = super().solve(cost)
            solved.append(found is not None)
            return found

    monkeypatch.setattr("warehouse.sdc.linear.movement.Program", Watched)
    equations, ends = Equations.of_sides([([i], [(i + 1) % 30]) for i in range(30)], 30), np.ones(30)
    asked = np.zeros(30)
    asked[0] = 1.5
    intervals = Intervals(equations, ends, ends, asked)
    intervals.prove(np.ones(30, dtype=bool), [np.arange(30)])
    assert not intervals.missing().any()
    assert all(solved) if steps else solved == [False], "it is tried once"


def test_programs_around_a_column_are_not_kept() -> None:
    """Those of thousands of columns of a large table would be gigabytes, where Python looks for cycles rarely."""
    equations, ends = Equations.of_sides([([i], [(i + 1) % 30]) for i in range(30)], 30), np.ones(30)
    around = Movement(equations, ends, ends, ends).around(0, np.zeros(30))
    assert around.cheapest(0.5).of(0) == pytest.approx(0.5)
    known = weakref.ref(around)
    gc.disable()
    try:
        del around
        assert known() is None
    finally:
        gc.enable()


def test_rings_are_what_leads_back() -> None:
    """Two columns that stand in the same two equations, with one that hangs on them; a chain of three apart."""
    sides = [([0], [1]), ([0, 2], [1]), ([3], [4]), ([4], [5])]
    equations = Equations.of_sides(sides, 6)
    assert np.unique(equations.column[in_rings(equations)]).tolist() == [0, 1, 2]


# Below and above the size from which an interior point method finds the first point.
@pytest.mark.parametrize("large", [0, 3000])
def test_a_wide_interval_is_not_followed_to_its_ends_but_a_narrow_one_is(monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    monkeypatch.setattr("warehouse.sdc.linear.intervals.LARGE", large)
    system = System(*(np.array(part) for part in ([0, 0], [0, 1], [1, 1])), np.array([1.5]), np.zeros(2), np.full(2, np.inf))
    low, high, _ = reach(system, np.array([1.0, 2.0]))
    assert high[0] - low[0] >= 1.0
    assert (low[1], high[1]) == pytest.approx((0, 1.5), abs=1e-5)


@pytest.mark.parametrize("large", [0, 3000])
def test_relations_that_cannot_hold_are_a_contradiction(monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """One column that is two amounts; and what only all three relations say of three columns together."""
    monkeypatch.setattr("warehouse.sdc.linear.intervals.LARGE", large)
    for row, column, right in (([0, 1], [0, 0], [1.0, 2.0]), ([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 0, 2], [1.0, 1.0, 5.0])):
        count = max(column) + 1
        ones = np.ones(len(row), dtype=np.int64)
        system = System(np.array(row), np.array(column), ones, np.array(right), np.zeros(count), np.full(count, np.inf))
        with pytest.raises(Contradiction):
            reach(system, np.ones(count))


def test_a_point_in_the_middle_that_is_not_found_is_found_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.sdc.linear.intervals.LARGE", 0)
    monkeypatch.setattr(
        "warehouse.sdc.linear.intervals.CENTRE", {"solver": "ipm", "ipm_iteration_limit": 0, "run_crossover": "off"}
    )
    system = System(*(np.array(part) for part in ([0, 0], [0, 1], [1, 1])), np.array([1.5]), np.zeros(2), np.full(2, np.inf))
    low, high, first = reach(system, np.array([2.0, 2.0]))
    assert (low, high) == (pytest.approx([0, 0], abs=1e-5), pytest.approx([1.5, 1.5], abs=1e-5))
    assert first.sum() == pytest.approx(1.5)


def test_components_are_the_connected_parts() -> None:
    row, column = np.array([0, 0, 1, 1, 2]), np.array([5, 1, 1, 3, 0])
    parts = sorted(sorted(part.tolist()) for part in components(6, row, column))
    assert parts == [[0], [1, 3, 5], [2], [4]]


def test_a_system_in_which_rounding_goes_to_and_fro_is_solved() -> None:
    """The attack on a month of a random municipality: the interior point method never came to its end, and so did no night."""
    with np.load(Path(__file__).parent / "systems" / "to_and_fro.npz") as kept:
        system = System(**{name: kept[name] for name in kept.files})
    lower, upper, point = reach(system, np.zeros(system.lower.size))
    said = np.bincount(system.row, weights=system.coefficient * point[system.column], minlength=system.right.size)
    assert np.abs(said - system.right).max() < 1e-6
    assert (lower <= point + 1e-6).all() and (point <= upper + 1e-6).all()
