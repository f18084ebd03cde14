"""Brute-force calculator of the sick-leave tables, written from contracts/metrics.md (1-4, 10) alone.

Here belongs: reading delivered text rows, one entry per position and working day, and plain exact sums of
those entries. Not here: anything taken from the pipeline (no SQL, no `holidays` package, no shared code), no
masking and no secondary disclosure control. Tests compare the pipeline with `sick_leave_tables`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

Row = dict[str, str]
Feeds = dict[str, list[Row]]
Key = tuple[str, ...]
Cell = dict[str, Fraction | str | None]  # str only in `withheld`

FORMS = ("Fast", "Vikar", "Midlertidig", "Lærling")
SICK_KINDS = ("Egenmelding", "Sykmelding")
FULL = Fraction(100)
AMOUNTS = ("possible", "self_certified", "doctor_certified", "short_term", "long_term", "graded")


@dataclass(frozen=True)
class OracleSettings:
    possible_days_per_fte: int = 254
    short_term_max_days: int = 16
    age_bands: tuple[int, ...] = (25, 35, 45, 55, 65)  # first age of every band but the lowest
    first_year: int | None = None  # None: the year of the earliest sick absence
    min_fte_unit: int = 10
    min_fte_job_code: int = 30


@dataclass(frozen=True)
class Span:
    """An absence or a leave, cut at the as-of date."""

    person: str
    position: str  # '' = all the person's positions
    kind: str
    first: date
    last: date
    percent: Fraction

    def active(self, position: str, day: date) -> bool:
        return self.position in ("", position) and self.first <= day <= self.last


# --- calendar ----------------------------------------------------------------------------------------------


def easter_sunday(year: int) -> date:
    """The anonymous Gregorian algorithm (Meeus/Jones/Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, g = b // 4, b % 4, (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@cache
def public_holidays(year: int) -> frozenset[date]:
    """Maundy Thursday to Easter Monday, Ascension, Pentecost x 2; New Year, 1 and 17 May, Christmas x 2."""
    movable = {easter_sunday(year) + timedelta(n) for n in (-3, -2, 0, 1, 39, 49, 50)}
    fixed = {date(year, month, day) for month, day in ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))}
    return frozenset(movable | fixed)


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in public_holidays(day.year)


def working_days(first: date, last: date) -> Iterator[date]:
    """The working days from first to last, both included."""
    day = first
    while day <= last:
        if is_working_day(day):
            yield day
        day += timedelta(1)


@cache
def working_days_in_year(year: int) -> int:
    return sum(1 for _ in working_days(date(year, 1, 1), date(year, 12, 31)))


def periods_of(year: int, month: int) -> tuple[tuple[str, str], ...]:
    return (
        ("month", f"{year}-{month:02}"),
        ("quarter", f"{year}-Q{(month + 2) // 3}"),
        ("year", f"{year}"),
    )


# --- delivered text ----------------------------------------------------------------------------------------


def to_date(text: str) -> date:
    day, month, year = text.split(".")
    return date(int(year), int(month), int(day))


def to_number(text: str) -> Fraction:
    return Fraction(text.replace(",", "."))


def read_spans(rows: list[Row], kind: str, percent: str, as_of: date) -> list[Span]:
    """Those starting on or before the as-of date; an open or later end becomes the as-of date."""
    spans = []
    for row in rows:
        first = to_date(row["Fra dato"])
        last = min(to_date(row["Til dato"]), as_of) if row["Til dato"] else as_of
        if first <= as_of:
            value = to_number(row[percent])
            spans.append(Span(row["Ansattnr"], row["Stillingsnr"], row[kind], first, last, value))
    return spans


def total(spans: Iterable[Span]) -> Fraction:
    return sum((span.percent for span in spans), Fraction(0))


def by_person(spans: list[Span]) -> dict[str, list[Span]]:
    result: dict[str, list[Span]] = {}
    for span in spans:
        result.setdefault(span.person, []).append(span)
    return result


def unit_places(organisasjon: list[Row]) -> dict[str, list[tuple[str, str]]]:
    """Unit code -> every (org_level, org_unit_code) it counts in: itself, its ancestors, its group."""
    units = {row["Enhetskode"]: row for row in organisasjon}
    places = {}
    for code in units:
        line = []  # the unit, then its ancestors upwards
        above = code
        while above:
            line.append(units[above])
            above = units[above]["Overordnet"]
        places[code] = [(row["Nivå"], row["Enhetskode"]) for row in line]
        groups = [row["Gruppe"] for row in line if row["Gruppe"]]
        if groups:
            places[code].append(("gruppe", groups[0]))
    return places


