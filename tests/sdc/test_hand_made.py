"""Attacks on small hand-made publications whose answer is known: what follows from what, table by table.
Not here: the solvers on their own (test_solvers.py), or publications that a night has built (test_built.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.dbt import load_manifest
from tests.sdc.publications import Rows, cells, found, write_publication
from warehouse.catalogue import tables_of
from warehouse.sdc.attack import families
from warehouse.sdc.attack.copies import COPIES
from warehouse.sdc.attack.families import FAMILIES, WITH_RATIOS
from warehouse.sdc.attack.publication import attack
from warehouse.sdc.attack.served import Organisation, Served

UNITS = {"K": None, "A": "K", "B": "K", "C": "K"}
P, S = "primary", "secondary"
FULL_TIME = next(family for family in FAMILIES if family.name == WITH_RATIOS)


def level(unit: str) -> str:
    return "kommune" if unit == "K" else "avdeling"


def by_unit(values: Mapping[str, float | str], period: str = "2023-01") -> Rows:
    """Rows of sick_leave_by_unit; a text instead of a value is why it is withheld."""
    return [(period_type(period), period, level(unit), unit, *shown(value)) for unit, value in values.items()]


def by_code(values: Mapping[tuple[str, str], float | str], period: str = "2023-01") -> Rows:
    return [(period_type(period), period, level(unit), unit, code, *shown(value)) for (unit, code), value in values.items()]


# Two areas under the municipality; M, a small unit, lies in one of them or is no more.
AREAS = {"K": None, "A": "K", "A1": "A", "A3": "A", "A4": "A", "B": "K", "B1": "B", "B2": "B", "B3": "B"}


def two_areas(a: float, b: float, **small: str) -> Rows:
    """The year 2023 of AREAS with these figures of A and B, and beside them the small unit, if there is one."""
    withheld = dict.fromkeys(("A3", "A4", "B2", "B3"), S)
    return by_unit({"K": 101.5, "A": a, "A1": 50.0, "B": b, "B1": 30.0, **withheld, **small}, "2023")


def period_type(period: str) -> str:
    return {4: "year", 7: "quarter" if "Q" in period else "month"}[len(period)]


def shown(value: float | str) -> tuple[float | None, str | None]:
    return (None, value) if isinstance(value, str) else (value, None)


def table(withheld: Mapping[tuple[str, str], str], **changed: float) -> dict[str, Rows]:
    """A year of three units × three job codes with all totals; a cell is 10 unless `changed` (as A1=…)."""
    values = {(unit, code): changed.get(f"{unit}{code}", 10.0) for unit in "ABC" for code in "123"}
    totals = {unit: sum(values[unit, code] for code in "123") for unit in "ABC"}
    over_units = {("K", code): sum(values[unit, code] for unit in "ABC") for code in "123"}
    return {
        "sick_leave_by_unit": by_unit({"K": sum(totals.values()), **totals}, "2023"),
        "sick_leave_by_job_code": by_code({**over_units, **values, **withheld}, "2023"),
    }


def test_one_withheld_cell_of_a_table_with_totals_is_computable(tmp_path: Path) -> None:
    write_publication(tmp_path, "2024-01-01", units=UNITS, **table({("A", "1"): P}, A1=1.0))
    (leak,) = found(tmp_path)
    assert (leak.kind, leak.cell["org_unit_code"], leak.cell["job_code"]) == ("pinned", "A", "1")
    assert leak.by in ("unit = its job codes of avdeling A", "kommune K = the units below it (sick_leave_by_job_code, 1)")


def test_four_cells_that_can_swap_are_safe(tmp_path: Path) -> None:
    corners = {("A", "1"): P, ("A", "2"): S, ("B", "1"): S, ("B", "2"): S}
    write_publication(tmp_path, "2024-01-01", units=UNITS, **table(corners, A1=1.0))
    assert found(tmp_path) == []


def test_cells_that_only_a_zero_holds_are_named_by_linear_programming(tmp_path: Path) -> None:
    """Elimination sees four cells that can swap; but nobody is in A1 and next to nobody in B1, so hardly anything can move."""
    corners = {("A", "1"): P, ("A", "2"): S, ("B", "1"): P, ("B", "2"): S}
    figures = table(corners, A1=0.0, B1=0.05)
    write_publication(tmp_path, "2024-01-01", units=UNITS, **figures)
    assert found(tmp_path, "pinned") == []
    leaks = found(tmp_path, "narrow")
    assert cells(leaks, "org_unit_code", "job_code") == {("sick_leave_by_job_code", *corner) for corner in corners}
    # A swap may move 0,05 at most, of a threshold of 2.
    assert all(leak.width == pytest.approx(0.025) for leak in leaks)


def test_a_small_sum_of_safe_cells_is_named(tmp_path: Path) -> None:
    """A1 + A2 = 1,5 is known and below the threshold of 2, though neither can be computed."""
    corners = {("A", "1"): P, ("A", "2"): P, ("B", "1"): S, ("B", "2"): S}
    write_publication(tmp_path, "2024-01-01", units=UNITS, **table(corners, A1=0.8, A2=0.7))
    (leak,) = found(tmp_path)
    assert (leak.kind, leak.by) == ("sum", "unit = its job codes of avdeling A")


def test_in_a_month_only_a_single_value_is_too_narrow(tmp_path: Path) -> None:
    """A and B share 0,05 årsverk in January; in February none of them has any."""
    rows = [
        *by_unit({"K": 10.05, "A": P, "B": P, "C": 10.0}, "2023-01"),
        *by_unit({"K": 10.0, "A": P, "B": P, "C": 10.0}, "2023-02"),
        *by_unit({"K": 30.0, "A": 10.0, "B": 10.0, "C": 10.0}, "2022-12"),
    ]
    write_publication(tmp_path, "2024-01-01", units=UNITS, sick_leave_by_unit=rows)
    assert cells(found(tmp_path, "narrow"), "org_unit_code", "period") == {
        ("sick_leave_by_unit", unit, "2023-02") for unit in ("A", "B")
    }


def test_why_a_cell_is_withheld_tells_on_which_side_of_the_threshold_it_lies(tmp_path: Path) -> None:
    """A + B = 3,9 with both below 2: each lies between 1,9 and 2. A + B = 3 leaves 1 to 2, which is wide enough."""
    for name, whole in (("2024-01-01", 3.9), ("2024-01-02", 3.0)):
        rows = [
            *by_unit({"K": 10.0 + whole, "A": P, "B": P, "C": 10.0}, "2023"),
            *by_unit({"K": 30.0, "A": 10.0, "B": 10.0, "C": 10.0}, "2022"),
        ]
        write_publication(tmp_path / name, name, units=UNITS, sick_leave_by_unit=rows)
    assert {leak.cell["org_unit_code"] for leak in found(tmp_path / "2024-01-01", "narrow")} == {"A", "B"}
    assert found(tmp_path / "2024-01-02") == []


def test_what_only_leaders_are_is_told_apart(tmp_path: Path) -> None:
    """K's director is the only one of code 9: K less A and B is known, so the cell is bounded, and nothing can be done. The
    other code, which units below have too, is for disclosure control to mend.
    """
    write_publication(
        tmp_path,
        "2024-01-01",
        units={"K": None, "A": "K", "B": "K"},
        sick_leave_by_unit=by_unit({"K": 21.0, "A": 10.0, "B": 10.0}, "2023"),
        sick_leave_by_job_code=by_code(
            {("K", "1"): S, ("K", "9"): P, ("A", "1"): 10.0, ("B", "1"): 10.0},
            "2023",
        ),
        settings={"min_fte_job_code": 10},
    )
    findings = found(tmp_path)
    assert {(finding.kind, finding.cell["job_code"]) for finding in findings} == {("own", "9"), ("narrow", "1")}


def test_what_follows_in_one_table_goes_on_in_the_next(tmp_path: Path) -> None:
    """A's sexes are served, so A is known; then B follows from the tree."""
    rows: Rows = [("month", "2023-01", "avdeling", "A", sex, 6.0, None) for sex in ("kvinne", "mann")]
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        sick_leave_by_unit=by_unit({"K": 40.0, "A": P, "B": P, "C": 18.0}),
        sick_leave_by_sex=rows,
    )
    leaks = found(tmp_path)
    assert {(leak.cell["org_unit_code"], leak.kind) for leak in leaks} == {("A", "pinned"), ("B", "pinned")}
    assert {leak.by for leak in leaks} == {
        "unit = kvinne + mann of avdeling A",
        "kommune K = the units below it (sick_leave_by_unit)",
    }


