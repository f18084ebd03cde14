"""Tells what data_quality warns of in files of optional feeds, where the last publication did not warn of just that.
Not here: the rules and their counts (dbt_project/models/audit/data_quality.sql), or rows that the contracts refuse.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.registry import feeds
from warehouse.database import quoted
from warehouse.publication import earlier_table

# A later decision replaces an earlier one as it should.
IN_ORDER = "target_not_superseded"


def new_doubts(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[str]:
    """A line for each rule with severity warning that rows of an optional feed break, with how many and what it asks.

    Args:
        previous: the folder of the previous publication, of which the same rules with the same words are known.
    """
    optional = ", ".join(quoted(feed.name) for feed in feeds().values() if not feed.required)
    served = earlier_table(previous, "data_quality")
    known = f"anti join {served} using (feed, rule, description)" if served else ""
    found = con.execute(
        f"""select feed, rule, rows, description from served.data_quality {known}
            where severity = 'warning' and rows > 0 and feed in ({optional}) and rule <> '{IN_ORDER}' order by feed, rule"""
    ).fetchall()
    return [f"{feed}, {rule} ({rows}): {description}" for feed, rule, rows, description in found]
