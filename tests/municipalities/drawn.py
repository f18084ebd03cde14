"""One drawn payroll delivery of any size, up to a country's whole municipal sector: valid rows only.
The shape is the demo municipality's, roughly; what the figures come to does not matter here.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from sources.demo.organisation import Municipality, read_municipality
from sources.demo.people import ORIGIN, day, national_numbers

EXTRACT_DATE = "2024-10-31"
NEXT_DAY = "2024-11-01"
NEW_ABSENCES = 200
LEVELS = ("kommune", "tjenesteområde", "kommunalsjefområde", "virksomhet", "avdeling")
AREAS, WORKPLACES = LEVELS.index("tjenesteområde"), LEVELS.index("virksomhet")
JOB_CODES = 350
JOBS_PER_UNIT = 12
CHUNK = 1_000_000
FIRST_BIRTH = day("1955-01-01")
AS_OF = day(EXTRACT_DATE)
DATE_TEXTS = pa.array([f"{(ORIGIN + number).item():%d.%m.%Y}" for number in range(FIRST_BIRTH, AS_OF + 800)])
PART_TIME = (10, 14.2, 20, 35.5, 40, 50, 50, 60, 62.5, 70, 71.83, 75, 75, 80, 80, 90)
NOTE_DAYS = (7, 7, 14, 14, 21, 28, 30)
GRADES = (20, 30, 40, 50, 50, 60, 80)

Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class Size:
    """Numbers of employees and of absences, and of units at each of LEVELS; about twice as many position rows as employees.

    `own_jobs`: every service area has job codes and groups of its own, as real ones have, where schools have the teachers. Else
    they are dealt out over the whole municipality, so that what hides a cell lies in other areas: the worst case.
    """

    persons: int
    absences: int
    units: tuple[int, int, int, int, int]
    seed: int = 1
    own_jobs: bool = False

    def __str__(self) -> str:
        counts = {"employees": self.persons, "units": sum(self.units), "absences": self.absences}
        return ", ".join(f"{number:_} {what}".replace("_", " ") for what, number in counts.items())


def write_drawn(landing: Path, size: Size) -> None:
    """Write the five payroll feeds into `landing`."""
    landing.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(size.seed)
    persons, absences = size.persons, size.absences
    municipality = read_municipality()
    start = np.where(rng.random(persons) < 0.6, 0, rng.integers(0, AS_OF - 60, persons))
    leaving = rng.random(persons) < 0.25
    end = np.where(leaving, start + 60 + (rng.random(persons) * (AS_OF - start)).astype(int), AS_OF + 365)
    number = pa.array(100_000 + np.arange(persons)).cast(pa.string())
    _write(landing, "organisasjon", _organisasjon(size))
    _write(landing, "ansatte", _ansatte(rng, municipality, number, start))
    _write(landing, "stillinger", _stillinger(rng, municipality, size, number, start, end, leaving))
    _write(landing, "fravaer", _fravaer(rng, number, start, end, absences))
    _write(landing, "permisjoner", _permisjoner(rng, number, start, end, persons * 2 // 5))


def write_next_day(landing: Path) -> None:
    """Write what is in `landing` as the next day's extract too, and take its last absences out of the first one."""
    for path in landing.glob(f"*_{EXTRACT_DATE}.csv"):
        later = path.with_name(path.name.replace(EXTRACT_DATE, NEXT_DAY))
        shutil.copy(path, later)
        if path.name.startswith("fravaer"):
            path.write_bytes(b"".join(later.read_bytes().splitlines(keepends=True)[:-NEW_ABSENCES]))


def _write(landing: Path, feed: str, columns: Columns) -> None:
    table = pa.table(columns)
    options = pacsv.WriteOptions(delimiter=";", quoting_style="none", quoting_header="none")
    with pacsv.CSVWriter(landing / f"{feed}_{EXTRACT_DATE}.csv", table.schema, write_options=options) as writer:
        for batch in table.to_batches(max_chunksize=CHUNK):
            writer.write(batch)


def _pick(texts: pa.Array | list[str], index: np.ndarray, empty: np.ndarray | None = None) -> pa.Array:
    return pa.array(texts, pa.string()).take(pa.array(index, mask=empty))


def _dates(days: np.ndarray, empty: np.ndarray | None = None) -> pa.Array:
    return _pick(DATE_TEXTS, np.minimum(days - FIRST_BIRTH, len(DATE_TEXTS) - 1), empty)


