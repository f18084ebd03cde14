"""The 10-FAKTOR reader and its two contracts: real workbooks, and every rule broken once. Not here: the figures (golden)."""

from pathlib import Path

import pytest
import xlsxwriter

from sources.contract import Feed
from sources.errors import FileRejected
from sources.registry import feeds
from sources.tenfactor.workbook import factor_names, factor_of_name
from sources.validate import validate
from tests.judging import rules_broken_in
from tests.municipalities.files import write_workbook

PARTICIPATION = ["Enhet", "Enhetskode", "Planlagte svar", "Svar"]
FACTORS = ["Enhet", "Enhetskode", "Faktor", "Navn", "Snitt", "Antall svar", "Norge"]
GOOD_PARTICIPATION = ["Oppvekst", "O", 10, 8]
GOOD_FACTOR = ["Oppvekst", "O", 1, "Indre motivasjon", 4.2, 8, 4.3]
# No file can break these: a workbook has no stray fields, and the year is read from the file's name.
BEYOND_FILES = {"field_count", "quote_closed", "survey_year_required", "survey_year_readable"}

BROKEN_PARTICIPATION = {
    "cell_is_text": ["Velferd", "#N/A", 10, 8],
    "name_decoded": ["BrÃ¥set", "V", 10, 8],
    "unit_name_required": [None, "V", 10, 8],
    "planned_responses_required": ["Velferd", "V", None, 8],
    "planned_responses_readable": ["Velferd", "V", "mange", 8],
    "planned_responses_in_range": ["Velferd", "V", 1_000_001, 8],
    "responses_required": ["Velferd", "V", 10, None],
    "responses_readable": ["Velferd", "V", 10, 8.5],
    "responses_in_range": ["Velferd", "V", 10, -1],
    "responses_not_above_planned": ["Velferd", "V", 10, 11],
    "unit_unique": GOOD_PARTICIPATION,
}
BROKEN_FACTORS = {
    "cell_is_text": ["Velferd", "#REF!", 1, "Indre motivasjon", 4.2, 8, 4.3],
    "name_decoded": ["N\ufffdrsnes", "V", 1, "Indre motivasjon", 4.2, 8, 4.3],
    "unit_name_required": [None, "V", 1, "Indre motivasjon", 4.2, 8, 4.3],
    "factor_no_required": ["Velferd", "V", None, "Indre motivasjon", 4.2, 8, 4.3],
    "factor_no_readable": ["Velferd", "V", "én", "Indre motivasjon", 4.2, 8, 4.3],
    "factor_no_in_range": ["Velferd", "V", 11, "Indre motivasjon", 4.2, 8, 4.3],
    "factor_name_required": ["Velferd", "V", 1, None, 4.2, 8, 4.3],
    "factor_name_in_alias_table": ["Velferd", "V", 1, "Arbeidsglede", 4.2, 8, 4.3],
    "name_of_factor": ["Velferd", "V", 1, "Mestringstro", 4.2, 8, 4.3],
    "score_required": ["Velferd", "V", 1, "Indre motivasjon", None, 8, 4.3],
    "score_readable": ["Velferd", "V", 1, "Indre motivasjon", "god", 8, 4.3],
    "score_in_range": ["Velferd", "V", 1, "Indre motivasjon", 5.1, 8, 4.3],
    "responses_required": ["Velferd", "V", 1, "Indre motivasjon", 4.2, None, 4.3],
    "responses_readable": ["Velferd", "V", 1, "Indre motivasjon", 4.2, "åtte", 4.3],
    "responses_in_range": ["Velferd", "V", 1, "Indre motivasjon", 4.2, -8, 4.3],
    "norway_readable": ["Velferd", "V", 1, "Indre motivasjon", 4.2, 8, "ukjent"],
    "norway_in_range": ["Velferd", "V", 1, "Indre motivasjon", 4.2, 8, 0.9],
    "unit_factor_unique": GOOD_FACTOR,
}


def workbook(folder: Path, participation: list | None = None, factors: list | None = None) -> Path:
    sheets = {
        "Deltakelse": [PARTICIPATION, GOOD_PARTICIPATION, *([participation] if participation else [])],
        "Faktorer": [FACTORS, GOOD_FACTOR, *([factors] if factors else [])],
    }
    return write_workbook(folder / "10faktor_2023.xlsx", sheets)


def table_of(feed: Feed, path: Path) -> list[dict[str, object]]:
    named = feed.naming.read(path.name)
    assert named
    table = feed.read_file(path, named)
    columns = {name: column.to_pylist() for name, column in table.columns.items()}
    return [{"row": row, **{name: column[i] for name, column in columns.items()}} for i, row in enumerate(table.row_numbers)]


def test_a_row_of_sums_is_no_unit(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["Sum", None, 10, 8], ["SUM:", None, 1, "Indre motivasjon", 4.2, 8, 4.3])
    for name in ("deltakelse", "faktorer"):
        assert [row["Enhet"] for row in table_of(feeds()[name], path)] == ["Oppvekst"]
    path = workbook(tmp_path, ["Sum", "S", 10, 8], ["Sum og sånt", None, 1, "Indre motivasjon", 4.2, 8, 4.3])
    assert [len(table_of(feeds()[name], path)) for name in ("deltakelse", "faktorer")] == [2, 2]


