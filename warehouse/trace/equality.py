"""Which rows make the equality tables: positions and leaders on the year's reference date, pay, parental leave.
Not here: which of a person's positions a measure needs (persons.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from warehouse.database import one, quoted
from warehouse.trace import persons
from warehouse.trace.full_time import set_apart
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import smallest
from warehouse.trace.sick_leave import add_title
from warehouse.trace.temporary import table

SHARES = ("employees_percent", "fte_percent", "leader_percent")
COUNTED = """select employee_no as person_id, position_row as row, position_percent as percent,
             wants_larger_position as wants, is_temporary, cast(size_rank as integer) as size_rank
             from intermediate.int_equality_positions where calendar_year = $1 and not is_on_full_leave"""


def _reference_date(lineage: Lineage, year: object) -> date:
    query = "select reference_date from intermediate.int_reference_dates where calendar_year = $1 and is_last_of_year"
    return one(lineage.con, query, [year])[0]


def of_gender_balance(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Positions of the sex, and for its shares those of the other one."""
    con = lineage.con
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    shares = [name for name in measures if name in SHARES]
    for same, wanted in (("=", measures), ("<>", shares)):
        if wanted:
            held = table(con, "held", f"{COUNTED} and sex {same} $2 and unit_code in ({units})", [cell["year"], cell["sex"]])
            kept = persons.keep(con, held, wanted)
            lineage.add_positions("position" if same == "=" else "position of the other sex", f"select row from {kept}")
    day = _reference_date(lineage, cell["year"])
    set_apart(lineage, day, units, "true", "in_equality", "equality")
    lineage.begin_series(day.year)


