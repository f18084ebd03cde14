"""Tells what data_quality warns of in files of optional feeds, and of whole files of the others, where it is new.
Not here: the rules and their counts (dbt_project/models/audit/data_quality.sql), or rows that the contracts refuse.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.registry import feeds
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
        previous: the folder of the previous publication, of which the same rules with the same words are known; but not one
            that most rows break now, and less than half as many did then.
    """
    optional = {feed.name for feed in feeds().values() if not feed.required}
    signs = {(feed.name, rule.name) for feed in feeds().values() for rule in feed.rules if rule.stage == "file"}
    served = earlier_table(previous, "data_quality")
    # A rule that no row broke then stands there too.
    known = f"from {served} where rows > 0" if served else "from served.data_quality limit 0"
    found = con.execute(
        f"""with tried as (select feed, rule, sum(rows_seen) as seen from raw.rule_results group by all),
            known as (select feed, rule, description, rows as rows_then {known}),
            broken as (
                select feed, rule, rows, description,
                    coalesce(rows > {FEWEST_ROWS} and rows > seen / 2, false) as is_of_most
                from served.data_quality left join tried using (feed, rule)
                where severity = 'warning' and rows > 0 and rule <> '{IN_ORDER}'
            )
            select feed, rule, rows, description, is_of_most from broken left join known using (feed, rule, description)
            where rows_then is null or (is_of_most and rows > 2 * rows_then) order by feed, rule"""
    ).fetchall()
    return [
        f"{feed}, {rule} ({rows}): {description}"
        for feed, rule, rows, description, is_of_most in found
        if feed in optional or is_of_most or (feed, rule) in signs
    ]
