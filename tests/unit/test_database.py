"""How the house's DuckDB files are opened. Not here: what is read from or written to them."""

from __future__ import annotations

import os
from pathlib import Path

from warehouse.database import in_memory, one
from warehouse.paths import Home
from warehouse.settings import Settings


def test_a_process_confined_to_a_core_takes_one_thread(home: Home, settings: Settings) -> None:
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})
    try:
        with in_memory(home, settings) as con:
            assert one(con, "select current_setting('threads')") == (1,)
    finally:
        os.sched_setaffinity(0, own)


def test_what_exceeds_the_memory_goes_below_the_home(home: Home, settings: Settings) -> None:
    with in_memory(home, settings.model_copy(update={"memory_limit": "60MB"})) as con:
        con.execute("create table much as select md5(cast(range as varchar)) from range(3_000_000)")
        written = {Path(path).parent for (path,) in con.execute("select path from duckdb_temporary_files()").fetchall()}
    assert written == {home.spill}
    assert not home.spill.exists()