def of_leaders(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """A position at the level for each leader; the share counts both sexes."""
    con = lineage.con
    levels = "select delivered_level from seeds.leader_levels where leader_level = $2"
    for same, wanted in (("=", measures), ("<>", [name for name in measures if name in SHARES])):
        if wanted:
            held = table(
                con,
                "held",
                f"{COUNTED} and leader_level in ({levels}) and sex {same} $3",
                [cell["year"], cell["leader_level"], cell["sex"]],
            )
            kept = persons.keep(con, held, ["leaders"])
            lineage.add_positions("leader" if same == "=" else "leader of the other sex", f"select row from {kept}")
    day = _reference_date(lineage, cell["year"])
    of_level = f"leader_level = {quoted(str(cell['leader_level']))}"
    at_level = f"leader_level in (select delivered_level from seeds.leader_levels where {of_level})"
    set_apart(lineage, day, "select unit_code from raw.organisasjon", at_level, "in_equality", "equality")
    lineage.begin_series(day.year)
    lineage.make_deliverable(f"leader_level is null or not {at_level}")


def of_pay(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Positions with pay in the group; of the women or the men alone where the measure looks at one sex."""
    sexes = {"women": "sex = 'kvinne'", "mean_women": "sex = 'kvinne'", "men": "sex = 'mann'", "mean_men": "sex = 'mann'"}
    wanted = " or ".join(dict.fromkeys(sexes.get(name, "true") for name in measures))
    rows = "select position_row from intermediate.int_pay_positions where calendar_year = $1 and pay_group = $2"
    if not lineage.add_positions("position", f"{rows} and ({wanted})", [cell["year"], cell["pay_group"]]):
        lineage.add_positions("position", f"{rows} order by position_row limit 1", [cell["year"], cell["pay_group"]])
    day = _reference_date(lineage, cell["year"])
    lineage.exclude(
        "stillinger",
        """select file_sha256, row_number, case
               when not population.in_equality
                   then 'form of employment ' || employment_form || ' does not count in equality'
               when position_percent = 0 then 'position percent is 0'
               when leader_level = 'Kommunedirektør' then 'the municipal director'
               when annual_salary is null then 'no Årslønn'
               when pay_group is null then 'no Lønnsgruppe'
               else 'changes nothing in the number: of the other sex' end as reason
           from raw.stillinger inner join seeds.populations as population using (employment_form)
           where (pay_group = $2 or pay_group is null or $2 = 0) and $1 between valid_from and coalesce(valid_to, $1)""",
        [day, cell["pay_group"]],
    )
    lineage.begin_series(day.year)


def of_pay_by_job_code(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Positions of the code with pay, those in PAI for its kinds of pay, and the position that gives the code its title."""
    key = [cell["year"], cell["job_code"]]
    of_pai = {name: name.rpartition("_") for name in measures if name.startswith(PAI_PAY)}
    of_payroll = [name for name in measures if name not in of_pai]
    wanted = " or ".join(
        dict.fromkeys(
            "sex = 'kvinne'" if name.endswith("women") else "sex = 'mann'" if name.endswith("men") else "true"
            for name in of_payroll
            if name != "women_pay_percent"
        )
    )
    if "women_pay_percent" in of_payroll:
        wanted = "true"
    rows = (
        "select position_row from intermediate.int_pay_positions where calendar_year = $1 and job_code = $2 and pay_group = 0"
    )
    if not (wanted and lineage.add_positions("position", f"{rows} and ({wanted})", key)):
        lineage.add_positions("position", f"{rows} order by position_row limit 1", key)
    for kind, _, sexes in of_pai.values():
        sex = "kvinne" if sexes == "women" else "mann"
        held = f"""from intermediate.int_pai_pay where calendar_year = $1 and job_code = $2 and sex = '{sex}'
            and {kind} is not null"""
        lineage.add("pai", "position in PAI", f"select file_sha256, row_number {held}", key)
        lineage.add(
            "ansatte",
            "person whose sex PAI does not have",
            f"""select file_sha256, row_number from staging.stg_persons where person_row in (
                    select min(person_row) from staging.stg_persons
                    where person_key in (select person_key {held}) group by person_key)""",
            key,
        )
    add_title(
        lineage,
        str(cell["job_code"]),
        f"(select row_number as position_row from {lineage.rows_of('stillinger')} as named)",
    )
    lineage.add_references()
    lineage.begin_series(int(str(cell["year"])))


# Kinds of pay that PAI delivers, as the measures of them begin.
PAI_PAY = ("base_pay", "fixed_supplements", "variable_supplements", "overtime_pay")


@dataclass(frozen=True)
class _Leave:
    """A row of parental leave: its number, its days as numbers (no last one while it is open), its percent."""

    row: int
    first: int
    last: int | None
    percent: Decimal


@dataclass(frozen=True)
class _YearOfLeave:
    """What some rows of a person's parental leave make of a calendar year that has these days, up to the as-of date."""

    first: int
    last: int
    as_of: int
    measures: frozenset[str]

    def __call__(self, leaves: Sequence[_Leave]) -> tuple[object, ...]:
        in_year = [
            (max(leave.first, self.first), min(self.as_of if leave.last is None else leave.last, self.last, self.as_of))
            for leave in leaves
        ]
        slices = [(first, last) for first, last in in_year if first <= last]
        found: list[object] = [bool(slices)]
        if self.measures & SLICE:
            found.append(_days(slices))
        if self.measures & WHOLE_LEAVES:
            ended = [
                _percent_days(leave)
                for leave in _whole_leaves(leaves)
                if (end := max(_end(row) for row in leave)) <= self.as_of and self.first <= end <= self.last
            ]
            found.append((len(ended), sum(ended)))
        return tuple(found)


# Measures of the calendar year's slice beside the number of takers, and those of whole leaves.
SLICE = frozenset({"parental_leave_days", "parental_leave_mean_days", "parental_leave_mean_weeks"})
WHOLE_LEAVES = frozenset({"ended_leaves", "ended_leave_days", "ended_leave_mean_weeks"})
NO_END = 10**9
# So many days at most lie between two rows of one leave (int_ended_parental_leaves).
GAP = 14


def of_parental_leave(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Leave rows with days in the year, and the rest of the leaves that ended in it; of rows for the same days those needed."""
    con = lineage.con
    year = int(str(cell["year"]))
    coverage = "true" if cell["leave_coverage"] == "alle" else f"leave_coverage = {int(str(cell['leave_coverage']))}"
    found: dict[str, list[_Leave]] = defaultdict(list)
    for person, *leave in con.execute(
        f"""select leaves.employee_no, leaves.leave_row, leaves.from_date - date '1900-01-01',
                leaves.to_date - date '1900-01-01', leaves.leave_percent
            from staging.stg_leaves as leaves inner join staging.stg_persons as person using (employee_no)
            cross join (select as_of from raw.settings)
            where leave_class = 'parental' and leaves.from_date <= as_of and {coverage} and person.sex = $1
            order by leaves.from_date, leaves.leave_row""",
        [cell["sex"]],
    ).fetchall():
        found[person].append(_Leave(*leave))
    first, last, as_of = one(
        con,
        """select make_date($1, 1, 1) - date '1900-01-01', make_date($1, 12, 31) - date '1900-01-01',
               as_of - date '1900-01-01' from raw.settings""",
        [year],
    )
    takers = [leaves for leaves in found.values() if _YearOfLeave(first, last, as_of, frozenset())(leaves)[0]]
    wanted = frozenset(measures)
    kept = [leave.row for leaves in takers for leave in _needed(leaves, _YearOfLeave(first, last, as_of, wanted), wanted)]
    if not kept and takers:
        # No leave has ended. One taker's are named, so that the cell is there.
        kept = [leave.row for leave in smallest(takers[0], _YearOfLeave(first, last, as_of, wanted))]
    lineage.add(
        "permisjoner",
        "leave",
        "select file_sha256, row_number from staging.stg_leaves where list_contains($1, leave_row)",
        [kept],
    )
    lineage.exclude(
        "permisjoner",
        f"""select leaves.file_sha256, leaves.row_number, case
                when leave_class <> 'parental' then leave_type || ' is no parental leave'
                when not coalesce({coverage}, false) then 'of another Dekningsgrad'
                else 'changes nothing: its days are covered by other leave' end as reason
            from staging.stg_leaves as leaves
            inner join staging.stg_persons as person using (employee_no)
            where person.sex = $2 and leaves.from_date <= make_date($1, 12, 31)
                and coalesce(leaves.to_date, make_date($1, 12, 31)) >= make_date($1, 1, 1)""",
        [year, cell["sex"]],
    )
    lineage.add_references()
    lineage.begin_series(year)
    lineage.make_deliverable()


def _needed(leaves: Sequence[_Leave], outcome: _YearOfLeave, measures: frozenset[str]) -> list[_Leave]:
    """The person's rows without which the measures would be others."""
    if measures <= WHOLE_LEAVES:
        # Whoever's leave has not ended counts nothing, with rows or without.
        return smallest(leaves, lambda rows: outcome(rows)[1:])
    return smallest(leaves, outcome)


def _end(leave: _Leave) -> int:
    return NO_END if leave.last is None else leave.last


def _whole_leaves(leaves: Sequence[_Leave]) -> list[list[_Leave]]:
    """Rows in order of their start, those of one leave together."""
    found: list[list[_Leave]] = []
    latest = 0
    for leave in sorted(leaves, key=lambda row: (row.first, row.row)):
        if found and leave.first - latest - 1 <= GAP:
            found[-1].append(leave)
            latest = max(latest, _end(leave))
        else:
            found.append([leave])
            latest = _end(leave)
    return found


def _percent_days(leaves: Sequence[_Leave]) -> Decimal:
    """Calendar days of rows that have ended, each by its percents together up to 100."""
    changes: dict[int, Decimal] = defaultdict(Decimal)
    for leave in leaves:
        changes[leave.first] += leave.percent
        changes[_end(leave) + 1] -= leave.percent
    days = sorted(changes)
    total, running = Decimal(0), Decimal(0)
    for day, following in pairwise(days):
        running += changes[day]
        total += min(running, Decimal(100)) * (following - day)
    return total


def _days(slices: Sequence[tuple[int, int]]) -> int:
    """Calendar days that are covered, each once."""
    days, latest = 0, -1
    for first, last in sorted(slices):
        days += max(0, last - max(first, latest + 1) + 1)
        latest = max(latest, last)
    return days