def age_group(age: int, bands: tuple[int, ...]) -> str:
    if age < bands[0]:
        return f"<{bands[0]}"
    if age >= bands[-1]:
        return f"{bands[-1]}+"
    lower = max(band for band in bands if band <= age)
    upper = min(band for band in bands if band > age)
    return f"{lower}-{upper - 1}"


# --- spells and days ---------------------------------------------------------------------------------------


def person_spells(absences: list[Span]) -> list[tuple[date, date]]:
    """First and last day of each spell of one person's sick absences."""
    spells: list[tuple[date, date]] = []
    for absence in sorted(absences, key=lambda a: (a.first, a.last)):
        if spells:
            first, last = spells[-1]
            between = working_days(last + timedelta(1), absence.first - timedelta(1))
            if next(between, None) is None:
                spells[-1] = (first, max(last, absence.last))
                continue
        spells.append((absence.first, absence.last))
    return spells


def position_days(feeds: Feeds, as_of: date, settings: OracleSettings) -> Iterator[dict[str, Any]]:
    """One dict per position and working day of the sick-leave population, first_year to the as-of date."""
    absences = read_spans(feeds["fravaer"], "Fraværstype", "Fraværsprosent", as_of)
    sick = by_person([a for a in absences if a.kind in SICK_KINDS])
    leaves = by_person(read_spans(feeds["permisjoner"], "Permisjonstype", "Permisjonsprosent", as_of))
    spells = {person: person_spells(own) for person, own in sick.items()}
    people = {row["Ansattnr"]: row for row in feeds["ansatte"]}
    start = date(first_year(feeds, as_of, settings), 1, 1)

    for row in feeds["stillinger"]:
        percent = to_number(row["Stillingsprosent"])
        if row["Ansettelsesform"] not in FORMS or percent <= 0:
            continue
        person, position = row["Ansattnr"], row["Stillingsnr"]
        birth_year = to_date(people[person]["Fødselsdato"]).year
        first = max(to_date(row["Gyldig fra"]), start)
        last = min(to_date(row["Gyldig til"]), as_of) if row["Gyldig til"] else as_of
        for day in working_days(first, last):
            active = [s for s in sick.get(person, []) if s.active(position, day)]
            available = 100 - min(FULL, total(s for s in leaves.get(person, []) if s.active(position, day)))
            doctor = min(FULL, total(s for s in active if s.kind == "Sykmelding"))
            own = min(100 - doctor, total(s for s in active if s.kind == "Egenmelding"))
            lost_doctor = min(doctor, available)
            lost_self = min(own, available - lost_doctor)
            short = long = Fraction(0)
            spell = None
            if active:
                (spell,) = [(a, b) for a, b in spells[person] if a <= day <= b]
                length = (spell[1] - spell[0]).days + 1
                if length <= settings.short_term_max_days:
                    short = lost_doctor + lost_self
                else:
                    long = lost_doctor + lost_self

            full = Fraction(settings.possible_days_per_fte, working_days_in_year(day.year))
            weight = percent / 100 * full / 100  # dagsverk of one percent of the position that day
            yield {
                "day": day,
                "unit": row["Enhetskode"],
                "sex": {"K": "kvinne", "M": "mann"}[people[person]["Kjønn"]],
                "age_group": age_group(day.year - birth_year, settings.age_bands),
                "job_code": row["Stillingskode"],
                "possible": weight * available,
                "self_certified": weight * lost_self,
                "doctor_certified": weight * lost_doctor,
                "short_term": weight * short,
                "long_term": weight * long,
                "spell": (person, spell) if spell and lost_doctor + lost_self else None,
                "graded": weight * lost_doctor if doctor < 100 else Fraction(0),
            }


def first_year(feeds: Feeds, as_of: date, settings: OracleSettings) -> int:
    if settings.first_year is not None:
        return settings.first_year
    starts = [to_date(row["Fra dato"]) for row in feeds["fravaer"] if row["Fraværstype"] in SICK_KINDS]
    return min([start.year for start in starts if start <= as_of], default=as_of.year)


# --- tables ------------------------------------------------------------------------------------------------


