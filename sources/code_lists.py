"""The lists of kinds that the municipality edits (dbt_project/seeds), for the rule that a delivered kind is one of them.
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
    path = LISTS / f"{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            kinds = [row["kind"].strip() for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, KeyError, AttributeError, csv.Error) as error:
        raise FileRejected(
            f"cannot be held against the list dbt_project/seeds/{path.name} ({error}); mend the list: columns kind and class"
        ) from None
    return {header_key(kind): kind for kind in kinds if kind}
