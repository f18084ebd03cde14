"""Tells when a large part of the absences or leaves apply to no position, so that figures come out as if they had not been.
Not here: which those are (int_absence_coverage, int_leave_coverage), or rows that the contracts refuse.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from warehouse.continuity import FEWEST_ROWS
from warehouse.database import one

COUNTS = {
    "fravaer": """select count(*) filter (where uncovered_days > spell.to_date - spell.from_date), count(*)
        from intermediate.int_absence_coverage inner join intermediate.int_spells as spell using (absence_row)""",
    "permisjoner": "select count(*) filter (where not is_covered), count(*) from intermediate.int_leave_coverage",
}


def of_no_position(con: duckdb.DuckDBPyConnection, share: float) -> Iterator[str]:
    """A line for each feed of which more than this share of rows, and more than happen to, lie wholly outside every position
    they could apply to.
    """
    for feed, query in COUNTS.items():
        outside, rows = one(con, query)
        if outside > max(share * rows, FEWEST_ROWS):
            yield (
                f"{feed}: {outside} of {rows} rows count for nothing: the person holds no position on those days, or none with"
                " that Stillingsnr"
            )
