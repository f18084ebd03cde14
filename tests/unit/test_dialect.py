"""Reading of delivered files: every variant of the dialect gives the same rows, and what cannot be read is refused whole.
Not here: what makes a row wrong once it is read (guards/test_rules.py).
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from sources.errors import FileRejected
from sources.registry import feeds
from sources.validate import Validated
from tests.judging import broken_rules, judged, judged_rows
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import EXTRACT_DATE, PAYROLL, Row, csv_text, headers, write_feed, write_feed_xlsx

NO_BREAK_SPACE = "\u00a0"
NARROW_NO_BREAK_SPACE = "\u202f"


def accepted(validated: Validated) -> list[dict[str, object]]:
    """The typed rows that load, an empty cell as None."""
    rows = validated.accepted.astype(object)
    filled = rows.where(rows.notna(), None)
    return [dict(zip(filled.columns, row, strict=True)) for row in filled.itertuples(index=False, name=None)]


def written(folder: Path, feed: str, data: bytes, kind: str = "csv") -> Path:
    path = folder / f"{feed}_{EXTRACT_DATE}.{kind}"
    path.write_bytes(data)
    return path


# --- variants of one content ---------------------------------------------------------------------------------


def test_cells_become_exact_typed_values(tmp_path: Path) -> None:
    assert accepted(judged_rows(tmp_path, "stillinger", small_delivery()["stillinger"]))[1] == {
        "row_number": 2,
        "Ansattnr": "700411",
        "Stillingsnr": "1",
        "Enhetskode": "1110",
        "Stillingskode": "0951",
        "Stillingstittel": "Rektor",
        "Ansettelsesform": "Fast",
        "Timer per uke": Decimal("37.5"),
        "Stillingsprosent": Decimal("80.5"),
        "Gyldig fra": date(2023, 8, 1),
        "Gyldig til": None,
        "Årslønn": Decimal("1034567.89"),
        "Lønnsgruppe": 10,
        "Ledernivå": "Virksomhetsleder",
        "Ønsker større stilling": "Nei",
    }


def with_thousands(separator: str) -> Callable[[list[Row]], list[Row]]:
    def spaced(cell: str) -> str:
        whole, comma, decimals = cell.partition(",")
        return (f"{int(whole):,}".replace(",", separator) + comma + decimals) if whole else ""

    return lambda rows: [row | ({"Årslønn": spaced(row["Årslønn"])} if "Årslønn" in row else {}) for row in rows]


def padded(rows: list[Row]) -> list[Row]:
    return [{header: f" {cell}{NO_BREAK_SPACE} " for header, cell in row.items()} for row in rows]


def remarked(rows: list[Row]) -> list[Row]:
    return [row | {"Merknad": 'Avtalt; se "notat"\nside 2', "": "uten navn"} for row in rows]


Writer = Callable[[Path, str, list[Row]], Path]


def text(change: Callable[[list[Row]], list[Row]] = lambda rows: rows, tail: str = "", **options: str | bool) -> Writer:
    """Writes delimited text: the rows changed first, `tail` appended at the end."""

    def write(folder: Path, feed: str, rows: list[Row]) -> Path:
        path = write_feed(folder, feed, change(rows), **options)  # type: ignore[arg-type]
        path.write_bytes(path.read_bytes() + tail.encode("ascii"))
        return path

    return write


def shuffled(folder: Path, feed: str, rows: list[Row]) -> Path:
    return write_feed(folder, feed, rows, columns=headers(feed)[::-1])


def decomposed_headers(folder: Path, feed: str, rows: list[Row]) -> Path:
    columns = [unicodedata.normalize("NFD", f" {header} ") for header in headers(feed)]
    renamed = [dict(zip(columns, row.values(), strict=True)) for row in rows]
    return write_feed(folder, feed, renamed, columns=columns, encoding="utf-8")


def empty_optional_columns_left_out(folder: Path, feed: str, rows: list[Row]) -> Path:
    columns = feeds()[feed].columns.items()
    filled = [h for h, c in columns if not c.metadata["optional"] or any(row[h] for row in rows)]
    return write_feed(folder, feed, rows, columns=filled)


def decomposed(rows: list[Row]) -> list[Row]:
    return [{header: unicodedata.normalize("NFD", cell) for header, cell in row.items()} for row in rows]


def commas(columns: list[str], rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([columns, *([row.get(column, "") for column in columns] for row in rows)])
    return out.getvalue()


def other_headers(folder: Path, feed: str, rows: list[Row]) -> Path:
    columns = [
        header.upper().replace(" ", f"{NO_BREAK_SPACE} ") if " " in header else f" {header} " for header in headers(feed)
    ]
    columns = [columns[0].lower(), *(header.replace("  ", "") for header in columns[1:])]
    renamed = [dict(zip(columns, (row.get(header, "") for header in headers(feed)), strict=True)) for row in rows]
    return write_feed(folder, feed, renamed, columns=columns)


def closed(*, header: bool, rows: bool, quote_all: bool = False) -> Writer:
    """One more separator at the end of the header, or of each row."""

    def write(folder: Path, feed: str, content: list[Row]) -> Path:
        first, *others = csv_text(headers(feed), content, quote_all=quote_all).splitlines()
        lines = [first + ";" * header, *(line + ";" * rows for line in others)]
        return written(folder, feed, "".join(line + "\r\n" for line in lines).encode("cp1252"))

    return write


def titled_workbook(folder: Path, feed: str, rows: list[Row]) -> Path:
    path = folder / f"{feed}_{EXTRACT_DATE}.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Uttrekk")
        sheet.write_row(2, 0, headers(feed))
        for place, row in enumerate(rows, start=3):
            sheet.write_row(place, 0, [row.get(header, "") for header in headers(feed)])
    return path


VARIANTS: dict[str, Writer] = {
    "Windows-1252 and LF": text(newline="\n"),
    "CR": text(newline="\r"),
    "UTF-16": text(encoding="utf-16"),
    "decomposed": text(decomposed, encoding="utf-8"),
    "sep=;": lambda folder, feed, rows: written(folder, feed, b"sep=;\r\n" + csv_text(headers(feed), rows).encode("cp1252")),
    "sep=, and commas": lambda folder, feed, rows: written(
        folder, feed, b"sep=,\n" + commas(headers(feed), rows).encode("cp1252")
    ),
    "commas": lambda folder, feed, rows: written(folder, feed, commas(headers(feed), rows).encode("cp1252")),
    "tabs": lambda folder, feed, rows: written(folder, feed, csv_text(headers(feed), rows).replace(";", "\t").encode("cp1252")),
    "title lines above the header": lambda folder, feed, rows: written(
        folder, feed, b"Uttrekk til statistikk;;;\r\n\r\n" + csv_text(headers(feed), rows).encode("cp1252")
    ),
    "a column's name alone above the header": lambda folder, feed, rows: written(
        folder, feed, f"{headers(feed)[0]}\r\n{csv_text(headers(feed), rows)}".encode("cp1252")
    ),
    "the header again in the middle and at the end": lambda folder, feed, rows: written(
        folder, feed, csv_text(headers(feed), [*rows, ";".join(headers(feed))]).encode("cp1252")
    ),
    "a row of totals at the end": text(tail="Sum;4;;\r\n"),
    "a full row of totals at the end": lambda folder, feed, rows: written(
        folder, feed, csv_text(headers(feed), [*rows, "Totalt" + ";" * (len(headers(feed)) - 1)]).encode("cp1252")
    ),
    "headers in other cases, spaces and hyphens": other_headers,
    "XLSX with title lines": titled_workbook,
    "UTF-8 and CRLF": text(encoding="utf-8"),
    "UTF-8 with BOM": text(encoding="utf-8-sig"),
    "UTF-8 with BOM and LF": text(encoding="utf-8-sig", newline="\n"),
    "everything quoted": text(quote_all=True),
    "everything quoted, with BOM": text(quote_all=True, encoding="utf-8-sig"),
    "no line end at the end": lambda folder, feed, rows: written(
        folder, feed, csv_text(headers(feed), rows).rstrip().encode("cp1252")
    ),
    "space as thousands separator": text(with_thousands(" ")),
    "no-break space as thousands separator": text(with_thousands(NO_BREAK_SPACE)),
    "narrow no-break space as thousands separator": text(with_thousands(NARROW_NO_BREAK_SPACE), encoding="utf-8"),
    "cells padded with spaces": text(padded),
    "unknown and nameless columns": text(remarked),
    "shuffled columns": shuffled,
    "headers padded and decomposed": decomposed_headers,
    "optional columns left out": empty_optional_columns_left_out,
    "a separator after each row": closed(header=False, rows=True),
    "a separator after each quoted row": closed(header=False, rows=True, quote_all=True),
    "a separator after the header": closed(header=True, rows=False),
    "Ctrl+Z at the end": text(tail="\x1a"),
    "blank lines at the end": text(tail="\r\n\r\n   \r\n"),
    "rows of separators at the end": text(tail=";;;;;;\r\n;;;;\r\n;;;;;;;;;;;;\r\n;;;;;;;;;;;;;;;;;;;;\r\n"),
    "XLSX with native numbers and dates": write_feed_xlsx,
    "XLSX with text in the dialect": lambda folder, feed, rows: write_feed_xlsx(folder, feed, rows, native=False),
    "XLSX with amounts as spaced text": lambda folder, feed, rows: write_feed_xlsx(
        folder, feed, with_thousands(" ")(rows), native=False
    ),
    "XLSX with codes as numbers, leading zeros lost": lambda folder, feed, rows: write_feed_xlsx(
        folder, feed, rows, number_columns=("Ansattnr", "Fødselsnummer", "Stillingsnr", "Stillingskode", "Enhetskode")
    ),
    "XLSX named .csv": lambda folder, feed, rows: written(folder, feed, write_feed_xlsx(folder, feed, rows).read_bytes()),
    "text named .xlsx": lambda folder, feed, rows: written(folder, feed, write_feed(folder, feed, rows).read_bytes(), "xlsx"),
}


@pytest.fixture(scope="module")
def plainly_read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """The small delivery's rows out of Windows-1252 and CRLF."""
    folder = tmp_path_factory.mktemp("plain")
    return {feed: accepted(judged_rows(folder, feed, rows)) for feed, rows in small_delivery().items()}