def test_a_month_in_which_one_has_no_row_gives_the_other_away(tmp_path: Path) -> None:
    february = by_unit({"K": 40.0, "A": P, "B": P, "C": 20.0}, "2023-02")
    january = by_unit({"K": 30.0, "A": P, "C": 20.0}, "2023-01")
    # Somewhere both are there and C too: K has no positions of its own.
    whole = by_unit({"K": 40.0, "A": 10.0, "B": 10.0, "C": 20.0}, "2022-12")
    write_publication(tmp_path, "2024-01-01", units=UNITS, sick_leave_by_unit=[*january, *february, *whole])
    assert cells(found(tmp_path), "org_unit_code", "period") == {("sick_leave_by_unit", "A", "2023-01")}


def test_a_year_is_the_sum_of_its_quarters(tmp_path: Path) -> None:
    """B and C are withheld in the year but A is served there and withheld in one quarter alone."""
    rows = []
    for period in [*(f"2023-Q{n}" for n in (1, 2, 3, 4)), "2023"]:
        values: dict[str, float | str] = {"K": 40.0, "A": 10.0, "B": P, "C": S}
        if period == "2023-Q2":
            values["A"] = S
        rows += by_unit(values, period)
    write_publication(tmp_path, "2024-01-01", units=UNITS, sick_leave_by_unit=rows)
    (leak,) = found(tmp_path, "pinned")
    assert (leak.cell["org_unit_code"], leak.cell["period"]) == ("A", "2023-Q2")
    assert leak.by == "the sum over the months and quarters of the year"


def test_positions_on_the_unit_itself_keep_a_cell_open(tmp_path: Path) -> None:
    """K's own part is known to exist from December: 40 − 10 − 20 is A's and K's own together."""
    whole = by_unit({"K": 50.0, "A": 10.0, "B": 10.0, "C": 20.0}, "2022-12")
    open_month = by_unit({"K": 40.0, "A": P, "B": 10.0, "C": 20.0})
    write_publication(tmp_path, "2024-01-01", units=UNITS, sick_leave_by_unit=[*whole, *open_month])
    assert found(tmp_path) == []


def test_groups_are_sums_of_their_units(tmp_path: Path) -> None:
    rows = [*by_unit({"K": P, "A": P, "B": 8.0, "C": P}), ("month", "2023-01", "gruppe", "SFO", 18.0, None)]
    write_publication(tmp_path, "2024-01-01", units=UNITS, sick_leave_by_unit=rows)
    folder = tmp_path / "publish" / "history" / "2024-01-01"
    with duckdb.connect() as con:
        report = attack(Served(con, folder, Organisation({"A": "SFO", "B": "SFO"})))
    (leak,) = report.leaks
    assert (leak.cell["org_unit_code"], leak.by) == ("A", "gruppe SFO = its units (sick_leave_by_unit)")


def flicker(home: Path, b_now: float, k_now: float, settings_before: Mapping[str, object] = {}) -> None:
    """A is small both times; C shields it first, B the second time."""
    first = by_unit({"K": 40.0, "A": P, "B": 18.0, "C": S})
    second = by_unit({"K": k_now, "A": P, "B": S, "C": 40.0 - 18.0 - 1.0})
    write_publication(home, "2024-01-01", units=UNITS, settings=settings_before, sick_leave_by_unit=first)
    write_publication(home, "2024-01-02", units=UNITS, sick_leave_by_unit=second)


def test_a_shield_that_flickers_leaks_by_comparing_publications(tmp_path: Path) -> None:
    flicker(tmp_path, 18.0, 40.0)
    (leak,) = found(tmp_path)
    assert (leak.cell["org_unit_code"], leak.kind) == ("A", "pinned")
    assert leak.by.endswith("with the publication before")


