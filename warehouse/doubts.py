"""Tells what data_quality warns of in files of optional feeds, and of whole files of the others, where it is new.
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
# From so many rows on a warning of most rows of a required feed is about the file.
FEWEST_ROWS = 20


def new_doubts(con: duckdb.DuckDBPyConnection, previous: Path | None) -> list[str]:
    """A line for each rule with severity warning that rows of an optional feed break, with how many and what it asks.

    Of a required feed, which has single doubtful rows every night, only what most of its rows break or a sign of the whole
    file.

    Args:
        previous: the folder of the previous publication, of which the same rules with the same words are known.
    """
    optional = ", ".join(quoted(feed.name) for feed in feeds().values() if not feed.required)
    served = earlier_table(previous, "data_quality")
    # A rule that no row broke then stands there too.
    known = f"anti join (from {served} where rows > 0) using (feed, rule, description)" if served else ""
    found = con.execute(
        f"""select feed, rule, rows, description from served.data_quality {known}
            where severity = 'warning' and rows > 0 and feed in ({optional}) and rule <> '{IN_ORDER}' order by feed, rule"""
    ).fetchall()
    return [
        f"{feed}, {rule} ({rows}): {description}" for feed, rule, rows, description in [*found, *_of_whole_files(con, known)]
    ]


def _of_whole_files(con: duckdb.DuckDBPyConnection, known: str) -> list[tuple[str, str, int, str]]:
    signs = {(feed.name, rule.name) for feed in feeds().values() for rule in feed.rules if rule.stage == "file"}
    found = con.execute(
        f"""select feed, rule, rows, description, rows > {FEWEST_ROWS} and rows > tried.seen / 2
            from served.data_quality {known}
            inner join (select feed, rule, sum(rows_seen) as seen from raw.rule_results group by all) as tried
                using (feed, rule)
            inner join raw.feeds as required using (feed)
            where severity = 'warning' and rows > 0 and required.is_required order by feed, rule"""
    ).fetchall()
    return [(feed, rule, rows, text) for feed, rule, rows, text, is_most in found if is_most or (feed, rule) in signs]
