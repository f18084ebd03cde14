"""The served tables as the attack sees them: families that are tied together, their times, dimensions, measures and sums.
Not here: reading them (served.py), or the relations between units (relations.py).
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.sdc.attack.relations import ONCE, UNION, UNKNOWN, Identity, Slice

# The year that nothing reaches.
FOR_EVER = 9999


@dataclass(frozen=True)
class Listed:
    """A job code's pay group in the calendar years `since` to the one before `until`, by the list at each year's end."""

    code: str
    group: str
    since: int
    until: int


def _listed_codes() -> list[Listed]:
    found = []
    with (Path(__file__).parents[3] / "dbt_project" / "seeds" / "job_codes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            # On the last day of the year in which it ends it holds no more, but where that day is its own last.
            end = row["valid_to"]
            until = int(end[:4]) + end.endswith("12-31") if end else FOR_EVER
            found.append(Listed(row["job_code"], row["pay_group"], int(row["valid_from"][:4]), until))
    return found


def _codes_of(group: str, codes: Collection[str]) -> Iterator[tuple[tuple[int, int], set[str]]]:
    """Which of these codes a pay group has by the list, in spans of years in which it has the same ones, and it alone."""
    of_codes = [listed for listed in LISTED if listed.code in codes]
    for since, until in itertools.pairwise(sorted({year for listed in of_codes for year in (listed.since, listed.until)})):
        valid = [listed for listed in of_codes if listed.since <= since < listed.until]
        listed_once = len({listed.code for listed in valid}) == len(valid)
        if listed_once and set(codes) == {listed.code for listed in valid}:
            yield (since, until), {listed.code for listed in valid if listed.group == group}


@dataclass(frozen=True)
class Part:
    """A served table's share in a family. What its grain and threshold are the publication says.

    `size` is the measure whose interval is sought, `counted` the one whose sums are held against the threshold. `time` is
    the time its rows are of, where it is another than the time in its grain.
    """

    table: str
    size: str
    counted: str | None = None
    where: str = "true"
    # Ratios whose being served gives other cells away.
    ratios: tuple[str, ...] = ()
    time: str | None = None


@dataclass(frozen=True)
class Family:
    """Tables whose cells are tied together at one time.

    `bounded`: the size is what the threshold is compared with, so that `withheld` tells on which side of it a cell lies; in
    tables with periods that holds for the year. `narrow`: intervals are judged; else cells fall to elimination alone.
    """

    name: str
    parts: tuple[Part, ...]
    bounded: bool = True
    # The size counts, so that a cell below 5 has 4 at most.
    is_whole: bool = False
    # What is held against the threshold counts persons, and every cell that has a row has one.
    has_persons: bool = False
    narrow: bool = True
    has_units: bool = True
    # A mean: weighted by its responses it adds up like them, so that elimination holds; where units have answers of their own
    # the responses tell.
    is_size: bool = True
    # Its people are those of the positions the payroll system delivers.
    of_positions: bool = False
    # Its times are months, quarters and years that add up.
    has_periods: bool = False
    # What sits on a unit itself is a secret: how many do is none, how long they were away is.
    hides_own: bool = False
    # The setting, with its value, without which its parts do not add up.
    holds_with: tuple[str, object] | None = None

    @property
    def sums_by_size(self) -> bool:
        """Whether the size is also what is held against the threshold."""
        return self.narrow and all(part.counted is None for part in self.parts)


# The equality tables' date is the year's last one of the full-time tables, and their people are the same but for the director.
YEAR_END = """(
    select cast(max(reference_date) as varchar) from {full_time}
    where source = 'payroll' and year(reference_date) = mart.year)"""

# The pay groups of job codes, as KS lists them (dbt_project/seeds/job_codes.csv); a list that everybody has.
LISTED = _listed_codes()

SURVEY = Family("survey", (Part("survey_response", "responses"),), is_whole=True)

# The family whose cells the percentages of other rows and tables give away.
WITH_RATIOS = "full time and equality"

FAMILIES = (
    Family(
        "sick leave",
        (
            Part("sick_leave_by_unit", "fte"),
            Part("sick_leave_by_sex", "fte"),
            Part("sick_leave_by_age", "fte"),
            Part("sick_leave_by_job_code", "fte"),
        ),
        of_positions=True,
        has_periods=True,
        hides_own=True,
    ),
    Family(
        WITH_RATIOS,
        (
            Part("full_time_by_unit", "fte", "headcount", "source = 'payroll'"),
            Part("full_time_by_job_code", "fte", "headcount", "source = 'payroll'"),
            Part("full_time_by_sex", "fte", "headcount", "source = 'payroll'"),
            Part(
                "equality_gender_balance",
                "fte",
                "employees",
                ratios=("employees_percent is null", "fte_percent is null"),
                time=YEAR_END,
            ),
        ),
        bounded=False,
        has_persons=True,
        of_positions=True,
    ),
    Family(
        "full time, PAI",
        (
            Part("full_time_by_unit", "fte", "headcount", "source = 'pai'"),
            Part("full_time_by_job_code", "fte", "headcount", "source = 'pai'"),
            Part("full_time_by_sex", "fte", "headcount", "source = 'pai'"),
        ),
        bounded=False,
        has_persons=True,
    ),
    # A unit's short-term and long-term days are those of its spells; persons on sick leave add up to nothing that is served.
    *(
        Family(
            f"absence spells, {measure}",
            (
                Part("sick_leave_by_unit", measure, "fte", "period_type = 'year'"),
                Part("absence_spells_by_unit", "lost_days", "persons", f"length_band in {bands}"),
            ),
            bounded=False,
            narrow=False,
            of_positions=True,
            holds_with=holds_with,
        )
        for measure, bands, holds_with in (
            ("short_term_days", "('1–3', '4–16')", ("short_term_max_days", 16)),
            ("long_term_days", "('17–56', '57+')", ("short_term_max_days", 16)),
            ("lost_days", "('1–3', '4–16', '17–56', '57+')", None),
        )
    ),
    Family(
        "workforce",
        (Part("workforce_by_unit", "fte", "persons"),),
        bounded=False,
        has_persons=True,
        of_positions=True,
    ),
    Family("substitutes, hours", (Part("substitutes_by_unit", "variable_fte"),), bounded=False, narrow=False),
    *(
        Family(f"parental leave, {measure}", (Part("equality_parental_leave", measure),), bounded=False, has_units=False)
        for measure in ("parental_leave_takers", "ended_leaves")
    ),
    *(
        Family(
            f"pay, {measure}",
            (Part("equality_pay", measure), Part("equality_pay_by_job_code", measure)),
            bounded=False,
            has_units=False,
        )
        for measure in ("positions", "women", "men")
    ),
    SURVEY,
    Family("survey scores", (Part("survey_factor_scores", "score"),), bounded=False, narrow=False, is_size=False),
)


def identities(family: Family, slices: Sequence[Slice]) -> list[Identity]:
    """Sums between a unit's slices: the unit over sexes, ages and job codes, and these over each other."""
    at = {(part.table, tuple(value for _, value in part.dimensions)): i for i, part in enumerate(slices)}
    limit = slices[0].threshold
    found = []

    def add(
        text: str,
        whole: tuple[str, tuple],
        parts: Sequence[tuple[str, tuple]],
        persons: int = UNKNOWN,
        years: tuple[int, int] | None = None,
    ) -> None:
        terms = [(at[part], -1) for part in parts if part in at]
        if whole in at and terms:
            found.append(Identity(text, ((at[whole], 1), *terms), limit, persons, years))

    tables = {part.table for part in slices}
    sexes = ("kvinne", "mann")
    if family.name == "sick leave":
        total = ("sick_leave_by_unit", ())
        ages = sorted({values[1] for table, values in at if table == "sick_leave_by_age"})
        add("unit = kvinne + mann", total, [("sick_leave_by_sex", (sex,)) for sex in sexes])
        for sex in ("alle", *sexes):
            whole = total if sex == "alle" else ("sick_leave_by_sex", (sex,))
            add(f"{sex} = its age groups", whole, [("sick_leave_by_age", (sex, age)) for age in ages])
        for age in ages:
            of_age = [("sick_leave_by_age", (sex, age)) for sex in sexes]
            add(f"{age} = kvinne + mann", ("sick_leave_by_age", ("alle", age)), of_age)
    if "full_time_by_unit" in tables:
        balance = [("equality_gender_balance", (sex,)) for sex in sexes]
        add("full time = kvinne + mann", ("full_time_by_unit", ()), balance)
    bands = sorted(key for key in at if key[0] == "absence_spells_by_unit")
    add(f"{family.parts[0].size} = its spells", ("sick_leave_by_unit", ()), bands)
    for table, of in (("sick_leave_by_job_code", "sick_leave_by_unit"), ("full_time_by_job_code", "full_time_by_unit")):
        add("unit = its job codes", (of, ()), sorted(key for key in at if key[0] == table), UNION)
    of_sex = sorted(key for key in at if key[0] == "full_time_by_sex")
    add("full time = its sexes", ("full_time_by_unit", ()), of_sex, ONCE)
    for sex in sexes:
        # But for the municipal director, whom equality leaves out.
        add(f"{sex} of full time = {sex} of equality", ("full_time_by_sex", (sex,)), [("equality_gender_balance", (sex,))])
        leaves = [("equality_parental_leave", (sex, coverage)) for coverage in ("80", "100")]
        add(f"{sex}: alle = 80 + 100", ("equality_parental_leave", (sex, "alle")), leaves)
    groups = sorted(key for key in at if key[0] == "equality_pay" and key[1] != ("0",))
    add("total = its pay groups", ("equality_pay", ("0",)), groups)
    codes = sorted(key for key in at if key[0] == "equality_pay_by_job_code")
    add("total = its job codes", ("equality_pay", ("0",)), codes)
    for group in groups:
        # The list of KS says which codes a group has; others could be in any, so that nothing is said of the group then.
        for years, listed in _codes_of(group[1][0], {key[1][0] for key in codes}):
            of_group = [key for key in codes if key[1][0] in listed]
            add(f"pay group {group[1][0]} = its job codes", group, of_group, years=years)
    return found
