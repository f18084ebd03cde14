"""What a page says of a change, and what its charts draw (warehouse/report/render.py, charts.py)."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
import vl_convert

from warehouse.report import charts
from warehouse.report.numbers import MISSING, WITHHELD
from warehouse.report.queries import Figure
from warehouse.report.render import Page


@pytest.mark.parametrize(
    ("value", "empty", "said"),
    [
        (0.34, "", "opp 0,3\u00a0prosentpoeng fra 2022"),
        (-0.34, "", "ned 0,3\u00a0prosentpoeng fra 2022"),
        (0.04, "", "uendret (0,0 prosentpoeng) fra 2022"),
        (None, WITHHELD, "mens endringen fra 2022 ikke vises"),
        (None, MISSING, "uten tall for 2022"),
    ],
)
def test_a_change_is_the_end_of_a_sentence_whatever_is_known(value: float | None, empty: str, said: str) -> None:
    page = Page(cast(Any, SimpleNamespace(definitions={})), "side.html", "Side", "", "side.html")
    change = Figure("sick_leave_changes", "period=2023", "change_points", value, empty, 1)
    assert re.sub("<[^>]*>", "", page.moved(change, "2022")) == said


def test_a_figure_between_two_that_are_not_shown_is_drawn() -> None:
    months = [date(2023 + month // 12, month % 12 + 1, 1) for month in range(24)]
    values = [4.0, None, *[5.0] * 20, None, 7.0]
    spec = charts.lines([("Enhet", list(zip(months, values, strict=True)))], "prosent")
    assert vl_convert.vegalite_to_svg(spec).count('aria-roledescription="point"') == 2


def test_what_lies_behind_a_chart_shows_through_it() -> None:
    """The shadow of report.css that says on a phone that the chart goes on at its side."""
    spec = charts.columns([("1. kvartal", "2024", 9.0)], "prosent")
    assert not re.search('<rect[^>]*fill="white"', vl_convert.vegalite_to_svg(spec))


def test_marks_of_the_same_score_stand_inside_each_other() -> None:
    spec = charts.dots([("Autonomi", part, 4.3) for part in ("Kommunen", "Norge", "Forrige runde")], "skår", (3.0, 5.0))
    sizes = spec["encoding"]["size"]["scale"]["range"]
    assert sizes == sorted(set(sizes), reverse=True) and len(sizes) == 3


def test_a_target_stands_at_the_mark_of_its_year() -> None:
    """The axis' mark of a year is its last day: the figure of 31 December 2024 stands at 2024, not a year beside its target."""
    actual = [(date(2023, 12, 31), 8.0), (date(2024, 6, 30), 8.1)]
    spec = charts.path(actual, [(date(2023, 12, 31), 8.0), (date(2027, 12, 31), 7.0)], "prosent")
    drawn = [(row["line"], round(row["year"], 3), row["value"]) for row in spec["data"]["values"]]
    assert drawn == [
        ("Faktisk", 2023, 8.0),
        ("Faktisk", round(2023 + 182 / 366, 3), 8.1),
        ("Vei til målet", 2023, 8.0),
        ("Vei til målet", 2027, 7.0),
    ]
    assert spec["encoding"]["x"]["axis"]["values"] == [2023, 2024, 2025, 2026, 2027]


def test_parts_of_a_chart_keep_their_order_and_the_newest_is_darkest() -> None:
    rows = [(quarter, year, 8.0) for quarter in ("1. kvartal", "2. kvartal") for year in ("2022", "2023", "2024")]
    encoding = charts.columns(rows, "prosent")["encoding"]
    assert encoding["x"]["sort"] == ["1. kvartal", "2. kvartal"] and encoding["xOffset"]["sort"] == ["2022", "2023", "2024"]
    shades = encoding["color"]["scale"]["range"]
    assert len(shades) == 3 and shades == sorted(shades, reverse=True)
