"""Which absences and leaves are needed where several overlap: they are left out one by one, in SQL for everybody at once.
Not here: the persons whose rows have to be tried one after the other (search.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from warehouse.database import quoted
from warehouse.trace.sick_leave.days import KINDS, REMAINING, SUM_TYPE, SUMS, terms_of_day
from warehouse.trace.sick_leave.scope import LOST, InScope
from warehouse.trace.sick_leave.search import try_one_after_the_other
from warehouse.trace.temporary import Relation, is_empty, table


@dataclass(frozen=True)
class Needed:
    """`rows`: absences and leaves that are needed (row, is_absence), beside those that are alone on a day. `support`: rows of
    absences that only keep a spell long-term. `tried_persons`: person_row of those whose rows were tried one after the other.
    """

    rows: Relation
    support: list[int]
    tried_persons: Relation


def needed_of_overlaps(con: duckdb.DuckDBPyConnection, found: InScope, positions: Relation, alone: Relation) -> Needed:
    """Find the absences and leaves without which the terms of the scope change on days that several of them share."""
    active = _active(con, found, positions)
    if is_empty(con, active):
        nobody = table(con, "tried_persons", "select cast(null as bigint) as person_row where false")
        return Needed(table(con, "needed", f"from {alone} limit 0"), [], nobody)
    candidates = _candidates(con, active, alone)
    active = _active_of_terms(con, found.terms, active, candidates)
    compared = _left_out_one_by_one(con, found.terms, active, candidates)
    persons = _persons_to_try(con, found, active, compared)
    tried = _rows_to_try(con, found, active, compared, alone, persons)
    kept, support = try_one_after_the_other(con, found, active, tried, persons)
    rows = table(
        con,
        "needed",
        f"""select row, is_absence from {compared} where is_needed
                and (row, is_absence) not in (select (row, is_absence) from {tried} where not is_fixed)
            union all
            select unnest(cast($1 as bigint[])), unnest(cast($2 as boolean[]))""",
        [[row.row for row in kept], [row.is_absence for row in kept]],
    )
    return Needed(rows, support, persons)


def _active(con: duckdb.DuckDBPyConnection, found: InScope, positions: Relation) -> Relation:
    """The absences and leaves on each segment of the kept positions that several share, as far as their kind matters."""
    lost = found.terms & LOST
    # Rows of one day are of one spell, so that all of them are long-term or none is.
    of_class = "not is_long_term" if lost == {"short"} else "is_long_term" if lost == {"long"} else "true"
    kinds = "('doctor')" if lost and lost <= {"doctor", "graded"} else "('self', 'doctor')"
    return table(
        con,
        "active",
        f"""select person_row, position_row, from_date, kind, absence_or_leave_row as row,
                absence_or_leave_percent as percent, is_lost
            from {found.overlaps} semi join (from {positions} where is_kept) using (position_row)
            where kind = 'leave' or (kind in {kinds} and {of_class})""",
    )


def _candidates(con: duckdb.DuckDBPyConnection, active: Relation, alone: Relation) -> Relation:
    """The rows that may be left out: those that are never alone on a day. `is_lost`: time is lost on one of their segments."""
    return table(
        con,
        "candidates",
        f"""from (
                select row, kind, kind <> 'leave' as is_absence, person_row, bool_or(is_lost) as is_lost
                from {active} group by row, kind, person_row
            ) anti join {alone} as alone using (row, is_absence)""",
    )


def _active_of_terms(con: duckdb.DuckDBPyConnection, terms: frozenset[str], active: Relation, candidates: Relation) -> Relation:
    """`active` without the absences that have no part in the lost time of the terms."""
    lost = terms & LOST
    counted = {frozenset({"self"}): "('self')", frozenset({"doctor"}): "('doctor')"}.get(lost, "('self', 'doctor')")
    loses_nothing = f"select row from {candidates} where kind in {counted} and not is_lost"
    if lost == {"graded"}:
        # What lies on whole days beside another certificate loses nothing graded, and is what keeps these days whole.
        return table(con, "active", f"from {active}")
    of_terms = f"select * from {active} where not (kind in {counted} and row in ({loses_nothing}))"
    if lost != {"self"}:
        return table(con, "active", of_terms)
    # Doctor-certified absence takes from self-certified absence on the days of both.
    return table(
        con,
        "active",
        f"""with of_terms as ({of_terms})
            from of_terms where kind <> 'doctor' or row in (
                select doctor.row from of_terms as doctor inner join of_terms as own using (position_row, from_date)
                where doctor.kind = 'doctor' and own.kind = 'self')""",
    )


def _left_out_one_by_one(
    con: duckdb.DuckDBPyConnection, terms: frozenset[str], active: Relation, candidates: Relation
) -> Relation:
    """Each candidate (row, kind, is_absence, person_row), and whether it `is_needed` while all the others are there."""
    sums = ", ".join(f"{_sum_of(kind)} as {name}" for kind, name in zip(KINDS, SUMS, strict=True))
    return table(
        con,
        "compared",
        f"""with candidate as (from {active} semi join {candidates} as candidates using (row, kind)),
            totals as (
                select position_row, from_date, {sums}
                from {active} semi join candidate using (position_row, from_date) group by position_row, from_date
            ),
            without as (
                select person_row, row, kind, {", ".join(SUMS)}, {_without_own("")}
                from candidate inner join totals using (position_row, from_date)
            )
            select row, kind, kind <> 'leave' as is_absence, person_row,
                bool_or({_changes(terms, SUMS, REMAINING)}) as is_needed
            from without group by row, kind, person_row""",
    )


def _changes(terms: frozenset[str], before: Sequence[str], after: Sequence[str]) -> str:
    """SQL: the terms of a segment differ between the sums `before` and `after`."""
    pairs = zip(terms_of_day(terms, before), terms_of_day(terms, after), strict=True)
    return " or ".join(f"{one} <> {other}" for one, other in pairs)


def _staying_kinds(terms: frozenset[str]) -> str:
    """SQL for the kinds of rows that stay needed when other rows are left out, if they are needed while all are there.

    Leaves do not where only lost time counts: without some absence a leave may have nothing to take from. The same holds for
    doctor-certified absence where only self-certified days count, or graded ones: certificates that fill up a day are needed
    for each other.
    """
    kinds = ["self"]
    if "possible" in terms:
        kinds.append("leave")
    if terms & LOST != {"self"} and "graded" not in terms:
        kinds.append("doctor")
    return f"({', '.join(map(quoted, kinds))})"


def _persons_to_try(con: duckdb.DuckDBPyConnection, found: InScope, active: Relation, compared: Relation) -> Relation:
    """The persons whose rows have to be tried one after the other.

    For everybody else the comparison is enough: rows that can be left out alone can be left out together, and what is needed
    stays needed without them. Two kinds of persons are looked at: those with several rows to leave out among their leaves or
    in one spell, and those with an absence to leave out and a row that may cease to be needed. Of them a person is tried when
    a term changes without all of these rows, or when a needed row changes nothing any more without them.
    """
    sums = ", ".join(
        f"{_sum_of(kind, condition)} as {prefix}{name}"
        for prefix, condition in (("", ""), ("kept_", " and not is_spared"))
        for kind, name in zip(KINDS, SUMS, strict=True)
    )
    kept = [f"kept_{name}" for name in SUMS]
    # An absence that could be left out may have to stay for the length of its spell.
    kept_leaves = [kept[0], *SUMS[1:]]
    terms = found.terms
    return table(
        con,
        "tried_persons",
        f"""with spared as (from {compared} where not is_needed),
            spared_spell as (
                select person_row, 0 as spell_no from spared where kind = 'leave'
                union all
                select spell.person_row, spell.spell_no from {found.spells} as spell
                where spell.absence_row in (select row from spared where kind <> 'leave')
            ),
            may_not_stay as (from {compared} where kind not in {_staying_kinds(terms)}),
            doubtful as (
                select person_row from spared_spell group by person_row, spell_no having count(*) > 1
                union
                select person_row from spared_spell semi join may_not_stay using (person_row) where spell_no > 0
            ),
            without_spared as (
                select person_row, position_row, from_date, {sums}
                from (
                    select active.*, spared.row is not null as is_spared
                    from {active} as active semi join doubtful using (person_row) left join spared using (row, kind)
                ) as marked
                group by person_row, position_row, from_date
            )
            select person_row from without_spared
            where {_changes(terms, SUMS, kept)} or {_changes(terms, SUMS, kept_leaves)}
            union
            select person_row from (
                select active.*, {", ".join(kept)}, {_without_own("kept_")}
                from {active} as active inner join without_spared using (person_row, position_row, from_date)
                semi join (from may_not_stay where is_needed) using (row, kind)
            )
            group by person_row, row, kind having not bool_or({_changes(terms, kept, REMAINING)})""",
    )


def _sum_of(kind: str, condition: str = "") -> str:
    """SQL for the percent of all rows of a kind."""
    return f"cast(coalesce(sum(percent) filter (where kind = '{kind}'{condition}), 0) as {SUM_TYPE})"


def _without_own(prefix: str) -> str:
    """SQL for the sums of a segment without the row's own percent."""
    return ", ".join(
        f"{prefix}{name} - case when kind = '{kind}' then percent else 0 end as {remaining}"
        for kind, name, remaining in zip(KINDS, SUMS, REMAINING, strict=True)
    )


def _rows_to_try(
    con: duckdb.DuckDBPyConnection,
    found: InScope,
    active: Relation,
    compared: Relation,
    alone: Relation,
    persons: Relation,
) -> Relation:
    """The absences and leaves of the persons that are tried (row, is_absence, person_row), and whether each `is_fixed`: it
    cannot be left out, whatever the others do.
    """
    return table(
        con,
        "rows_to_try",
        f"""select row, is_absence, person_row, is_needed and kind in {_staying_kinds(found.terms)} as is_fixed
            from {compared} semi join {persons} as tried using (person_row)
            union all
            select distinct row, kind <> 'leave', person_row, true
            from {active} semi join {persons} as tried using (person_row)
            anti join {compared} as compared using (row, kind)
            union
            select absence_row, true, person_row, true from {found.spells} semi join {persons} as tried using (person_row)
            where absence_row in (select row from {alone} where is_absence)""",
    )
