"""Reads a JSON file of nested records to rows with a column for each path to a value.
The reading itself happens in a process of its own. Not here: what the paths mean (profiles/).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sources.isolated import in_own_process
from sources.payroll.nested import read_rows
from sources.text_table import TextTable, text_rows


def read_records(path: Path, place: str, total: str, each: str, wanted: Iterable[str]) -> TextTable:
    """The records of a JSON file as rows, numbered from 1, with a column for each path (`periode.start`) to a value.

    `place` is the path to the records, `total` the key under which the file says how many there are. `each` names what every
    record holds one (an object) or several (a list) of: these are the rows then. Columns that are `wanted` are there even if
    no record has them: JSON leaves out what is empty.

    Raises:
        FileRejected: no JSON, no records there, or fewer than the file says that there are.
    """
    headers, rows = in_own_process(read_rows, path, place, total, each, list(wanted))
    return text_rows(headers, rows, range(1, len(rows) + 1))
