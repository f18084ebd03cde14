"""The cells of a JSON-stat2 dataset, one row each. Called in a process of its own (isolated.py), so light to import.
Not here: what a table is used for.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sources.errors import FileRejected
from sources.json_text import read_json

HEADERS = ["Regionkode", "Region", "Innhold", "Tid", "Utvalg", "Verdi", "Status"]
# What the API calls these dimensions in a dataset without roles.
USUAL_NAMES = {"time": "Tid", "geo": "Region", "metric": "ContentsCode"}
TOTAL = re.compile(r"(i alt|alle|totalt?|begge kjønn|00-99)\b", re.IGNORECASE)
MOST_CELLS = 5_000_000
# How the API marks a cell without a figure when it is asked for its symbols.
NO_FIGURE = (".", "..", ":", "-", "")


def read_rows(path: Path, table: str) -> list[list[str | None]]:
    """A row for each cell, in the columns of HEADERS. `table`: the number of the table by the file's name.

    Raises:
        FileRejected: no JSON, no dataset of JSON-stat version 2, or one that says that it is another table.
    """
    dataset = read_json(path)
    try:
        _refuse_other_table(dataset, table)
        return _cells(dataset)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FileRejected(f"is no JSON-stat2 dataset ({error!r}); fetch the table in the format json-stat2") from None


def _cells(dataset: dict[str, Any]) -> list[list[str | None]]:
    names, sizes = dataset["id"], [int(size) for size in dataset["size"]]
    count = math.prod(sizes)
    if not 0 <= count <= MOST_CELLS:
        raise ValueError(f"{count} cells are more than a table of any use here")
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
        figure = None if value in NO_FIGURE else value
        symbol = status if status is not None or figure is not None or not value else value
        texts = [*region, contents[1], time[0], "; ".join(selected) or None, figure, symbol]
        rows.append([text if text is None or isinstance(text, str) else str(text) for text in texts])
    return rows


def _refuse_other_table(dataset: dict[str, Any], table: str) -> None:
    """The API puts the number of the table into the dataset. The name alone decides what the figures are taken for."""
    told = ((dataset.get("extension") or {}).get("px") or {}).get("tableid")
    if told and told.lstrip("0") != table.lstrip("0"):
        raise FileRejected(f"holds table {told} by its own word, and table {table} by its name; call it ssb_{told}_<date>.json")


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
    codes = sorted(index, key=lambda code: int(index[code])) if isinstance(index, dict) else index
    return [(code, _with_unit(labels.get(code, code), units.get(code, {}).get("base"))) for code in codes]


def _with_unit(label: str, unit: str | None) -> str:
    return f"{label} ({unit})" if unit and unit.casefold() not in label.casefold() else label


def _place_of(role: str, names: list[str], roles: dict[str, list[str]]) -> int | None:
    named = roles.get(role) or [USUAL_NAMES[role]]
    return names.index(named[0]) if named[0] in names else None
