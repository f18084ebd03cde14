"""Reads a JSON-stat2 dataset, as Statistics Norway's API returns it, to one row a cell. Not here: what a table is used for."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.dialect import FileRejected, TextTable, text_rows
from sources.naming import NamedFile

HEADERS = ["Regionkode", "Region", "Innhold", "Tid", "Utvalg", "Verdi", "Status"]
# What the API calls these dimensions in a dataset without roles.
USUAL_NAMES = {"time": "Tid", "geo": "Region", "metric": "ContentsCode"}
TOTAL = re.compile(r"(i alt|alle|totalt?|begge kjønn|00-99)\b", re.IGNORECASE)


def read_cells(path: Path, named: NamedFile) -> TextTable:
    """One row a cell, numbered from 1 in the dataset's order, with the table's number on every row.

    Raises:
        FileRejected: no JSON, or no dataset of JSON-stat version 2.
    """
    try:
        dataset = json.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
    except ValueError as error:
        raise FileRejected(f"cannot be read as JSON ({error}); fetch the table again") from None
    try:
        rows = _cells(dataset)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FileRejected(f"is no JSON-stat2 dataset ({error!r}); fetch the table in the format json-stat2") from None
    return text_rows(HEADERS, rows, list(range(1, len(rows) + 1))).with_constant("Tabell", named.part)


def _cells(dataset: dict[str, Any]) -> list[list[str | None]]:
    names, sizes = dataset["id"], dataset["size"]
    count = math.prod(sizes)
    values = _by_cell(dataset["value"], count)
    statuses = _by_cell(dataset.get("status"), count)
    categories = [_categories(dataset["dimension"][name]) for name in names]
    if [len(found) for found in categories] != list(sizes):
        raise ValueError("the sizes are not those of the dimensions")
    places = {role: _place_of(role, names, dataset.get("role", {})) for role in USUAL_NAMES}
    others = [i for i in range(len(names)) if i not in places.values()]
    rows = []
    for cell, value, status in zip(itertools.product(*categories), values, statuses, strict=True):
        region = cell[places["geo"]] if places["geo"] is not None else (None, None)
        contents = cell[places["metric"]] if places["metric"] is not None else (None, None)
        time = cell[places["time"]] if places["time"] is not None else (None, None)
        selected = [f"{names[i]}: {cell[i][1]}" for i in others if not TOTAL.match(cell[i][1] or "")]
        rows.append([*region, contents[1], time[0], "; ".join(selected) or None, _text(value), status])
    return rows


def _by_cell(given: object, count: int) -> Sequence[Any]:
    """One entry a cell of what is given as an array, a sparse object keyed by place, or one text for all."""
    if given is None or isinstance(given, str):
        return [given] * count
    if isinstance(given, dict):
        entries = [given.get(str(place)) for place in range(count)]
        if len(given) > count or not all(0 <= int(place) < count for place in given):
            raise ValueError("a value lies outside the dimensions")
        return entries
    if not isinstance(given, list) or len(given) != count:
        raise ValueError("there are not as many values as cells")
    return given


def _categories(dimension: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and label of each category in order; a metric's label carries its unit."""
    category = dimension["category"]
    labels, units = category.get("label", {}), category.get("unit", {})
    index = category.get("index", list(labels))
    codes = sorted(index, key=lambda code: index[code]) if isinstance(index, dict) else index
    return [(code, _with_unit(labels.get(code, code), units.get(code, {}).get("base"))) for code in codes]


def _with_unit(label: str, unit: str | None) -> str:
    return f"{label} ({unit})" if unit and unit.casefold() not in label.casefold() else label


def _place_of(role: str, names: list[str], roles: dict[str, list[str]]) -> int | None:
    named = roles.get(role) or [USUAL_NAMES[role]]
    return names.index(named[0]) if named[0] in names else None


def _text(value: Decimal | int | None) -> str | None:
    """The value in the dialect."""
    return None if value is None else format(Decimal(value), "f").replace(".", ",")
