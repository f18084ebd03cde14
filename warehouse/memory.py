"""Python's memory while hundreds of thousands of cells are held. Not here: what DuckDB may use (settings, memory_limit)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Cells are held by no cycle. To walk through all of them for every 700 new ones, as Python does, takes a tenth of the time.
RARELY = (200_000, 10, 10)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for cycles of garbage rarely; as before afterwards."""
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
