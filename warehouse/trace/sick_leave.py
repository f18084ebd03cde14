"""Which rows make a sick-leave cell: positions with possible days, the absences and leaves that change them, and the absences
that make a spell long-term. Of rows that overlap, those that change nothing are set apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warehouse.database import one, quoted
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import Key, Outage, long_outages, smallest, split

# What of a day a measure is made of.
TERMS: Mapping[str, frozenset[str]] = {
    "fte": frozenset({"possible"}),
    "possible_days": frozenset({"possible"}),
    "lost_days": frozenset({"lost"}),
    "self_certified_days": frozenset({"self"}),
    "doctor_certified_days": frozenset({"doctor"}),
    "short_term_days": frozenset({"short"}),
    "long_term_days": frozenset({"long"}),
    "sick_leave_percent": frozenset({"possible", "lost"}),
    "self_certified_percent": frozenset({"possible", "self"}),
    "doctor_certified_percent": frozenset({"possible", "doctor"}),
    "short_term_percent": frozenset({"possible", "short"}),
    "long_term_percent": frozenset({"possible", "long"}),
}


LOST = frozenset({"lost", "self", "doctor", "short", "long"})
# The kinds of rows that take from a day, and what their percents of a stretch are called, with a row and without it.
KINDS = ("leave", "doctor", "self")
SUMS = ("leaves", "doctors", "selves")
OTHERS = ("other_leaves", "other_doctors", "other_selves")


@dataclass(frozen=True)
class Scope:
    """Whose days are counted: SQL for unit codes, the months from first to last, and conditions on int_positions."""

    units: str
    first_month: int
    last_month: int
    conditions: str = "true"

    @property
    def year(self) -> int:
        return self.first_month // 12


def of_cell(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of a cell of the sick_leave tables."""
    con = lineage.con
    first, last = one(
        con,
        "select min(month_index), max(month_index) from intermediate.int_periods where period_type = $1 and period = $2",
        [cell["period_type"], cell["period"]],
    )
    conditions = ["true"]
    if cell.get("sex") in ("kvinne", "mann"):
        conditions.append(f"sex = {quoted(str(cell['sex']))}")
    if "age_group" in cell:
        low, high = one(con, "select first_age, last_age from raw.age_bands where age_group = $1", [cell["age_group"]])
        conditions.append(f"{first // 12} - birth_year between {low} and {high}")
    if "job_code" in cell:
        conditions.append(f"job_code = {quoted(str(cell['job_code']))}")
    scope = Scope(unit_scope(str(cell["org_level"]), str(cell["org_unit_code"])), first, last, " and ".join(conditions))
    add_rows(lineage, scope, frozenset().union(*(TERMS[name] for name in measures)), title_of=cell.get("job_code"))
    lineage.begin_series(scope.year)


