"""Which rows make a sick-leave cell: positions with possible days, the absences and leaves that change them, and the absences
that make a spell long-term. Of rows that overlap, those that change nothing are set apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warehouse.database import one, quoted
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import Outage, long_outages, smallest, split

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
    con.execute(
        f"""create or replace temp view scope_stretch as
            select *, {_is_lost(terms)} as is_lost from intermediate.int_position_segments
            where {in_period} and least(index_through, {index_through}) > greatest(index_before, {index_before})
                and {scope.conditions} and {_in_units(lineage, scope)}"""
    )
    con.execute(f"""create or replace temp view scope_outage as from intermediate.int_position_absences where {in_period}""")
    con.execute(
        f"""create or replace temp view scope_spell as from intermediate.int_spells
            where spell_from <= date '{last}' and spell_to >= date '{first}'"""
    )
    con.execute(
        f"""create or replace temp table scope_position as
            select *, {"is_available" if "possible" in terms else "has_lost"} as is_kept
            from (select position_row, bool_or(available_percent > 0) as is_available, bool_or(is_lost) as has_lost
                  from scope_stretch group by position_row)"""
    )
    con.execute("create or replace temp table kept_position as select position_row from scope_position where is_kept")
    if not one(con, "select count(*) from kept_position")[0]:
        # Nothing was lost, or nobody was available: one position makes the cell what it is.
        con.execute(
            """insert into kept_position select position_row from scope_position
               order by is_available desc, position_row limit 1"""
        )
    named_before = lineage.count("stillinger")
    lineage.add_positions("position", "select position_row from kept_position")
    if title_of is not None:
        add_title(lineage, str(title_of), "kept_position")
    if named_before or title_of is not None:
        # A position named for another reason must not count here for want of its leaves.
        con.execute(
            "insert into kept_position select position_row from scope_position"
            f" where position_row in (select row_number from {lineage.rows_of('stillinger')} as named)"
            " and position_row not in (select position_row from kept_position)"
        )
    _find_outages(lineage, terms)
    if apart:
        _set_apart(lineage, scope, days)


def _in_units(lineage: Lineage, scope: Scope) -> str:
    """SQL: a stretch lies in the scope's units. Every position's unit is in the tree, so the whole of it needs no look-up."""
    (is_whole,) = one(
        lineage.con,
        f"select count(*) = (select count(*) from staging.stg_units) from (select distinct unit_code from ({scope.units}))",
    )
    return "true" if is_whole else f"unit_code in ({scope.units})"


def add_title(lineage: Lineage, job_code: str, kept: str) -> None:
    """Name the position that gives the job code its title unless those in the table `kept` give the same one."""
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
    parts = {
        "lost": lost,
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
    lost = terms & {"lost", "self", "doctor", "short", "long"}
    of_class = "not is_long_term" if lost == {"short"} else "is_long_term" if lost == {"long"} else "true"
    kinds = "('doctor')" if lost == {"doctor"} else "('self', 'doctor')"
    counted = "('self')" if lost == {"self"} else kinds
    # An outage that is alone on its days needs no comparison: they lose what it takes. A position that loses something is kept.
    con.execute(
        f"""create or replace temp table alone as
            select only_outage_row as row, true as is_absence from scope_stretch where outages = 1 and is_lost
            union all
            select only_outage_row, false from scope_stretch semi join kept_position using (position_row)
            where outages = 1 and available_percent < 100 and {"possible" in terms}"""
    )
    # Rows of one day are of one spell, so that all of them are long.
    con.execute(
        """create or replace temp table active as
            select
                stretch.position_row, stretch.from_date, outage.kind, outage.outage_row as row,
                outage.outage_percent as percent, stretch.is_long_term, stretch.is_lost
            from (
                from scope_stretch
                where outages > 1 and (available_percent < 100 or lost_doctor_percent > 0 or lost_self_percent > 0)
            ) as stretch semi join kept_position using (position_row)
            inner join scope_outage as outage on
                stretch.position_row = outage.position_row
                and outage.from_date <= stretch.from_date and outage.to_date >= stretch.to_date"""
    )
    con.execute(
        f"""delete from active where kind <> 'leave' and (
                not ({of_class}) or kind not in {kinds}
                or (kind in {counted}
                    and row not in (select row from active where kind in {counted} and is_lost)
                    and row not in (select row from alone where is_absence)))"""
    )
    if lost == {"self"}:
        # Doctor-certified absence takes from self-certified on the days of both.
        con.execute(
            """delete from active where kind = 'doctor' and row not in (
                   select doctor.row from active as doctor inner join active as own using (position_row, from_date)
                   where doctor.kind = 'doctor' and own.kind = 'self')"""
        )
    con.execute(
        f"""create or replace temp table compared as
            with totals as (
                select
                    position_row, from_date,
                    coalesce(sum(percent) filter (where kind = 'leave'), 0) as leaves,
                    coalesce(sum(percent) filter (where kind = 'doctor'), 0) as doctors,
                    coalesce(sum(percent) filter (where kind = 'self'), 0) as selves
                from active group by position_row, from_date
            ),
            without as (
                select
                    active.kind, active.row, leaves, doctors, selves,
                    leaves - case when kind = 'leave' then percent else 0 end as other_leaves,
                    doctors - case when kind = 'doctor' then percent else 0 end as other_doctors,
                    selves - case when kind = 'self' then percent else 0 end as other_selves
                from active inner join totals using (position_row, from_date)
            )
            select row, kind <> 'leave' as is_absence, bool_or({_changes(terms)}) as is_needed from without group by all"""
    )
    con.execute(
        """create or replace temp table kept_outage as
           from alone union all select row, is_absence from compared where is_needed"""
    )
    wants_class = "long" in terms
    con.execute(f"create or replace temp table tangled as {_tangled(terms)}")
    support = _untangle(lineage, terms, wants_class)
    if wants_class:
        support += _support(lineage)
    spells = "select file_sha256, row_number from scope_spell"
    lineage.add(
        "permisjoner",
        "leave",
        """select file_sha256, row_number from staging.stg_leaves
           where leave_row in (select row from kept_outage where not is_absence)""",
        gives_each_once=True,
    )
    lineage.add(
        "fravaer",
        "sick absence",
        f"{spells} where absence_row in (select row from kept_outage where is_absence)",
        gives_each_once=True,
    )
    if support:
        lineage.add(
            "fravaer",
            "sick absence that makes the spell long-term",
            f"{spells} where absence_row in (select unnest($1))",
            [support],
        )


def _changes(terms: frozenset[str]) -> str:
    """SQL: without the row a stretch's terms are others."""

    def available(leaves: str) -> str:
        return f"(100 - least(100, {leaves}))"

    def doctor(leaves: str, doctors: str) -> str:
        return f"least(least(100, {doctors}), {available(leaves)})"

    def own(leaves: str, doctors: str, selves: str) -> str:
        rest = f"{available(leaves)} - {doctor(leaves, doctors)}"
        return f"least(least(100 - least(100, {doctors}), {selves}), {rest})"

    whole, other = ("leaves", "doctors", "selves"), ("other_leaves", "other_doctors", "other_selves")
    compared = {
        "possible": [available(sums[0]) for sums in (whole, other)],
        "doctor": [doctor(*sums[:2]) for sums in (whole, other)],
        "self": [own(*sums) for sums in (whole, other)],
        "lost": [f"{doctor(*sums[:2])} + {own(*sums)}" for sums in (whole, other)],
    }
    wanted = {"lost" if term in ("short", "long") else term for term in terms}
    return " or ".join(f"{before} <> {after}" for term, (before, after) in compared.items() if term in wanted)