@pytest.mark.parametrize("feed", PAYROLL)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_gives_the_same_rows(
    tmp_path: Path, plainly_read: dict[str, list[dict[str, object]]], variant: str, feed: str
) -> None:
    rows = small_delivery()[feed]
    validated = judged(VARIANTS[variant](tmp_path, feed, rows))
    assert broken_rules(validated) == {}
    assert accepted(validated) == plainly_read[feed]
    assert validated.rows_delivered == len(rows)


def test_unknown_columns_are_reported(tmp_path: Path) -> None:
    rows = remarked(small_delivery()["fravaer"])
    assert judged_rows(tmp_path, "fravaer", rows).unknown_columns == ["Merknad"]
    assert judged(write_feed_xlsx(tmp_path, "fravaer", rows)).unknown_columns == ["Merknad"]


@pytest.mark.parametrize(
    "title", ['Lærer; 1. trinn "Øst"', "Lærer\n2. linje", "Lærer\r\n2. linje", '"Lærer"', "6\" rør'", "æøåÆØÅ–€"]
)
def test_quoted_cells_keep_separators_quotes_and_line_breaks(tmp_path: Path, title: str) -> None:
    rows = small_delivery()["stillinger"]
    rows[0]["Stillingstittel"] = title
    for newline in ("\n", "\r\n"):
        validated = judged(write_feed(tmp_path, "stillinger", rows, newline=newline))
        assert [row["Stillingstittel"] for row in accepted(validated)][:2] == [title, "Rektor"]
        assert validated.accepted["row_number"].tolist() == [1, 2, 3, 4]


