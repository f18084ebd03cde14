"""Which rows make the equality tables: positions and leaders on the year's reference date, pay, parental leave.
Not here: which of a person's positions a measure needs (persons.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from warehouse.database import one, quoted
from warehouse.trace import persons
from warehouse.trace.full_time import set_apart
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import smallest
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


def of_parental_leave(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Leave rows with days in the year; of rows that cover the same days those that are needed."""
    con = lineage.con
    coverage = "true" if cell["leave_coverage"] == "alle" else f"leave_coverage = {int(str(cell['leave_coverage']))}"
    of_type = "leave_class = 'parental' and leaves.from_date <= as_of"
    found: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for person, *leave in con.execute(
        f"""select leaves.employee_no, leaves.leave_row,
                greatest(leaves.from_date, make_date($1, 1, 1)) - date '1900-01-01',
                least(coalesce(leaves.to_date, as_of), as_of, make_date($1, 12, 31)) - date '1900-01-01'
            from staging.stg_leaves as leaves inner join staging.stg_persons as person using (employee_no)
            cross join (select as_of from raw.settings)
            where {of_type} and {coverage} and person.sex = $2 and leaves.from_date <= make_date($1, 12, 31)
                and coalesce(leaves.to_date, as_of) >= make_date($1, 1, 1)
            order by leaves.from_date, leaves.leave_row""",
        [cell["year"], cell["sex"]],
    ).fetchall():
        found[person].append((leave[0], leave[1], leave[2]))
    by_days = any(name != "parental_leave_takers" for name in measures)
    kept: list[int] = []
    for leaves in found.values():
        needed = leaves if len(leaves) == 1 else smallest(leaves, _days if by_days else bool)
        kept += [row for row, _, _ in needed]
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
        [cell["year"], cell["sex"]],
    )
    lineage.add_references()
    lineage.begin_series(int(str(cell["year"])))
    lineage.make_deliverable()


def _days(leaves: Sequence[tuple[int, int, int]]) -> int:
    """Calendar days that are covered, each once."""
    days, latest = 0, -1
    for _, first, last in sorted(leaves, key=lambda leave: leave[1:]):
        days += max(0, last - max(first, latest + 1) + 1)
        latest = max(latest, last)
    return days
