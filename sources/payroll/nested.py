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


def read_rows(path: Path, place: str, each: str, wanted: list[str]) -> Rows:
    """The columns that are wanted and those found, and a row for each record (see records.py).

    Raises:
        FileRejected: no JSON, or no records there.
    """
    found = read_json(path)
    try:
        for key in filter(None, place.split(".")):
            found = found[key]
        records = [record for whole in several(found) for record in _exploded(whole, each)]
        flat = [_flat(record) for record in records]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileRejected(
            f"is JSON without records at {place or 'its top'} ({type(error).__name__}); export it again"
        ) from None
    headers = dict.fromkeys(wanted)
    headers |= dict.fromkeys(header for record in flat for header in record)
    return list(headers), [[row.get(header) for header in headers] for row in flat]


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