def add_rows(lineage: Lineage, scope: Scope, terms: frozenset[str], *, title_of: object = None, apart: bool = True) -> None:
    """Name the rows that make the terms of a scope; `apart` also sets apart those in its scope that do not count."""
    con = lineage.con
    days = one(
        con,
        "select min(first_day), max(counted_to), min(index_before), max(index_through) from intermediate.int_months"
        " where month_index between $1 and $2",
        [scope.first_month, scope.last_month],
    )
    first, last, index_before, index_through = days
    in_period = f"from_date <= date '{last}' and to_date >= date '{first}'"
    working_days = f"least(index_through, {index_through}) - greatest(index_before, {index_before})"
    in_units = _in_units(lineage, scope)
    in_scope = f"{in_period} and {scope.conditions} and {in_units}"
    con.execute(
        f"""create or replace temp view scope_stretch as
            select *, {working_days} as working_days, working_days > 0 and ({_is_lost(terms)}) as is_lost
            from intermediate.int_position_segments where {in_scope}"""
    )
    con.execute(
        f"""create or replace temp view scope_overlap as
            select *, {_is_lost(terms)} as is_lost from intermediate.int_overlaps where {in_period} and {working_days} > 0"""
    )
    con.execute(
        f"""create or replace temp view scope_spell as from intermediate.int_spells
            where spell_from <= date '{last}' and spell_to >= date '{first}'"""
    )
    loses = "position_row in (select position_row from scope_stretch where is_lost)"
    con.execute(
        f"""create or replace temp table scope_position as
            select position_row, person_row, unit_code, position.working_days > 0 as works,
                position.working_days > coalesce(on_leave.working_days, 0) as is_available,
                {"is_available" if "possible" in terms else loses} as is_kept
            from (select *, {working_days} as working_days from intermediate.int_positions where {in_scope}) as position
            left join (
                select position_row, sum(working_days) as working_days from scope_stretch
                where working_days > 0 and available_percent = 0 group by position_row
            ) as on_leave using (position_row)"""
    )
    if not one(con, "select count_if(is_kept) from scope_position")[0]:
        # Nothing was lost, or nobody was available: one position makes the cell what it is.
        con.execute(
            """update scope_position set is_kept = true where position_row = (
                   select position_row from scope_position where works order by is_available desc, position_row limit 1)"""
        )
    named_before = lineage.count("stillinger")
    lineage.add(
        "stillinger",
        "position",
        "select position_row as row_number from scope_position where is_kept",
        gives_each_once=True,
        with_references=True,
    )
    if title_of is not None:
        add_title(lineage, str(title_of), "(from scope_position where is_kept)")
    if named_before or title_of is not None:
        # A position named for another reason must not count here for want of its leaves.
        con.execute(
            "update scope_position set is_kept = true where works and not is_kept"
            f" and position_row in (select row_number from {lineage.rows_of('stillinger')} as named)"
        )
    con.execute("create or replace temp table kept_person as select distinct person_row from scope_position where is_kept")
    lineage.add_persons("from kept_person")
    lineage.add_units("select distinct unit_code from scope_position where is_kept")
    _find_outages(lineage, terms)
    if apart:
        _set_apart(lineage, scope, in_units, days)


def _in_units(lineage: Lineage, scope: Scope) -> str:
    """SQL: a stretch lies in the scope's units. Every position's unit is in the tree, so the whole of it needs no look-up."""
    (is_whole,) = one(
        lineage.con,
        f"select count(*) = (select count(*) from staging.stg_units) from (select distinct unit_code from ({scope.units}))",
    )
    return "true" if is_whole else f"unit_code in ({scope.units})"


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


def _is_lost(terms: frozenset[str]) -> str:
    """SQL: a stretch has lost time of the terms."""
    lost = "(lost_doctor_percent > 0 or lost_self_percent > 0)"
    if any(terms >= whole for whole in ({"lost"}, {"self", "doctor"}, {"short", "long"})):
        return lost
    parts = {
        "self": "lost_self_percent > 0",
        "doctor": "lost_doctor_percent > 0",
        "short": f"{lost} and not is_long_term",
        "long": f"{lost} and is_long_term",
    }
    wanted = [f"({parts[term]})" for term in sorted(terms & parts.keys())]
    return " or ".join(wanted) or "false"


def _find_outages(lineage: Lineage, terms: frozenset[str]) -> None:
    """Name the absences and leaves that change the terms on the stretches of the kept positions."""
    con = lineage.con
    # An outage that is alone on its days needs no comparison: they lose what it takes.
    changes = "is_lost"
    if "possible" in terms:
        changes = """working_days > 0 and (is_lost or available_percent < 100)
            and position_row not in (select position_row from scope_position where not is_kept)"""
    con.execute(
        f"""create or replace temp table kept_outage as
            select only_outage_row as row, available_percent = 100 as is_absence
            from scope_stretch where outages = 1 and {changes}"""
    )
    wants_class = "long" in terms
    support = _compare(lineage, terms, wants_class)
    (absences,) = one(
        con,
        f"""create or replace temp table scope_absence as
            select absence_row, person_row, from_date, to_date, spell_no, spell_absences, is_long_term,
                {lineage.file_no("fravaer")} as file_no, row_number, absence_row in (
                    select row from kept_outage where is_absence) as is_counted
            from scope_spell""",
    )
    if wants_class and absences:
        support += _support(lineage)
    lineage.add(
        "permisjoner",
        "leave",
        """select file_sha256, row_number from staging.stg_leaves
           where leave_row in (select row from kept_outage where not is_absence)""",
        gives_each_once=True,
        with_references=True,
    )
    lineage.add(
        "fravaer",
        "sick absence",
        "select file_no, row_number from scope_absence where is_counted",
        gives_each_once=True,
        gives_file_no=True,
        with_references=True,
    )
    if support:
        lineage.add(
            "fravaer",
            "sick absence that makes the spell long-term",
            "select file_no, row_number from scope_absence where absence_row in (select unnest($1))",
            [support],
            gives_each_once=True,
            gives_file_no=True,
            with_references=True,
        )