@pytest.mark.parametrize("threshold_before", [1, 2, 3])
def test_publications_under_other_thresholds_are_compared(tmp_path: Path, threshold_before: int) -> None:
    """What hides a cell under a lower threshold must not be what was served under the higher one."""
    flicker(tmp_path, 18.0, 40.0, {"min_fte_unit": threshold_before})
    (leak,) = found(tmp_path)
    assert (leak.cell["org_unit_code"], leak.kind) == ("A", "pinned")


def test_figures_that_have_changed_do_not_join(tmp_path: Path) -> None:
    flicker(tmp_path, 17.0, 39.0)
    assert found(tmp_path) == []


@pytest.mark.parametrize(("counted_to", "known"), [("2023-10-31", []), ("2023-09-30", ["A"])])
@pytest.mark.parametrize("period", ["2023", "2023-Q4"])
def test_a_period_that_goes_on_is_another_figure(tmp_path: Path, period: str, counted_to: str, known: list[str]) -> None:
    """B was merged into A, so that no sum around C is the one it was. C hides A, and was served until September."""
    before = by_unit({"K": 40.0, "A": S, "B": P, "C": 18.0}, period)
    write_publication(tmp_path, "2023-10-01", units=UNITS, as_of="2023-09-30", sick_leave_by_unit=before)
    merged, now = {"K": None, "A": "K", "C": "K"}, by_unit({"K": 41.0, "A": S, "C": S}, period)
    write_publication(tmp_path, "2023-11-01", units=merged, as_of=counted_to, sick_leave_by_unit=now)
    assert [leak.cell["org_unit_code"] for leak in found(tmp_path, "pinned")] == known


@pytest.mark.parametrize("percents", [(85.0, None), (None, 86.1)], ids=["of employees", "of årsverk"])
def test_the_other_sexs_percent_gives_a_sex_away(tmp_path: Path, percents: tuple[float | None, float | None]) -> None:
    """17 women are 85 percent of all; how many all are is not served."""

    def publish(name: str, percents: tuple[float | None, float | None]) -> None:
        write_publication(
            tmp_path,
            name,
            units=UNITS,
            full_time_by_unit=[("payroll", "2023-12-31", "avdeling", "A", None, None, S)],
            equality_gender_balance=[
                (2023, "avdeling", "A", "kvinne", 17, 15.5, *percents, None),
                (2023, "avdeling", "A", "mann", None, None, None, None, P),
            ],
        )

    publish("2024-01-01", percents)
    leaks = found(tmp_path)
    assert ("equality_gender_balance", "mann", "employees_percent of kvinne") in {
        (leak.table, leak.cell.get("sex"), leak.by) for leak in leaks
    }
    # Without it nothing follows, and a night that serves it is attacked anew.
    with duckdb.connect() as con:
        history = tmp_path / "publish" / "history"
        telling = Served(con, history / "2024-01-01").fingerprints(FULL_TIME)
        (history / "2024-01-01").rename(tmp_path / "elsewhere")
        publish("2024-01-02", (None, None))
        assert found(tmp_path) == []
        silent = Served(con, history / "2024-01-02").fingerprints(FULL_TIME)
    assert telling.keys() == silent.keys() == {"2023-12-31"} and telling != silent


def test_full_time_minus_one_sex_is_the_other(tmp_path: Path) -> None:
    """Without any percent: 20 persons less 17 women."""
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        full_time_by_unit=[("payroll", "2023-12-31", "avdeling", "A", 20, 18.0, None)],
        equality_gender_balance=[
            (2023, "avdeling", "A", "kvinne", 17, 15.5, None, None, None),
            (2023, "avdeling", "A", "mann", None, None, None, None, P),
        ],
    )
    (leak,) = found(tmp_path)
    assert (leak.cell["sex"], leak.by) == ("mann", "full time = kvinne + mann of avdeling A")


def of_date(table: str, unit: str, persons: float | str, *dimension: str) -> dict[str, Rows]:
    """A row of a table that counts persons, with half an årsverk each; a text is why it is withheld."""
    value, reason = shown(persons)
    fte = None if value is None else value / 2
    source = ("payroll",) if table.startswith("full_time") else ()
    joined = (None, None, None) if table == "workforce_by_unit" else ()
    return {table: [(*source, "2023-12-31", level(unit), unit, *dimension, value, fte, *joined, reason)]}


def publish_rows(home: Path, *rows: dict[str, Rows]) -> None:
    """A publication of these rows, in which fewer than five persons are too few."""
    tables: dict[str, list] = {}
    for of_table in rows:
        for name, found_rows in of_table.items():
            tables.setdefault(name, []).extend(found_rows)
    write_publication(home, "2024-01-01", units=UNITS, settings={"min_persons": 5}, **tables)


@pytest.mark.parametrize(
    ("unit", "women", "men", "known"),
    [
        (8, P, P, {"kvinne", "mann"}),
        (7, P, P, set()),
        # Somebody is of the sex that has a row: five and one.
        (6, P, S, {"kvinne", "mann"}),
        (7, P, S, set()),
        (10, S, S, {"kvinne", "mann"}),
        (S, P, P, set()),
    ],
)
def test_headcounts_are_whole_numbers(tmp_path: Path, unit: int | str, women: str, men: str, known: set[str]) -> None:
    publish_rows(
        tmp_path,
        of_date("full_time_by_unit", "A", unit),
        of_date("full_time_by_sex", "A", women, "kvinne"),
        of_date("full_time_by_sex", "A", men, "mann"),
    )
    leaks = found(tmp_path, "headcount")
    assert cells(leaks, "sex") == {("full_time_by_sex", sex) for sex in known}
    assert all(leak.is_leak and "its headcount follows from whole numbers" in leak.text() for leak in leaks)


