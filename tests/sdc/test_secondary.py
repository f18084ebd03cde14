"""The secondary rule on small tables of which everything can be tried: it hides, and it costs little more than it must.
Not here: the decisions of a whole night, or the attack on a publication (tests/sdc).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from warehouse.sdc.suppression.choice import GAP, Choice, Rule, rules_of_sums
from warehouse.sdc.suppression.feasibility import Computable
from warehouse.sdc.suppression.headcounts import Headcounts
from warehouse.sdc.suppression.problem import Cell, Problem
from warehouse.sdc.suppression.processes import withhold_in_all
from warehouse.sdc.suppression.secondary import Complement, withhold
from warehouse.workers import Processes

THRESHOLD = 10.0


def table(inner: list[list[float]], weight: float = 1.0, exists: np.ndarray | None = None) -> Problem:
    """A table of rows × columns with its margins and its total; names are (row, column), -1 for a sum over all."""
    sizes: dict[tuple[int, int], float] = {}
    for r, row in enumerate(inner):
        for c, size in enumerate(row):
            for name in ((r, c), (r, -1), (-1, c), (-1, -1)):
                sizes[name] = sizes.get(name, 0.0) + size
    names = list(sizes)
    place = {name: i for i, name in enumerate(names)}
    rows, columns = range(len(inner)), range(len(inner[0]))
    relations = [([place[r, -1]], [place[r, c] for c in columns]) for r in (*rows, -1)]
    relations += [([place[-1, c]], [place[r, c] for r in rows]) for c in (*columns, -1)]
    cells = [Cell("t", name, size, THRESHOLD, size < THRESHOLD, weight) for name, size in sizes.items()]
    return Problem(
        "table", cells, relations, np.ones((1, len(cells)), dtype=bool) if exists is None else exists, sum_threshold=THRESHOLD
    )


def withheld_names(problem: Problem, withheld: np.ndarray) -> set[tuple]:
    return {problem.cells[i].key for i in np.flatnonzero(withheld)}


def named(problem: Problem, *names: tuple[int, int]) -> np.ndarray:
    return np.array([cell.key in names for cell in problem.cells])


@pytest.mark.parametrize(
    ("taken_as_known", "left_over"),
    [
        pytest.param([(2, 0), (2, 1), (2, -1)], {(2, 2)}, id="all but one of a row"),
        pytest.param([(2, 0), (2, 1)], set(), id="two are open"),
        pytest.param([(0, 0), (0, 1), (0, -1)], set(), id="a withheld one is not known, whoever knew it"),
        pytest.param([(1, -1), (1, 1), (1, 2), (-1, -1), (2, -1)], {(1, 0), (0, -1)}, id="one leads to the next"),
    ],
)
def test_what_is_left_over_of_known_cells_is_known(
    taken_as_known: list[tuple[int, int]], left_over: set[tuple[int, int]]
) -> None:
    problem = table([[4, 20, 30], [21, 12, 40], [35, 33, 50]])
    problem.learn(named(problem, *taken_as_known))
    assert withheld_names(problem, problem.known) == {*taken_as_known, *left_over}


def test_an_untrue_sum_tells_nobody_a_figure() -> None:
    """Persons who count in both parts: the whole is less than they are together."""
    cells = [Cell("t", (name,), size, THRESHOLD, False, 1.0) for name, size in (("whole", 50), ("a", 30), ("b", 22))]
    problem = Problem("twice", cells, [([0], [1, 2])], np.ones((1, 3), dtype=bool))
    problem.learn(np.array([True, True, False]))
    assert problem.known.tolist() == [True, True, False]


def test_what_follows_from_known_cells_is_no_company() -> None:
    """The cheapest company of (0, 0) in its row is (0, 1); its column's other cells were served, so it follows from them."""
    problem = table([[4, 20, 30], [21, 12, 40], [35, 33, 50]])
    problem.learn(named(problem, (1, 1), (2, 1), (-1, 1)))
    assert withheld_names(problem, withhold(problem, 0.1)) == {(0, 0), (0, 2), (1, 0), (1, 2)}


def test_the_only_small_cell_takes_a_second_in_its_row_and_column() -> None:
    problem = table([[4, 20, 30], [21, 12, 40], [35, 33, 50]])
    assert withheld_names(problem, withhold(problem, 0.1)) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_a_sum_that_can_be_computed_is_not_below_the_threshold() -> None:
    # 3 and 4 hide each other, but 7 would be known.
    problem = table([[3, 4, 15, 30]])
    names = withheld_names(problem, withhold(problem, 0.1))
    assert {(0, 0), (0, 1)} < names and sum(
        problem.size[i] for i in range(len(problem.cells)) if problem.cells[i].key in names and problem.cells[i].key[0] == 0
    ) >= THRESHOLD


