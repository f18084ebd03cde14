"""Python's memory while hundreds of thousands of objects are held, as the cells of a table or the boxes of a PDF.
Not here: what DuckDB may use (settings, memory_limit).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# What is held stays to the end. To walk through all of it for every 700 new objects, as Python does, takes a tenth of the time.
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