@pytest.mark.parametrize(("unit", "known"), [(8, {"1", "2"}), (7, set())])
def test_of_two_job_codes_below_the_threshold_neither_has_more_than_the_other(
    tmp_path: Path, unit: int, known: set[str]
) -> None:
    """Somebody may have both codes: then the unit has fewer persons than the two together, and never more."""
    publish_rows(
        tmp_path,
        of_date("full_time_by_unit", "A", unit),
        *(of_date("full_time_by_job_code", "A", P, code) for code in "12"),
        # One and five of six would be, but for those who have both.
        of_date("full_time_by_unit", "B", 6),
        *(of_date("full_time_by_job_code", "B", why, code) for why, code in ((P, "1"), (S, "2"))),
    )
    assert cells(found(tmp_path, "headcount"), "org_unit_code", "job_code") == {
        ("full_time_by_job_code", "A", code) for code in known
    }


@pytest.mark.parametrize(("kommune", "known"), [(18, {"A", "B"}), (17, set())])
def test_headcounts_of_units_follow_from_the_unit_above(tmp_path: Path, kommune: int, known: set[str]) -> None:
    publish_rows(
        tmp_path,
        of_date("workforce_by_unit", "K", kommune, "Vikar"),
        *(of_date("workforce_by_unit", unit, P, "Vikar") for unit in "AB"),
        of_date("workforce_by_unit", "C", 10, "Vikar"),
    )
    assert cells(found(tmp_path, "headcount"), "org_unit_code") == {("workforce_by_unit", unit) for unit in known}


@pytest.mark.parametrize(("kommune", "known"), [(18, {"A", "B"}), (17, set())])
def test_answers_are_whole_numbers(tmp_path: Path, kommune: int, known: set[str]) -> None:
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        settings={"min_responses": 5},
        survey_response=[
            (2023, "kommune", "K", kommune, None, None),
            *((2023, "avdeling", unit, None, None, P) for unit in "AB"),
            (2023, "avdeling", "C", 10, None, None),
        ],
    )
    assert cells(found(tmp_path, "narrow"), "org_unit_code") == {("survey_response", unit) for unit in known}


def test_a_percent_with_its_count_is_its_denominator(tmp_path: Path) -> None:
    """substitute_fte and substitute_percent give the årsverk that full_time_by_unit withholds."""
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        full_time_by_unit=[("payroll", "2023-04-30", "avdeling", "A", None, None, S)],
        substitutes_by_unit=[("2023-04", "avdeling", "A", 1.0, 2.0, 10.0, 30.0, None)],
    )
    (leak,) = found(tmp_path)
    assert (leak.table, leak.by) == ("full_time_by_unit", "substitute_fte and substitute_percent of 2023-04")


def test_parental_leave_and_pay_are_sums_of_their_parts(tmp_path: Path) -> None:
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        equality_parental_leave=[
            (2023, "mann", "alle", 12, None),
            (2023, "mann", "100", 11, None),
            (2023, "mann", "80", None, P),
        ],
        equality_pay=[(2023, 0, 30, 20, 50, None), (2023, 1, 20, 19, 39, None), (2023, 2, None, None, None, P)],
    )
    leaks = found(tmp_path, "pinned")
    assert {leak.by for leak in leaks} == {
        "mann: alle = 80 + 100 of the municipality",
        "total = its pay groups of the municipality",
    }
    assert cells(leaks, "year") == {("equality_parental_leave", "2023"), ("equality_pay", "2023")}


def test_spells_workforce_and_pay_by_job_code_are_sums_of_their_parts(tmp_path: Path) -> None:
    """K less B is A, in a band of spells and in a form of employment; the total less the one code is the other."""
    write_publication(
        tmp_path,
        "2024-01-01",
        units={"K": None, "A": "K", "B": "K"},
        absence_spells_by_unit=[
            (2023, "kommune", "K", "1–3", 12, 40.0, None),
            (2023, "avdeling", "A", "1–3", None, None, S),
            (2023, "avdeling", "B", "1–3", 9, 30.0, None),
            # Two that can swap.
            (2023, "avdeling", "A", "57+", None, None, S),
            (2023, "avdeling", "B", "57+", None, None, S),
            (2023, "kommune", "K", "57+", 9, 90.0, None),
        ],
        workforce_by_unit=[
            ("2023-12-31", "kommune", "K", "Fast", 12, 10.0, None, None, None, None),
            ("2023-12-31", "avdeling", "A", "Fast", None, None, None, None, None, S),
            ("2023-12-31", "avdeling", "B", "Fast", 9, 8.0, None, None, None, None),
        ],
        equality_pay=[(2023, 0, 12, 9, 21, None)],
        equality_pay_by_job_code=[(2023, "7174", 9, 7, 16, None), (2023, "6572", None, None, None, S)],
    )
    pinned = found(tmp_path, "pinned")
    assert {(leak.table, leak.cell.get("length_band")) for leak in pinned} == {
        ("absence_spells_by_unit", "1–3"),
        ("workforce_by_unit", None),
        ("equality_pay_by_job_code", None),
    }


@pytest.mark.parametrize(
    ("year", "codes", "known"),
    [
        pytest.param(2023, {"6190": S, "6572": 20}, {"6190"}, id="6190 alone is of the group"),
        pytest.param(2023, {"6190": S, "6559": S}, set(), id="two that can swap"),
        # 7719 is of the group until April 2024, when it comes into one of its own.
        pytest.param(2023, {"6190": 30, "7719": S}, {"7719"}, id="what leaves the group later is in it"),
        pytest.param(2023, {"6190": S, "7719": S}, set(), id="and can swap"),
        pytest.param(2024, {"6190": S, "7719": S}, {"6190"}, id="what has left it is not in it"),
        pytest.param(2023, {"6190": S, "1234": 20}, set(), id="a code that is not listed may be of any group"),
    ],
)
def test_a_pay_group_is_the_sum_of_the_codes_that_are_listed_in_it(
    tmp_path: Path, year: int, codes: Mapping[str, int | str], known: set[str]
) -> None:
    def row(key: object, count: int | str) -> tuple[object, ...]:
        return (year, key, None, None, None, count) if isinstance(count, str) else (year, key, count - 9, 9, count, None)

    write_publication(
        tmp_path,
        "2024-01-01",
        units={"K": None},
        equality_pay=[row(2, 40)],
        equality_pay_by_job_code=[row(code, count) for code, count in codes.items()],
    )
    leaks = found(tmp_path)
    assert {(leak.kind, leak.by) for leak in leaks} <= {("pinned", "pay group 2 = its job codes of the municipality")}
    assert cells(leaks, "job_code") == {("equality_pay_by_job_code", code) for code in known}


