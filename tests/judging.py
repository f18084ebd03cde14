"""Holds files of rows against the contract of their feed, as a night does, and says which rules they break.
Not here: the making of deliveries (municipalities/), or tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa

from sources.contract import Feed
from sources.registry import feeds
from sources.validate import Validated, validate
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import Delivery, Rows, write_feed


def known_codes(delivery: Delivery) -> dict[tuple[str, str], pd.Index]:
    """The codes of a valid delivery that its feeds may refer to."""
    referred = {reference for feed in feeds().values() for reference in feed.references.values()}
    return {
        (feed, header): pd.Index([row[header] for row in delivery[feed]], dtype=pd.ArrowDtype(pa.string()))
        for feed, header in referred
    }


def judged(path: Path) -> Validated:
    """A file held against its feed's contract, with the small delivery around it."""
    feed = feeds()[path.name.rpartition("_")[0]]
    named = feed.naming.read(path.name)
    assert named, path.name
    return validate(
        feed,
        feed.read_file(path, named),
        known_codes(small_delivery()),
        extract_date=named.extract_date,
        birth_years=birth_years(small_delivery()),
    )


def birth_years(delivery: Delivery) -> pd.Series:
    """Birth year by employee number."""
    return pd.Series({row["Ansattnr"]: int(row["Fødselsdato"][-4:]) for row in delivery["ansatte"]})


def judged_rows(folder: Path, feed: str, rows: Rows) -> Validated:
    """Rows written as a file and held against the feed's contract."""
    return judged(write_feed(folder, feed, rows))


def broken_rules(validated: Validated) -> dict[int, list[str]]:
    """Quarantined row number → the rules it breaks."""
    rules: dict[int, list[str]] = {}
    for row, rule in zip(validated.quarantined["row_number"], validated.quarantined["rule"], strict=True):
        rules.setdefault(row, []).append(rule)
    return rules


def rules_broken_in(feed: Feed, path: Path, known: Mapping[tuple[str, str], pd.Index] = {}) -> list[str]:
    """Names of the rules a file breaks, one a row and rule, for tests that break each once."""
    named = feed.naming.read(path.name)
    assert named, f"{path.name} is not a name of {feed.name}"
    validated = validate(feed, feed.read_file(path, named), known)
    assert validated.rows_delivered == len(validated.accepted) + validated.rows_quarantined
    return [*validated.quarantined["rule"], *validated.warnings["rule"]]