# --- row numbers ---------------------------------------------------------------------------------------------

LEAVE = "700412;;Ulønnet permisjon;01.05.2024;;{};"
ROW_NUMBERS = {
    "1 is the first line after the header": ([LEAVE.format(10)], [1], {}),
    "blank lines and empty rows count": (["", LEAVE.format(10), ";;;;;;", " ", ";;", LEAVE.format(20)], [2, 6], {}),
    "rows of the wrong shape count": (
        ["for;få", LEAVE.format(10), "", LEAVE.format(10) + ";", LEAVE.format(20)],
        [2, 5],
        {1: ["field_count"], 4: ["field_count"]},
    ),
    "a last row with too many fields is no sum": (
        [LEAVE.format(10), "Sum;1;2;3;4;5;6;7"],
        [1],
        {2: ["field_count"]},
    ),
    "a field too many in every row is no closing separator": (
        [LEAVE.format(10) + ";0", "700412;;Ulønnet; permisjon;01.05.2024;;20;"],
        [],
        {1: ["field_count"], 2: ["field_count"]},
    ),
    "quarantined rows count": (
        ["", LEAVE.format(0), LEAVE.format(10), "feil", LEAVE.format(10), LEAVE.format(20), ""],
        [3, 6],
        {2: ["leave_percent_in_range"], 4: ["field_count"], 5: ["no_copy"]},
    ),
    "a row with a line break in a cell counts once": (
        ['700412;;"Ulønnet\r\npermisjon";01.05.2024;;10;', '700412;;"for\nmange";', LEAVE.format(20)],
        [1, 3],
        {2: ["field_count"]},
    ),
    "a quote that the next row closes joins no two rows": (
        ['700412;;"Ulønnet;01.05.2024;;10;', '700412;;permisjon";01.06.2024;;10;', LEAVE.format(20)],
        [3],
        {1: ["quote_closed"], 2: ["leave_type_listed"]},
    ),
    "a quoted line that could be a row is one": (
        ['700412;;"for', 'mange";;;;;;;', LEAVE.format(20)],
        [3],
        {1: ["quote_closed"], 2: ["field_count"]},
    ),
}


