"""Names the absences and leaves that make a sick-leave cell: those alone on a day, those needed where several overlap, and
those that make a spell long-term. Not here: how the last two are found (overlaps.py, spells.py).
"""

from __future__ import annotations

import duckdb

from warehouse.trace.lineage import Lineage
from warehouse.trace.sick_leave.overlaps import needed_of_overlaps
from warehouse.trace.sick_leave.scope import InScope
from warehouse.trace.sick_leave.spells import support_of_long_spells
from warehouse.trace.temporary import Relation, is_empty, table, view


def name_absences_and_leaves(lineage: Lineage, found: InScope, positions: Relation) -> Relation:
    """Name the absences and leaves that change the terms of the scope on days of the kept positions.

    Returns the sick absences of the period with their spells, their numbers in the files, and whether each `is_counted`.
    """
    con = lineage.con
    alone = _alone_on_a_day(con, found, positions)
    overlapping = needed_of_overlaps(con, found, positions, alone)
    kept = view(con, "kept", f"from {alone} union all from {overlapping.rows}")
    absences = table(
        con,
        "scope_absences",
        f"""select absence_row, person_row, from_date, to_date, spell_no, spell_absences, is_long_term,
                {lineage.file_no("fravaer")} as file_no, row_number,
                absence_row in (select row from {kept} where is_absence) as is_counted
            from {found.spells}""",
    )
    support = overlapping.support
    if "long" in found.terms and not is_empty(con, absences):
        support = support + support_of_long_spells(con, absences, overlapping.tried_persons)
    lineage.add(
        "permisjoner",
        "leave",
        f"""select file_sha256, row_number from staging.stg_leaves
            where leave_row in (select row from {kept} where not is_absence)""",
        gives_each_once=True,
        with_references=True,
    )
    lineage.add(
        "fravaer",
        "sick absence",
        f"select file_no, row_number from {absences} where is_counted",
        gives_each_once=True,
        gives_file_no=True,
        with_references=True,
    )
    if support:
        lineage.add(
            "fravaer",
            "sick absence that makes the spell long-term",
            f"select file_no, row_number from {absences} where absence_row in (select unnest($1))",
            [support],
            gives_each_once=True,
            gives_file_no=True,
            with_references=True,
        )
    return absences


def _alone_on_a_day(con: duckdb.DuckDBPyConnection, found: InScope, positions: Relation) -> Relation:
    """The absences and leaves (row, is_absence) that are alone on a segment and take from it. They need no comparison."""
    changes = "is_lost"
    if "possible" in found.terms:
        changes = f"""working_days > 0 and (is_lost or available_percent < 100)
            and position_row not in (select position_row from {positions} where not is_kept)"""
    return table(
        con,
        "alone",
        f"""select only_absence_or_leave_row as row, available_percent = 100 as is_absence
            from {found.segments} where absences_and_leaves = 1 and {changes}""",
    )