def _only_grows(terms: frozenset[str]) -> bool:
    """Whether no term gets larger by taking an absence out, given the leaves that are needed for the possible days."""
    return "possible" in terms and terms & {"self", "doctor", "lost"} != {"self"}


def _tangled(terms: frozenset[str]) -> str:
    """SQL for the persons whose rows have to be tried one after the other: those with several rows that can be spared one by
    one, but may stand in for each other. Where the terms can grow by taking a row out, one such row is enough.
    """
    return f"""
        with spared as (from compared anti join alone using (row, is_absence) where not is_needed)
        select distinct employee_no from (
            select leave.employee_no, 0 as spell_no from staging.stg_leaves as leave
            where leave.leave_row in (select row from spared where not is_absence)
            union all
            select spell.employee_no, spell.spell_no from scope_spell as spell
            where spell.absence_row in (select row from spared where is_absence)
        ) group by employee_no, spell_no having count(*) > {1 if _only_grows(terms) else 0}"""


DAYS = """spell.absence_row, true, spell.from_date - date '1900-01-01', spell.to_date - date '1900-01-01',
          day_before.working_day_index, at_end.working_day_index"""
WITH_INDEXES = """
    inner join intermediate.int_calendar as day_before on spell.from_date - 1 = day_before.calendar_date
    inner join intermediate.int_calendar as at_end on spell.to_date = at_end.calendar_date"""