def test_of_a_code_that_is_listed_in_two_groups_at_once_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(families, "LISTED", [families.Listed("6190", group, 2000, families.FOR_EVER) for group in "23"])
    write_publication(
        tmp_path,
        "2024-01-01",
        units={"K": None},
        equality_pay=[(2023, 2, 31, 9, 40, None)],
        equality_pay_by_job_code=[(2023, "6190", None, None, None, S)],
    )
    assert found(tmp_path) == []


@pytest.mark.parametrize(("short_term_max_days", "pinned"), [(16, 1), (10, 0)])
def test_short_bands_are_short_term_only_where_it_ends_with_one(tmp_path: Path, short_term_max_days: int, pinned: int) -> None:
    """Short-term days less the spells of 1 to 3 are those of 4 to 16, if short term ends with day 16."""
    write_publication(
        tmp_path,
        "2024-01-01",
        units={"K": None},
        settings={"short_term_max_days": short_term_max_days},
        absence_spells_by_unit=[
            (2023, "kommune", "K", "1–3", 12, 40.0, None),
            (2023, "kommune", "K", "4–16", None, None, S),
            (2023, "kommune", "K", "17–56", None, None, S),
            (2023, "kommune", "K", "57+", None, None, S),
        ],
    )
    with duckdb.connect() as con:
        con.execute(
            f"""copy (select 'year' as period_type, '2023' as period, 'kommune' as org_level, 'K' as org_unit_code, 40.0 as fte,
                70.0 as short_term_days, null::varchar as withheld)
                to '{tmp_path / "publish/history/2024-01-01/sick_leave_by_unit.parquet"}' (format parquet)"""
        )
    assert len(found(tmp_path, "pinned")) == pinned


def test_copies_of_withheld_cells_are_named(tmp_path: Path) -> None:
    year = by_unit({"K": 40.0, "A": P, "B": S, "C": 20.0}, "2023")
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        sick_leave_by_unit=year,
        targets=[
            ("sick_leave_percent", 2023, "avdeling", "A", 7.5, 0.5),
            ("sick_leave_percent", 2023, "avdeling", "B", None, None),
        ],
        survey_response=[
            (2021, "avdeling", "A", None, None, P),
            (2021, "avdeling", "B", 30, None, None),
            (2023, "avdeling", "A", 12, 80.0, None),
        ],
        workforce_by_unit=[
            *(("2022-12-31", "avdeling", unit, "Vikar", None, None, None, None, None, P) for unit in "AB"),
            ("2023-12-31", "avdeling", "A", "Vikar", 5, 4.0, 6, 2, 67.0, None),
            ("2023-12-31", "avdeling", "B", "Vikar", 5, 4.0, None, None, None, None),
        ],
        # Of B the hours alone are served.
        substitutes_by_unit=[
            ("2022-12", "avdeling", "A", 0.0, 1.5, 7.5, 0.0, None),
            ("2022-12", "avdeling", "B", 0.2, None, None, 0.0, None),
            ("2023-12", "avdeling", "A", 0.0, 4.0, 10.0, 0.0, None),
        ],
    )
    leaks = found(tmp_path, "copy")
    assert {(leak.table, leak.cell["org_unit_code"], leak.by) for leak in leaks} == {
        ("sick_leave_by_unit", "A", "targets.sick_leave_percent"),
        ("survey_response", "A", "survey_response.previous_response_percent of 2023"),
        ("workforce_by_unit", "A", "workforce_by_unit.joined_12m and left_12m of 2023-12-31"),
        ("workforce_by_unit", "A", "substitutes_by_unit.substitute_fte of 2022-12"),
    }


# The dates of payroll, of payroll before PAI's, and of PAI's.
DATES = ("2023-12-31", "2023-10-31", "2023-11-01")


def withheld_full_time(source: str, day: str) -> Callable[[str], Rows]:
    return lambda unit: [(source, day, level(unit), unit, None, None, P)]


def withheld_year(unit: str) -> Rows:
    return [("year", "2023", level(unit), unit, None, P)]


def target(indicator: str) -> Callable[[str, Mapping[str, float]], Rows]:
    return lambda unit, value: [(indicator, 2023, level(unit), unit, value.get("actual"), value.get("gap"))]


def benchmark(indicator: str, period_type: str, period: str) -> Callable[[str, Mapping[str, float]], Rows]:
    return lambda unit, value: [(indicator, period_type, period, "payroll", value["value"])] if value else []


def beside_pai(unit: str, value: Mapping[str, float]) -> Rows:
    figures = ("payroll_value", "payroll_value_before_pai", "pai_value", "payroll_minus_pai", "due_to_date", "due_to_source")
    return [("headcount", 2023, level(unit), unit, *DATES, *map(value.get, figures))]


def substitutes(unit: str, value: Mapping[str, float]) -> Rows:
    return [("2023-12", level(unit), unit, 0.0, value.get("substitute_fte"), value.get("substitute_percent"), 0.0, None)]


def joined(unit: str, value: Mapping[str, float]) -> Rows:
    changes = map(value.get, ("joined_12m", "left_12m", "turnover_percent"))
    return [("2024-12-31", level(unit), unit, "Fast", 9, 8.0, *changes, None)]


def withheld_form(form: str) -> Callable[[str], Rows]:
    return lambda unit: [("2023-12-31", level(unit), unit, form, None, None, None, None, None, P)]


def next_survey(unit: str, value: Mapping[str, float]) -> Rows:
    return [(2025, level(unit), unit, 12, value.get("previous_response_percent"), None)]


def next_scores(unit: str, value: Mapping[str, float]) -> Rows:
    return [(2025, level(unit), unit, 1, 4.2, value.get("previous_score"), value.get("difference_previous"), None)]


