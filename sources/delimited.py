"""Reads delimited text: its encoding, separator, header line and quotes, line by line, so that no line is lost in another.
Not here: types of cells (dialect.py), or the rules of the rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from sources.cells import LINES_ABOVE_HEADER, MOST_COLUMNS, TOTALS, header_key, header_line, known, refuse_other_count
from sources.errors import FileRejected
from sources.text_table import TextTable, text_table

BLOCK_BYTES = 64 << 20
UTF8_BOM = b"\xef\xbb\xbf"
# Ctrl+Z, which older systems write after the last line.
END_OF_FILE = b"\x1a"
# A workbook is a zip archive.
XLSX_SIGNATURE = b"PK\x03\x04"
SEPARATORS = {b";": "semicolon", b",": "comma", b"\t": "tab", b"|": "vertical bar"}
# UTF-8 æøåÆØÅ read as Windows-1252: the sign of a file that mixes encodings.
MIXED_ENCODING = re.compile("Ã[¦¸¥†˜…]")
OTHER_CODE_PAGES = {"cp850": "code page 850 (DOS)", "cp865": "code page 865 (DOS)", "mac_roman": "Mac Roman"}
NORWEGIAN = frozenset("æøåÆØÅ")
OF_NORWEGIAN_TEXT = NORWEGIAN | set("éÉèêóòôüöäÜÖÄ–—§«»’“”…\u00a0")
WITHIN_A_WORD = re.compile("[^\\W\\d_][æøå](?![A-ZÆØÅ\\d])")
LONGEST_HEADER_LINE = 200_000
SIGNATURES = {
    b"%PDF": "a PDF document",
    XLSX_SIGNATURE: "a zip archive",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"7z\xbc\xaf": "a compressed file (7z)",
    b"Rar!": "a compressed file (rar)",
    b"{\\rtf": "a text document (RTF)",
}
WEB_PAGE = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype|html|head|body|table|div|script|\?xml)\b", re.IGNORECASE | re.DOTALL)


def as_utf8(data: bytes) -> bytes:
    """The file's text, its BOM taken off, as UTF-8 bytes.

    Raises:
        FileRejected: it is no text, or of an encoding that cannot be told.
    """
    refuse_what_is_no_text(data)
    data = data.removesuffix(END_OF_FILE)
    for bom, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            try:
                data = data.decode(encoding).encode("utf-8")
            except UnicodeError:
                raise FileRejected("wrong encoding: UTF-16 that is cut off or damaged; export as UTF-8") from None
    if b"\x00" in data:
        found = "UTF-16 without its mark" if data[:400].count(b"\x00") >= len(data[:400]) // 3 else "binary"
        raise FileRejected(f"wrong encoding ({found}); export as Windows-1252 or UTF-8")
    try:
        data.decode("utf-8")
        return data
    except UnicodeDecodeError:
        pass
    try:
        decoded = data.decode("cp1252")
    except UnicodeDecodeError as error:
        page = _other_code_page(data)
        raise FileRejected(
            f"wrong encoding: byte {error.start + 1} is neither UTF-8 nor Windows-1252"
            + (f" (it looks like {page})" if page else "")
            + "; export the file again in one of them"
        ) from None
    if mixed := MIXED_ENCODING.search(decoded):
        line = decoded.count("\n", 0, mixed.start()) + 1
        raise FileRejected(
            f"wrong encoding: UTF-8 and Windows-1252 are mixed, first seen on line {line}; export the file again"
        )
    if page := _page_of_its_words(data, decoded):
        raise _of_code_page(page)
    return decoded.encode("utf-8")


def _of_code_page(page: str) -> FileRejected:
    return FileRejected(f"wrong encoding: it is {page}; export the file again as Windows-1252 or UTF-8")


def _page_of_its_words(data: bytes, decoded: str) -> str | None:
    """Another code page in which all foreign characters of the file are those of Norwegian text, where Windows-1252 has none.

    A file whose headers are ASCII shows it by nothing else: Mac Roman's `Bærum` is `B¾rum`.
    """
    if not NORWEGIAN.isdisjoint(decoded):
        return None
    for encoding, name in OTHER_CODE_PAGES.items():
        text = data.decode(encoding)
        if {letter for letter in text if ord(letter) > 127} <= OF_NORWEGIAN_TEXT and WITHIN_A_WORD.search(text):
            return name
    return None


def refuse_what_is_no_text(data: bytes) -> None:
    """Say by its name what is another kind of file.

    Raises:
        FileRejected: it is one.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        found = "a workbook protected with a password, or an old binary one (.xls)"
        if "EncryptedPackage".encode("utf-16-le") in data:
            found = "a workbook protected with a password"
        elif "Workbook".encode("utf-16-le") in data:
            found = "an old binary workbook (.xls)"
        raise FileRejected(f"is {found}; save it as .xlsx without a password")
    for signature, kind in SIGNATURES.items():
        if data.startswith(signature):
            raise FileRejected(f"is {kind}, no table; export the table as text separated by semicolons, or as .xlsx")
    if WEB_PAGE.match(data[:4000]):
        raise FileRejected(
            "is a web page or XML (it begins with <); export the table as text separated by semicolons, or as .xlsx"
        )
    if re.match(rb'\s*(\{\s*"|\[\s*[\{\[])', data[:200]):
        raise FileRejected("is JSON, no table; export the table as text separated by semicolons, or as .xlsx")