def test_a_cell_that_is_missing_in_a_month_hides_nothing_there() -> None:
    problem = table([[4, 12, 15, 30]])
    every = withhold(problem, 0.1)
    assert withheld_names(problem, every) & {(0, c) for c in range(4)} == {(0, 0), (0, 1)}
    month = np.array([name not in {(0, 1), (-1, 1)} for name in (cell.key for cell in problem.cells)])
    problem = table([[4, 12, 15, 30]], exists=np.array([np.ones(len(month), dtype=bool), month]))
    assert withheld_names(problem, withhold(problem, 0.1)) & {(0, c) for c in range(4)} >= {(0, 0), (0, 2)}


def test_what_the_publication_before_withheld_is_preferred_and_kept() -> None:
    problem = table([[4, 12, 13, 30], [22, 23, 24, 25]])
    chosen = withheld_names(problem, withhold(problem, 0.1))
    other = {(0, 0), (0, 2), (1, 0), (1, 2)}
    assert chosen != other
    again = table([[4, 12, 13, 30], [22, 23, 24, 25]])
    again.withheld_before = np.array([cell.key in other for cell in again.cells])
    assert withheld_names(again, withhold(again, 0.1)) == other


def of_persons(inner: list[list[float]]) -> Problem:
    """Units × sexes, each person in one of both: below 5 is at most 4, and where there is a row there is somebody."""
    problem = table(inner)
    cells = [cell._replace(threshold=5.0, is_primary=cell.size < 5, fewest=1) for cell in problem.cells]
    of_units = [relation for relation in problem.relations if problem.cells[relation[0][0]].key[1] == -1]
    return Problem(
        "persons", cells, problem.relations, problem.exists, partitions=of_units[: len(inner) + 1], sum_threshold=5.0
    )


def headcounts_that_follow(problem: Problem, withheld: np.ndarray) -> set[tuple]:
    """By trying every number of persons in every sum of the sexes of a unit."""
    found = set()
    for (whole,), parts in problem.partitions:
        members = [whole, *parts]
        ranges = [
            range(int(size), int(size) + 1)
            if not withheld[i]
            else range(1, 5)
            if problem.primary[i]
            else range(5, int(size) + 10)
            for i, size in zip(members, problem.size[members].tolist(), strict=True)
        ]
        possible = [values for values in itertools.product(*ranges) if values[0] == sum(values[1:])]
        for i, values in zip(members, zip(*possible, strict=True), strict=True):
            if withheld[i] and len(set(values)) == 1:
                found.add(problem.cells[i].key)
    return found


def test_two_cells_of_four_of_eight_persons_hide_the_unit() -> None:
    problem = of_persons([[4, 4], [20, 30], [25, 15], [9, 11]])
    assert headcounts_that_follow(problem, problem.primary) == {(0, 0), (0, 1)}
    names = withheld_names(problem, withhold(problem, 0.1))
    assert {(0, 0), (0, 1), (0, -1)} < names


@examples(few=60, many=2000)
@given(st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=2), min_size=3, max_size=5))
def test_no_headcount_follows_within_a_unit(inner: list[list[int]]) -> None:
    # A large unit, of which there is enough to withhold.
    problem = of_persons([*([float(size) for size in row] for row in inner), [30.0, 40.0]])
    assert not headcounts_that_follow(problem, withhold(problem, 0.1))


@pytest.mark.parametrize(
    ("known", "hides"),
    [
        ([], {(0, 1), (-1, -1)}),
        ([(0, 1)], {(-1, -1)}),
        ([(0, 1), (-1, -1)], set()),
    ],
    ids=["the cheapest of what tells each", "what was served before hides nothing", "nothing can hide it"],
)
def test_headcounts_that_two_sums_tell_are_hidden(known: list[tuple[int, int]], hides: set[tuple[int, int]]) -> None:
    """The first unit has at least 9 of 63, beside 50 and fewer than 5; and at most 9, which are 5 and fewer than 5."""
    problem = of_persons([[4, 5], [2, 2], [20, 30]])
    problem.known = np.array([cell.key in known for cell in problem.cells])
    first, second, sexes = {(0, 0), (0, -1)}, {(1, 0), (1, 1), (1, -1)}, {(-1, 0), (-1, 1)}
    withheld = np.array([cell.key in first | second | sexes for cell in problem.cells])
    assert withheld_names(problem, Headcounts(problem).hide(withheld) & ~withheld) == hides


