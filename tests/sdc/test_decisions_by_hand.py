"""Each sum and each rule of the secondary decisions on a table in which nothing else hides what it would give away.
Not here: the solution on drawn tables (test_secondary.py), or what the attack makes of a publication (test_hand_made.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.sdc.decisions import Sizes, withheld

Cell = tuple[object, ...]

K, A, B = ("kommune", "K"), ("virksomhet", "A"), ("virksomhet", "B")
TREE = (("K", None, None), ("A", "K", None), ("B", "K", None))
PAYROLL = ("payroll", "2023-12-31")
DATE = "payroll 2023-12-31"


@pytest.mark.parametrize(
    ("family", "whole", "large", "small"),
    [
        pytest.param(
            "sick leave",
            {"sick_leave_by_unit": {A: 20}},
            {"sick_leave_by_sex": {(*A, "kvinne"): 15}},
            {"sick_leave_by_sex": {(*A, "mann"): 5}},
            id="unit = both sexes",
        ),
        pytest.param(
            "sick leave",
            {"sick_leave_by_unit": {A: 20}},
            {"sick_leave_by_age": {(*A, "alle", "–29"): 15}},
            {"sick_leave_by_age": {(*A, "alle", "60+"): 5}},
            id="unit = ages of both sexes",
        ),
        pytest.param(
            "sick leave",
            {"sick_leave_by_sex": {(*A, "kvinne"): 20}},
            {"sick_leave_by_age": {(*A, "kvinne", "–29"): 15}},
            {"sick_leave_by_age": {(*A, "kvinne", "60+"): 5}},
            id="sex = its ages",
        ),
        pytest.param(
            "sick leave",
            {"sick_leave_by_age": {(*A, "alle", "–29"): 20}},
            {"sick_leave_by_age": {(*A, "kvinne", "–29"): 15}},
            {"sick_leave_by_age": {(*A, "mann", "–29"): 5}},
            id="age of both sexes = both sexes together",
        ),
        pytest.param(
            "sick leave",
            {"sick_leave_by_unit": {A: 60}},
            {"sick_leave_by_job_code": {(*A, "7174"): 40}},
            {"sick_leave_by_job_code": {(*A, "6572"): 20}},
            id="unit = its job codes",
        ),
        pytest.param(
            "sick leave",
            {"sick_leave_by_sex": {(*K, "mann"): 20}},
            {"sick_leave_by_sex": {(*A, "mann"): 15}},
            {"sick_leave_by_sex": {(*B, "mann"): 5}},
            id="unit = the units below it",
        ),
        pytest.param(
            "sick leave",
            {"sick_leave_by_unit": {("gruppe", "Skole"): 20}},
            {"sick_leave_by_unit": {A: 15}},
            {"sick_leave_by_unit": {B: 5}},
            id="group = its units",
        ),
        pytest.param(
            "persons",
            {"full_time_by_unit": {(*PAYROLL, *A): 20}},
            {"full_time_by_sex": {(*PAYROLL, *A, "kvinne"): 17}},
            {"full_time_by_sex": {(*PAYROLL, *A, "mann"): 3}},
            id="full time = its sexes",
        ),
        pytest.param(
            "persons",
            {"full_time_by_unit": {(*PAYROLL, *A): 20}},
            {"full_time_by_job_code": {(*PAYROLL, *A, "7174"): 17}},
            {"full_time_by_job_code": {(*PAYROLL, *A, "6572"): 3}},
            id="full time = its job codes",
        ),
        pytest.param(
            "persons",
            {},
            # With the director, whom the equality table leaves out.
            {"full_time_by_sex": {(*PAYROLL, *A, "mann"): 5}},
            {"equality_gender_balance": {("2023", *A, "mann"): 4}},
            id="sex of full time = that of equality",
        ),
        pytest.param(
            "persons",
            {},
            {"equality_gender_balance": {("2023", *A, "kvinne"): 20}},
            {"equality_gender_balance": {("2023", *A, "mann"): 4}},
            id="a sex tells its share of both",
        ),
        pytest.param(
            "persons",
            {},
            {"substitutes_by_unit": {("2023-12", *A): 20}},
            {"full_time_by_unit": {(*PAYROLL, *A): 4}},
            id="substitutes tell how many all are",
        ),
        pytest.param(
            "parental leave",
            {"equality_parental_leave": {("mann", "alle"): 12}},
            {"equality_parental_leave": {("mann", "100"): 9}},
            {"equality_parental_leave": {("mann", "80"): 3}},
            id="leave = both coverages",
        ),
        pytest.param(
            "pay",
            {"equality_pay": {(0,): 50}},
            {"equality_pay": {(1,): 47}},
            {"equality_pay": {(2,): 3}},
            id="pay = its groups",
        ),
        pytest.param(
            "pay",
            {"equality_pay": {(0,): 50}},
            {"equality_pay_by_job_code": {("7174",): 47}},
            {"equality_pay_by_job_code": {("6572",): 3}},
            id="pay = its codes",
        ),
        pytest.param(
            "workforce",
            {"workforce_by_unit": {(*K, "Fast"): 20}},
            {"workforce_by_unit": {(*A, "Fast"): 17}},
            {"workforce_by_unit": {(*B, "Fast"): 3}},
            id="form of employment = that of the units below",
        ),
    ],
)
def test_a_small_part_of_what_is_served_is_not_withheld_alone(
    family: str, whole: Mapping[str, Sizes], large: Mapping[str, Sizes], small: Mapping[str, Sizes]
) -> None:
    tables: dict[str, dict[Cell, float]] = {}
    for of_table in (whole, large, small):
        for table, cells in of_table.items():
            tables.setdefault(table, {}).update(cells)
    units = TREE if not any(cell[0] == "gruppe" for cells in tables.values() for cell in cells) else IN_GROUP
    found = withheld(family, tables, scope=DATE if family == "persons" else "2023", units=units)
    assert found == {(table, *cell) for of_table in (large, small) for table, cells in of_table.items() for cell in cells}


IN_GROUP = (("K", None, None), ("A", "K", "Skole"), ("B", "K", "Skole"))


def test_what_leaves_a_group_is_not_the_unit_less_the_group() -> None:
    """A is in a group but for A1 below it: A less the group is A1, whatever else of A is withheld."""
    a1, a2, group = ("virksomhet", "A1"), ("virksomhet", "A2"), ("gruppe", "Skole")
    found = withheld(
        "sick leave",
        {"sick_leave_by_unit": {A: 45, a1: 5, a2: 40, group: 40}},
        units=(("K", None, None), ("A", "K", "Skole"), ("A1", "A", "Barnehage"), ("A2", "A", None)),
    )
    assert found == {("sick_leave_by_unit", *unit) for unit in (A, a1)}


@pytest.mark.parametrize(
    ("also", "hidden"),
    [
        pytest.param([], {"7174", "6572"}, id="their sum is the group's"),
        # Who has the code is of either group: nobody knows how many of each.
        pytest.param([(2, "6572")], {"6572"}, id="one is of two groups"),
    ],
)
def test_a_pay_group_is_the_sum_of_the_codes_it_alone_has(also: list[tuple[int, str]], hidden: set[str]) -> None:
    found = withheld(
        "pay",
        {"equality_pay": {(1,): 50}, "equality_pay_by_job_code": {("7174",): 47, ("6572",): 3}},
        pay_codes=[(1, "7174"), (1, "6572"), *also],
    )
    assert found == {("equality_pay_by_job_code", code) for code in hidden}


def test_nobody_is_of_both_sexes() -> None:
    """Of six persons the small sex has one where the other has five at least: both withheld, the unit would tell."""
    sexes = {(*PAYROLL, *A, "kvinne"): 5, (*PAYROLL, *A, "mann"): 1}
    unit = (*PAYROLL, *A)
    found = withheld("persons", {"full_time_by_unit": {unit: 6}, "full_time_by_sex": sexes}, scope=DATE)
    assert ("full_time_by_unit", *unit) in found
    # Of job codes somebody may have both.
    codes = {(*PAYROLL, *A, "7174"): 5, (*PAYROLL, *A, "6572"): 1}
    found = withheld("persons", {"full_time_by_unit": {unit: 6}, "full_time_by_job_code": codes}, scope=DATE)
    assert found == {("full_time_by_job_code", *code) for code in codes}


def test_two_cells_of_four_of_eight_persons_withhold_their_unit() -> None:
    """Neither is above four, so that both are four: two below the threshold hide each other in a sum, not in whole numbers."""
    codes = {(*PAYROLL, *A, "7174"): 4, (*PAYROLL, *A, "6572"): 4}
    unit = (*PAYROLL, *A)
    found = withheld("persons", {"full_time_by_unit": {unit: 8}, "full_time_by_job_code": codes}, scope=DATE)
    assert ("full_time_by_unit", *unit) in found


@pytest.mark.parametrize(
    ("short_term_max_days", "beside"),
    [
        pytest.param(16, "4–16", id="short-term days are those of both short bands"),
        pytest.param(10, "17–56", id="short term ends within a band, and all bands make up the lost days"),
    ],
)
def test_bands_of_spells_are_a_units_days(short_term_max_days: int, beside: str) -> None:
    bands = {(*A, "1–3"): 3, (*A, "4–16"): 50, (*A, "17–56"): 6, (*A, "57+"): 40}
    found = withheld("spells", {"absence_spells_by_unit": bands}, short_term_max_days=short_term_max_days)
    assert found == {("absence_spells_by_unit", *A, band) for band in ("1–3", beside)}


def test_a_units_days_hide_none_of_its_spells() -> None:
    """They may be served by the sick-leave tables, however dear the bands are: those of the municipality."""
    bands = {(*K, "1–3"): 3, (*K, "4–16"): 50}
    found = withheld("spells", {"absence_spells_by_unit": bands})
    assert found == {("absence_spells_by_unit", *band) for band in bands}


@pytest.mark.parametrize(
    ("kommune", "others", "hidden"),
    [
        pytest.param(28, {B: 4}, {A, B}, id="four answers of the municipality's own are known to be few"),
        pytest.param(29, {B: 4}, {B}, id="five may be any"),
        pytest.param(28, {("ukjent", "X"): 4}, {A, ("ukjent", "X")}, id="a unit the tree does not have is part of the whole"),
    ],
)
@pytest.mark.parametrize("of_factor", [(), ("1",)], ids=["answers", "scores"])
def test_answers_add_up_to_fewer_than_the_threshold(
    kommune: int, others: Mapping[Cell, float], hidden: set[Cell], of_factor: Cell
) -> None:
    table = "survey_factor_scores" if of_factor else "survey_response"
    cells = {(*unit, *of_factor): size for unit, size in {K: kommune, A: 20, **others}.items()}
    found = withheld("scores" if of_factor else "answers", {table: cells}, units=TREE)
    assert found == {(table, *unit, *of_factor) for unit in hidden}


@pytest.mark.parametrize(
    ("below", "own", "hidden"),
    [
        pytest.param("A", 1, {"A1"}, id="A's leader is A less the units below it"),
        pytest.param("A", 12, set(), id="a group that reaches the threshold"),
        pytest.param("T", 1, set(), id="nothing is withheld between the municipality and its service areas"),
    ],
)
def test_what_sits_on_a_unit_itself_takes_a_unit_below_it_along(below: str, own: float, hidden: set[str]) -> None:
    above = "K" if below == "T" else "A"
    level_below = "tjenesteområde" if below == "T" else "virksomhet"
    sizes = {("kommune" if above == "K" else "virksomhet", above): 50 + own, (level_below, f"{below}1"): 20}
    units = (("K", None, None), ("A", "K", None), *((f"{below}{n}", above, None) for n in (1, 2)))
    found = withheld(
        "sick leave",
        {"sick_leave_by_unit": {**sizes, (level_below, f"{below}2"): 30}},
        own={"sick_leave_by_unit": {(above,): own}},
        units=units if above == "A" else units[:1] + units[2:],
    )
    assert found == {("sick_leave_by_unit", level_below, unit) for unit in hidden}


def test_who_sits_on_a_unit_itself_is_no_company_where_that_is_no_secret() -> None:
    """Three sit on A itself, as everybody knows: A less those is A1."""
    a1 = ("virksomhet", "A1", "Fast")
    found = withheld(
        "workforce",
        {"workforce_by_unit": {(*A, "Fast"): 7, a1: 4}},
        own={"workforce_by_unit": {("A", "Fast"): 3}},
        units=(("K", None, None), ("A", "K", None), ("A1", "A", None)),
    )
    assert found == {("workforce_by_unit", *A, "Fast"), ("workforce_by_unit", *a1)}


def test_persons_of_two_job_codes_make_a_sum_seem_smaller() -> None:
    """Two of the unit have both codes: the unit less the served code is four, though the withheld codes have six together."""
    codes = {(*PAYROLL, *A, code): persons for code, persons in {"7174": 16, "6572": 3, "6190": 3}.items()}
    unit = (*PAYROLL, *A)
    found = withheld("persons", {"full_time_by_unit": {unit: 20}, "full_time_by_job_code": codes}, scope=DATE)
    assert found == {("full_time_by_job_code", *code) for code in codes}


def test_all_parts_of_a_served_cell_need_not_reach_their_own_threshold() -> None:
    """The job codes of a unit of 20 årsverk are below 30 together; that they are 20 the unit says anyway."""
    codes = {(*A, "7174"): 12, (*A, "6572"): 8}
    found = withheld("sick leave", {"sick_leave_by_unit": {A: 20}, "sick_leave_by_job_code": codes})
    assert found == {("sick_leave_by_job_code", *code) for code in codes}
