"""What the served reconciliation says: its counts by status and evidence, and mismatches that the last publication had not.
Not here: the comparison of printed and computed figures (dbt_project/models/served/reconciliation.sql).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.database import publication_opened
from warehouse.paths import Home
from warehouse.publication import earlier_table

STATUSES = ("match", "mismatch", "contradicted", "not_covered", "withheld")
NO_EVIDENCE = "no table"
# Whether a figure was computed from rows, of two delivered counts, or came in as it is printed; that no table holds it.
EVIDENCE = ("computed", "ratio", "delivered", NO_EVIDENCE)


def new_mismatches(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[tuple[str, str]]:
    """Figures of the build's served reconciliation that mismatch and did not in the previous publication, with the reason.

    Args:
        previous: the folder of the previous publication; without one every mismatch is new.
    """
    served = earlier_table(previous, "reconciliation")
    unknown = f"and figure_id not in (select figure_id from {served} where status = 'mismatch')" if served else ""
    return con.execute(
        f"select figure_id, reason from served.reconciliation where status = 'mismatch' {unknown} order by figure_id"
    ).fetchall()


def count_by_status(home: Home) -> dict[str, dict[str, int]]:
    """Number of printed figures in the current publication by status, and of each by evidence; all of both are named."""
    with publication_opened(home.publish) as con:
        counted = con.execute(
            f"select status, coalesce(evidence, '{NO_EVIDENCE}'), count(*) from reconciliation group by all"
        ).fetchall()
    figures = {(status, evidence): number for status, evidence, number in counted}
    return {status: {evidence: figures.get((status, evidence), 0) for evidence in EVIDENCE} for status in STATUSES}
