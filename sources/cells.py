"""What headers and cells look alike, whichever program wrote them. Light to import.
Not here: the types of cells (dialect.py), or which columns a feed has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from sources.errors import FileRejected

# Put before the text of a workbook's cell that is no text: a date, an error, a formula without a value. Text columns refuse it.
NO_TEXT = "\ue000"
SPACES = " \u00a0\u2000-\u200a\u202f\u205f\u3000"
HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
# Zero width: they are seen nowhere.
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_ALIKE = str.maketrans(dict.fromkeys(HYPHENS, "-") | dict.fromkeys(INVISIBLE))
# Longer headers are no headers, and comparing them takes long.
LONGEST_HEADER = 200
MOST_COLUMNS = 2000
LINES_ABOVE_HEADER = 20
TOTALS = re.compile(
    r"(sum|sums?um|total(t|er|sum|en)?|i alt|til sammen|tilsammen|antall( rader| poster)?|rader)\b.*", re.IGNORECASE
)

ROWS_COUNTED = re.compile(r"(\w+ )?(antall )?(rader|poster|linjer)\W*(?P<count>\d[\d ]*)\W*", re.IGNORECASE)


def header_key(header: str) -> str:
    """What two spellings of one header have in common: Unicode NFC, no case, no spaces, one kind of hyphen."""
    shown = unicodedata.normalize("NFC", header[:LONGEST_HEADER]).translate(_ALIKE)
    return "".join(shown.split()).casefold()


def without_mark(cell: str) -> str:
    """The cell as a person sees it."""
    return cell.removeprefix(NO_TEXT)


def known(cells: Iterable[str], keys: Collection[str]) -> int:
    """How many different of the headers stand in a line."""
    return len({header_key(cell) for cell in cells} & set(keys))


def header_line(lines: Sequence[Sequence[str]], keys: Collection[str]) -> int:
    """Index of the line that holds the header: the first with some of the headers, else the first that is not empty.

    Raises:
        FileRejected: lines above the header look like rows.
    """
    filled = [i for i, cells in enumerate(lines) if any(cell.strip() for cell in cells)]
    if not filled:
        return 0
    place = next((i for i in filled if known(lines[i], keys) >= min(2, len(keys))), filled[0]) if keys else filled[0]
    width = len(lines[place])
    for i in filled:
        if i < place and width > 2 and 2 * sum(bool(cell.strip()) for cell in lines[i]) > width:
            raise FileRejected(
                f"the header stands on line {place + 1}, below line {i + 1}, which looks like a row; put it first"
            )
    return place


def nearest(header: str, found: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The found header that looks most like one that is missing."""
    by_key = {header_key(other): other for other in found}
    close = get_close_matches(header_key(header), by_key, n=1, cutoff=cutoff)
    return by_key[close[0]] if close else None


def is_totals(cells: Sequence[str]) -> bool:
    """Whether a last row is no row of the table but its sum: a word for it, and most of the cells empty."""
    filled = [cell.strip() for cell in cells if cell and cell.strip()]
    return bool(filled) and TOTALS.fullmatch(filled[0]) is not None and 2 * len(filled) <= max(len(cells), 2)


def refuse_other_count(totals: str, rows: int, records: int) -> None:
    """Hold a last row that says how many rows the file has against them; whoever wrote it may count the header, too.

    Args:
        totals: the row's cells as one text.
        rows: the rows above it.
        records: all records above it, empty and broken ones too.

    Raises:
        FileRejected: there are fewer rows, or more.
    """
    counted = ROWS_COUNTED.fullmatch(totals.strip())
    if counted and not rows <= int(counted["count"].replace(" ", "")) <= records + 1:
        raise FileRejected(
            f"its last row says that it has {counted['count'].strip()} rows, and there are {rows}; export it again, whole"
        )
