"""Finds the feeds: every `contract.py` below a source system's folder. Adding a feed is adding a folder.
Not here: anything about a particular feed.
"""

import importlib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from sources.contract import Feed

SOURCES = Path(__file__).parent


@cache
def feeds() -> dict[str, Feed]:
    """All feeds by name, each after the feeds it refers to."""
    found: dict[str, Feed] = {}
    for contract in sorted(SOURCES.glob("*/*/contract.py")):
        module = importlib.import_module(".".join(["sources", *contract.relative_to(SOURCES).with_suffix("").parts]))
        found[module.FEED.name] = module.FEED
    order = TopologicalSorter(
        {name: sorted({other for other, _ in feed.references.values()} - {name}) for name, feed in found.items()}
    )
    return {name: found[name] for name in order.static_order()}


def system_of(feed: str) -> str:
    """Name of the source system's folder a feed lies in."""
    return contract_of(feed).parent.parent.name


def contract_of(feed: str) -> Path:
    """The file with a feed's contract."""
    return next(path for path in SOURCES.glob("*/*/contract.py") if path.parent.name == feed)
