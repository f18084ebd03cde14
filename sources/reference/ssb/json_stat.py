"""Reads a JSON-stat2 dataset, as Statistics Norway's API returns it, to one row a cell. Not here: what a table is used for."""

from __future__ import annotations

from pathlib import Path

from sources.isolated import in_own_process
from sources.naming import NamedFile
from sources.reference.ssb.cells import HEADERS, read_rows
from sources.text_table import TextTable, text_rows


def read_cells(path: Path, named: NamedFile) -> TextTable:
    """One row a cell, numbered from 1 in the dataset's order, with the table's number on every row.

    Raises:
        FileRejected: no JSON, no dataset of JSON-stat version 2, or one that says that it is another table.
    """
    rows = in_own_process(read_rows, path, named.part)
    return text_rows(HEADERS, rows, range(1, len(rows) + 1)).with_constant("Tabell", named.part)
