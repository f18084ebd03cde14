"""The command `arsverk` with nights that withhold by the primary rule alone and attack nothing: the yardstick of whole nights.
Not here: what is measured (run.py). What such a night publishes is not safe to serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from orchestration import cli, stages
from warehouse.catalogue import Table
from warehouse.database import at_once
from warehouse.sdc.attack.findings import Report
from warehouse.sdc.protection import Protection
from warehouse.sdc.suppression.decisions import decide_primary
from warehouse.settings import Settings


def decide(con: duckdb.DuckDBPyConnection, marts: Sequence[Table], settings: Settings, *_: Any) -> dict[str, Any]:
    with at_once(con):
        decide_primary(con, marts, settings)
    return {}


def protect(*_: Any) -> Protection:
    return Protection(Report())


if __name__ == "__main__":
    stages.decide, stages.protect = decide, protect  # type: ignore[assignment]
    cli.main()