@pytest.mark.parametrize(("lines", "loaded", "quarantined"), ROW_NUMBERS.values(), ids=ROW_NUMBERS)
def test_row_numbers(tmp_path: Path, lines: list[str], loaded: list[int], quarantined: dict[int, list[str]]) -> None:
    validated = judged_rows(tmp_path, "permisjoner", lines)
    assert validated.accepted["row_number"].tolist() == loaded
    assert broken_rules(validated) == quarantined
    assert validated.rows_delivered == len(loaded) + len(quarantined)


def test_row_numbers_of_a_workbook_count_empty_rows(tmp_path: Path) -> None:
    first, second = small_delivery()["permisjoner"]
    validated = judged(write_feed_xlsx(tmp_path, "permisjoner", [{}, first, {}, first, second, {}]))
    assert validated.accepted["row_number"].tolist() == [2, 5]
    assert broken_rules(validated) == {4: ["no_copy"]}


def test_rows_of_a_workbook_stand_below_the_line_of_its_header(tmp_path: Path) -> None:
    validated = judged(titled_workbook(tmp_path, "permisjoner", small_delivery()["permisjoner"]))
    assert [validated.lines[row] for row in (0, 1, 2)] == [3, 4, 5]


def test_a_filled_last_row_is_no_sum_whatever_its_first_cell_says(tmp_path: Path) -> None:
    last = small_delivery()["organisasjon"][-1] | {"Enhetskode": "Sum-1", "Enhetsnavn": "Sommerskolen"}
    validated = judged_rows(tmp_path, "organisasjon", [*small_delivery()["organisasjon"], last])
    assert "Sum-1" in validated.accepted["Enhetskode"].tolist()


def test_the_field_count_tells_the_headers_width(tmp_path: Path) -> None:
    nameless = csv_text([*headers("permisjoner"), ""], [LEAVE.format(10) + ";", "for;få"])
    validated = judged(written(tmp_path, "permisjoner", nameless.encode("cp1252")))
    assert validated.quarantined["value"].tolist() == ["2 fields instead of 8"]


# --- whole files ---------------------------------------------------------------------------------------------


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def workbook(*rows: list[str], hidden: bool = False) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet()
        if hidden:
            book.add_worksheet("Data").activate()
            sheet.hide()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return data.getvalue()


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("fil.txt", "ikke en arbeidsbok")
    return data.getvalue()


PERSONS = csv_text(headers("ansatte"), small_delivery()["ansatte"])
HEADER, FIRST, *OTHERS = PERSONS.splitlines()


def persons(*lines: str) -> bytes:
    return "\n".join(lines).encode("cp1252")


def name_last(*names: str) -> bytes:
    """Persons with the free text in the last column, where an unclosed quote leaves the number of fields right."""
    columns = [*headers("ansatte")[:2], "Kjønn", "Fødselsdato", "Navn"]
    lines = [f"{700411 + n};01818048439;K;01.01.1980;{name}" for n, name in enumerate(names)]
    return persons(";".join(columns), *lines)


