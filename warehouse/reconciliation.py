"""What the served reconciliation says: its count by status, and the mismatches that the last publication did not have.
Not here: the comparison of published and computed figures (dbt_project/models/audit/reconciliation.sql).
"""

from __future__ import annotations

import duckdb

from warehouse.database import quoted
from warehouse.paths import Home
from warehouse.publish import SERVED_SCHEMA

STATUSES = ("match", "mismatch", "contradicted", "not_covered", "withheld")


def new_mismatches(home: Home, con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Figures of the build's served reconciliation that mismatch and did not in the current publication, with the reason.

    Without a publication every mismatch is new.
    """
    published = home.current / "reconciliation.parquet"
    known = f"select figure_id from read_parquet({quoted(str(published))}) where status = 'mismatch'"
    unknown = f"and figure_id not in ({known})" if published.exists() else ""
    return con.execute(
        f"select figure_id, reason from served.reconciliation where status = 'mismatch' {unknown} order by figure_id"
    ).fetchall()


def count_by_status(home: Home) -> dict[str, int]:
    """Number of published figures in the current publication by status, every status named."""
    con = duckdb.connect(str(home.served_database), read_only=True)
    try:
        counted = dict(con.execute(f"select status, count(*) from {SERVED_SCHEMA}.reconciliation group by status").fetchall())
    finally:
        con.close()
    return {status: counted.get(status, 0) for status in STATUSES}
