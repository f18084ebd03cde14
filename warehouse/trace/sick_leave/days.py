"""What the terms of a measure take of a day, as SQL on its sums of leaves and absences.
Not here: the formulas themselves (dbt_project/macros/formulas.sql).
"""

from __future__ import annotations

from collections.abc import Sequence

# The kinds of rows that take from a day, and the names of their sums on a segment: of all rows, and of all but one.
KINDS = ("leave", "doctor", "self")
SUMS = ("leaves", "doctors", "selves")
REMAINING = ("remaining_leaves", "remaining_doctors", "remaining_selves")
# Wide enough for all the leaves or absences of a day together.
SUM_TYPE = "decimal(9, 4)"


def terms_of_day(terms: frozenset[str], sums: Sequence[str]) -> list[str]:
    """SQL for what the terms take of a day, by its sums of leaves, doctor- and self-certified absences."""
    leaves, doctors, selves = sums
    formulas = {
        "possible": f"formulas.available_percent({leaves})",
        "doctor": f"formulas.lost_doctor_percent({leaves}, {doctors})",
        "graded": f"formulas.lost_graded_percent({leaves}, {doctors})",
        "self": f"formulas.lost_self_percent({leaves}, {doctors}, {selves})",
        "lost": f"formulas.lost_percent({leaves}, {doctors}, {selves})",
    }
    wanted = {"lost" if term in ("short", "long") else term for term in terms}
    return [formulas[term] for term in sorted(wanted)]
