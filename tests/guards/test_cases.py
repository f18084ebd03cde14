"""Faulty deliveries as they really occur, built here from the small delivery: what each loads, and what it is refused with.
Not here: single rules (test_rules.py), forms of a file that read alike (unit/test_dialect.py), or a whole night (pipeline).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import xlsxwriter

from sources.errors import FileRejected
from sources.registry import feeds
from tests.judging import broken_rules, judged, judged_rows
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import EXTRACT_DATE, Row, csv_text, headers, write_feed
from warehouse.archive import kept_arrivals, take_in
from warehouse.delivery import choose
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.settings import Settings


def absences(number: int = 20, **changes: str) -> list[Row]:
    first = date(2024, 1, 1)
    row = small_delivery()["fravaer"][0]
    days = [f"{first + timedelta(days=2 * n):%d.%m.%Y}" for n in range(number)]
    return [row | {"Fra dato": day, "Til dato": day} | changes for day in days]


def workbook(folder: Path, feed: str, rows: list[list[object]], formats: dict[int, str] | None = None) -> Path:
    """A workbook of the feed; `formats` are number formats by column. A text that begins with = is a formula."""
    path = folder / f"{feed}_{EXTRACT_DATE}.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, headers(feed))
        styles = {column: book.add_format({"num_format": number}) for column, number in (formats or {}).items()}
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("="):
                    sheet.write_formula(place, column, cell, None, "#N/A" if cell == "=NA()" else "")
                elif isinstance(cell, datetime):
                    sheet.write_datetime(place, column, cell, styles[column])
                elif cell is not None:
                    sheet.write(place, column, cell, styles.get(column))
    return path


ABSENCE: list[object] = ["700411", None, "Egenmelding", "04.03.2024", "05.03.2024", 100]


def test_two_neighbours_that_open_a_quote_are_two_bad_rows(tmp_path: Path) -> None:
    rows: list[Row | str] = [*small_delivery()["stillinger"]]
    lines = [";".join(row.get(header, "") for header in headers("stillinger")) for row in rows if isinstance(row, dict)]
    lines[1:3] = [line.replace(";Rektor", ';"Rektor').replace(";Assistent", ';"Assistent') for line in lines[1:3]]
    validated = judged_rows(tmp_path, "stillinger", lines)
    assert broken_rules(validated) == {2: ["quote_closed"], 3: ["quote_closed"]}
    assert validated.quarantined["column"].tolist() == ["Stillingstittel"] * 2
    assert validated.rows_delivered == 4


@pytest.mark.parametrize("spelled", ["Tildato", "Til Dato", "Til  dato", "Til\u00a0dato", "TIL DATO", " til dato "])
def test_a_header_spelled_otherwise_is_the_same_header(tmp_path: Path, spelled: str) -> None:
    columns = [spelled if header == "Til dato" else header for header in headers("fravaer")]
    rows = [{**row, spelled: row["Til dato"]} for row in absences(3)]
    validated = judged(write_feed(tmp_path, "fravaer", rows, columns=columns))
    assert validated.accepted["Til dato"].notna().all() and not validated.unknown_columns


@pytest.mark.parametrize("header", ["Til dato", "Stillingsnr"])
def test_a_column_whose_cells_may_be_empty_may_not_be_missing(tmp_path: Path, header: str) -> None:
    columns = [other if other != header else f"{header}en" for other in headers("fravaer")]
    path = write_feed(tmp_path, "fravaer", absences(), columns=columns)
    with pytest.raises(FileRejected, match=f"column {header} is missing .found instead: {header}en.*nearest to {header} is"):
        judged(path)


def test_error_values_and_formulas_without_a_value_are_bad_cells(tmp_path: Path) -> None:
    rows = [ABSENCE, [*ABSENCE[:4], "=NA()", 100], [*ABSENCE[:4], "=1+1", 100], [ABSENCE[0], "=NA()", *ABSENCE[2:]]]
    validated = judged(workbook(tmp_path, "fravaer", rows))
    assert broken_rules(validated) == {2: ["to_date_readable"], 3: ["to_date_readable"], 4: ["cell_is_text"]}
    assert validated.quarantined["value"].tolist() == ["#N/A", "#N/A", "a formula without a stored value"]


def test_a_time_of_day_in_a_date_column_is_a_bad_cell(tmp_path: Path) -> None:
    rows = [[*ABSENCE[:3], datetime.fromisoformat("2023-03-14T23:00"), datetime.fromisoformat("2023-03-15"), 100]]
    validated = judged(workbook(tmp_path, "fravaer", rows, {3: "dd.mm.yyyy", 4: "dd.mm.yyyy"}))
    assert broken_rules(validated) == {1: ["from_date_readable"]}
    assert validated.quarantined["value"].tolist() == ["14.03.2023 23:00"]


def test_a_date_in_a_text_column_is_a_bad_cell(tmp_path: Path) -> None:
    unit: list[object] = ["1110", "Østre barneskole", "kommune", None, datetime.fromisoformat("2024-07-01"), "01.01.2020", None]
    assert broken_rules(judged(workbook(tmp_path, "organisasjon", [unit], {4: "dd.mm.yyyy"}))) == {1: ["cell_is_text"]}


def test_percents_in_percent_format_or_of_another_scale_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, "fravaer", [[*ABSENCE[:5], 1.0], [*ABSENCE[:5], 0.8]], {5: "0 %"})
    with pytest.raises(FileRejected, match="Fraværsprosent is in percent format"):
        judged(path)
    with pytest.raises(FileRejected, match="no Fraværsprosent is above 1 %"):
        judged_rows(tmp_path, "fravaer", absences(Fraværsprosent="0,8"))
    with pytest.raises(FileRejected, match="no Fraværsprosent is above 1 %"):
        judged_rows(tmp_path, "fravaer", absences(Fraværsprosent="1"))


@pytest.mark.parametrize("feed", ["fravaer", "permisjoner"])
def test_a_file_in_which_nothing_ends_is_refused(tmp_path: Path, feed: str) -> None:
    rows = [small_delivery()[feed][0] | {"Fra dato": f"{day:02}.03.2024", "Til dato": ""} for day in range(1, 21)]
    with pytest.raises(FileRejected, match="none of the 20 rows has a Til dato"):
        judged_rows(tmp_path, feed, rows)
    assert broken_rules(judged_rows(tmp_path, feed, rows[1:])) == {}
    rows[0] |= {"Til dato": "31.03.2024"}
    assert broken_rules(judged_rows(tmp_path, feed, rows)) == {}


def test_positions_of_nothing_but_0_percent_load(tmp_path: Path) -> None:
    rows = [row | {"Stillingsprosent": "0"} for row in small_delivery()["stillinger"]]
    assert broken_rules(judged_rows(tmp_path, "stillinger", rows)) == {}


def test_one_cell_in_percent_format_is_a_bad_cell(tmp_path: Path) -> None:
    path = tmp_path / f"permisjoner_{EXTRACT_DATE}.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet, percent = book.add_worksheet(), book.add_format({"num_format": "0 %"})
        sheet.write_row(0, 0, headers("permisjoner"))
        for place in (1, 2, 3):
            sheet.write_row(place, 0, ["700412", f"{place}", "Ulønnet permisjon", "01.05.2024", None, 20, None])
        sheet.write_number(3, 5, 0.2, percent)
    validated = judged(path)
    assert broken_rules(validated) == {3: ["leave_percent_readable"]}
    assert validated.quarantined["value"].tolist() == ["20 %"]


def test_a_line_break_in_a_name_shifts_lines_and_no_rows(tmp_path: Path) -> None:
    rows = small_delivery()["ansatte"]
    rows[1]["Navn"] = "Testulf\nSkisseli"
    validated = judged_rows(tmp_path, "ansatte", rows)
    assert validated.accepted["row_number"].tolist() == [1, 2, 3, 4]
    assert validated.lines.tolist() == [1, 2, 3, 5, 6]


@pytest.mark.parametrize("cell", ["0", "0,00"])
def test_a_salary_of_nothing_is_no_salary(tmp_path: Path, cell: str) -> None:
    rows = small_delivery()["stillinger"]
    rows[0]["Årslønn"] = cell
    validated = judged_rows(tmp_path, "stillinger", rows)
    assert validated.accepted["Årslønn"].isna().tolist() == [True, False, True, False]
    assert validated.warnings["rule"].tolist() == ["annual_salary_not_zero"]


def test_kinds_are_loaded_as_the_list_spells_them(tmp_path: Path) -> None:
    rows = [
        row | {"Fraværstype": kind}
        for row, kind in zip(absences(3), ["SYKMELDING", "sykt  barn", "Sykt\u00a0barn"], strict=True)
    ]
    assert judged_rows(tmp_path, "fravaer", rows).accepted["Fraværstype"].tolist() == ["Sykmelding", "Sykt barn", "Sykt barn"]


HOSTILE = {
    "40 000 columns": ";".join(f"k{n}" for n in range(40_000)).encode() + b"\n",
    "40 000 equal columns": b"k;" * 40_000 + b"\n",
    "a line of vertical tabs": b"Ansattnr;Navn\n" + b"\x0b" * 400_000,
    "a header of vertical tabs": b"\x0b" * 400_000,
    "quotes alone": b'"' * 400_001,
    "open quotes on every line": csv_text(headers("ansatte"), ['"a;b'] * 20_000).encode(),
    "combining marks": ("a" + "\u0301\u0323" * 200_000).encode(),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_no_file_takes_the_machine(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / f"ansatte_{EXTRACT_DATE}.csv"
    path.write_bytes(data)
    started = monotonic()
    try:
        assert judged(path).accepted.empty
    except FileRejected as rejected:
        assert len(str(rejected)) < 2000
    assert monotonic() - started < 20


def test_a_workbook_with_a_value_in_its_last_cell_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / f"ansatte_{EXTRACT_DATE}.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Ansattnr")
        sheet.write(1_048_575, 16_383, 1)
    with pytest.raises(FileRejected, match=r"cannot be read within .* MB of memory"):
        judged(path)


def test_a_delivery_of_the_future_is_refused_by_name(home: Home, settings: Settings) -> None:
    for feed, rows in small_delivery().items():
        write_feed(home.landing, feed, rows, extract_date=date(2142, 9, 30))
    with pytest.raises(Refused, match=r"organisasjon_2142-09-30.csv.* carry an extract date after today"):
        choose(take_in(home, home.landing, feeds()).new, feeds(), None)
    for feed, rows in small_delivery().items():
        write_feed(home.landing, feed, rows)
    take_in(home, home.landing, feeds())
    choice = choose(kept_arrivals(home), feeds(), None)
    assert choice.delivery.extract_date == EXTRACT_DATE
    assert len(choice.in_future) == 5