def matrix_of(problem: Problem, withheld: np.ndarray, exists: np.ndarray | None = None) -> np.ndarray:
    """The relations between the withheld cells that exist. One that has nothing on one side says nothing of the other."""
    exists = np.ones_like(withheld) if exists is None else exists
    matrix = np.zeros((len(problem.relations), len(problem.cells)))
    for r, sides in enumerate(problem.relations):
        left, right = ([i for i in side if exists[i]] for side in sides)
        if left and right:
            matrix[r, left] += 1
            matrix[r, right] -= 1
    return matrix[:, withheld & exists]


def rank_says_computable(problem: Problem, withheld: np.ndarray, exists: np.ndarray) -> set[int]:
    """By the definition: a cell follows when its unit vector lies in the row space of the relations between unknowns."""
    unknown = np.flatnonzero(withheld & exists)
    matrix = matrix_of(problem, withheld, exists)
    rank = np.linalg.matrix_rank(matrix)
    return {
        int(cell)
        for n, cell in enumerate(unknown)
        if np.linalg.matrix_rank(np.vstack([matrix, np.eye(len(unknown))[n]])) == rank
    }


@examples(few=40, many=1000)
@given(chance=st.randoms(use_true_random=False))
def test_elimination_finds_what_the_rank_says(chance: random.Random) -> None:
    problem = table([[chance.randrange(1, 40) for _ in range(4)] for _ in range(4)])
    # All cells; and in other months many are missing, so that some relations have nothing on one side.
    problem.exists = np.array([[number == 0 or chance.random() < 0.6 for _ in problem.cells] for number in range(4)])
    withheld = np.array([chance.random() < 0.45 for _ in problem.cells])
    computable = Computable(problem, withheld)
    for number, exists in enumerate(problem.exists):
        assert set(computable.among(number).tolist()) == rank_says_computable(problem, withheld, exists)


@examples(few=12, many=300)
@given(chance=st.randoms(use_true_random=False))
def test_no_set_of_withheld_cells_has_a_known_sum_below_the_threshold(chance: random.Random) -> None:
    problem = table([[chance.choice([1, 2, 3, 5, 7, 11, 12, 15, 22]) for _ in range(4)] for _ in range(3)])
    withheld = withhold(problem, 0.1)
    matrix = matrix_of(problem, withheld)
    rank = np.linalg.matrix_rank(matrix)
    sizes = problem.size[withheld]
    small = np.flatnonzero(problem.primary[withheld])
    for count in range(1, len(small) + 1):
        for chosen in itertools.combinations(small, count):
            if sizes[list(chosen)].sum() < THRESHOLD:
                together = np.zeros(len(sizes))
                together[list(chosen)] = 1
                assert np.linalg.matrix_rank(np.vstack([matrix, together])) > rank, chosen


@pytest.mark.usefixtures("all_cores")
def test_problems_decided_in_processes_are_those_decided_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def chain(year: int) -> Iterator[Problem]:
        for month in range(3):
            problem = known_at_every_date(table([[4 + month, 12, 13, 30], [22, 9 + month, 24 + year, 25]]))
            problem.name = f"{year}-{month}"
            yield problem

    def decided() -> dict[str, list[bool]]:
        return {problem.name: withheld.tolist() for problem, withheld in withhold_in_all(map(chain, range(3)), 72, 0.1)}

    here = decided()
    monkeypatch.setattr("warehouse.sdc.suppression.processes.SMALL", 0)
    assert decided() == here
    assert len(here) == 9
    # A cell that the date before withholds stays withheld.
    for year in range(3):
        dates = [np.array(here[f"{year}-{month}"]) for month in range(3)]
        assert all((earlier <= later).all() for earlier, later in itertools.pairwise(dates))


@pytest.mark.usefixtures("all_cores")
def test_a_process_that_is_killed_is_the_machine_s_fault() -> None:
    with Processes() as processes:
        processes.start()
        for process in processes._all:
            process._process.kill()
        with pytest.raises(
            ChildProcessError, match=r"^work was killed or out of memory \(its process ended with -9\); give the night"
        ):
            processes.call("work", withhold, table([[4, 12], [22, 9]]), 0.1)


def known_at_every_date(problem: Problem) -> Problem:
    """The same with cells that are known again at the next date."""
    problem.cells = [cell._replace(natural_key=cell.key) for cell in problem.cells]
    return problem


