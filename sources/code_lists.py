"""The lists of kinds that the municipality edits (dbt_project/seeds), for rules of the contracts.
Not here: what a kind counts as, which the tables know by joining the same list.
"""

from __future__ import annotations

import csv
from pathlib import Path

from sources.cells import header_key
from sources.errors import FileRejected

LISTS = Path(__file__).parent.parent / "dbt_project" / "seeds"


def listed_kinds(name: str) -> dict[str, str]:
    """The kinds of a list as it spells them, by what their spellings have in common (case, spaces and hyphens).

    Raises:
        FileRejected: the list cannot be read.
    """
    return {header_key(kind): kind for kind in _classes(name)}


def kinds_of_class(name: str, wanted: str) -> list[str]:
    """The kinds of a list that are of a class.

    Raises:
        FileRejected: the list cannot be read.
    """
    return [kind for kind, found in _classes(name).items() if found == wanted]


def _classes(name: str) -> dict[str, str]:
    path = LISTS / f"{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            classes = {row["kind"].strip(): row["class"].strip() for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
        raise FileRejected(
            f"cannot be held against the list dbt_project/seeds/{path.name} ({error}); mend the list: columns kind and class"
        ) from None
    return {kind: found for kind, found in classes.items() if kind}
