"""Reads a JSON file of nested records to rows with a column for each path to a value.
Not here: what the paths mean (profiles/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.dialect import FileRejected, TextTable, text_rows


def read_records(path: Path, place: str, each: str, wanted: Iterable[str]) -> TextTable:
    """The records of a JSON file as rows, numbered from 1, with a column for each path (`periode.start`) to a value.

    `place` is the path to the records. `each` names what every record holds one (an object) or several (a list) of: these
    are the rows then. Columns that are `wanted` are there even if no record has them: JSON leaves out what is empty.
    """
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
        for key in filter(None, place.split(".")):
            found = found[key]
        records = [record for whole in several(found) for record in _exploded(whole, each)]
        flat = [_flat(record) for record in records]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileRejected(
            f"cannot be read as JSON with records at {place or 'its top'} ({type(error).__name__}); export it again"
        ) from None
    headers = dict.fromkeys(wanted)
    headers |= dict.fromkeys(header for record in flat for header in record)
    return text_rows(list(headers), [[row.get(header) for header in headers] for row in flat], range(1, len(flat) + 1))


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
        elif isinstance(inner, Decimal):
            cells[key] = format(inner, "f").replace(".", ",")
        else:
            cells[key] = inner if isinstance(inner, str) or inner is None else json.dumps(inner, default=str)
    return cells