def _compare(lineage: Lineage, terms: frozenset[str], wants_class: bool) -> list[int]:
    """Keep of the outages that share days with others those that change the terms.

    Returns the further absences that keep a spell long-term.
    """
    con = lineage.con
    lost = terms & LOST
    of_class = "not is_long_term" if lost == {"short"} else "is_long_term" if lost == {"long"} else "true"
    kinds = "('doctor')" if lost == {"doctor"} else "('self', 'doctor')"
    counted = "('self')" if lost == {"self"} else kinds
    # Rows of one day are of one spell, so that all of them are long.
    (overlaps,) = one(
        con,
        f"""create or replace temp table active as
            select person_row, position_row, from_date, kind, outage_row as row, outage_percent as percent, is_lost
            from scope_overlap semi join (from scope_position where is_kept) using (position_row)
            where kind = 'leave' or (kind in {kinds} and {of_class})""",
    )
    if not overlaps:
        con.execute("create or replace temp table tangled (person_row bigint)")
        return []
    # Rows that are never alone on a day may be spared; what is alone once cannot.
    con.execute(
        """create or replace temp table loose as
            from (
                select row, kind, kind <> 'leave' as is_absence, person_row, bool_or(is_lost) as is_lost
                from active group by row, kind, person_row
            ) anti join kept_outage using (row, is_absence)"""
    )
    con.execute(
        f"delete from active where kind in {counted} and row in (select row from loose where kind in {counted} and not is_lost)"
    )
    if lost == {"self"}:
        # Doctor-certified absence takes from self-certified on the days of both.
        con.execute(
            """delete from active where kind = 'doctor' and row not in (
                   select doctor.row from active as doctor inner join active as own using (position_row, from_date)
                   where doctor.kind = 'doctor' and own.kind = 'self')"""
        )
    sums = ", ".join(f"{_sum_of(kind)} as {name}" for kind, name in zip(KINDS, SUMS, strict=True))
    con.execute(
        f"""create or replace temp table compared as
            with tried as (from active semi join loose using (row, kind)),
            totals as (
                select position_row, from_date, {sums}
                from active semi join tried using (position_row, from_date) group by position_row, from_date
            ),
            without as (
                select person_row, row, kind, {", ".join(SUMS)}, {_without_own("")}
                from tried inner join totals using (position_row, from_date)
            )
            select row, kind, kind <> 'leave' as is_absence, person_row, bool_or({_changes(terms, SUMS, OTHERS)}) as is_needed
            from without group by row, kind, person_row"""
    )
    con.execute(f"create or replace temp table tangled as {_tangled(terms)}")
    return _untangle(lineage, terms, wants_class)


def _changes(terms: frozenset[str], before: Sequence[str], after: Sequence[str]) -> str:
    """SQL: a stretch's terms are others with the sums of leaves, doctor- and self-certified absences after than before."""

    def split(leaves: str, doctors: str, selves: str) -> dict[str, str]:
        available = f"(100 - least(100, {leaves}))"
        doctor, lost = f"least({doctors}, {available})", f"least({doctors} + {selves}, {available})"
        return {"possible": available, "doctor": doctor, "lost": lost, "self": f"{lost} - {doctor}"}

    wanted = {"lost" if term in ("short", "long") else term for term in terms}
    if {"lost", "doctor"} <= wanted:
        wanted.discard("self")
    terms_before, terms_after = split(*before), split(*after)
    return " or ".join(f"{terms_before[term]} <> {terms_after[term]}" for term in sorted(wanted))


def _staying(terms: frozenset[str]) -> str:
    """SQL for the kinds of rows that are needed still when others are taken out, if they are while all the others are there.

    Not a leave where only lost time counts, nor a doctor-certified absence that takes from self-certified ones: the less
    absence there is, the less they are in its way.
    """
    kinds = ["self"]
    if "possible" in terms:
        kinds.append("leave")
    if terms & LOST != {"self"}:
        kinds.append("doctor")
    return f"({', '.join(map(quoted, kinds))})"