# Of each entry of COPIES, by its tables and, where these have several, its first column: one unit's rows of the copy, with the
# values of its served columns, and of the withheld cell.
REPEATED: dict[tuple[str, str, str], tuple[Callable[[str, Mapping[str, float]], Rows], Callable[[str], Rows]]] = {
    ("benchmarks", "sick_leave_by_unit", ""): (benchmark("sick_leave_percent", "year", "2023"), withheld_year),
    ("benchmarks", "full_time_by_unit", ""): (
        benchmark("full_time_100_percent", "month", "2023-12"),
        withheld_full_time("payroll", DATES[0]),
    ),
    ("targets", "sick_leave_by_unit", ""): (target("long_term_percent"), withheld_year),
    ("targets", "full_time_by_unit", ""): (target("full_time_80_percent"), withheld_full_time("payroll", DATES[0])),
    ("full_time_sources", "full_time_by_unit", "payroll_value"): (beside_pai, withheld_full_time("payroll", DATES[0])),
    ("full_time_sources", "full_time_by_unit", "payroll_value_before_pai"): (
        beside_pai,
        withheld_full_time("payroll", DATES[1]),
    ),
    ("full_time_sources", "full_time_by_unit", "pai_value"): (beside_pai, withheld_full_time("pai", DATES[2])),
    ("substitutes_by_unit", "workforce_by_unit", ""): (substitutes, withheld_form("Vikar")),
    ("workforce_by_unit", "workforce_by_unit", ""): (joined, withheld_form("Fast")),
    ("survey_response", "survey_response", ""): (next_survey, lambda unit: [(2023, level(unit), unit, None, None, P)]),
    ("survey_factor_scores", "survey_factor_scores", ""): (
        next_scores,
        lambda unit: [(2023, level(unit), unit, 1, None, None, None, P)],
    ),
}


def columns_repeated(table: str, of: str, first: str) -> tuple[str, ...]:
    """The columns of one entry, of several between the same tables the one that begins with this column."""
    (entry,) = (copy for copy in COPIES if (copy.table, copy.of) == (table, of) and first in ("", copy.columns[0]))
    return entry.columns


def test_every_copy_has_a_publication_by_hand() -> None:
    assert len(REPEATED) == len(COPIES)
    assert {columns_repeated(*entry) for entry in REPEATED} == {copy.columns for copy in COPIES}


@pytest.mark.parametrize("entry", REPEATED, ids=" ".join)
def test_each_column_of_each_copy_gives_the_withheld_cell_away_by_itself(tmp_path: Path, entry: tuple[str, str, str]) -> None:
    """A unit for each column, and one of which the copy serves none."""
    table, of, _ = entry
    repeat, hidden = REPEATED[entry]
    columns = columns_repeated(*entry)
    units = ["K"] if table == "benchmarks" else [f"A{n}" for n in range(len(columns) + 1)]
    tables: dict[str, list] = {table: [], of: []}
    for n, unit in enumerate(units):
        tables[table] += repeat(unit, dict.fromkeys(columns[n : n + 1], 5.0))
        tables[of] += hidden(unit)
    write_publication(tmp_path, "2024-01-01", units=dict.fromkeys(units), **tables)
    leaks = found(tmp_path)
    assert {leak.kind for leak in leaks} == {"copy"} and all(leak.by.startswith(f"{table}.") for leak in leaks)
    assert cells(leaks, "org_unit_code") == {(of, unit) for unit in units[: len(columns)]}


@pytest.mark.parametrize(("kommune", "leaks"), [(60, {"A"}), (61, set())])
def test_scores_add_up_weighted_by_their_responses(tmp_path: Path, kommune: int, leaks: set[str]) -> None:
    """K's answers are those of A, B and C, so A's score follows from the others'; with an answer of K's own it does not."""
    answers = {"K": kommune, "A": 20, "B": 20, "C": 20}
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        survey_response=[(2023, level(unit), unit, count, None, None) for unit, count in answers.items()],
        survey_factor_scores=[
            *((2023, level(unit), unit, 1, 4.2, None, None, None) for unit in "KBC"),
            (2023, "avdeling", "A", 1, None, None, None, P),
        ],
    )
    assert {leak.cell["org_unit_code"] for leak in found(tmp_path)} == leaks


def test_a_figure_in_the_reconciliation_is_the_cell(tmp_path: Path) -> None:
    cell = '{"period": "2023-01", "org_level": "avdeling", "org_unit_code": "A"}'
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        sick_leave_by_unit=by_unit({"K": 40.0, "A": P, "B": S, "C": 20.0}),
        reconciliation=[("f1", "sick_leave_by_unit", cell, 7.5, 0.1), ("f2", "sick_leave_by_unit", cell, None, None)],
    )
    (leak,) = found(tmp_path)
    assert (leak.kind, leak.cell["org_unit_code"], leak.by) == ("copy", "A", "reconciliation.computed of f1")


@pytest.mark.parametrize(("was", "now", "known"), [(7.5, None, {"A"}), (None, 8.0, {"A"}), (None, None, set())])
def test_what_a_figure_was_or_is_by_a_restatement_is_the_cell(
    tmp_path: Path, was: float | None, now: float | None, known: set[str]
) -> None:
    months = '{"period_type": "month", "period": "2023-01", "org_level": "avdeling", "org_unit_code": "A"}'
    dates = '{"source": "payroll", "reference_date": "2023-12-31", "org_level": "avdeling", "org_unit_code": "A"}'
    write_publication(
        tmp_path,
        "2024-01-01",
        units=UNITS,
        sick_leave_by_unit=by_unit({"K": 40.0, "A": P, "B": S, "C": 20.0}),
        full_time_by_unit=[("payroll", "2023-12-31", "avdeling", unit, None, None, P) for unit in "AB"],
        restatements=[
            ("2023-06-01", "sick_leave_by_unit", months, "lost_days", was, now),
            ("2024-01-01", "full_time_by_unit", dates, "headcount", was, now),
        ],
    )
    leaks = found(tmp_path)
    assert {leak.kind for leak in leaks} <= {"copy"}
    assert cells(leaks, "org_unit_code") == {
        (table, unit) for table in ("sick_leave_by_unit", "full_time_by_unit") for unit in known
    }
    assert {leak.by for leak in leaks} <= {"restatements.lost_days of 2023-06-01", "restatements.headcount of 2024-01-01"}