def _other_code_page(data: bytes) -> str | None:
    """Another code page in which the first lines are Norwegian words."""
    first = b"\n".join(data.split(b"\n", 50)[:50])[:20_000]
    for encoding, name in OTHER_CODE_PAGES.items():
        text = first.decode(encoding, errors="replace")
        foreign = [letter for letter in text if ord(letter) > 127]
        if foreign and sum(letter in "æøåÆØÅéÉüöäÜÖÄ" for letter in foreign) > 0.8 * len(foreign):
            return name
    return None


@dataclass(frozen=True)
class _Layout:
    """Where the header stands (line from 0), what separates the fields, and whether the file itself names it."""

    header: int
    separator: bytes
    fields: list[str]
    notes: tuple[str, ...]


def read_delimited(data: bytes, wanted: Collection[str]) -> TextTable:
    """A table of text. `wanted`: the headers that are looked for; they are given as spelled here.

    Raises:
        FileRejected: no text, no header, or no rows that can be told apart.
    """
    text = one_line_end(as_utf8(data))
    layout = _layout(text, {header_key(header) for header in wanted})
    if wanted and known(layout.fields, {header_key(header) for header in wanted}) < len(wanted):
        _refuse_code_page(data, wanted)
    table = _read_rows(text, layout, wanted)
    if table.misshapen and not len(table.row_numbers):
        table = _read_closed_rows(text, layout, wanted, set(table.misshapen.values())) or table
    if layout.separator != b";" and table.misshapen:
        row, fields = next(iter(table.misshapen.items()))
        raise FileRejected(
            f"is separated by {SEPARATORS[layout.separator]}, and row {row} has {fields} fields instead of {table.width},"
            " as where a decimal comma or a text holds the separator; export it separated by semicolons"
        )
    return table


def one_line_end(text: bytes) -> bytes:
    """The text with LF or CRLF at the end of lines; another CR within a line is a space."""
    alone = text.count(b"\r") - text.count(b"\r\n")
    if not alone:
        return text
    if alone > text.count(b"\n"):
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return re.sub(rb"\r(?!\n)", b" ", text)


def _layout(text: bytes, keys: Collection[str]) -> _Layout:
    lines = text.split(b"\n", LINES_ABOVE_HEADER + 1)[: LINES_ABOVE_HEADER + 1]
    named = re.fullmatch(rb'"?sep=(.)"?\s*', lines[0], re.IGNORECASE)
    if named and named[1] not in SEPARATORS:
        raise FileRejected(f"its first line says sep={named[1]!r}; export it separated by semicolons")
    above = 1 if named else 0
    best: _Layout | None = None
    for separator in [named[1]] if named else list(SEPARATORS):
        fields = [_fields(line, separator) for line in lines[above:]]
        place = header_line(fields, keys)
        if best is None or known(fields[place], keys) > known(best.fields, keys):
            best = _Layout(above + place, separator, fields[place] if fields else [], ())
    assert best is not None
    notes = []
    if best.header > above and any(line.strip() for line in lines[above : best.header]):
        notes.append(f"the header stands on line {best.header + 1}; the lines above it are no rows")
    if best.separator != b";":
        notes.append(f"it is separated by {SEPARATORS[best.separator]}")
    return replace(best, notes=tuple(notes))