REJECTED: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "the file is empty"),
    "blank lines alone": (b"\r\n  \r\n", "the file is empty"),
    "a BOM alone": (b"\xef\xbb\xbf", "the file is empty"),
    "separators alone": (b";;;;\r\n", "required column Ansattnr"),
    "header alone": (persons(HEADER), "has a header but no rows"),
    "header and blank lines": (persons(HEADER, "", ";;;;", ""), "has a header but no rows"),
    "no header": (
        persons(FIRST, *OTHERS),
        "required column Ansattnr, Fødselsnummer, Navn, Kjønn, Fødselsdato is missing: none of the 5 fields",
    ),
    "a column missing": (
        persons(HEADER.replace("Kjønn", "Kjoenn"), FIRST),
        "required column Kjønn is missing (found instead: Kjoenn); the nearest to Kjønn is Kjoenn; export",
    ),
    "a separator that is also in a cell": (
        PERSONS.replace(";", ",").replace("Testulf Skisseli", "Skisseli, Testulf").encode("cp1252"),
        "is separated by comma, and row 2 has 6 fields instead of 5",
    ),
    "a separator nobody uses": (b"sep=#\n" + PERSONS.replace(";", "#").encode("cp1252"), "its first line says sep=b'#'"),
    "a header twice": (persons(HEADER.replace("Navn", " Kjønn "), FIRST), "the same header is used twice (columns 3 and 4)"),
    "a header in quotes that are never closed": (
        persons(HEADER.replace("Navn", '"Navn'), FIRST),
        "the header row opens a quote",
    ),
    "the last header in quotes that are never closed": (
        persons(HEADER.replace("Fødselsdato", '"Fødselsdato'), FIRST, *OTHERS),
        "the header row opens a quote",
    ),
    "a header with a quote out of place": (
        persons(HEADER.replace("Navn", 'Navn "a;b"'), FIRST),
        "required column Navn is missing",
    ),
    "UTF-16 without BOM": (PERSONS.encode("utf-16-le"), "wrong encoding (UTF-16 without its mark)"),
    "UTF-16 cut off": (PERSONS.encode("utf-16")[:-1], "UTF-16 that is cut off"),
    "binary": (PERSONS.encode("cp1252") + b"\x00", "wrong encoding (binary)"),
    "code page 850": (PERSONS.encode("cp850"), "wrong encoding: it is code page 850 (DOS)"),
    "Mac Roman": (PERSONS.encode("mac_roman"), "Mac Roman"),
    "code page 865 under an ASCII header": ("Enhet;Navn\n1;Bærum".encode("cp865"), "wrong encoding: it is code page 8"),
    "Mac Roman under an ASCII header": ("Enhet;Navn\n1;Bærum – øst".encode("mac_roman"), "wrong encoding: it is Mac Roman"),
    "a byte of another code page": (persons(HEADER, FIRST) + b"\x81", "wrong encoding: byte"),
    "UTF-8 header over Windows-1252 rows": (
        HEADER.encode("utf-8") + b"\n" + "\n".join([FIRST, *OTHERS]).encode("cp1252"),
        "wrong encoding: UTF-8 and Windows-1252 are mixed, first seen on line 1",
    ),
    "Windows-1252 with a UTF-8 row": (
        persons(HEADER, FIRST) + b"\n" + OTHERS[-1].encode("utf-8"),
        "wrong encoding: UTF-8 and Windows-1252 are mixed, first seen on line 3",
    ),
    "an old or protected workbook": (OLE + bytes(512), "is a workbook protected with a password, or an old binary one (.xls)"),
    "a protected workbook": (OLE + "EncryptedPackage".encode("utf-16-le"), "is a workbook protected with a password; save"),
    "an old workbook": (OLE + "Workbook".encode("utf-16-le"), "is an old binary workbook (.xls); save it as .xlsx"),
    "a web page": (b"\n<!DOCTYPE html>\n<table><tr><td>Ansattnr</td></tr></table>", "is a web page or XML"),
    "an XML workbook": (b'<?xml version="1.0"?><Workbook></Workbook>', "is a web page or XML"),
    "JSON": (b'{"Ansattnr": 1}', "is JSON, no table"),
    "a PDF": (b"%PDF-1.7 ...", "is a PDF document"),
    "a compressed file": (b"\x1f\x8b\x08abc", "is a compressed file (gzip)"),
    "an archive that is no workbook": (zipped(), "is a zip archive with fil.txt, no workbook; unpack it"),
    "a workbook cut off": (workbook([HEADER])[:-100], "cannot be read as an XLSX workbook"),
    "half a workbook": (workbook([HEADER])[:700], "cannot be read as an XLSX workbook"),
    "an empty workbook": (workbook(), "the sheet Sheet1 is empty"),
    "a workbook whose first sheet is hidden": (
        workbook(HEADER.split(";"), FIRST.split(";"), hidden=True),
        "the first sheet, Sheet1, is hidden (the sheets are Sheet1, Data)",
    ),
    "a workbook whose first sheet is a front page": (
        workbook(["Uttrekk fra lønnssystemet", "", "", "", ""], ["Laget av", "Lønn", "", "", ""]),
        "no header of the feed stands on the first lines of the first sheet; move the sheet with the table to the front",
    ),
    "a header below a row": (
        persons(FIRST, HEADER, *OTHERS),
        "the header stands on line 2, below line 1, which looks like a row",
    ),
    "a second header of other columns": (
        persons(HEADER, FIRST, "Ansattnr;Navn;Fødselsnummer;Kjønn;Fødselsdato", *OTHERS),
        "row 2 is a second header, of other columns",
    ),
    "a workbook with a header alone": (workbook(HEADER.split(";")), "has a header but no rows"),
    "a workbook with a header twice": (workbook([*HEADER.split(";"), "Navn"], FIRST.split(";")), "columns 3 and 6"),
}