def _percent_texts(percents: tuple[float, ...]) -> list[str]:
    return [f"{percent:g}".replace(".", ",") for percent in percents]


def _organisasjon(size: Size) -> Columns:
    """Every unit below a unit of the level above, which are filled in turn."""
    units = size.units
    levels = np.repeat(np.arange(len(LEVELS)), units)
    first_of_level = np.concatenate([[0], np.cumsum(units)])
    within = np.arange(len(levels)) - first_of_level[levels]
    above = np.maximum(levels - 1, 0)
    parent = first_of_level[above] + within % np.array(units)[above]
    kind = np.minimum(_area(units, within, WORKPLACES), 2) if size.own_jobs else within % 3
    group = np.where(levels == WORKPLACES, kind, 2)
    return {
        "Enhetskode": _unit_codes(units).take(pa.array(np.arange(len(levels)))),
        "Enhetsnavn": pa.array([f"{LEVELS[level]} {place}".capitalize() for level, place in zip(levels, within, strict=True)]),
        "Nivå": _pick(list(LEVELS), levels),
        "Overordnet": _unit_codes(units).take(pa.array(parent, mask=levels == 0)),
        "Gruppe": _pick(["Barneskole", "Ungdomsskole", ""], group),
        "Gyldig fra": _dates(np.zeros(len(levels), dtype=int)),
        "Gyldig til": pa.nulls(len(levels), pa.string()),
    }


def _area(units: Sequence[int], within: np.ndarray, level: int) -> np.ndarray:
    """The service area of units of a level, by their places within it."""
    for above in reversed(units[AREAS:level]):
        within = within % above
    return within


def _unit_codes(units: Sequence[int]) -> pa.Array:
    return pa.array(100_000 + np.arange(sum(units))).cast(pa.string())


def _ansatte(rng: np.random.Generator, municipality: Municipality, number: pa.Array, start: np.ndarray) -> Columns:
    size, names = len(number), municipality.names
    man = rng.random(size) < 0.25
    birth = start - (rng.triangular(19, 38, 64, size) * 365.25).astype(int)
    full_names = [f"{first} {last}" for sex in ("K", "M") for first in names[sex] for last in names["last"]]
    of_women = len(names["K"]) * len(names["last"])
    name = np.where(man, rng.integers(of_women, len(full_names), size), rng.integers(0, of_women, size))
    return {
        "Ansattnr": number,
        "Fødselsnummer": pa.array(national_numbers(rng, ORIGIN + birth, man)),
        "Navn": _pick(full_names, name),
        "Kjønn": _pick(["K", "M"], man.astype(int)),
        "Fødselsdato": _dates(birth),
    }