def test_no_value_is_told(tmp_path: Path) -> None:
    """What the attack computes would itself be a leak: 12,3456 and its threshold share must not be in any message."""
    write_publication(tmp_path, "2024-01-01", units=UNITS, **table({("A", "1"): P}, A1=1.23456789))
    (leak,) = found(tmp_path)
    assert "1.23" not in leak.text() and "1,23" not in leak.text() and leak.width is None


def test_the_command_tells_by_its_exit_code_and_names_the_cells(tmp_path: Path) -> None:
    leaking, safe = tmp_path / "leaking", tmp_path / "safe"
    write_publication(leaking, "2024-01-01", units=UNITS, **table({("A", "1"): P}, A1=1.23456789))
    write_publication(safe, "2024-01-01", units=UNITS, **table({}))

    def attack_command(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["attack", *arguments])

    found_leak = attack_command("--home", str(leaking))
    assert found_leak.exit_code == 1
    assert (
        "sick_leave_by_job_code period=2023 org_level=avdeling org_unit_code=A job_code=1: computable by" in found_leak.output
    )
    as_json = attack_command("--json", "--home", str(leaking))
    assert as_json.exit_code == 1
    report = json.loads(as_json.stdout)
    assert (report["publication"], report["previous"]) == ("2024-01-01", None)
    assert report["tables"]["sick_leave_by_job_code"]["pinned"] == 1
    assert "1.23" not in found_leak.output + as_json.output
    assert attack_command("--home", str(safe)).exit_code == 0
    unknown = attack_command("2023-12-31", "--home", str(safe))
    assert (unknown.exit_code, "`arsverk history` lists them" in unknown.output) == (2, True)
    assert attack_command("--home", str(tmp_path / "nowhere")).exit_code == 2


def test_a_publication_of_before_thresholds_were_recorded_is_attacked_alike(tmp_path: Path) -> None:
    """Its manifest.json names the grain of each table and nothing else."""
    write_publication(
        tmp_path, "2024-01-01", units=UNITS, sick_leave_by_unit=by_unit({"K": 40.0, "A": P, "B": 18.0, "C": 12.0})
    )
    known = found(tmp_path)
    manifest = tmp_path / "publish" / "history" / "2024-01-01" / "manifest.json"
    grains = {table.name: table.grain for table in tables_of(load_manifest())}
    manifest.write_text(json.dumps({"tables": grains}), encoding="utf-8")
    assert found(tmp_path) == known != []


PROTECTED = {"protect_own_positions": True}


@pytest.mark.parametrize(
    ("own", "withheld", "settings", "kinds"),
    [
        pytest.param(1, {}, PROTECTED, {"pinned"}, id="K's leader is K less A, B and C"),
        pytest.param(1, {}, {}, set(), id="the municipality has decided so"),
        pytest.param(2, {}, PROTECTED, set(), id="a group that reaches the threshold"),
        pytest.param(0, {}, PROTECTED, set(), id="nobody"),
        pytest.param(1, {"A": S}, PROTECTED, set(), id="A may be larger by the leader"),
        pytest.param(0.5, {"A": P}, {**PROTECTED, "min_fte_unit": 11}, {"sum"}, id="A and the leader together are few"),
    ],
)
def test_what_sits_on_a_unit_itself_is_a_cell(
    tmp_path: Path, own: float, withheld: Mapping[str, str], settings: Mapping[str, object], kinds: set[str]
) -> None:
    """A unit less the units below it, in the year and in its months."""
    figures: dict[str, float | str] = {"K": 30.0 + own, "A": 10.0, "B": 10.0, "C": 10.0}
    if "min_fte_unit" in settings:
        figures |= {"B": 11.0, "C": 11.0, "K": 32.0 + own}
    rows = [row for period in ("2023", "2023-01") for row in by_unit({**figures, **withheld}, period)]
    write_publication(tmp_path, "2024-01-01", units=UNITS, settings=settings, sick_leave_by_unit=rows)
    sits_on_k = Organisation(own_positions={("K", "2023")} if own else set())
    with duckdb.connect() as con:
        findings = attack(Served(con, tmp_path / "publish" / "history" / "2024-01-01", sits_on_k)).findings
    assert {finding.kind for finding in findings} == kinds
    if kinds == {"pinned"}:
        assert cells(findings, "org_unit_code", "period") == {
            ("sick_leave_by_unit", "K", period) for period in ("2023", "2023-01")
        }
        assert all("what sits on the unit itself" in finding.by for finding in findings)


def test_between_the_municipality_and_its_service_areas_nothing_is_withheld_for_it(tmp_path: Path) -> None:
    """Only figures that are always served could hide who sits on the municipality itself: reported, and no leak."""
    rows = [("year", "2023", "kommune", "K", 31.0, None)]
    rows += [("year", "2023", "tjenesteområde", unit, 10.0, None) for unit in "ABC"]
    write_publication(tmp_path, "2024-01-01", units=UNITS, settings=PROTECTED, sick_leave_by_unit=rows)
    folder = tmp_path / "publish" / "history" / "2024-01-01"
    with duckdb.connect() as con:
        con.execute(
            f"""create table t as select * replace (
                    case when org_level = 'avdeling' then 'tjenesteområde' else org_level end as org_level)
                from '{folder / "org_units.parquet"}'"""
        )
        con.execute(f"copy t to '{folder / 'org_units.parquet'}' (format parquet)")
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.cell["org_unit_code"], finding.is_leak) == ("own", "K", False)


def test_what_follows_from_the_publication_before_alone_is_no_leak_of_this_one(tmp_path: Path) -> None:
    """E has moved from B to A: A and B are new cells of figures that were all served, and no withholding hides them now."""
    known = {"K": 30.0, "D": 10.0, "E": 10.0, "F": 10.0}
    before = {"K": None, "A": "K", "B": "K", "D": "A", "E": "B", "F": "B"}
    write_publication(tmp_path, "2024-01-01", units=before, sick_leave_by_unit=by_unit({**known, "A": 10.0, "B": 20.0}))
    after = {**before, "E": "A"}
    write_publication(tmp_path, "2024-02-01", units=after, sick_leave_by_unit=by_unit({**known, "A": S, "B": S}))
    findings = found(tmp_path)
    assert {(finding.kind, finding.cell["org_unit_code"]) for finding in findings} == {("before", "A"), ("before", "B")}
    assert not any(finding.is_leak for finding in findings)
    # With another figure for E, A and B tell of it: that is this publication's doing.
    figures = {**known, "E": 9.0, "K": 29.0, "A": S, "B": S}
    write_publication(tmp_path, "2024-03-01", units={**before, "E": "B"}, sick_leave_by_unit=by_unit(figures))
    assert any(finding.is_leak for finding in found(tmp_path))