def safe_sets(problem: Problem) -> Iterable[np.ndarray]:
    """Every set of withheld cells that keeps the rules and withstands the attacker."""
    free = np.flatnonzero(~problem.primary)
    rules = rules_of_sums(problem)
    for count in range(len(free) + 1):
        for chosen in itertools.combinations(free, count):
            withheld = problem.primary.copy()
            withheld[list(chosen)] = True
            if (
                all(is_kept(rule, withheld) for rule in rules)
                and (Complement(problem, problem.all_knowing(0.1)).hide(withheld) == withheld).all()
            ):
                yield withheld


def is_kept(rule: Rule, withheld: np.ndarray) -> bool:
    weight = sum(weight for i, weight in zip(rule.helpers, rule.weights, strict=True) if withheld[i])
    return not withheld[rule.cell] or weight >= rule.need - 1e-9


@examples(few=60, many=2000)
@given(data=st.data())
def test_the_choice_keeps_every_rule_at_the_least_cost(data: st.DataObject) -> None:
    """Against all sets of eight cells: rules of cells that are chosen late, of known cells, and needs that are out of reach."""
    count = 8
    sizes = data.draw(st.lists(st.floats(1, 50), min_size=count, max_size=count))
    cells = [Cell("t", (i,), size, THRESHOLD, False, 1.0) for i, size in enumerate(sizes)]
    problem = Problem("rules", cells, [], np.ones((1, count), dtype=bool))
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    given_cells = np.array(data.draw(flags))
    problem.known = np.array(data.draw(flags)) & ~given_cells & np.array(data.draw(flags))
    rules = []
    for _ in range(data.draw(st.integers(1, 12))):
        cell = data.draw(st.integers(0, count - 1))
        helpers = tuple(
            sorted(data.draw(st.sets(st.integers(0, count - 1).filter(lambda i, cell=cell: i != cell), min_size=1)))
        )
        weights = tuple(data.draw(st.sampled_from([1.0, 2.0, 5.0])) for _ in helpers)
        reachable = sum(weight for i, weight in zip(helpers, weights, strict=True) if not problem.known[i])
        rules.append(Rule(cell, helpers, weights, min(data.draw(st.sampled_from([1.0, 3.0, 6.0])), reachable)))
    rules = [rule for rule in rules if not problem.known[rule.cell]]
    chosen = Choice(problem, rules).cheapest(given_cells)
    assert (chosen >= given_cells).all() and not (chosen & problem.known).any()
    assert all(is_kept(rule, chosen) for rule in rules)
    free = np.flatnonzero(~given_cells & ~problem.known)
    least = np.inf
    for more in itertools.product((False, True), repeat=free.size):
        withheld = given_cells.copy()
        withheld[free] = more
        if all(is_kept(rule, withheld) for rule in rules):
            least = min(least, float(problem.costs[withheld & ~given_cells].sum()))
    assert problem.costs[chosen & ~given_cells].sum() <= least * (1 + GAP) + 1e-6


def test_hardly_more_is_withheld_than_the_least_that_is_safe() -> None:
    chance = random.Random(5)
    more = least = 0
    for _ in range(25):
        problem = table([[chance.choice([3, 6, 8, 12, 14, 17, 25, 40]) for _ in range(3)] for _ in range(3)])
        secondary = int((withhold(problem, 0.1) & ~problem.primary).sum())
        best = next(int((withheld & ~problem.primary).sum()) for withheld in safe_sets(problem))
        least += best
        more += secondary - best
    assert more <= 0.1 * least


def test_what_lies_alongside_are_the_cells_of_all_places_that_have_the_kind() -> None:
    """Nine units below one, which alone has both kinds: the first is in two of them, the other in all."""
    kinds = {unit: ("rare", "common") if unit in ("top", 0, 1) else ("common",) for unit in ("top", *range(9))}
    names = [(unit, kind) for unit, of_unit in kinds.items() for kind in of_unit]
    cells = [Cell("t", name, 20.0, THRESHOLD, False, 1.0, place=name[0]) for name in names]
    of_tree = [
        ([names.index(("top", kind))], [names.index((unit, kind)) for unit in range(9) if kind in kinds[unit]])
        for kind in ("rare", "common")
    ]
    within = [([names.index((unit, "rare"))], [names.index((unit, "common"))]) for unit in ("top", 0, 1)]
    problem = Problem("kinds", cells, [*of_tree, *within], np.ones((1, len(cells)), dtype=bool))
    assert {names[i] for i in problem.alongside(names.index((0, "rare")))} == {
        (unit, kind) for unit in ("top", 0, 1) for kind in ("rare", "common")
    }
    assert problem.alongside(names.index((0, "common"))) == [], "all of them are no neighbourhood"
