"""What the served reconciliation says: its count by status, and the mismatches that the last publication did not have.
Not here: the comparison of printed and computed figures (dbt_project/models/audit/reconciliation.sql).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.database import quoted
from warehouse.paths import Home
from warehouse.publish import schema_of

STATUSES = ("match", "mismatch", "contradicted", "not_covered", "withheld")


def new_mismatches(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[tuple[str, str]]:
    """Figures of the build's served reconciliation that mismatch and did not in the previous publication, with the reason.

    Args:
        previous: the folder of the previous publication; without one every mismatch is new.
    """
    served = previous / "reconciliation.parquet" if previous else None
    unknown = ""
    if served and served.exists():
        known = f"select figure_id from read_parquet({quoted(str(served))}) where status = 'mismatch'"
        unknown = f"and figure_id not in ({known})"
    return con.execute(
        f"select figure_id, reason from served.reconciliation where status = 'mismatch' {unknown} order by figure_id"
    ).fetchall()


def count_by_status(home: Home) -> dict[str, int]:
    """Number of printed figures by status in the current publication, every status named."""
    con = duckdb.connect(str(home.served_database), read_only=True)
    try:
        counted = dict(con.execute(f"select status, count(*) from {schema_of(con)}.reconciliation group by status").fetchall())
    finally:
        con.close()
    return {status: counted.get(status, 0) for status in STATUSES}
