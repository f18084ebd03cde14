"""What the name of a delivered file says: the feed, the part of it (a year, a table) and the date.
Not here: which of several files is loaded (warehouse/delivery.py), or anything inside a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
DAY = r"(?P<date>\d{4}-\d{2}-\d{2})"
ANY_DAY = r"(?P<date>\d{4}-\d{2}-\d{2}|\d{8})"
YEAR = r"(?P<year>[12]\d{3})"
# What programs that copy or upload add to the name of a file that is not whole yet.
UNFINISHED = (".part", ".filepart", ".partial", ".tmp", ".crdownload")
# What Excel and Windows keep beside the files of a folder.
KEPT_BY_PROGRAMS = re.compile(r"~\$.*|thumbs\.db|desktop\.ini", re.IGNORECASE)
# What browsers and Explorer add to the name of a second copy.
COPY = r"(?: ?\(\d+\)| - (?:kopi|copy)(?: \(\d+\))?)?"


@dataclass(frozen=True)
class NamedFile:
    """A file's name, read. `part` tells apart files that are loaded side by side; of one part the newest is."""

    stem: str
    part: str
    extract_date: date


@dataclass(frozen=True)
class Naming:
    """How the files of a feed are called: `<stem>_<date>`, `<stem>_<part>_<date>` (`in_parts`) or `<stem>_<year>` (`yearly`).

    `of_payroll` files make up a payroll delivery together with the others of their date. A yearly file counts as of its
    `reference_day`. Several feeds may read one file, each its own sheet. A `pattern` is a name of any other form, with
    `<date>` (2024-09-30 or 20240930) where the date stands and `*` for what may be anything.
    """

    stem: str
    kinds: tuple[str, ...] = ("csv", "xlsx")
    of_payroll: bool = False
    in_parts: bool = False
    yearly: bool = False
    reference_day: tuple[int, int] = (1, 1)
    pattern: str | None = None

    @property
    def told(self) -> str:
        """The form of the name as people are told it."""
        part = "_<table>" if self.in_parts else ""
        return self.pattern or f"{self.stem}{part}_<{'year' if self.yearly else 'date'}>.{self.kinds[0]}"

    def read(self, file_name: str) -> NamedFile | None:
        """The parts of a name of this form, or None."""
        part = r"_(?P<part>[a-z0-9]+)" if self.in_parts else ""
        when = YEAR if self.yearly else DAY
        form = rf"{self.stem}{part}_{when}{COPY}\.(?:{'|'.join(self.kinds)})"
        if self.pattern:
            form = re.escape(self.pattern).replace("<date>", ANY_DAY).replace(r"\*", ".*")
        match = re.fullmatch(form, unicodedata.normalize("NFC", file_name), re.IGNORECASE)
        if match is None:
            return None
        if self.yearly:
            return NamedFile(self.stem, match["year"], date(int(match["year"]), *self.reference_day))
        try:
            day = date.fromisoformat(match["date"])
        except ValueError:
            return None
        return NamedFile(self.stem, match["part"].lower() if self.in_parts else "", day)


def nearest_form(file_name: str, namings: Iterable[Naming]) -> str | None:
    """The form that a name of no form looks most like, as people are told it; its letters before the kind are compared."""
    forms = {_letters(naming.told): naming.told for naming in namings}
    close = get_close_matches(_letters(file_name), forms, n=1, cutoff=0.7)
    return forms[close[0]] if close else None


def _letters(name: str) -> str:
    stem = unicodedata.normalize("NFC", re.sub(r"<\w+>", "", name)).casefold().split(".")[0]
    return "".join(character for character in stem.replace("æ", "ae") if character.isalpha())


def today() -> date:
    """The day it is in Norway."""
    return datetime.now(OSLO).date()


def is_in_future(extract_date: date) -> bool:
    """Whether a file carries a date that no extract can have yet."""
    return extract_date > today()


def recognise(file_name: str, namings: Iterable[Naming]) -> NamedFile | None:
    """What the name says by the first form it has."""
    return next((named for naming in namings if (named := naming.read(file_name))), None)