@pytest.mark.parametrize("rule", BROKEN_PARTICIPATION)
def test_participation_rule(tmp_path: Path, rule: str) -> None:
    path = workbook(tmp_path, participation=BROKEN_PARTICIPATION[rule])
    assert rules_broken_in(feeds()["deltakelse"], path) == [rule]
    assert rules_broken_in(feeds()["faktorer"], path) == []


@pytest.mark.parametrize("rule", BROKEN_FACTORS)
def test_factor_rule(tmp_path: Path, rule: str) -> None:
    path = workbook(tmp_path, factors=BROKEN_FACTORS[rule])
    assert rules_broken_in(feeds()["faktorer"], path) == [rule]


@pytest.mark.parametrize("sign", ["-", "*", "–", ".."])
def test_a_sign_for_no_score_is_no_row(tmp_path: Path, sign: str) -> None:
    path = workbook(tmp_path, factors=["Velferd", "V", 1, "Indre motivasjon", sign, 2, sign])
    assert rules_broken_in(feeds()["faktorer"], path) == []
    assert [row["Enhet"] for row in table_of(feeds()["faktorer"], path)] == ["Oppvekst"]


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in feeds()["deltakelse"].rules} == BROKEN_PARTICIPATION.keys() | BEYOND_FILES
    assert {rule.name for rule in feeds()["faktorer"].rules} == BROKEN_FACTORS.keys() | BEYOND_FILES | {"norway_row_readable"}


def test_wide_sheet_is_read_as_one_row_a_factor(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "10faktor_2021.xlsx",
        {
            "Deltakelse": [PARTICIPATION],
            "Faktorer": [
                ["Enhet", "Enhetskode", "1. Oppgavemotivasjon", "Faktor 2", "Kommentar", "Antall svar"],
                ["Oppvekst", "O", 4.2, 4.4, "fin", 8],
                ["norge", None, 4.3, None, None, None],
                ["Velferd", "V", None, 4.1, None, 7],
            ],
        },
    )
    rows = table_of(feeds()["faktorer"], path)
    shown = ("row", "Enhet", "Faktor", "Faktornavn", "Snitt", "Antall svar", "Norge")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        (1, "Oppvekst", "1", "Indre motivasjon", "4,2", "8", "4,3"),
        (1, "Oppvekst", "2", "Mestringstro", "4,4", "8", None),
        (3, "Velferd", "2", "Mestringstro", "4,1", "7", None),
    ]
    assert rules_broken_in(feeds()["faktorer"], path) == []
    assert {row["Undersøkelsesår"] for row in rows} == {"2021"}


def test_columns_of_a_wide_sheet_are_known_as_all_headers_and_those_of_no_factor_are_told(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "10faktor_2023.xlsx",
        {
            "Faktorer": [
                ["Enhet", "Antall svar", "INDRE\u00a0 MOTIVASJON", "2. Mestrings\u00adtro", "Snitt", "Norge"],
                ["Oppvekst", 8, 4.2, 4.4, 4.3, 4.1],
            ]
        },
    )
    assert [(row["Faktor"], row["Snitt"], row["Norge"]) for row in table_of(feeds()["faktorer"], path)] == [
        ("1", "4,2", None),
        ("2", "4,4", None),
    ]
    named = feeds()["faktorer"].naming.read(path.name)
    assert named
    validated = validate(feeds()["faktorer"], feeds()["faktorer"].read_file(path, named), {})
    assert (len(validated.accepted), validated.unknown_columns) == (2, ["Snitt (of no factor)", "Norge (of no factor)"])


def test_a_hidden_sheet_rejects_the_file(tmp_path: Path) -> None:
    """The round before, hidden, would be served as this one's."""
    path = tmp_path / "10faktor_2023.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, row in (("Deltakelse 2023", ["Oppvekst", "O", 20, 16]), ("Deltakelse", GOOD_PARTICIPATION)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, PARTICIPATION)
            sheet.write_row(1, 0, row)
        sheet.hide()
    with pytest.raises(FileRejected, match=r"the sheet Deltakelse is hidden \(the sheets are Deltakelse 2023, Deltakelse\)"):
        rules_broken_in(feeds()["deltakelse"], path)


def test_missing_sheet_and_column_reject_the_file(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "10faktor_2023.xlsx", {"Deltakelse": [["Enhet", "Svar"], ["Oppvekst", 8]]})
    with pytest.raises(FileRejected, match="Planlagte svar is missing"):
        rules_broken_in(feeds()["deltakelse"], path)
    with pytest.raises(FileRejected, match="sheet Faktorer is missing"):
        rules_broken_in(feeds()["faktorer"], path)
    path.write_text("Enhet;Svar\n", encoding="utf-8")
    with pytest.raises(FileRejected, match="no XLSX workbook"):
        rules_broken_in(feeds()["deltakelse"], path)


def test_both_official_sets_of_names_are_known() -> None:
    assert sorted(factor_names()) == list(range(1, 11))
    pairs = {"Indre motivasjon": "Oppgavemotivasjon", "Autonomi": "Selvstendighet", "Prososial motivasjon": "Nyttemotivasjon"}
    for one, other in pairs.items():
        assert factor_of_name(one) == factor_of_name(other) is not None
    assert factor_of_name("Arbeidsglede") is None
