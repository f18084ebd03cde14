"""Reads the pages of a report as a browser's test would and compares every figure with the served tables.
Not here: which report (pipeline/test_report.py, report_check.py).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb

WITHHELD, MISSING = ":", ".."
# What a page computes of figures that are served, for instance how much two of them differ.
COMPUTED = {
    "difference": lambda now, before: now - before,
    "one_person": lambda fte: 100 / fte,
    "in_persons": lambda points, fte: points * fte / 100,
}
NUMBER = re.compile(r"[+\u2212]?\d{1,3}(\u202f\d{3})*(,\d+)?")
ADDRESS = re.compile(rb"(?:https?:)?//[\w.-]+\.\w+")
NAMESPACES = (b"http://www.w3.org", b"//www.w3.org")


@dataclass
class Shown:
    """A figure on a page: its text, the cells it is of, and how it is made of them."""

    cells: list[str]
    how: str
    is_size: bool
    text: str = ""


@dataclass
class Read(HTMLParser):
    """A page: its figures, links, names that links lead to, and the texts of its table cells with whether they are figures."""

    figures: list[Shown] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    cells: list[tuple[str, bool]] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._depth = 0
        self._inside = False
        self._has_figure = False
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if "id" in said:
            self.names.add(said["id"])
        for name in ("href", "src"):
            if name in said:
                self.links.append(said[name])
        if tag == "img":
            self.images.append(said)
        if tag == "td":
            self._inside, self._has_figure = True, False
            self.cells.append(("", False))
        if said.get("class") == "vh":
            self._hidden = True
        if "data-cell" in said:
            self._has_figure = True
            self._depth = 1
            self.figures.append(Shown(said["data-cell"].split(" | "), said.get("data-how", ""), "data-size" in said))
        elif self._depth and tag not in ("br", "img"):
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if self._depth:
            self._depth -= 1
        if tag == "td" and self._inside:
            self.cells[-1] = (self.cells[-1][0].strip(), self._has_figure)
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._depth:
            self.figures[-1].text += data
        if self._inside:
            self.cells[-1] = (self.cells[-1][0] + data, False)


def read(page: Path) -> Read:
    """A page, read."""
    found = Read()
    found.feed(page.read_text(encoding="utf-8"))
    return found


class Served:
    """The served tables of a publication, asked for by the words of `arsverk trace`."""

    def __init__(self, publication: Path) -> None:
        self.publication = publication
        self._con = duckdb.connect()
        self._known: dict[tuple[str, tuple[str, ...]], tuple[list[str], dict[tuple[str, ...], tuple]]] = {}

    def value(self, words: str) -> Any:
        """The measure of the cell; None where it is empty or there is no such cell."""
        table, *cell, flag, measure = shlex.split(words)
        assert flag == "--measure", words
        columns = tuple(word.partition("=")[0] for word in cell)
        key = tuple(word.partition("=")[2] for word in cell)
        if (table, columns) not in self._known:
            names = ", ".join(f"cast({column} as varchar)" for column in columns)
            cursor = self._con.execute(
                f"select [{names}], * from read_parquet('{self.publication / f'{table}.parquet'}')",
            )
            described = [column[0] for column in cursor.description or []]
            rows = cursor.fetchall()
            self._known[table, columns] = described, {tuple(row[0]): row for row in rows}
            assert len(self._known[table, columns][1]) == len(rows), f"{words} names more than one cell"
        described, by_cell = self._known[table, columns]
        row = by_cell.get(key)
        return None if row is None else row[described.index(measure)]

    def expected(self, shown: Shown) -> Decimal | None:
        """What the page has to show, rounded as it does; None where nothing can be shown."""
        values = [self.value(cell) for cell in shown.cells]
        if any(value is None for value in values):
            return None
        value = COMPUTED[shown.how](*map(float, values)) if shown.how else values[0]
        exact = Decimal(repr(value) if isinstance(value, float) else value).quantize(Decimal("1e-9"), ROUND_HALF_UP)
        rounded = exact.quantize(Decimal(1).scaleb(-decimals_of(shown.text)), ROUND_HALF_UP)
        return abs(rounded) if shown.is_size else rounded


def decimals_of(text: str) -> int:
    return len(text.partition(",")[2])


def parsed(text: str) -> Decimal:
    """A number as a page prints it."""
    assert NUMBER.fullmatch(text), f"{text!r} is no number as Norwegian reports print them"
    return Decimal(text.replace("\u202f", "").replace("\u2212", "-").replace(",", "."))


def wrong_figures(report: Path, publication: Path) -> Iterator[str]:
    """Each figure of each page that is not what the served table has, one line each."""
    served = Served(publication)
    for page in sorted(report.glob("*.html")):
        for shown in read(page).figures:
            expected = served.expected(shown)
            if expected is None:
                if shown.text not in (WITHHELD, MISSING):
                    yield f"{page.name}: {shown.text} stands for {shown.cells}, which is not served"
            elif shown.text in (WITHHELD, MISSING) or parsed(shown.text) != expected:
                yield f"{page.name}: {shown.text} is not {expected} of {shown.cells}"


def broken_links(report: Path) -> Iterator[str]:
    """Links that lead nowhere, and those that leave the folder."""
    pages = {page.name: read(page) for page in sorted(report.glob("*.html"))}
    for name, page in pages.items():
        for link in page.links:
            if link == "data:,":
                continue
            target, _, place = link.partition("#")
            if not (report / (target or name)).is_file():
                yield f"{name}: {link} leads to no file of the report"
            elif place and place not in pages[target or name].names:
                yield f"{name}: {link} leads to no place on that page"


def addresses(report: Path) -> Iterator[str]:
    """Addresses of hosts in any file that a browser reads."""
    for path in sorted(path for path in report.rglob("*") if path.suffix in (".html", ".css", ".js", ".svg")):
        for found in ADDRESS.findall(path.read_bytes()):
            if not found.startswith(NAMESPACES):
                yield f"{path.name}: {found.decode()}"


def figures_without_cell(report: Path, *, but: tuple[str, ...] = ()) -> Iterator[str]:
    """Numbers in tables that carry no cell."""
    for page in sorted(report.glob("*.html")):
        if page.name not in but:
            for text, is_figure in read(page).cells:
                if NUMBER.fullmatch(text) and not is_figure:
                    yield f"{page.name}: {text}"
