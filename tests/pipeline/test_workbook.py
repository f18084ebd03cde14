"""The workbook of a publication, opened again: its sheets are Excel tables of served figures. Not here: how it looks."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.builds import Builds, Built, published_whole
from tests.pipeline.test_examples_of_the_docs import deliver
from warehouse.database import publication_opened
from warehouse.verify import verify
from warehouse.workbook import FILE, READING, SHEETS, WITHHELD, write_workbook


@pytest.fixture(scope="module")
def published(builds: Builds) -> Built:
    return builds.built(deliver, published_whole)


@pytest.fixture(scope="module")
def book(published: Built) -> Workbook:
    return load_workbook(published.home.publish / FILE)


def rows_of(page: Worksheet) -> list[dict[str, Any]]:
    """The rows of a sheet's one Excel table by its headings."""
    (table,) = page.tables.values()
    first, *rows = page[table.ref]
    headings = [cell.value for cell in first]
    assert headings == [column.name for column in table.tableColumns] and len(set(headings)) == len(headings)
    return [dict(zip(headings, (cell.value for cell in row), strict=True)) for row in rows]


def first_sheet(book: Workbook) -> dict[Any, Any]:
    """What the first sheet says of the workbook: its second column by its first."""
    return {row[0].value: row[1].value for row in book["Les meg"].iter_rows(max_col=2)}


def test_the_night_publishes_it_and_verify_knows_it(published: Built, tmp_path: Path) -> None:
    folder = published.home.current.resolve()
    assert (published.home.publish / FILE).readlink() == Path("current") / FILE
    assert verify(published.home) == []
    write_workbook(folder, tmp_path)
    assert (tmp_path / FILE).read_bytes() == (folder / FILE).read_bytes()


def test_each_sheet_is_a_table_of_served_rows(book: Workbook) -> None:
    names = {sheet.name for sheet in SHEETS}
    subjects = [name for name in book.sheetnames if name in names]
    assert book.sheetnames[:2] == ["Les meg", "Diagrammer"] and {"Sykefravær", "Heltid", "Kjønnsbalanse"} <= set(subjects)
    for name in subjects:
        assert rows_of(book[name]), name


def test_figures_are_the_served_ones_and_withheld_ones_a_colon(published: Built, book: Workbook) -> None:
    rows = {(row["Periode"], row["Nivå"], row["Enhetskode"]): row for row in rows_of(book["Sykefravær"])}
    with publication_opened(published.home.current.resolve()) as con:
        served = con.execute(
            """select period, org_level, org_unit_code, sick_leave_percent, lost_days, withheld is not null
               from sick_leave_by_unit where period_type in ('year', 'quarter')"""
        ).fetchall()
    assert {is_withheld for *_, is_withheld in served} == {True, False}
    for *key, percent, days, is_withheld in served:
        if is_withheld or percent is not None:
            row = rows.pop(tuple(key))
            expected = (WITHHELD, WITHHELD) if is_withheld else (pytest.approx(percent), pytest.approx(days))
            assert (row["Sykefraværsprosent"], row["Tapte dagsverk"]) == expected, key
    assert not rows


def test_lengths_of_spells_stand_in_their_order(book: Workbook) -> None:
    lengths = [row["Lengde i dager"] for row in rows_of(book["Fraværstilfeller"])]
    assert lengths[:4] == ["1–3", "4–16", "17–56", "57+"] and len(lengths) % 4 == 0


def test_numbers_are_shown_as_they_are_defined(book: Workbook) -> None:
    page = book["Sykefravær"]
    headings = [cell.value for cell in page[3]]
    # With their unit; the sign of percent is text, so that 9.8 is not shown as 980 %.
    percent = '#,##0.0" %"'
    for heading, form in [("Sykefraværsprosent", percent), ("Egenmeldt sykefravær", percent), ("Årsverk", "#,##0.0")]:
        shown = [row[headings.index(heading)] for row in page.iter_rows(min_row=4)]
        assert {cell.number_format for cell in shown} == {form}
        assert {cell.data_type for cell in shown if cell.value != WITHHELD} == {"n"}


def test_the_first_sheet_says_what_it_is_and_defines_every_figure(published: Built, book: Workbook) -> None:
    page, said = book["Les meg"], first_sheet(book)
    assert said["Publisering"] == published.home.current.resolve().name and said["Tall til og med"] == "31.01.2024"
    assert {name for name, _ in READING} <= said.keys()
    tables = {table.name: page[table.ref] for table in page.tables.values()}
    defined = {row[0].value for row in tables["Definisjoner"]}
    listed = [row[0].value for row in tables["Ark"][1:]]
    assert listed == book.sheetnames[2:]
    for sheet in SHEETS:
        if sheet.name in book.sheetnames:
            numbers = list(rows_of(book[sheet.name])[0])[len(sheet.keys) :]
            assert numbers and set(numbers) <= defined, sheet.name


def test_the_charts_are_excels_own(published: Built, book: Workbook) -> None:
    assert book["Diagrammer"].tables
    with zipfile.ZipFile(published.home.publish / FILE) as files:
        assert any(name.startswith("xl/charts/chart") for name in files.namelist())


def test_a_period_that_is_not_over_says_so() -> None:
    """A round of a survey is over when it is delivered, and a target's year is one to come."""
    over = {"survey_response", "survey_factor_scores", "targets"}
    with_time = {sheet.table: sheet.keys for sheet in SHEETS if {"year", "month", "period"} & set(sheet.keys)}
    assert {table for table, keys in with_time.items() if "is_partial" not in keys} == over
