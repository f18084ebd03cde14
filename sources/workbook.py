"""Reads a sheet of an XLSX workbook as columns of text, and says what stands in cells that the library reads as empty.
Called in a process of its own (isolated.py), so light to import. Not here: headers, types, or which sheet a feed stands in.
"""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import zipfile
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from sources.cells import NO_TEXT
from sources.errors import FileRejected

WITHOUT_VALUE = "a formula without a stored value"
PERCENT_FORMATS = {9, 10}
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_sheet(path: Path, sheet_name: str | None) -> list[list[str | None]]:
    """The columns of the named sheet, else of the first, as text in the dialect from the sheet's first line on.

    What is no text of a person's has the mark `NO_TEXT`: dates, errors, formulas without a value, percent formats.

    Raises:
        FileRejected: no workbook, the sheet is missing, hidden or empty.
    """
    _refuse_other_archives(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheet = _sheet(workbook, sheet_name)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise FileRejected(f"cannot be read as an XLSX workbook ({error}); save the file again as .xlsx") from None
    columns: list[list[str | None]] = [[_text(cell) for cell in column] for column in zip(*rows, strict=True)]
    if not columns:
        raise FileRejected(f"the sheet {sheet.name} is empty; save the file with its table on that sheet")
    for row, column, text in _odd_cells(path, sheet.name):
        if row < len(rows) and column < len(columns):
            columns[column][row] = NO_TEXT + text
    return columns


def _refuse_other_archives(path: Path) -> None:
    """Say by its name what is packed like a workbook and is none."""
    try:
        with zipfile.ZipFile(path) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileRejected(f"cannot be read as an XLSX workbook ({error}); save the file again as .xlsx") from None
    if "xl/workbook.bin" in names:
        raise FileRejected("is a binary workbook (.xlsb); save it as .xlsx")
    if "mimetype" in names:
        raise FileRejected("is an OpenDocument file; save it as .xlsx")
    if "xl/workbook.xml" not in names:
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise FileRejected(f"is a zip archive with {shown or 'nothing'}, no workbook; unpack it")


def _sheet(workbook: CalamineWorkbook, name: str | None) -> CalamineSheet:
    names = workbook.sheet_names
    if name is not None:
        if name not in names:
            raise FileRejected(f"the sheet {name} is missing (found {', '.join(names)}); save it with the file")
        if workbook.sheets_metadata[names.index(name)].visible != SheetVisibleEnum.Visible:
            raise FileRejected(
                f"the sheet {name} is hidden (the sheets are {', '.join(names)}); show it, or remove it and give its name to"
                " the sheet that is meant"
            )
        return workbook.get_sheet_by_name(name)
    first = workbook.sheets_metadata[0]
    if first.visible != SheetVisibleEnum.Visible:
        raise FileRejected(
            f"the first sheet, {first.name}, is hidden (the sheets are {', '.join(names)});"
            " remove it, or move the sheet with the table to the front"
        )
    if first.typ != SheetTypeEnum.WorkSheet:
        raise FileRejected(f"the first sheet, {first.name}, is no table; move the sheet with the table to the front")
    return workbook.get_sheet_by_index(0)


def _text(cell: object) -> str | None:
    """A cell in the dialect: dates dd.mm.yyyy, decimal comma, whole numbers without decimals; None when it is empty."""
    if cell == "":
        return None
    if isinstance(cell, dt.datetime):
        # A time of day may be another day in another time zone: it stays, for the rules to tell.
        return NO_TEXT + cell.strftime("%d.%m.%Y" if cell.time() == dt.time() else "%d.%m.%Y %H:%M")
    if isinstance(cell, dt.date):
        return NO_TEXT + cell.strftime("%d.%m.%Y")
    if isinstance(cell, dt.time | dt.timedelta):
        return f"{NO_TEXT}{cell}"
    if isinstance(cell, float):
        return format(Decimal(repr(cell)).normalize(), "f").replace(".", ",")
    return str(cell)


def _odd_cells(path: Path, sheet_name: str) -> Iterator[tuple[int, int, str]]:
    """Row, column (from 0) and text of errors, formulas without a value and numbers in percent format."""
    with zipfile.ZipFile(path) as parts:
        sheet = _part_of(parts, sheet_name)
        if sheet is None:
            return
        xml = parts.read(sheet)
        percent = _percent_styles(parts)
    has_percent = any(b' s="%d"' % style in xml for style in percent)
    if not has_percent and b't="e"' not in xml and not re.search(rb"<(\w+:)?f[ />]", xml):
        return
    yield from _scan(xml, percent)


def _part_of(parts: zipfile.ZipFile, sheet_name: str) -> str | None:
    """The part of the package that holds the sheet."""
    try:
        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
        links = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        return None
    target_of = {link.get("Id"): link.get("Target", "") for link in links}
    for element in book.iter():
        if element.tag.rpartition("}")[2] == "sheet" and element.get("name") == sheet_name:
            target = target_of.get(element.get(RELATION), "")
            place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            return place if place in parts.namelist() else None
    return None


def _percent_styles(parts: zipfile.ZipFile) -> set[int]:
    """Numbers of the cell styles that show a number as percent."""
    try:
        styles = ElementTree.fromstring(parts.read("xl/styles.xml"))
    except (KeyError, ElementTree.ParseError):
        return set()
    formats = set(PERCENT_FORMATS)
    found: set[int] = set()
    for element in styles.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "numFmt" and "%" in re.sub(r'"[^"]*"|\\.', "", element.get("formatCode", "")):
            formats.add(int(element.get("numFmtId", "-1")))
        elif tag == "cellXfs":
            found = {place for place, style in enumerate(element) if int(style.get("numFmtId", "0")) in formats}
    return found


def _scan(xml: bytes, percent: Collection[int]) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    row, column, kind, style, has_formula = 0, -1, "", 0, False
    value: list[str] | None = None
    values: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, kind, style, has_formula, value, values
        tag = tag.rpartition(":")[2]
        if tag == "row":
            row = int(attributes.get("r", row + 1))
            column = -1
        elif tag == "c":
            column = _column(attributes["r"]) if "r" in attributes else column + 1
            kind, style = attributes.get("t", "n"), int(attributes.get("s", "0"))
            has_formula, values = False, []
        elif tag == "f":
            has_formula = True
        elif tag in ("v", "t"):
            value = []

    def end(tag: str) -> None:
        nonlocal value
        tag = tag.rpartition(":")[2]
        if tag in ("v", "t") and value is not None:
            values.append("".join(value))
            value = None
        elif tag == "c":
            text = "".join(values)
            if kind == "e":
                found.append((row - 1, column, text or "#N/A"))
            elif has_formula and not text and kind != "str":
                found.append((row - 1, column, WITHOUT_VALUE))
            elif kind == "n" and style in percent and text:
                shown = format((Decimal(text) * 100).normalize(), "f").replace(".", ",")
                found.append((row - 1, column, f"{shown} %"))

    def characters(text: str) -> None:
        if value is not None:
            value.append(text)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.Parse(xml, True)
    return found


def _column(reference: str) -> int:
    """Column of a reference like `AB12`, from 0."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1