def _tangled(terms: frozenset[str]) -> str:
    """SQL for the persons whose rows have to be tried one after the other.

    Of the others the rows that can be spared one by one can be spared together, and all that are needed still are without
    them. It is asked of those with several rows to spare in a spell or among their leaves, and of those with an absence to
    spare without which another row may not be needed.
    """
    sums = ", ".join(
        f"{_sum_of(kind, condition)} as {prefix}{name}"
        for prefix, condition in (("", ""), ("kept_", " and not is_spared"))
        for kind, name in zip(KINDS, SUMS, strict=True)
    )
    kept = [f"kept_{name}" for name in SUMS]
    # An absence to spare may have to stay for the length of its spell.
    kept_leaves = [kept[0], *SUMS[1:]]
    return f"""
        with spared as (from compared where not is_needed),
        spared_spell as (
            select person_row, 0 as spell_no from spared where kind = 'leave'
            union all
            select spell.person_row, spell.spell_no from scope_spell as spell
            where spell.absence_row in (select row from spared where kind <> 'leave')
        ),
        may_not_stay as (from compared where kind not in {_staying(terms)}),
        doubtful as (
            select person_row from spared_spell group by person_row, spell_no having count(*) > 1
            union
            select person_row from spared_spell semi join may_not_stay using (person_row) where spell_no > 0
        ),
        without_spared as (
            select person_row, position_row, from_date, {sums}
            from (
                select active.*, spared.row is not null as is_spared
                from active semi join doubtful using (person_row) left join spared using (row, kind)
            ) as marked
            group by person_row, position_row, from_date
        )
        select person_row from without_spared
        where {_changes(terms, SUMS, kept)} or {_changes(terms, SUMS, kept_leaves)}
        union
        select person_row from (
            select active.*, {", ".join(kept)}, {_without_own("kept_")}
            from active inner join without_spared using (person_row, position_row, from_date)
            semi join (from may_not_stay where is_needed) using (row, kind)
        )
        group by person_row, row, kind having not bool_or({_changes(terms, kept, OTHERS)})"""


def _sum_of(kind: str, condition: str = "") -> str:
    """SQL for the percent of all rows of a kind; wide enough for all the leaves or absences of a day together."""
    return f"cast(coalesce(sum(percent) filter (where kind = '{kind}'{condition}), 0) as decimal(9, 4))"


def _without_own(prefix: str) -> str:
    """SQL for the sums of a stretch without the row's own percent."""
    return ", ".join(
        f"{prefix}{name} - case when kind = '{kind}' then percent else 0 end as {other}"
        for kind, name, other in zip(KINDS, SUMS, OTHERS, strict=True)
    )


DAYS = """spell.absence_row, true, spell.from_date - date '1900-01-01', spell.to_date - date '1900-01-01',
          day_before.working_day_index, at_end.working_day_index"""
WITH_INDEXES = """
    inner join intermediate.int_calendar as day_before on spell.from_date - 1 = day_before.calendar_date
    inner join intermediate.int_calendar as at_end on spell.to_date = at_end.calendar_date"""


def _support(lineage: Lineage) -> list[int]:
    """Further absences without which the counted ones of a person who is not tangled would not make their spell long-term."""
    con = lineage.con
    (limit,) = one(con, "select short_term_max_days from raw.settings")
    spells: dict[tuple[int, int], list[tuple[Outage, bool]]] = defaultdict(list)
    # Most spells are long by the counted ones alone, since those leave no day out.
    for person, spell, is_counted, *values in con.execute(
        f"""with counted as (
                select
                    person_row, spell_no, from_date, to_date, spell_absences,
                    max(to_date) over (
                        partition by person_row, spell_no order by from_date
                        rows between unbounded preceding and 1 preceding
                    ) as latest_end
                from scope_absence
                where is_counted and is_long_term and spell_absences > 1 and person_row not in (from tangled)
            ),
            doubtful as (
                select person_row, spell_no from counted group by person_row, spell_no
                having count(*) < max(spell_absences)
                    and (max(to_date) - min(from_date) < $1 or bool_or(from_date > latest_end + 1))
            )
            select spell.person_row, spell.spell_no, spell.is_counted, {DAYS}
            from scope_absence as spell semi join doubtful using (person_row, spell_no) {WITH_INDEXES}
            order by spell.absence_row""",
        [limit],
    ).fetchall():
        spells[person, spell].append((Outage(*values), is_counted))
    found: list[int] = []
    for absences in spells.values():
        counted = [absence for absence, is_counted in absences if is_counted]
        rows = {absence.row for absence in counted}
        if rows <= long_outages(counted, limit):
            continue
        ordered = _in_order([absence for absence, _ in absences], {(row, True) for row in rows})
        kept = smallest(
            ordered,
            lambda some, rows=rows: rows <= long_outages(some, limit),  # type: ignore[misc]
            lambda absence, rows=rows: absence.row not in rows,  # type: ignore[misc]
        )
        found += [absence.row for absence in kept if absence.row not in rows]
    return found