@pytest.mark.parametrize(("data", "told"), REJECTED.values(), ids=REJECTED)
def test_a_file_that_cannot_be_used_is_rejected_whole(tmp_path: Path, data: bytes, told: str) -> None:
    with pytest.raises(FileRejected) as rejected:
        judged(written(tmp_path, "ansatte", data))
    assert told in str(rejected.value)
    assert [value for value in FIRST.split(";") if len(value) > 1 and value in str(rejected.value)] == []


OPEN_QUOTES: dict[str, tuple[bytes, list[int], list[int]]] = {
    "never closed": (persons(HEADER, FIRST, OTHERS[0].replace("Testulf", '"Testulf'), *OTHERS[1:]), [2], [1, 3, 4]),
    "closed by a later one": (
        persons(HEADER, FIRST.replace("Prøvine", '"Prøvine'), OTHERS[0], OTHERS[1].replace("Eksempla", '"Eksempla'), OTHERS[2]),
        [1, 3],
        [2, 4],
    ),
    "in the last column never closed": (name_last("Per", '"Pål', "Espen", "Askeladd"), [2], [1, 3, 4]),
    "in the last column closed by a later one": (name_last('"Per', "Pål", '"Espen"', "Askeladd"), [1], [2, 3, 4]),
    "in the last column closed by the next row's": (name_last("Per", '"Pål', '"Espen"'), [2], [1, 3]),
    "in the last row": (name_last("Per", '"Pål'), [2], [1]),
    "in two neighbours": (name_last('"Per', '"Pål', "Espen"), [1, 2], [3]),
}


@pytest.mark.parametrize(("data", "bad", "loaded"), OPEN_QUOTES.values(), ids=OPEN_QUOTES)
def test_an_open_quote_is_its_row_s_fault_alone(tmp_path: Path, data: bytes, bad: list[int], loaded: list[int]) -> None:
    for changed in (data, data.replace(b"\n", b"\r\n"), data + b"\n\n"):
        validated = judged(written(tmp_path, "ansatte", changed))
        assert broken_rules(validated) == {row: ["quote_closed"] for row in bad}
        assert validated.quarantined["column"].tolist() == ["Navn"] * len(bad)
        assert validated.accepted["row_number"].tolist() == loaded
        assert validated.rows_delivered == len(bad) + len(loaded)