def _fields(line: bytes, separator: bytes) -> list[str]:
    if len(line) > LONGEST_HEADER_LINE:
        return []
    shown = line.decode("utf-8", errors="replace").strip("\ufeff")
    try:
        return next(csv.reader(io.StringIO(shown), delimiter=separator.decode("ascii")), [])
    except csv.Error:
        return []


def _refuse_code_page(data: bytes, wanted: Collection[str]) -> None:
    keys = {header_key(header) for header in wanted}
    first = data.split(b"\n", 1)[0][:LONGEST_HEADER_LINE]
    found = known(first.decode("cp1252", errors="replace").split(";"), keys)
    for encoding, name in OTHER_CODE_PAGES.items():
        if known(first.decode(encoding).split(";"), keys) > found:
            raise _of_code_page(name)


def first_line_look(text: bytes) -> str:
    """How the first line looks, without its values."""
    line = text.split(b"\n", 1)[0]
    for separator, name in SEPARATORS.items():
        if separator in line:
            return f"the first line has {line.count(separator) + 1} fields separated by {name}"
    return f"the first line has no separator and {len(line.decode('utf-8', errors='replace').strip())} characters"


# One record that ends with its line: each field is quoted and closed, or does not begin with a quote.
_COMPLETE = {
    separator: re.compile(
        rb'(?:(?:"(?:[^"]|"")*+"[^%b]*+|[^"%b][^%b]*+)?+(?:%b|\Z))*+' % ((re.escape(separator),) * 4), re.DOTALL
    )
    for separator in SEPARATORS
}


@dataclass(frozen=True)
class Records:
    """Lines put together to records: the line each begins on (from 0), how many it has, and those that open a quote."""

    first: np.ndarray
    lengths: np.ndarray
    unclosed: np.ndarray


def records(lines: list[bytes], separator: bytes, width: int) -> Records:
    """The records of lines that hold quotes.

    A line that leaves a quote open goes on in the next ones when these close it as a field is closed, the whole has the
    header's width, and none of them could be a row of its own. Else the quote is the line's fault, and the line a bad row.

    Raises:
        FileRejected: the header row, which is the first, opens a quote that is never closed.
    """
    complete = _COMPLETE[separator]
    first, lengths, unclosed = [], [], []
    at = 0
    while at < len(lines):
        line = lines[at]
        length, bad = 1, False
        if b'"' in line and not complete.fullmatch(line):
            further = _continued(lines, at, separator, width)
            length, bad = (1 + further, False) if further else (1, True)
        first.append(at)
        lengths.append(length)
        unclosed.append(bad)
        at += length
    if unclosed[0]:
        raise FileRejected('the header row opens a quote (") that is never closed; close or remove it')
    return Records(np.array(first), np.array(lengths), np.array(unclosed, dtype=bool))


def _continued(lines: list[bytes], at: int, separator: bytes, width: int) -> int:
    """How many of the next lines belong to the record that begins here; 0 when it is no whole record."""
    complete = _COMPLETE[separator]
    whole = lines[at]
    for further in range(1, len(lines) - at):
        line = lines[at + further]
        if line.count(separator) >= width - 1:
            return 0
        whole += b"\n" + line
        if b'"' in line and complete.fullmatch(whole):
            return further if _closes_as_a_field(whole, separator) else 0
        if further > 200:
            return 0
    return 0


def _closes_as_a_field(whole: bytes, separator: bytes) -> bool:
    """Whether each quoted field is followed by a separator or the line's end."""
    pattern = rb'(?:(?:"(?:[^"]|"")*+"|[^"%b][^%b]*+)?+(?:%b|\Z))*+' % ((re.escape(separator),) * 3)
    return re.fullmatch(pattern, whole.removesuffix(b"\r"), re.DOTALL) is not None


