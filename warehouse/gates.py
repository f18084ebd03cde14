"""The record of the stages that a build has passed, kept in the build itself: what publishing is decided by.
Not here: which stages there are (orchestration/stages.py), or what a gate looks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb

from warehouse.database import connect
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.settings import Settings

TABLE = """
create table raw.build as select uuid() as build_id;
create table raw.gates (build_id uuid, gate varchar primary key, result varchar, saw varchar, accepted_by varchar,
    recorded_at timestamp);
"""
BEGUN, PASSED, REFUSED, OUTDATED = "begun", "passed", "refused", "outdated"
WHOLE_NIGHT = "run the whole night (the job `nightly`, or `arsverk run`)"


def must_have_begun(home: Home) -> None:
    """
    Raises:
        Refused: there is no build that a stage could go on with.
    """
    if not home.build_database.exists():
        raise Refused(f"no build has been started; {WHOLE_NIGHT}")


def outdate(con: duckdb.DuckDBPyConnection, later: Sequence[str], because: str) -> None:
    """What a gate has passed is no longer proven once a stage before it has run again. A refusal stays a refusal.

    Args:
        later: the stages after the one that runs.
        because: the stage that runs.
    """
    con.execute(
        "update raw.gates set result = $1, saw = $2 where result = $3 and list_contains($4, gate)",
        [OUTDATED, f"{because} has run again after it", PASSED, list(later)],
    )


def begin(home: Home, settings: Settings, gate: str, later: Sequence[str]) -> None:
    """Record that a stage runs, and what that outdates."""
    with connect(home.build_database, settings) as con:
        outdate(con, later, because=gate)
        _record(con, gate, BEGUN, "")


def record(home: Home, settings: Settings, gate: str, result: str, saw: str, accepted_by: str | None = None) -> None:
    """Put the result of a gate in the place of any earlier one.

    Args:
        saw: what the gate looked at, or why it refused.
        accepted_by: the human acceptance without which it would have refused.
    """
    with connect(home.build_database, settings) as con:
        _record(con, gate, result, saw, accepted_by)


def _record(con: duckdb.DuckDBPyConnection, gate: str, result: str, saw: str, accepted_by: str | None = None) -> None:
    con.execute(
        """insert or replace into raw.gates
           select build_id, $1, $2, $3, $4, cast($5 as timestamp) from raw.build""",
        [gate, result, saw, accepted_by, datetime.now(UTC).replace(tzinfo=None)],
    )


def stop_unless_passed(home: Home, settings: Settings, gates: Sequence[str], served: str | None) -> None:
    """Whether this build may be published.

    Args:
        gates: the stages that it must have passed, in their order.
        served: the publication that readers see now.

    Raises:
        Refused: one has not been passed, or the build was compared with another publication than the one that is served.
    """
    must_have_begun(home)
    with connect(home.build_database, settings, read_only=True) as con:
        try:
            found = {
                gate: (result, saw)
                for gate, result, saw in con.execute(
                    "select gate, result, saw from raw.gates semi join raw.build using (build_id)"
                ).fetchall()
            }
            previous = con.execute("select previous_publication from raw.publication").fetchall()
        except duckdb.CatalogException:
            raise Refused(f"the build has no record of its gates; {WHOLE_NIGHT}") from None
    problems = [_problem(gate, *found.get(gate, (None, ""))) for gate in gates if found.get(gate, ("",))[0] != PASSED]
    if not problems and previous != [(served,)]:
        problems = [f"it was compared with {previous[0][0] if previous else None}, but {served} is served"]
    if problems:
        raise Refused("\n".join(["this build may not be published", *problems, f"nothing was published; {WHOLE_NIGHT}"]))


def _problem(gate: str, result: str | None, saw: str) -> str:
    if result == REFUSED:
        return f"the gate {gate} refused: {saw}"
    if result == BEGUN:
        return f"the gate {gate} did not run to its end"
    if result == OUTDATED:
        return f"the gate {gate} has to be run again: {saw}"
    return f"the gate {gate} has not been run"