def _untangle(lineage: Lineage, terms: frozenset[str], wants_class: bool) -> list[int]:
    """Keep the rows that are needed, of the tangled persons' as many as are; returns the further absences that keep a spell
    long-term.
    """
    con = lineage.con
    con.execute(
        f"""create or replace temp table tangled_outage as
            select row, is_absence, person_row, is_needed and kind in {_staying(terms)} as is_fixed
            from compared semi join tangled using (person_row)
            union all
            select distinct row, kind <> 'leave', person_row, true
            from active semi join tangled using (person_row) anti join compared using (row, kind)
            union
            select absence_row, true, person_row, true from scope_spell semi join tangled using (person_row)
            where absence_row in (select row from kept_outage where is_absence)"""
    )
    con.execute(
        """insert into kept_outage select row, is_absence from compared where is_needed
               and (row, is_absence) not in (select (row, is_absence) from tangled_outage where not is_fixed)"""
    )
    stretches: dict[int, dict[tuple[int, int], list[tuple[Key, str, int]]]] = defaultdict(lambda: defaultdict(list))
    for person, position, day, kind, row, percent in con.execute(
        """with loose as (
               select distinct position_row, from_date from active
               where (row, kind <> 'leave') in (select (row, is_absence) from tangled_outage where not is_fixed)
           )
           select person_row, position_row, from_date - date '1900-01-01', kind, row, cast(percent * 10000 as bigint)
           from active semi join tangled using (person_row) semi join loose using (position_row, from_date) order by all"""
    ).fetchall():
        stretches[person][position, day].append(((row, kind != "leave"), kind, percent))
    if not stretches:
        return []
    (limit,) = one(con, "select short_term_max_days from raw.settings")
    kept: list[Outage] = []
    support: list[int] = []
    for person, outages in _outages_of_tangled(lineage, wants_class).items():
        active = {outage.key for outage, is_active, _ in outages if is_active}
        fixed = {outage.key for outage, _, is_fixed in outages if is_fixed}
        loose = list(stretches[person].values())

        def outcome(rows: Sequence[Outage], loose: list = loose, fixed: set[Key] = fixed) -> list[object]:
            present = {outage.key for outage in rows}
            long_rows = {(row, True) for row in long_outages(rows, limit)} if wants_class else set()
            # Where all rows are fixed only the class can change, which is each row's on all its days.
            result: list[object] = [fixed & long_rows]
            for found in loose:
                sums = {"leave": 0, "doctor": 0, "self": 0}
                is_long = False
                for key, kind, percent in found:
                    if key in present:
                        sums[kind] += percent
                        is_long = is_long or key in long_rows
                result.append(_of_terms(terms, *split(sums["leave"], sums["doctor"], sums["self"]), is_long))
            return result

        ordered = _in_order([outage for outage, *_ in outages], active)
        for outage in smallest(ordered, outcome, lambda outage, fixed=fixed: outage.key not in fixed):  # type: ignore[misc]
            if outage.key not in active:
                support.append(outage.row)
            elif outage.key not in fixed:
                kept.append(outage)
    con.execute(
        "insert into kept_outage select unnest($1), unnest($2)",
        [[outage.row for outage in kept], [outage.is_absence for outage in kept]],
    )
    return support


def _of_terms(terms: frozenset[str], available: int, doctor: int, own: int, is_long: bool) -> tuple:
    lost = doctor + own
    return (
        available if "possible" in terms else None,
        doctor if "doctor" in terms else None,
        own if "self" in terms else None,
        lost if terms & {"lost", "short", "long"} else None,
        is_long and lost > 0 if "long" in terms else None,
    )