@pytest.mark.parametrize("feed", PAYROLL)
def test_a_header_alone_will_do_where_there_may_be_nothing_to_tell(tmp_path: Path, feed: str) -> None:
    for path in (write_feed(tmp_path, feed, []), write_feed_xlsx(tmp_path, feed, [])):
        if feed in ("organisasjon", "ansatte", "stillinger"):
            with pytest.raises(FileRejected, match="has a header but no rows"):
                judged(path)
        else:
            validated = judged(path)
            assert (validated.rows_delivered, len(validated.accepted), validated.rows_quarantined) == (0, 0, 0)
            assert [result.rows_seen for result in validated.results] == [0] * len(feeds()[feed].rules)


@pytest.mark.parametrize(
    ("feed", "header"),
    [(f.name, h) for f in PAYROLL.values() for h, column in f.columns.items() if not column.metadata["optional"]],
)
def test_every_column_that_is_not_optional_must_be_there(tmp_path: Path, feed: str, header: str) -> None:
    path = write_feed(tmp_path, feed, small_delivery()[feed], columns=[h for h in headers(feed) if h != header])
    with pytest.raises(FileRejected, match=f"required column {header} is missing"):
        judged(path)


def test_a_column_that_may_be_missing_has_not_gone_when_its_name_is_misspelt(tmp_path: Path) -> None:
    columns = [header.replace("per uke", "pr uke") for header in headers("stillinger")]
    path = write_feed(tmp_path, "stillinger", small_delivery()["stillinger"], columns=columns)
    with pytest.raises(
        FileRejected, match=r"required column Timer per uke is missing .*the nearest to Timer per uke is Timer pr"
    ):
        judged(path)


# --- single cells --------------------------------------------------------------------------------------------

DATES = {
    "29.02.2024": date(2024, 2, 29),
    "01.01.1900": date(1900, 1, 1),
    "31.12.9999": date(9999, 12, 31),
    "31.02.2024": None,
    "29.02.2023": None,
    "1.2.2024": None,
    "01.02.24": None,
    "2024-02-01": None,
    "01/02/2024": None,
    "02.13.2024": None,
    "00.01.2024": None,
    "01.01.0000": None,
    "01.02.2024 00:00": None,
    "٠١.٠٢.٢٠٢٤": None,
    "45323": None,
}
PERCENTS = {
    "50": "50",
    "50,5": "50.5",
    "050,50": "50.5",
    "33,333333": "33.3333",
    "33,33325": "33.3333",
    "33,33335": "33.3334",
    "100,0": "100",
    "50.5": None,
    "1 0": None,
    "1 000": None,
    "50 %": None,
    "50,": None,
    ",5": None,
    "+50": None,
    "5e1": None,
    "½": None,
    "100000": None,
}
AMOUNTS = {
    "498000": "498000",
    "498 000": "498000",
    f"1{NO_BREAK_SPACE}034{NO_BREAK_SPACE}567,89": "1034567.89",
    f"1{NARROW_NO_BREAK_SPACE}034{NARROW_NO_BREAK_SPACE}567,895": "1034567.90",
    "498 00": None,
    "49 8000": None,
    "4 98 000": None,
    "498  000": None,
    "498.000": None,
    "498'000": None,
    "kr 498 000": None,
    "498 000,-": None,
    "99999999999999": None,
}
WHOLE_NUMBERS = {"3": 3, "03": 3, "3,0": None, "3.0": None, "III": None, "99999999999": None}

CELLS = [
    *(("organisasjon", "Gyldig fra", "valid_from_readable", cell, value) for cell, value in DATES.items()),
    *(("permisjoner", "Permisjonsprosent", "leave_percent_readable", cell, value) for cell, value in PERCENTS.items()),
    *(("stillinger", "Årslønn", "annual_salary_readable", cell, value) for cell, value in AMOUNTS.items()),
    *(("stillinger", "Lønnsgruppe", "pay_group_readable", cell, value) for cell, value in WHOLE_NUMBERS.items()),
]


@pytest.mark.parametrize(("feed", "header", "rule", "cell", "value"), CELLS)
def test_cells_are_read_exactly_or_not_at_all(
    tmp_path: Path, feed: str, header: str, rule: str, cell: str, value: date | str | int | None
) -> None:
    first = small_delivery()[feed][0]
    validated = judged(write_feed(tmp_path, feed, [first | {header: cell}], encoding="utf-8"))
    if value is None:
        assert broken_rules(validated) == {1: [rule]}
        assert validated.quarantined["value"].tolist() == [cell]
    else:
        (row,) = accepted(validated)
        assert row[header] == (Decimal(value) if isinstance(value, str) else value)