def sick_leave_tables(feeds: Feeds, as_of: date, settings: OracleSettings = OracleSettings()) -> dict[str, dict[Key, Cell]]:
    """Table -> (period_type, period, org_level, org_unit_code[, sex][, age_group | job_code]) -> measures.

    Unmasked; `withheld` is 'primary' or None. A cell exists when a position-working-day falls in it.
    """
    # The entries, first summed within what no cell divides (exact, so the order does not matter).
    atoms: dict[tuple[Any, ...], list[Fraction]] = {}
    for entry in position_days(feeds, as_of, settings):
        day = entry["day"]
        atom = (day.year, day.month, entry["unit"], entry["sex"], entry["age_group"], entry["job_code"])
        sums = atoms.setdefault(atom, [Fraction(0) for _ in AMOUNTS])
        for i, name in enumerate(AMOUNTS):
            if entry[name]:
                sums[i] += entry[name]

    totals: dict[str, dict[Key, list[Fraction]]] = {f"sick_leave_by_{name}": {} for name in ("unit", "sex", "age", "job_code")}
    places = unit_places(feeds["organisasjon"])
    for (year, month, unit, sex, age, job_code), amounts in atoms.items():
        for period in periods_of(year, month):
            for place in places[unit]:
                base: Key = (*period, *place)
                keys: list[tuple[str, Key]] = [
                    ("sick_leave_by_unit", base),
                    ("sick_leave_by_sex", (*base, sex)),
                    ("sick_leave_by_age", (*base, "alle", age)),
                    ("sick_leave_by_age", (*base, sex, age)),
                    ("sick_leave_by_job_code", (*base, job_code)),
                ]
                for table, key in keys:
                    sums = totals[table].setdefault(key, [Fraction(0) for _ in AMOUNTS])
                    for i, amount in enumerate(amounts):
                        sums[i] += amount

    # D of every period: its working days up to the as-of date.
    period_days: dict[str, int] = {}
    for day in working_days(date(first_year(feeds, as_of, settings), 1, 1), as_of):
        for _, name in periods_of(day.year, day.month):
            period_days[name] = period_days.get(name, 0) + 1

    def average_fte(period: str, possible: Fraction) -> Fraction:
        full = Fraction(settings.possible_days_per_fte, working_days_in_year(int(period[:4])))
        return possible / (full * period_days[period])

    tables: dict[str, dict[Key, Cell]] = {}
    for table, cells in totals.items():
        limit = settings.min_fte_job_code if table == "sick_leave_by_job_code" else settings.min_fte_unit
        tables[table] = {}
        for key, (possible, own, doctor, short, long, graded) in cells.items():
            year_name = key[1][:4]
            year_possible = cells[("year", year_name, *key[2:])][0]
            days = {
                "sick_leave": own + doctor,
                "self_certified": own,
                "doctor_certified": doctor,
                "short_term": short,
                "long_term": long,
            }
            cell: Cell = {"fte": average_fte(key[1], possible), "possible_days": possible}
            for name, lost in days.items():
                cell["lost_days" if name == "sick_leave" else f"{name}_days"] = lost
                cell[f"{name}_percent"] = 100 * lost / possible if possible else None
            cell["graded_days"] = graded
            cell["graded_percent"] = 100 * graded / doctor if doctor else None
            cell["withheld"] = "primary" if average_fte(year_name, year_possible) < limit else None
            tables[table][key] = cell
    return tables


def spells_by_unit(feeds: Feeds, as_of: date, settings: OracleSettings = OracleSettings()) -> dict[tuple[Any, ...], Cell]:
    """(year, org_level, org_unit_code, length_band) -> spells, persons and lost days of absence_spells_by_unit, unmasked.

    A unit and year with positions has every band.
    """
    found: dict[tuple[Any, ...], dict[tuple[str, tuple[date, date]], Fraction]] = {}
    places = unit_places(feeds["organisasjon"])
    for entry in position_days(feeds, as_of, settings):
        for place in places[entry["unit"]]:
            for other in ("1–3", "4–16", "17–56", "57+"):
                found.setdefault((entry["day"].year, *place, other), {})
        if entry["spell"] is None:
            continue
        first, last = entry["spell"][1]
        days = (last - first).days + 1
        band = "1–3" if days <= 3 else "4–16" if days <= 16 else "17–56" if days <= 56 else "57+"
        for place in places[entry["unit"]]:
            spells = found[entry["day"].year, *place, band]
            lost = entry["self_certified"] + entry["doctor_certified"]
            spells[entry["spell"]] = spells.get(entry["spell"], Fraction(0)) + lost
    return {
        key: {
            "spells": Fraction(len(spells)),
            "persons": Fraction(len({person for person, _ in spells})),
            "lost_days": sum(spells.values(), Fraction(0)),
        }
        for key, spells in found.items()
    }
