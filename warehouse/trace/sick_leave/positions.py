"""Which positions of a scope make a sick-leave cell, and the position that gives a job code its title.
Not here: the absences and leaves of the positions (absences.py).
"""

from __future__ import annotations

import duckdb

from warehouse.database import one
from warehouse.trace.lineage import Lineage
from warehouse.trace.sick_leave.scope import InScope
from warehouse.trace.temporary import Relation, table


def choose_positions(con: duckdb.DuckDBPyConnection, found: InScope) -> Relation:
    """The scope's positions: position_row, person_row, unit_code, and of each three facts.

    `works`: it has working days in the period. `is_available`: on one of them it is not on full leave. `is_kept`: the cell
    is made of it. Where possible time counts, those are the available positions, else those that lose time.
    """
    loses = f"position_row in (select position_row from {found.segments} where is_lost)"
    positions = table(
        con,
        "scope_positions",
        f"""select position_row, person_row, unit_code, position.working_days > 0 as works,
                position.working_days > coalesce(on_leave.working_days, 0) as is_available,
                {"is_available" if "possible" in found.terms else loses} as is_kept
            from {found.positions} as position
            left join (
                select position_row, sum(working_days) as working_days from {found.segments}
                where available_percent = 0 group by position_row
            ) as on_leave using (position_row)""",
    )
    if not one(con, f"select count_if(is_kept) from {positions}")[0]:
        # Nothing was lost, or nobody was available. One position makes the cell what it is.
        con.execute(
            f"""update {positions} set is_kept = true where position_row = (
                    select position_row from {positions} where works order by is_available desc, position_row limit 1)"""
        )
    return positions


def name_positions(lineage: Lineage, positions: Relation, job_code: str | None = None) -> None:
    """Name the kept positions, and the one that gives the job code its title.

    Positions of the scope that are named for another reason are kept from now on too: without their leaves they would count.
    """
    named_before = lineage.count("stillinger")
    lineage.add(
        "stillinger",
        "position",
        f"select position_row as row_number from {positions} where is_kept",
        gives_each_once=True,
        with_references=True,
    )
    if job_code is not None:
        add_title(lineage, job_code, f"(from {positions} where is_kept)")
    if named_before or job_code is not None:
        lineage.con.execute(
            f"update {positions} set is_kept = true where works and not is_kept"
            f" and position_row in (select row_number from {lineage.rows_of('stillinger')} as named)"
        )


def add_title(lineage: Lineage, job_code: str, kept: str) -> None:
    """Name the position that gives the job code its title unless those in the relation `kept` give the same one."""
    title_row = """select arg_max(row_number, (valid_from, row_number)) as row_number,
                   arg_max(job_title, (valid_from, row_number)) as job_title
                   from raw.stillinger where job_code = $1 and valid_from <= (select as_of from raw.settings)"""
    lineage.add(
        "stillinger",
        "latest-starting position of the job code, which gives the title",
        f"""select file_sha256, row_number from raw.stillinger where row_number in (
            select row_number from ({title_row}) as latest
            where job_title is distinct from
                (select job_title from ({title_row} and row_number in (select position_row from {kept})) as latest_kept))""",
        [job_code],
    )
