"""Nested JSON records taken apart to rows of text. Called in a process of its own (isolated.py), so light to import.
Not here: what the paths mean (profiles/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sources.errors import FileRejected
from sources.json_text import read_json

Rows = tuple[list[str], list[list[str | None]]]


def read_rows(path: Path, place: str, total: str, each: str, wanted: list[str]) -> Rows:
    """The columns that are wanted and those found, and a row for each record (see records.py).

    Raises:
        FileRejected: no JSON, no records there, or fewer than the file says that there are.
    """
    found = content = read_json(path)
    try:
        for key in filter(None, place.split(".")):
            found = found[key]
        _refuse_a_page(content, total, len(several(found)))
        records = [record for whole in several(found) for record in _exploded(whole, each)]
        flat = [_flat(record) for record in records]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileRejected(
            f"is JSON without records at {place or 'its top'} ({type(error).__name__}); export it again"
        ) from None
    headers = dict.fromkeys(wanted)
    headers |= dict.fromkeys(header for record in flat for header in record)
    return list(headers), [[row.get(header) for header in headers] for row in flat]


def _refuse_a_page(content: Any, total: str, count: int) -> None:
    """Refuse what is one page of an answer: the rows of the other pages would be missing without a word.

    Raises:
        FileRejected: the file says that there are more records than it holds.
    """
    there_are = content.get(total) if total else None
    if isinstance(there_are, str) and there_are.isdecimal() and int(there_are) > count:
        raise FileRejected(
            f"holds {count} of {there_are} records ({total}), as one page of an answer does; fetch all of them into one file"
        )


def several(value: Any) -> list[Any]:
    """A list of what may be a list, one value or none."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _exploded(record: dict[str, Any], each: str) -> list[dict[str, Any]]:
    return [{**record, each: one} for one in several(record.get(each))] if each else [record]


def _flat(record: Mapping[str, Any]) -> dict[str, str | None]:
    cells: dict[str, str | None] = {}
    for key, value in record.items():
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(inner, dict):
            cells |= {f"{key}.{path}": cell for path, cell in _flat(inner).items()}
        elif isinstance(inner, bool | list):
            cells[key] = json.dumps(inner)
        else:
            cells[key] = inner
    return cells