def _support(lineage: Lineage) -> list[int]:
    """Further absences without which the counted ones of a person who is not tangled would not make their spell long-term."""
    con = lineage.con
    (limit,) = one(con, "select short_term_max_days from raw.settings")
    spells: dict[tuple, list[tuple[Outage, bool]]] = defaultdict(list)
    # An absence that is long enough by itself needs no other, nor do those that are a whole spell.
    for person, spell, is_counted, *values in con.execute(
        f"""with marked as (
                select *, absence_row in (select row from kept_outage where is_absence) as is_counted
                from scope_spell where is_long_term and spell_absences > 1
            ),
            doubtful as (
                select * from marked anti join tangled using (employee_no)
                window spell_rows as (partition by employee_no, spell_no)
                qualify bool_or(is_counted and to_date - from_date < $1) over spell_rows
                    and not bool_and(is_counted) over spell_rows
            )
            select spell.employee_no, spell.spell_no, spell.is_counted, {DAYS}
            from doubtful as spell {WITH_INDEXES} order by spell.absence_row""",
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
    """Keep of the tangled persons' rows those that are needed; returns the further absences that keep a spell long-term."""
    con = lineage.con
    outages, alone, needed = _outages_of_tangled(lineage, wants_class)
    days: dict[str, dict[tuple, list[tuple[int, bool, str, int]]]] = defaultdict(lambda: defaultdict(list))
    for person, position, day, kind, row, percent in con.execute(
        """select employee_no, position_row, active.from_date, kind, row, cast(percent * 10000 as bigint)
           from active inner join intermediate.int_positions as held using (position_row)
           semi join tangled using (employee_no) order by all"""
    ).fetchall():
        days[person][position, day].append((row, kind != "leave", kind, percent))
    if not days:
        return []
    (limit,) = one(con, "select short_term_max_days from raw.settings")
    # What is alone on a day cannot be spared; nor what cannot be spared while all the others are there, where terms only grow.
    fixed = needed if _only_grows(terms) else alone
    kept: list[Outage] = []
    support: list[int] = []
    for person, stretches in days.items():
        active = {(row, is_absence) for found in stretches.values() for row, is_absence, _, _ in found}
        active.update((outage.row, outage.is_absence) for outage in outages[person] if (outage.row, outage.is_absence) in alone)
        # Where all rows are fixed only the class can change, which is each row's on all its days.
        loose = [found for found in stretches.values() if any(entry[:2] not in fixed for entry in found)]
        fixed_absences = {row for row, is_absence in active & fixed if is_absence}

        def outcome(rows: Sequence[Outage], loose: list = loose, fixed_absences: set[int] = fixed_absences) -> list[object]:
            present = {(outage.row, outage.is_absence) for outage in rows}
            long_rows = long_outages(rows, limit) if wants_class else set()
            result: list[object] = [fixed_absences & long_rows]
            for found in loose:
                here = [entry for entry in found if entry[:2] in present]
                is_long = any(row in long_rows for row, is_absence, _, _ in here if is_absence)
                result.append(_of_terms(terms, *split((kind, percent) for *_, kind, percent in here), is_long))
            return result

        for outage in smallest(
            _in_order(outages[person], active), outcome, lambda outage: (outage.row, outage.is_absence) not in fixed
        ):
            if (outage.row, outage.is_absence) in active:
                kept.append(outage)
            else:
                support.append(outage.row)
    con.execute("delete from kept_outage where (row, is_absence) in (from tangled_outage)")
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


def _in_order(outages: Sequence[Outage], active: set[tuple[int, bool]]) -> list[Outage]:
    """Rows in the order in which they are worth keeping: active ones, then support, the nearest first."""
    counted = [outage for outage in outages if (outage.row, outage.is_absence) in active]
    days = [(outage.from_day, outage.to_day) for outage in counted if outage.is_absence]

    def distance(outage: Outage) -> int:
        return min(max(0, first - outage.to_day, outage.from_day - last) for first, last in days)

    support = sorted((outage for outage in outages if (outage.row, outage.is_absence) not in active), key=distance)
    return [*sorted(counted, key=lambda outage: (outage.is_absence, outage.row)), *support]


def _outages_of_tangled(
    lineage: Lineage, wants_class: bool
) -> tuple[dict[str, list[Outage]], set[tuple[int, bool]], set[tuple[int, bool]]]:
    """The tangled persons' leaves and absences, with all absences of the spells that the counted ones belong to; of them
    those that are alone on a day, and those that cannot be spared while all the others are there.
    """
    con = lineage.con
    con.execute(
        """create or replace temp table tangled_absence as
           select absence_row, employee_no, from_date, to_date, spell_no, is_long_term
           from scope_spell semi join tangled using (employee_no)"""
    )
    con.execute(
        """create or replace temp table tangled_outage as
           select * from (
               select absence_row as row, true as is_absence from tangled_absence
               union all
               select leave_row, false from staging.stg_leaves semi join tangled using (employee_no)
           ) semi join (from kept_outage union all select row, is_absence from compared) using (row, is_absence)"""
    )
    whole_spells = """
        or (is_long_term and (spell.employee_no, spell.spell_no) in (
            select (employee_no, spell_no) from tangled_absence
            where absence_row in (select row from tangled_outage where is_absence)))"""
    rows = con.execute(
        f"""select employee_no, leave_row, false, 0, 0, 0, 0 from staging.stg_leaves
            where leave_row in (select row from tangled_outage where not is_absence)
            union all
            select spell.employee_no, {DAYS} from tangled_absence as spell {WITH_INDEXES}
            where spell.absence_row in (select row from tangled_outage where is_absence)
                {whole_spells if wants_class else ""}
            order by all"""
    ).fetchall()
    found: dict[str, list[Outage]] = defaultdict(list)
    for person, *values in rows:
        found[person].append(Outage(*values))
    of_tangled = "select row, is_absence from {} semi join tangled_outage using (row, is_absence)"
    alone, needed = (set(con.execute(of_tangled.format(table)).fetchall()) for table in ("alone", "kept_outage"))
    return found, alone, needed


def _set_apart(lineage: Lineage, scope: Scope, days: Sequence[object]) -> None:
    """Rows in the scope that do not count: by population, by kind, or because they change nothing."""
    first, last = days[:2]
    con = lineage.con
    persons = "" if scope.conditions == "true" else "inner join staging.stg_persons as person using (employee_no)"
    lineage.exclude(
        "stillinger",
        f"""select position.file_sha256, position.row_number, case
                when not population.in_sick_leave
                    then 'form of employment ' || position.employment_form || ' does not count in sick leave'
                when position.position_percent = 0 then 'position percent is 0'
                when counted.position_row is not null then 'on full leave on every working day of the period'
                else 'no working day of the period' end as reason
            from raw.stillinger as position {persons}
            inner join seeds.populations as population using (employment_form)
            left join scope_position as counted on position.row_number = counted.position_row
            where {_in_units(lineage, scope)} and {scope.conditions} and valid_from <= $2 and coalesce(valid_to, $2) >= $1
                and counted.is_available is distinct from true
                and position.row_number not in (from kept_position)""",
        [first, last],
    )
    con.execute(
        """create or replace temp table kept_person as
           select distinct employee_no from intermediate.int_positions semi join kept_position using (position_row)"""
    )
    lineage.exclude(
        "fravaer",
        f"""with unnamed as materialized (
               from {lineage.rows_of("fravaer", are_named=False)} as absence
               where from_date <= $2 and coalesce(to_date, $2) >= $1
           )
           select file_sha256, row_number, case when certification is null then absence_type || ' is no sick leave'
               else 'changes nothing: on days off, outside the position, in full leave or covered by other absence'
               end as reason
           from unnamed left join seeds.sick_absence_types as sick using (absence_type)
           semi join kept_person using (employee_no)""",
        [first, last],
    )
    lineage.exclude(
        "permisjoner",
        f"""select file_sha256, row_number,
               'changes nothing: on days off, outside the position or covered by other leave' as reason
           from {lineage.rows_of("permisjoner", are_named=False)} as leave semi join kept_person using (employee_no)
           where from_date <= $2 and coalesce(to_date, $2) >= $1""",
        [first, last],
    )