@pytest.mark.parametrize(("a_now", "kind"), [(21.0, "pinned"), (22.0, "before")])
def test_an_old_figure_excuses_no_new_one_that_follows(tmp_path: Path, a_now: float, kind: str) -> None:
    """K was served, and no sum above it shows that it has changed. Where A has, A and B tell what K is now."""
    served = {"K": 40.0, "A": 22.0, "B": 18.0}
    units = {"K": None, "A": "K", "B": "K"}
    write_publication(tmp_path, "2024-01-01", units=units, sick_leave_by_unit=by_unit(served))
    write_publication(tmp_path, "2024-02-01", units=units, sick_leave_by_unit=by_unit({**served, "K": S, "A": a_now}))
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.cell["org_unit_code"]) == (kind, "K")


def test_a_withheld_unit_that_moves_is_told_by_its_parents(tmp_path: Path) -> None:
    """Old A less new A is what has moved, though each publication alone gives nothing away."""
    in_a, in_b, moved = {**AREAS, "M": "A"}, {**AREAS, "M": "B"}, two_areas(59, 42.5, M=P)
    write_publication(tmp_path, "2024-01-01", units=in_a, sick_leave_by_unit=two_areas(60.5, 41, M=P))
    assert found(tmp_path) == []
    write_publication(tmp_path, "2024-02-01", units=in_b, sick_leave_by_unit=moved)
    (leak,) = found(tmp_path)
    assert (leak.kind, leak.cell["org_unit_code"], leak.is_leak) == ("moved", "M", True)
    assert leak.text().endswith("computable by the units of the publication before")
    # Without the parents, whose sums differ by it, nothing is left to subtract.
    hidden = [(*row[:4], None, S) if row[3] in ("A", "B") else row for row in moved]
    write_publication(tmp_path, "2024-02-02", units=in_b, sick_leave_by_unit=hidden)
    (tmp_path / "publish" / "history" / "2024-02-01").rename(tmp_path / "elsewhere")
    assert found(tmp_path) == []
    # The municipality, withheld with another figure, seems to follow from figures that nothing shows to have changed: no leak.
    write_publication(
        tmp_path,
        "2024-02-03",
        units=in_b,
        sick_leave_by_unit=[(*row[:4], None, S) if row[3] == "K" else row for row in hidden],
    )
    (tmp_path / "publish" / "history" / "2024-02-02").rename(tmp_path / "elsewhere as well")
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.cell["org_unit_code"], finding.is_leak) == ("before", "K", False)


def test_a_group_below_which_a_unit_has_moved_tells_it_too(tmp_path: Path) -> None:
    """The group of A has lost what A has lost, though it consists of the same unit: with A alone withheld the group tells."""

    def rows(a: float, b: float) -> Rows:
        return [*two_areas(a, b, M=P), ("year", "2023", "gruppe", "Skole", a, None)]

    write_publication(tmp_path, "2024-01-01", units={**AREAS, "M": "A"}, sick_leave_by_unit=rows(60.5, 41))
    write_publication(tmp_path, "2024-02-01", units={**AREAS, "M": "B"}, sick_leave_by_unit=rows(59, 42.5))
    history = tmp_path / "publish" / "history"
    with duckdb.connect() as con:
        then = Served(con, history / "2024-01-01", Organisation({"A": "Skole"}))
        now = Served(con, history / "2024-02-01", Organisation({"A": "Skole"}))
        ((snapshot, (leak,)),) = attack(now, then).leaking
    assert (leak.kind, leak.cell["org_unit_code"]) == ("moved", "M") and snapshot is not None
    assert {snapshot.grid.unit_of(cell) for cell in leak.members} == {
        ("avdeling", "M"),
        ("avdeling", "A"),
        ("avdeling", "B"),
        ("gruppe", "Skole"),
    }


def test_a_withheld_unit_that_is_merged_is_told_by_its_parents(tmp_path: Path) -> None:
    """Old A less new A is the unit that is gone: no publication has a cell for it any more, and A's sums tell it."""
    write_publication(tmp_path, "2024-01-01", units={**AREAS, "M": "A"}, sick_leave_by_unit=two_areas(60.5, 41, M=P))
    assert found(tmp_path) == []
    write_publication(tmp_path, "2024-02-01", units=AREAS, sick_leave_by_unit=two_areas(59, 42.5))
    (leak,) = found(tmp_path)
    assert (leak.kind, leak.cell["org_unit_code"], leak.is_leak) == ("moved", "M", True)


@pytest.mark.parametrize(("k_now", "kind"), [(90.0, "before"), (91.0, "moved")])
def test_a_figure_that_has_not_changed_is_known_whatever_has_moved_below_it(tmp_path: Path, k_now: float, kind: str) -> None:
    """M has joined B1, and A1 has come to their area: B1 is K less what A was. To withhold K as it was hides nothing."""

    def rows(served: Mapping[str, float], withheld: str) -> Rows:
        return by_unit({**served, **dict.fromkeys(withheld.split(), S)}, "2023")

    areas = {"K": None, "A": "K", "B": "K", "A2": "A", "B1": "B"}
    write_publication(
        tmp_path,
        "2024-01-01",
        units={**areas, "A1": "A", "M": "B"},
        sick_leave_by_unit=rows({"K": 90.0, "A": 45.0, "B": 45.0}, "A1 A2 B1 M"),
    )
    assert found(tmp_path) == []
    write_publication(tmp_path, "2024-02-01", units={**areas, "A1": "B"}, sick_leave_by_unit=rows({"K": k_now}, "A B A1 A2 B1"))
    assert {leak.kind for leak in found(tmp_path) if leak.cell["org_unit_code"] == "B1"} == {kind}
    assert any(leak.is_leak for leak in found(tmp_path)) == (kind == "moved")
