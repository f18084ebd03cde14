"""Sets the rows apart that lie in the scope of a sick-leave cell and do not count: by population, by kind, or because they
change nothing.
Not here: which rows count.
"""

from __future__ import annotations

from warehouse.database import quoted
from warehouse.trace.lineage import Lineage
from warehouse.trace.sick_leave.scope import InScope
from warehouse.trace.temporary import Relation


def set_apart(lineage: Lineage, found: InScope, positions: Relation, persons: Relation, absences: Relation) -> None:
    """Set the rows apart, each with its reason.

    Args:
        positions: of choose_positions.
        persons: person_row of those whose positions are kept.
        absences: of name_absences_and_leaves.
    """
    _positions(lineage, found, positions)
    _absences(lineage, found, persons, absences)
    _leaves(lineage, found, persons)


def _positions(lineage: Lineage, found: InScope, positions: Relation) -> None:
    conditions = found.scope.conditions
    persons = "" if conditions == "true" else "inner join staging.stg_persons as person using (employee_no)"
    lineage.exclude(
        "stillinger",
        f"""select position_row as row_number, case when works then 'on full leave on every working day of the period'
                else 'no working day of the period' end as reason
            from {positions} where not is_available and not is_kept""",
        gives_each_once=True,
    )
    lineage.exclude(
        "stillinger",
        f"""select position.file_sha256, position.row_number, case
                when population.in_sick_leave then 'position percent is 0'
                else 'form of employment ' || position.employment_form || ' does not count in sick leave' end as reason
            from raw.stillinger as position {persons}
            inner join seeds.populations as population using (employment_form)
            where {found.in_units} and {conditions} and valid_from <= $2 and (valid_to >= $1 or valid_to is null)
                and (position.position_percent = 0 or not population.in_sick_leave)""",
        [found.first_day, found.last_day],
        gives_each_once=True,
    )


def _absences(lineage: Lineage, found: InScope, persons: Relation, absences: Relation) -> None:
    lineage.exclude(
        "fravaer",
        f"""select file_no, row_number,
                'changes nothing: on days off, outside the position, in full leave or covered by other absence' as reason
            from {absences} semi join {persons} as kept using (person_row)
            where not is_counted and from_date <= $2 and to_date >= $1""",
        [found.first_day, found.last_day],
        gives_each_once=True,
        gives_file_no=True,
    )
    sick = [
        name
        for (name,) in lineage.con.execute("select kind from seeds.absence_kinds where class in ('self', 'doctor')").fetchall()
    ]
    lineage.exclude(
        "fravaer",
        f"""select absence.file_sha256, absence.row_number, absence_type || ' is no sick leave' as reason
            from raw.fravaer as absence inner join staging.stg_persons as person using (employee_no)
            semi join {persons} as kept using (person_row)
            where absence_type not in ({", ".join(map(quoted, sick))})
                and from_date <= $2 and (to_date >= $1 or to_date is null)""",
        [found.first_day, found.last_day],
        gives_each_once=True,
    )


def _leaves(lineage: Lineage, found: InScope, persons: Relation) -> None:
    lineage.exclude(
        "permisjoner",
        f"""select leave.file_sha256, leave.row_number,
                'changes nothing: on days off, outside the position or covered by other leave' as reason
            from {lineage.rows_of("permisjoner", are_named=False)} as leave
            inner join staging.stg_persons as person using (employee_no) semi join {persons} as kept using (person_row)
            where from_date <= $2 and (to_date >= $1 or to_date is null)""",
        [found.first_day, found.last_day],
        gives_each_once=True,
    )
