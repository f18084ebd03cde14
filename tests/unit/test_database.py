"""How the house's DuckDB files are opened. Not here: what is read from or written to them."""

from __future__ import annotations

import os

from warehouse.database import connect, one
from warehouse.settings import Settings


def test_a_process_confined_to_a_core_takes_one_thread(settings: Settings) -> None:
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})
    try:
        with connect(None, settings) as con:
            assert one(con, "select current_setting('threads')") == (1,)
    finally:
        os.sched_setaffinity(0, own)