@pytest.mark.parametrize(
    ("delivered", "stored", "warned"),
    [
        pytest.param("01818048439", "01818048439", False, id="synthetic"),
        pytest.param("41818012088", "41818012088", False, id="synthetic D-number"),
        pytest.param("1818048439", "01818048439", False, id="leading zero lost"),
        pytest.param("01818010091", "01818010091", False, id="second series of the first check digit, from 2032"),
        pytest.param("01818048438", "01818048438", True, id="bad second check digit"),
        pytest.param("01818048412", "01818048412", True, id="bad first check digit"),
        pytest.param("41818013088", "41818013088", True, id="D-number with a bad check digit"),
        pytest.param("018180 48439", "018180 48439", True, id="with a space"),
        pytest.param("018180484390", "018180484390", True, id="twelve digits"),
        pytest.param("٠١٨١٨٠٤٨٤٣٩", "٠١٨١٨٠٤٨٤٣٩", True, id="other digits"),
        pytest.param("ukjent", "ukjent", True, id="no number"),
    ],
)
def test_a_doubtful_national_number_is_a_warning_and_loads(tmp_path: Path, delivered: str, stored: str, warned: bool) -> None:
    rows = [small_delivery()["ansatte"][-1] | {"Fødselsnummer": delivered, "Fødselsdato": "01.01.1980"}]
    validated = judged(write_feed(tmp_path, "ansatte", rows, encoding="utf-8"))
    assert validated.accepted["Fødselsnummer"].tolist() == [stored]
    assert validated.warnings["rule"].tolist() == ["national_number_check_digits"] * warned
    assert validated.warnings["value"].tolist() == ["***"] * warned


def test_a_text_code_of_a_workbook_is_written_without_decimals(tmp_path: Path) -> None:
    row = small_delivery()["stillinger"][0] | {"Stillingsprosent": "33,3333", "Årslønn": "1234567,1"}
    validated = judged(write_feed_xlsx(tmp_path, "stillinger", [row], number_columns=["Stillingsnr"]))
    (loaded,) = accepted(validated)
    assert (loaded["Stillingsnr"], loaded["Stillingsprosent"], loaded["Årslønn"]) == (
        "1",
        Decimal("33.3333"),
        Decimal("1234567.10"),
    )


def test_only_the_first_sheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / f"permisjoner_{EXTRACT_DATE}.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Data").write_row(0, 0, headers("permisjoner"))
        book.add_worksheet("Forklaring").write_row(0, 0, ["Noe", "annet"])
    assert judged(path).rows_delivered == 0


def test_a_column_of_empty_cells_is_no_failure(tmp_path: Path) -> None:
    emptied = {"Årslønn": "", "Lønnsgruppe": "", "Ledernivå": "", "Gyldig til": ""}
    validated = judged_rows(tmp_path, "stillinger", [row | emptied for row in small_delivery()["stillinger"][1:]])
    assert broken_rules(validated) == {}
    assert validated.accepted["Årslønn"].isna().all()
    assert isinstance(validated.accepted["Årslønn"].dtype, pd.ArrowDtype)


@pytest.mark.parametrize(
    "tail", ["Antall rader: {}\r\n", "Antall rader;{};;;\r\n", "Rader;{}\r\n", "Totalt antall rader;{}\r\n"]
)
@pytest.mark.parametrize(("counted", "is_right"), [(4, True), (5, True), (3, False), (500, False), ("1 240", False)])
def test_a_last_row_that_counts_other_rows_refuses_the_file(
    tmp_path: Path, tail: str, counted: int | str, is_right: bool
) -> None:
    """Some count the header."""
    rows = small_delivery()["ansatte"]
    path = written(tmp_path, "ansatte", (csv_text(headers("ansatte"), rows) + tail.format(counted)).encode("cp1252"))
    if is_right:
        assert judged(path).rows_delivered == len(rows) == 4
    else:
        with pytest.raises(FileRejected, match=f"its last row says that it has {counted} rows, and there are 4"):
            judged(path)