def _read_rows(text: bytes, layout: _Layout, wanted: Collection[str]) -> TextTable:
    width = len(layout.fields)
    if width > MOST_COLUMNS:
        raise FileRejected(f"the header has {width} columns, more than any feed; export the table alone")
    body = text if not layout.header else text.split(b"\n", layout.header)[layout.header]
    if not width:
        raise FileRejected(f"no header row can be read ({first_line_look(text)}); export the file again with headers")
    unclosed: dict[int, str] = {}
    if b'"' in body:
        lines = body.split(b"\n")
        if lines and not lines[-1]:
            lines.pop()
        found = records(lines, layout.separator, width)
        starts = found.first
        for record in np.flatnonzero(found.unclosed).tolist():
            unclosed[record] = _column_of_quote(lines[starts[record]], layout)
        several = bool((found.lengths > 1).any())
        if unclosed:
            parts = zip(found.first.tolist(), found.lengths.tolist(), found.unclosed.tolist(), strict=True)
            body = b"\n".join(b"\n".join(lines[at : at + length]) for at, length, bad in parts if not bad) + b"\n"
        kept = np.flatnonzero(~found.unclosed)
    else:
        count = body.count(b"\n") + (not body.endswith(b"\n"))
        starts, kept, several = np.arange(count), np.arange(count), False
    columns, read, misshapen = _parse(body, layout, width, kept, several)
    table = text_table(layout.fields, columns, read[1:], wanted)
    misshapen = {row: fields for row, fields in misshapen.items() if row}
    notes = layout.notes + table.notes
    return replace(table, width=width, misshapen=misshapen, unclosed=unclosed, lines=starts + layout.header + 1, notes=notes)


def _read_closed_rows(text: bytes, layout: _Layout, wanted: Collection[str], widths: Collection[int]) -> TextTable | None:
    """The table of a file in which every row, but not the header, ends with a separator, or the header alone does.

    Args:
        widths: how many fields the rows have.
    """
    *above, header, rows = text.split(b"\n", layout.header + 1)
    header, separator = header.rstrip(b"\r"), layout.separator
    width = len(layout.fields)
    closed = (separator, separator + b'""')
    if widths == {width + 1} and all(row.rstrip().endswith(closed) for row in rows.split(b"\n") if row.strip()):
        fields, header, found = [*layout.fields, ""], header + separator, "each row but not the header ends"
    elif widths == {width - 1} and not layout.fields[-1].strip() and header.endswith(separator):
        fields, header, found = layout.fields[:-1], header.removesuffix(separator), "the header but no row ends"
    else:
        return None
    notes = (*layout.notes, f"{found} with a separator")
    return _read_rows(b"\n".join([*above, header, rows]), replace(layout, fields=fields, notes=notes), wanted)


def _column_of_quote(line: bytes, layout: _Layout) -> str:
    """Header of the field whose quote is open at the line's end."""
    fields = re.split(re.escape(layout.separator), line)
    opened = [i for i, field in enumerate(fields) if field.startswith(b'"') and not re.fullmatch(rb'"(?:[^"]|"")*"', field)]
    return layout.fields[min(opened[0], len(layout.fields) - 1)].strip() if opened else ""


def _parse(
    body: bytes, layout: _Layout, width: int, records: np.ndarray, several: bool
) -> tuple[list[pa.ChunkedArray], np.ndarray, dict[int, int]]:
    """The columns below the header, the numbers of the records that were read, and the misshapen ones with their fields.

    `records`: the number of each record of the text, 0 the header's.
    """
    misshapen: dict[int, int] = {}
    skipped: list[int] = []
    totals = ""
    last, separator = len(records) - 1, layout.separator.decode("ascii")

    def note_misshapen(row: pacsv.InvalidRow) -> str:
        nonlocal totals
        place = row.number - 1
        skipped.append(place)
        shown = row.text.replace(separator, " ").replace('"', "").strip()
        if place == last and row.actual_columns < width and TOTALS.fullmatch(shown[:200]):
            totals = shown[:200]
            return "skip"
        if not shown:
            return "skip"
        misshapen[int(records[place])] = row.actual_columns
        return "skip"

    names = [f"c{i}" for i in range(width)]
    try:
        table = pacsv.read_csv(
            io.BytesIO(body),
            read_options=pacsv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(
                delimiter=separator,
                newlines_in_values=several,
                ignore_empty_lines=False,
                invalid_row_handler=note_misshapen,
            ),
            convert_options=pacsv.ConvertOptions(column_types={name: pa.string() for name in names}),
        )
    except pa.ArrowInvalid as error:
        raise FileRejected(f"cannot be read as text separated by semicolons ({error}); export the file again") from None
    if table.num_rows + len(skipped) != len(records):
        raise FileRejected(
            f"{len(records)} lines were counted and {table.num_rows + len(skipped)} rows read; check the quotes in the file"
        )
    if 0 in misshapen or not table.num_rows:
        raise FileRejected("the header row cannot be read; export the file again with headers")
    refuse_other_count(totals, table.num_rows - 1, last - 1)
    read = np.setdiff1d(np.arange(len(records)), np.array(skipped, dtype=np.int64), assume_unique=True)
    return [column[1:] for column in table.columns], records[read], misshapen
