"""Brute-force calculator of the full-time and equality tables, written from contracts/metrics.md (2, 3, 5, 7, 10) alone.

Here belongs: delivered text rows, one entry per position and reference date, one per person and leave day, and plain exact sums
of those. Not here: anything taken from the pipeline (no SQL), masking or secondary disclosure control. Tests compare the
pipeline with `person_tables`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

from tests.municipalities.random_rows import Feeds, Row
from tests.oracle import OracleSettings, first_year, to_date, to_number, unit_places

Key = tuple[Any, ...]
Cell = dict[str, Any]
Table = dict[Key, Cell]
Holdings = dict[str, list[Row]]  # person -> the positions that count

ORDINARY_FORMS = ("Fast", "Vikar", "Midlertidig")
SEXES = {"K": "kvinne", "M": "mann"}
ALL_LEADERS = ("Virksomhetsleder", "Kommunalsjef", "Direktør")
LEADER_LEVELS = {"Avdelingsleder": ("Avdelingsleder",), **{level: (level,) for level in ALL_LEADERS}, "alle": ALL_LEADERS}


@dataclass(frozen=True)
class PersonSettings:
    full_time_threshold: float = 80
    min_persons: int = 5
    first_year: int | None = None


def person_tables(feeds: Feeds, as_of: date, settings: PersonSettings = PersonSettings()) -> dict[str, Table]:
    """Table -> grain of marts.md -> measures, unmasked; `withheld` is 'primary', 'running' or None."""
    start = first_year(feeds, as_of, OracleSettings(first_year=settings.first_year))
    return {
        **full_time(feeds, as_of, start, settings),
        **equality(feeds, as_of, start, settings),
        "equality_parental_leave": parental_leave(feeds, as_of, start, settings),
        "workforce_by_unit": workforce(feeds, as_of, start, settings),
    }


# --- who counts on a day -----------------------------------------------------------------------------------


def days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(number)


def is_active(row: Row, first: str, last: str, day: date) -> bool:
    return to_date(row[first]) <= day and (not row[last] or day <= to_date(row[last]))


def held_on(feeds: Feeds, day: date) -> list[Row]:
    """Positions of an ordinary form with some percent, valid on the day, on leave or not."""
    return [
        row
        for row in feeds["stillinger"]
        if row["Ansettelsesform"] in ORDINARY_FORMS
        and to_number(row["Stillingsprosent"]) > 0
        and is_active(row, "Gyldig fra", "Gyldig til", day)
    ]


def is_on_full_leave(feeds: Feeds, position: Row, day: date) -> bool:
    percents = [
        to_number(leave["Permisjonsprosent"])
        for leave in feeds["permisjoner"]
        if leave["Ansattnr"] == position["Ansattnr"]
        and leave["Stillingsnr"] in ("", position["Stillingsnr"])
        and is_active(leave, "Fra dato", "Til dato", day)
    ]
    return sum(percents) >= 100


def person_percent(positions: list[Row]) -> Fraction:
    return sum((to_number(row["Stillingsprosent"]) for row in positions), Fraction(0))


def says(positions: list[Row], *answers: str) -> bool:
    return any(row["Ønsker større stilling"] in answers for row in positions)


def percent(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    return 100 * Fraction(part) / whole if whole else None


def primary(count: int, settings: PersonSettings) -> str | None:
    return "primary" if count < settings.min_persons else None


# --- full time ---------------------------------------------------------------------------------------------


def full_time(feeds: Feeds, as_of: date, start: int, settings: PersonSettings) -> dict[str, Table]:
    places = unit_places(feeds["organisasjon"])
    by_unit: dict[Key, Holdings] = {}
    by_job_code: dict[Key, Holdings] = {}
    by_sex: dict[Key, Holdings] = {}
    sexes = {row["Ansattnr"]: SEXES[row["Kjønn"]] for row in feeds["ansatte"]}
    for day in days_between(date(start, 1, 1), as_of):
        if day != as_of and (day + timedelta(1)).day != 1:
            continue
        for row in held_on(feeds, day):
            if is_on_full_leave(feeds, row, day):
                continue
            for place in places[row["Enhetskode"]]:
                key = ("payroll", day, *place)
                by_unit.setdefault(key, {}).setdefault(row["Ansattnr"], []).append(row)
                job_key = (*key, row["Stillingskode"])
                by_job_code.setdefault(job_key, {}).setdefault(row["Ansattnr"], []).append(row)
                sex_key = (*key, sexes[row["Ansattnr"]])
                by_sex.setdefault(sex_key, {}).setdefault(row["Ansattnr"], []).append(row)
    return {
        "full_time_by_unit": {key: full_time_cell(held, settings) | OF_PAI_ALONE for key, held in by_unit.items()},
        "full_time_by_job_code": {key: full_time_cell(held, settings) for key, held in by_job_code.items()},
        "full_time_by_sex": {key: full_time_cell(held, settings) for key, held in by_sex.items()},
    }


# Payroll knows no education.
OF_PAI_ALONE: Cell = {"vocational_or_higher": None, "education_known": None, "vocational_or_higher_percent": None}


def full_time_cell(held: Holdings, settings: PersonSettings) -> Cell:
    percents = {person: person_percent(positions) for person, positions in held.items()}
    part_timers = [held[person] for person, size in percents.items() if size < 100]
    unwilling = sum(says(positions, "Ja") for positions in part_timers)
    answered = sum(says(positions, "Ja", "Nei") for positions in part_timers)
    total, headcount = sum(percents.values(), Fraction(0)), len(held)

    def persons(low: int, high: int) -> int:
        return sum(low <= size < high for size in percents.values())

    return {
        "headcount": headcount,
        "fte": total / 100,
        "average_position_percent": total / headcount,
        "full_time_100_percent": percent(sum(size >= 100 for size in percents.values()), headcount),
        "full_time_80_percent": percent(sum(size >= settings.full_time_threshold for size in percents.values()), headcount),
        "persons_0_20": persons(0, 20),
        "persons_20_50": persons(20, 50),
        "persons_50_80": persons(50, 80),
        "persons_80_100": persons(80, 100),
        "persons_100": persons(100, 1_000_000),
        "part_time": len(part_timers),
        "involuntary_part_time": unwilling if answered else None,
        "part_time_answered": answered,
        "involuntary_percent": percent(unwilling, answered),
        "withheld": primary(headcount, settings),
    }


# --- equality ----------------------------------------------------------------------------------------------


def equality(feeds: Feeds, as_of: date, start: int, settings: PersonSettings) -> dict[str, Table]:
    sexes = {row["Ansattnr"]: SEXES[row["Kjønn"]] for row in feeds["ansatte"]}
    tables: dict[str, Table] = {
        "equality_gender_balance": {},
        "equality_leaders": {},
        "equality_pay": {},
        "equality_pay_by_job_code": {},
    }
    for year in range(start, as_of.year + 1):
        day = min(date(year, 12, 31), as_of)
        held = [row for row in held_on(feeds, day) if row["Ledernivå"] != "Kommunedirektør"]
        at_work = [row for row in held if not is_on_full_leave(feeds, row, day)]
        tables["equality_gender_balance"] |= gender_balance(feeds, year, at_work, sexes, settings)
        tables["equality_leaders"] |= leaders(year, at_work, sexes)
        tables["equality_pay"] |= pay(year, held, sexes, settings)
        tables["equality_pay_by_job_code"] |= pay_by_job_code(year, held, sexes, settings)
        for name, table in tables.items():
            for key, cell in table.items():
                if key[0] == year:
                    cell["is_partial"] = as_of < date(year, 12, 31)
                    if name.startswith("equality_pay") and cell["is_partial"]:
                        cell["withheld"] = "running"
    return tables


def gender_balance(feeds: Feeds, year: int, at_work: list[Row], sexes: dict[str, str], settings: PersonSettings) -> Table:
    places = unit_places(feeds["organisasjon"])
    by_place: dict[Key, Holdings] = {}
    for row in at_work:
        for place in places[row["Enhetskode"]]:
            by_place.setdefault(place, {}).setdefault(row["Ansattnr"], []).append(row)
    table: Table = {}
    for place, everyone in by_place.items():
        for sex in SEXES.values():
            held = {person: positions for person, positions in everyone.items() if sexes[person] == sex}
            if not held:
                continue
            size = sum((person_percent(positions) for positions in held.values()), Fraction(0))
            all_sizes = sum((person_percent(positions) for positions in everyone.values()), Fraction(0))
            part_timers = [positions for positions in held.values() if person_percent(positions) < 100]
            unwilling = sum(says(positions, "Ja") for positions in part_timers)
            answered = sum(says(positions, "Ja", "Nei") for positions in part_timers)
            table[(year, *place, sex)] = {
                "employees": len(held),
                "fte": size / 100,
                "employees_percent": percent(len(held), len(everyone)),
                "fte_percent": percent(size, all_sizes),
                "temporary_employees": sum(
                    largest(positions)["Ansettelsesform"] in ("Vikar", "Midlertidig") for positions in held.values()
                ),
                "part_time_employees": len(part_timers),
                "involuntary_part_time": unwilling if answered else None,
                "part_time_answered": answered,
                "involuntary_percent": percent(unwilling, answered),
                "withheld": primary(len(held), settings),
            }
    return table


def largest(positions: list[Row]) -> Row:
    """Of equal ones the lowest position number; numbers go before other texts, and 2 before 10."""

    def order(row: Row) -> tuple[Fraction, bool, int, str]:
        number = row["Stillingsnr"]
        digits = number.isdecimal()
        return (-to_number(row["Stillingsprosent"]), not digits, int(number) if digits else 0, number)

    return min(positions, key=order)


def leaders(year: int, at_work: list[Row], sexes: dict[str, str]) -> Table:
    table: Table = {}
    for level, delivered in LEADER_LEVELS.items():
        persons = {row["Ansattnr"] for row in at_work if row["Ledernivå"] in delivered}
        for sex in SEXES.values():
            count = sum(sexes[person] == sex for person in persons)
            table[(year, level, sex)] = {"leaders": count, "leader_percent": percent(count, len(persons))}
    return table


def pay(year: int, held: list[Row], sexes: dict[str, str], settings: PersonSettings) -> Table:
    groups: dict[Any, list[Row]] = {}
    for row in held:
        if row["Årslønn"] and row["Lønnsgruppe"]:
            groups.setdefault(0, []).append(row)
            groups.setdefault(int(row["Lønnsgruppe"]), []).append(row)
    return pay_of_groups(year, groups, sexes, settings)


def pay_by_job_code(year: int, held: list[Row], sexes: dict[str, str], settings: PersonSettings) -> Table:
    """What comes of the payroll system; nothing from PAI is delivered here."""
    groups: dict[Any, list[Row]] = {}
    for row in held:
        if row["Årslønn"] and row["Lønnsgruppe"]:
            groups.setdefault(row["Stillingskode"], []).append(row)
    table = pay_of_groups(year, groups, sexes, settings)
    for key, cell in table.items():
        for name, among in (("women", ("kvinne",)), ("men", ("mann",)), ("all", ("kvinne", "mann"))):
            salaries = [to_number(row["Årslønn"].replace(" ", "")) for row in groups[key[1]] if sexes[row["Ansattnr"]] in among]
            cell[f"median_{name}"] = median(salaries) if salaries else None
        cell["base_pay_women"] = None
    return table


def pay_of_groups(year: int, groups: dict[Any, list[Row]], sexes: dict[str, str], settings: PersonSettings) -> Table:
    table: Table = {}
    for group, rows in groups.items():
        salaries: dict[str, list[Fraction]] = {sex: [] for sex in SEXES.values()}
        persons: dict[str, set[str]] = {sex: set() for sex in SEXES.values()}
        for row in rows:
            sex = sexes[row["Ansattnr"]]
            salaries[sex].append(to_number(row["Årslønn"].replace(" ", "")))
            persons[sex].add(row["Ansattnr"])
        women, men = mean(salaries["kvinne"]), mean(salaries["mann"])
        gap = men - women if women is not None and men is not None else None
        table[(year, group)] = {
            "women": len(salaries["kvinne"]),
            "men": len(salaries["mann"]),
            "positions": len(rows),
            "women_percent": percent(len(salaries["kvinne"]), len(rows)),
            "mean_women": women,
            "mean_men": men,
            "mean_all": mean(salaries["kvinne"] + salaries["mann"]),
            "pay_gap_nok": gap,
            "pay_gap_percent": 100 * gap / women if gap is not None and women else None,
            "women_pay_percent": 100 * women / men if women is not None and men else None,
            "withheld": primary(min(len(own) for own in persons.values()), settings),
        }
    return table


# --- workforce ---------------------------------------------------------------------------------------------


def workforce(feeds: Feeds, as_of: date, start: int, settings: PersonSettings) -> Table:
    """Everybody with some percent on the date, on leave or not, by form; who has come and gone in twelve months."""
    places = unit_places(feeds["organisasjon"])
    held = [row for row in feeds["stillinger"] if to_number(row["Stillingsprosent"]) > 0]
    table: Table = {}
    for day in days_between(date(start, 1, 1), as_of):
        is_month_end = (day + timedelta(1)).day == 1
        if day != as_of and not is_month_end:
            continue
        if is_month_end:
            following = day + timedelta(1)
            before = following.replace(year=following.year - 1) - timedelta(1)
        else:
            before = day.replace(year=day.year - 1)
        cells: dict[Key, list[Row]] = {}
        for row in held:
            begins = to_date(row["Gyldig fra"])
            ends = to_date(row["Gyldig til"]) if row["Gyldig til"] else date.max
            if begins <= day and ends >= before:
                for place in places[row["Enhetskode"]]:
                    cells.setdefault((day, *place, row["Ansettelsesform"]), []).append(row)
        for key, rows in cells.items():
            now = [row for row in rows if is_active(row, "Gyldig fra", "Gyldig til", day)]
            ever, there = {row["Ansattnr"] for row in rows}, {row["Ansattnr"] for row in now}
            was = {row["Ansattnr"] for row in rows if is_active(row, "Gyldig fra", "Gyldig til", before)}
            if there:
                is_known = before >= date(start, 1, 1)
                table[key] = {
                    "persons": len(there),
                    "positions": len(now),
                    "fte": person_percent(now) / 100,
                    "joined_12m": len(ever - was) if is_known else None,
                    "left_12m": len(ever - there) if is_known else None,
                    "turnover_percent": percent(2 * len(ever - there), len(there) + len(was)) if is_known else None,
                    "withheld": primary(len(there), settings),
                }
    return table


def mean(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def ended_leaves(feeds: Feeds, as_of: date, start: int) -> dict[Key, list[tuple[str, Fraction]]]:
    """(year, sex, coverage) -> person and weighted days of each whole leave that ended in the year."""
    sexes = {row["Ansattnr"]: SEXES[row["Kjønn"]] for row in feeds["ansatte"]}
    rows_of: dict[tuple[str, str], list[tuple[date, date | None, Fraction]]] = {}
    for row in feeds["permisjoner"]:
        first = to_date(row["Fra dato"])
        if row["Permisjonstype"] == "Foreldrepermisjon" and first <= as_of:
            last = to_date(row["Til dato"]) if row["Til dato"] else None
            for coverage in {"alle", row["Dekningsgrad"]} - {""}:
                own = rows_of.setdefault((row["Ansattnr"], coverage), [])
                own.append((first, last, to_number(row["Permisjonsprosent"])))
    found: dict[Key, list[tuple[str, Fraction]]] = {}
    for (person, coverage), rows in rows_of.items():
        leaves: list[list[tuple[date, date | None, Fraction]]] = []
        for row_of in sorted(rows, key=lambda row: row[0]):
            ends = [last for _, last, _ in leaves[-1]] if leaves else []
            if leaves and (None in ends or (row_of[0] - max(end for end in ends if end)).days - 1 <= 14):
                leaves[-1].append(row_of)
            else:
                leaves.append([row_of])
        for leave in leaves:
            if any(last is None or last > as_of for _, last, _ in leave):
                continue
            percents: dict[date, Fraction] = {}
            for first, last, size in leave:
                for day in days_between(first, last or as_of):
                    percents[day] = percents.get(day, Fraction(0)) + size
            if max(percents).year >= start:
                key = (max(percents).year, sexes[person], coverage)
                found.setdefault(key, []).append((person, sum(min(Fraction(100), size) for size in percents.values()) / 100))
    return found


def parental_leave(feeds: Feeds, as_of: date, start: int, settings: PersonSettings) -> Table:
    sexes = {row["Ansattnr"]: SEXES[row["Kjønn"]] for row in feeds["ansatte"]}
    taken: dict[Key, dict[str, set[date]]] = {}  # (year, sex, coverage) -> person -> days
    for row in feeds["permisjoner"]:
        if row["Permisjonstype"] != "Foreldrepermisjon":
            continue
        person = row["Ansattnr"]
        last = min(to_date(row["Til dato"]), as_of) if row["Til dato"] else as_of
        for day in days_between(to_date(row["Fra dato"]), last):
            for coverage in {"alle", row["Dekningsgrad"]} - {""}:
                if day.year >= start:
                    taken.setdefault((day.year, sexes[person], coverage), {}).setdefault(person, set()).add(day)
    ended = ended_leaves(feeds, as_of, start)
    table: Table = {}
    for key, persons in taken.items():
        own_ended = ended.get(key, [])
        whole_days = sum((days for _, days in own_ended), Fraction(0))
        few = min([len(persons), *([len({person for person, _ in own_ended})] if own_ended else [])])
        days = sum(len(own) for own in persons.values())
        table[key] = {
            "is_partial": as_of < date(key[0], 12, 31),
            "parental_leave_takers": len(persons),
            "parental_leave_days": days,
            "parental_leave_mean_days": Fraction(days, len(persons)),
            "parental_leave_mean_weeks": Fraction(days, 7 * len(persons)),
            "ended_leaves": len(own_ended),
            "ended_leave_days": whole_days,
            "ended_leave_mean_weeks": whole_days / (7 * len(own_ended)) if own_ended else None,
            "withheld": primary(few, settings),
        }
    return table
