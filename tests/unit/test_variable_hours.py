"""The contract of variable_timer: every rule broken once. Not here: the figures (golden)."""

from pathlib import Path

import pandas as pd
import pytest

from sources.payroll.variable_timer.contract import KINDS
from sources.registry import feeds
from tests.building import ROOT
from tests.judging import rules_broken_in
from tests.municipalities.files import write_lines

FEED = feeds()["variable_timer"]
HEADER = "Ansattnr;Enhetskode;Måned;Lønnsart;Timer;Beløp"
KNOWN = {("ansatte", "Ansattnr"): pd.Index(["1"]), ("organisasjon", "Enhetskode"): pd.Index(["V1"])}
BROKEN = {
    "field_count": "1;V1;2023-02",
    "employee_no_required": ";V1;2023-02;Overtid;1;",
    "unit_code_required": "1;;2023-02;Overtid;1;",
    "worked_month_required": "1;V1;;Overtid;1;",
    "worked_month_year_and_month": "1;V1;2023-2;Overtid;1;",
    "hours_kind_required": "1;V1;2023-02;;1;",
    "hours_kind_in_code_list": "1;V1;2023-02;Beredskap;1;",
    "hours_required": "1;V1;2023-02;Overtid;;",
    "hours_readable": "1;V1;2023-02;Overtid;en;",
    "hours_in_range": "1;V1;2023-02;Overtid;744,5;",
    "hours_pay_readable": "1;V1;2023-02;Overtid;1;mye",
    "employee_no_known": "2;V1;2023-02;Overtid;1;",
    "unit_code_known": "1;V2;2023-02;Overtid;1;",
    "quote_closed": '1;V1;2023-02;"Overtid;1;',
    "cell_is_text": "1;V1;2023-02;#N/A;1;",
    "hours_unique": "1;V1;2023-01;Overtid;3;",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_rule(tmp_path: Path, rule: str) -> None:
    path = write_lines(tmp_path / "variable_timer_2024-01-31.csv", HEADER, ["1;V1;2023-01;Overtid;-7,5;2 100,25", BROKEN[rule]])
    assert rules_broken_in(FEED, path, KNOWN) == [rule]


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in FEED.rules} == BROKEN.keys() | {"hours_as_usual"}


@pytest.mark.parametrize(("worked", "taken_back", "told"), [(6, 20, True), (7, 20, False), (0, 19, False)])
def test_hours_with_the_sign_of_an_account_are_told(tmp_path: Path, worked: int, taken_back: int, told: bool) -> None:
    hours = [1] * worked + [-1] * taken_back
    rows = [f"1;V1;{2000 + n}-01;Overtid;{one};" for n, one in enumerate(hours)]
    path = write_lines(tmp_path / "variable_timer_2024-01-31.csv", HEADER, rows)
    assert rules_broken_in(FEED, path, KNOWN) == (["hours_as_usual"] * taken_back if told else [])


def test_case_and_spaces_make_no_difference_in_a_kind(tmp_path: Path) -> None:
    """Left as it is written it would count for nothing."""
    path = write_lines(
        tmp_path / "variable_timer_2024-01-31.csv",
        HEADER,
        ["1;V1;2023-01;overtid;1;", "1;V1;2023-01;TIME LØNN;1;", "1;V1;2023-01;Overtid;1;"],
    )
    assert rules_broken_in(FEED, path, KNOWN) == ["hours_unique"]


def test_every_kind_of_hours_says_what_it_counts_as() -> None:
    """A kind that the contract lets in and the list lacks would count for nothing."""
    listed = pd.read_csv(ROOT / "dbt_project" / "seeds" / "hour_kinds.csv")["hours_kind"]
    assert sorted(listed) == sorted(KINDS)