def _stillinger(
    rng: np.random.Generator,
    municipality: Municipality,
    size: Size,
    number: pa.Array,
    start: np.ndarray,
    end: np.ndarray,
    leaving: np.ndarray,
) -> Columns:
    """One to four consecutive periods a position; one person in eight has a second, smaller position."""
    units = size.units
    holder = np.concatenate([np.arange(len(number)), np.flatnonzero(rng.random(len(number)) < 0.125)])
    second = np.arange(len(holder)) >= len(number)
    periods = np.minimum(1 + rng.poisson(1.0, len(holder)), 4)
    held = np.repeat(np.arange(len(holder)), periods)
    person, total, place = (
        holder[held],
        periods[held],
        np.arange(len(held)) - (periods.cumsum() - periods)[held],
    )
    length = np.minimum(end, AS_OF)[person] - start[person] + 1
    begin, until = (start[person] + length * step // total for step in (place, place + 1))
    last = place == total - 1
    form = rng.choice(8, len(holder), p=[0.85, 0.04, 0.03, 0.01, 0.02, 0.03, 0.01, 0.01])[held]
    part = rng.random(len(held)) < 0.4
    percent = np.where(part | second[held], rng.integers(1, 1 + len(PART_TIME), len(held)), 0)
    percent = np.where(second[held], np.minimum(percent, 4), percent)
    within = rng.integers(0, units[-1], len(held))
    unit = sum(units[:-1]) + within
    # A workplace has about a dozen kinds of jobs, a few of them common.
    kind = (JOBS_PER_UNIT * rng.random(len(held)) ** 2).astype(int)
    if size.own_jobs:
        of_area = JOB_CODES // units[AREAS]
        job = of_area * _area(units, within, len(units) - 1) + (7 * within + kind) % of_area
    else:
        job = (31 * unit + kind) % JOB_CODES
    group = job % len(municipality.pay)
    salaries = municipality.pay["mean_women"].to_numpy()[group] * rng.normal(1, 0.06, len(held)).clip(0.8, 1.3)
    titles = municipality.jobs["title"].unique()
    leader = np.where((place == 0) & (form == 0) & (rng.random(len(held)) < 0.04), rng.integers(1, 3, len(held)), 0)
    return {
        "Ansattnr": number.take(pa.array(person)),
        "Stillingsnr": _pick(["1", "2"], second[held].astype(int)),
        "Enhetskode": _unit_codes(units).take(pa.array(unit)),
        "Stillingskode": _pick([f"{6000 + 7 * code}" for code in range(JOB_CODES)], job),
        "Stillingstittel": _pick([f"{titles[code % len(titles)]} {1 + code // len(titles)}" for code in range(JOB_CODES)], job),
        "Ansettelsesform": _pick(list(municipality.forms.index), form),
        "Stillingsprosent": _pick(_percent_texts((100, *PART_TIME)), percent),
        "Gyldig fra": _dates(begin),
        "Gyldig til": _dates(np.where(last, end[person], until - 1), last & ~leaving[person]),
        "Årslønn": pa.array((salaries / 100).astype(int) * 100).cast(pa.string()),
        "Lønnsgruppe": _pick([str(name) for name in municipality.pay.index], group),
        "Ledernivå": _pick(["", "Avdelingsleder", "Virksomhetsleder"], leader),
        "Ønsker større stilling": _pick(["", "Ja", "Nei"], np.where(percent > 0, rng.integers(0, 3, len(held)), 0)),
    }


def _occurrences(rng: np.random.Generator, start: np.ndarray, end: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """`size` different pairs of person and day from 2021 on within the employment, in order."""
    first = np.maximum(start, day("2021-01-01"))
    able = np.flatnonzero(np.minimum(end, AS_OF) > first)
    person = rng.choice(able, size + size // 20)
    begin = first[person] + (rng.random(len(person)) * (np.minimum(end, AS_OF) - first)[person]).astype(int)
    pairs = np.unique(person * 10_000 + begin)
    pairs = np.sort(rng.choice(pairs, size, replace=False, shuffle=False))
    return pairs // 10_000, pairs % 10_000


def _fravaer(rng: np.random.Generator, number: pa.Array, start: np.ndarray, end: np.ndarray, size: int) -> Columns:
    person, begin = _occurrences(rng, start, end, size)
    kind = rng.choice(4, size, p=[0.45, 0.42, 0.09, 0.04])
    days = np.where(kind == 0, rng.choice(NOTE_DAYS, size), rng.integers(1, 5, size))
    grade = np.where((kind == 0) & (rng.random(size) < 0.45), rng.integers(1, 1 + len(GRADES), size), 0)
    until = np.minimum(begin + days - 1, end[person])
    return {
        "Ansattnr": number.take(pa.array(person)),
        "Stillingsnr": _pick(["1", ""], (person % 3 == 0).astype(int)),
        "Fraværstype": _pick(["Sykmelding", "Egenmelding", "Sykt barn", "Velferd"], kind),
        "Fra dato": _dates(begin),
        "Til dato": _dates(until, (until > AS_OF) & (rng.random(size) < 0.2)),
        "Fraværsprosent": _pick(_percent_texts((100, *GRADES)), grade),
    }


def _permisjoner(rng: np.random.Generator, number: pa.Array, start: np.ndarray, end: np.ndarray, size: int) -> Columns:
    person, begin = _occurrences(rng, start, end, size)
    kind = rng.choice(3, size, p=[0.5, 0.35, 0.15])
    until = np.minimum(begin + rng.integers(20, 330, size), end[person])
    grade = np.where((kind > 0) & (rng.random(size) < 0.5), rng.integers(1, 1 + len(GRADES), size), 0)
    coverage = np.where(kind == 0, rng.choice([1, 1, 1, 1, 2], size), 0)
    return {
        "Ansattnr": number.take(pa.array(person)),
        "Stillingsnr": _pick(["1", ""], (person % 3 == 0).astype(int)),
        "Permisjonstype": _pick(["Foreldrepermisjon", "Ulønnet permisjon", "Utdanningspermisjon"], kind),
        "Fra dato": _dates(begin),
        "Til dato": _dates(until),
        "Permisjonsprosent": _pick(_percent_texts((100, *GRADES)), grade),
        "Dekningsgrad": _pick(["", "100", "80"], coverage),
    }
