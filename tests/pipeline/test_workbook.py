"""The workbook of a publication, opened again: its sheets are Excel tables of served figures. Not here: how it looks."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.builds import Builds, Built, night_without_dbt
from tests.pipeline.test_examples_of_the_docs import deliver
from warehouse.database import publication_opened
from warehouse.verify import verify
from warehouse.workbook import FILE, READING, SHEETS, WITHHELD, _Writer, write_workbook


@pytest.fixture(scope="module")
def published(builds: Builds) -> Built:
    return builds.built(deliver, night_without_dbt)


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


# A publication of the tables that the charts, the first sheet and the sheet Heltid are made of.
BY_HAND = """
create table publication as select 'p' as publication_id, date '2024-11-15' as as_of,
    timestamp '2024-12-31 23:30' as published_at, 'v' as code_version, '{"municipality": "Prøve"}' as settings;
create table metric_definitions as from (values
    ('full_time_by_unit', 'full_time_80_percent', 'Heltidsandel (80 %)', 'prosent', 1),
    ('full_time_by_unit', 'fte', 'Årsverk', 'årsverk', 1)) as t (table_name, measure, name, unit, decimals);
create table org_units as from (values ('kommune', 'K', null, 1), ('tjenesteområde', 'O', 'O', 2), ('avdeling', 'A', 'O', 3))
    as t (org_level, org_unit_code, level_2, sort_order);
create table sick_leave_by_unit as from (values
    ('quarter', '2024-Q3', false, 'tjenesteområde', 'O', 'Oppvekst', 8.0),
    ('quarter', '2024-Q3', false, 'kommune', 'K', 'Prøve', 7.0),
    ('quarter', '2024-Q2', false, 'kommune', 'K', 'Prøve', 6.0),
    ('quarter', '2024-Q4', true, 'kommune', 'K', 'Prøve', 99.0),
    ('month', '2024-09', false, 'kommune', 'K', 'Prøve', 99.0),
    ('quarter', '2024-Q3', false, 'avdeling', 'A', 'Avdeling', 99.0))
    as t (period_type, period, is_partial, org_level, org_unit_code, org_unit_name, sick_leave_percent);
create table full_time_by_unit as
    select *, reference_date as period_end, null as withheld from (values
    ('payroll', date '2023-11-30', 'kommune', 'K', 'Prøve', 99.0, 99.0, 99.0),
    ('payroll', date '2023-12-31', 'kommune', 'K', 'Prøve', 41.0, 61.0, 200.0),
    ('pai', date '2022-12-01', 'kommune', 'K', 'Prøve', 98.0, 98.0, 199.0),
    ('payroll', date '2024-09-30', 'kommune', 'K', 'Prøve', 97.0, 97.0, 201.0),
    ('payroll', date '2024-11-15', 'tjenesteområde', 'O', 'Oppvekst', 96.0, 96.0, 100.0),
    ('payroll', date '2024-11-15', 'kommune', 'K', 'Prøve', 42.0, 62.0, 202.0))
    as t (source, reference_date, org_level, org_unit_code, org_unit_name, full_time_100_percent, full_time_80_percent, fte);
create table targets as from (values ('full_time_80_percent', 'kommune', 2024, 65.0, null),
    ('full_time_80_percent', 'kommune', 2023, 64.0, 'vedtak'), ('sick_leave_percent', 'kommune', 2023, 8.0, null))
    as t (indicator, org_level, year, target, superseded_by);
"""


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """The charts, the sheet Heltid and the first sheet of a publication made by hand."""
    path = tmp_path_factory.mktemp("by_hand") / FILE
    with duckdb.connect() as con, xlsxwriter.Workbook(path) as made:
        con.execute(BY_HAND)
        writer = _Writer(con, made)
        writer._write_charts(made.add_worksheet("Diagrammer"))
        writer._write_subject(next(sheet for sheet in SHEETS if sheet.name == "Heltid"))
        writer._write_first(made.add_worksheet("Les meg"), {})
    return load_workbook(path)


def test_a_chart_draws_closed_quarters_and_each_years_last_date_of_payroll(by_hand: Workbook) -> None:
    page = by_hand["Diagrammer"]
    drawn = {
        name: [[cell.value for cell in row] for row in page[table.ref]]
        for name, table in zip(page.tables, page.tables.values(), strict=True)
    }
    assert drawn["Diagram_1"] == [["Periode", "Prøve", "Oppvekst"], ["2024-Q2", 6, None], ["2024-Q3", 7, 8]]
    assert drawn["Diagram_2"] == [
        ["Periode", "Heltidsandel (100 %)", "Heltidsandel (80 %)", "Mål for heltidsandel (80 %)"],
        ["2023", 41, 61, None],
        ["2024", 42, 62, 65],
    ]


def test_rows_stand_newest_first_by_their_source_and_the_tree(by_hand: Workbook) -> None:
    shown = [(row["Kilde"], f"{row['Dato']:%Y-%m-%d}", row["Enhet"], row["Årsverk"]) for row in rows_of(by_hand["Heltid"])]
    assert shown == [
        ("lønn", "2024-11-15", "Prøve", 202),
        ("lønn", "2024-11-15", "Oppvekst", 100),
        ("lønn", "2024-09-30", "Prøve", 201),
        ("lønn", "2023-12-31", "Prøve", 200),
        ("PAI", "2022-12-01", "Prøve", 199),
    ]


def test_the_first_sheet_says_when_it_was_published_in_norway(by_hand: Workbook) -> None:
    said = first_sheet(by_hand)
    assert (said["Publisert"], said["Tall til og med"]) == ("01.01.2025 kl. 00.30", "15.11.2024")