def _in_order(outages: Sequence[Outage], active: set[Key]) -> list[Outage]:
    """Rows in the order in which they are worth keeping: active ones, then support, the nearest first."""
    counted = [outage for outage in outages if outage.key in active]
    days = [(outage.from_day, outage.to_day) for outage in counted if outage.is_absence]

    def distance(outage: Outage) -> int:
        return min(max(0, first - outage.to_day, outage.from_day - last) for first, last in days)

    support = sorted((outage for outage in outages if outage.key not in active), key=distance)
    return [*sorted(counted, key=lambda outage: (outage.is_absence, outage.row)), *support]


def _outages_of_tangled(lineage: Lineage, wants_class: bool) -> dict[int, list[tuple[Outage, bool, bool]]]:
    """By person the tangled leaves and absences, with all absences of the long-term spells that they belong to; of each whether
    it is one of the tangled, and whether it cannot be spared.
    """
    whole_spells = """
        or (is_long_term and (spell.person_row, spell.spell_no) in (
            select (person_row, spell_no) from scope_spell
            where absence_row in (select row from tangled_outage where is_absence)))"""
    found: dict[int, list[tuple[Outage, bool, bool]]] = defaultdict(list)
    for person, is_active, is_fixed, *values in lineage.con.execute(
        f"""select person_row, true, is_fixed, row, false, 0, 0, 0, 0 from tangled_outage where not is_absence
            union all
            select spell.person_row, tangled.row is not null, coalesce(tangled.is_fixed, false), {DAYS}
            from scope_spell as spell
            left join tangled_outage as tangled on spell.absence_row = tangled.row and tangled.is_absence {WITH_INDEXES}
            where spell.person_row in (from tangled) and (tangled.row is not null {whole_spells if wants_class else ""})
            order by all"""
    ).fetchall():
        found[person].append((Outage(*values), is_active, is_fixed))
    return found


def _set_apart(lineage: Lineage, scope: Scope, in_units: str, days: Sequence[object]) -> None:
    """Rows in the scope that do not count: by population, by kind, or because they change nothing."""
    first, last = days[:2]
    con = lineage.con
    persons = "" if scope.conditions == "true" else "inner join staging.stg_persons as person using (employee_no)"
    lineage.exclude(
        "stillinger",
        """select position_row as row_number, case when works then 'on full leave on every working day of the period'
               else 'no working day of the period' end as reason
           from scope_position where not is_available and not is_kept""",
        gives_each_once=True,
    )
    lineage.exclude(
        "stillinger",
        f"""select position.file_sha256, position.row_number, case
                when population.in_sick_leave then 'position percent is 0'
                else 'form of employment ' || position.employment_form || ' does not count in sick leave' end as reason
            from raw.stillinger as position {persons}
            inner join seeds.populations as population using (employment_form)
            where {in_units} and {scope.conditions} and valid_from <= $2 and (valid_to >= $1 or valid_to is null)
                and (position.position_percent = 0 or not population.in_sick_leave)""",
        [first, last],
        gives_each_once=True,
    )
    lineage.exclude(
        "fravaer",
        """select file_no, row_number,
               'changes nothing: on days off, outside the position, in full leave or covered by other absence' as reason
           from scope_absence semi join kept_person using (person_row)
           where not is_counted and from_date <= $2 and to_date >= $1""",
        [first, last],
        gives_each_once=True,
        gives_file_no=True,
    )
    sick = [name for (name,) in con.execute("select kind from seeds.absence_kinds where class in ('self', 'doctor')").fetchall()]
    lineage.exclude(
        "fravaer",
        f"""select absence.file_sha256, absence.row_number, absence_type || ' is no sick leave' as reason
            from raw.fravaer as absence inner join staging.stg_persons as person using (employee_no)
            semi join kept_person using (person_row)
            where absence_type not in ({", ".join(map(quoted, sick))})
                and from_date <= $2 and (to_date >= $1 or to_date is null)""",
        [first, last],
        gives_each_once=True,
    )
    lineage.exclude(
        "permisjoner",
        f"""select leave.file_sha256, leave.row_number,
               'changes nothing: on days off, outside the position or covered by other leave' as reason
            from {lineage.rows_of("permisjoner", are_named=False)} as leave
            inner join staging.stg_persons as person using (employee_no) semi join kept_person using (person_row)
            where from_date <= $2 and (to_date >= $1 or to_date is null)""",
        [first, last],
        gives_each_once=True,
    )
