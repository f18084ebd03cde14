"""Leaves and absence of the demo municipality's people; sick leave is brought to each area's yearly target.
Not here: who is employed and where (people.py), and what an extract shows of it (extracts.py).
"""

import numpy as np
import pandas as pd

from sources.demo.organisation import Municipality
from sources.demo.people import ORIGIN, day

# Absence is kept from 2021 on; a year more is drawn before it, so that 2021 begins with people already ill.
FIRST_DAY = day("2021-01-01")
YEARS = range(2020, 2025)
DAYS = day("2025-01-01")
WORKING = (np.arange(DAYS) + 2) % 7 < 5

# Of each sex: births a year, age at them, days at 100 and 80 % coverage, share with unpaid leave afterwards.
PARENTS = {"K": (165, (23, 43), (290, 360), 0.3), "M": (85, (24, 50), (105, 133), 0.1)}
# Number a year, days from and to, percents to choose from.
OTHER_LEAVES = (
    ("Ulønnet permisjon", 130, (60, 365), (100, 100, 100, 50, 40, 20)),
    ("Utdanningspermisjon", 70, (120, 310), (10, 20, 20, 40, 50, 100)),
    ("Utdanningspermisjon", 140, (1, 10), (100,)),
    ("Omsorgspermisjon", 60, (10, 14), (100,)),
)
# Weights of the months in which sick leave begins: self-certified follows the flu, doctor-certified less so.
SELF_MONTHS = (1.5, 1.4, 1.3, 0.9, 0.9, 0.8, 0.35, 0.85, 1.1, 1.2, 1.4, 1.3)
DOCTOR_MONTHS = (1.3, 1.25, 1.1, 0.9, 0.85, 0.75, 0.55, 0.95, 1.0, 1.1, 1.2, 1.1)
SELF_LENGTHS = (0.33, 0.24, 0.2, 0.07, 0.05, 0.03, 0.02, 0.06)
NOTE_DAYS = (7, 7, 14, 14, 21, 28, 30)
GRADES = (20, 25, 30, 40, 50, 50, 50, 60, 70, 80)


def draw_leaves(rng: np.random.Generator, municipality: Municipality, persons: pd.DataFrame) -> pd.DataFrame:
    """One row a leave."""
    counted = persons[persons["form"].map(municipality.forms["sick_leave"])]
    parts = [_parental_leaves(rng, counted, sex) for sex in PARENTS]
    for kind, a_year, days, percents in OTHER_LEAVES:
        leave = _random_working_days(rng, counted, a_year * len(YEARS) * 3)[: a_year * len(YEARS)]
        end, percent = leave["start"] + rng.integers(*days, len(leave)), rng.choice(percents, len(leave))
        parts.append(leave.assign(type=kind, end=end, percent=percent, coverage=0))
    leaves = pd.concat(parts, ignore_index=True)
    leaves["end"] = np.minimum(leaves["end"], persons["end"].to_numpy()[leaves["person"]])
    leaves["open"] = (leaves["type"] == "Ulønnet permisjon") & (rng.random(len(leaves)) < 0.1)
    leaves["known"] = leaves["start"] - rng.integers(1, 90, len(leaves))
    leaves = leaves[(leaves["end"] >= leaves["start"]) & (leaves["end"] >= FIRST_DAY)]
    leaves = leaves.sort_values(["start", "person"], kind="stable", ignore_index=True)
    return leaves.drop_duplicates(["person", "type", "start"])


def _parental_leaves(rng: np.random.Generator, persons: pd.DataFrame, sex: str) -> pd.DataFrame:
    """One leave a child, some with a second part later, full or graded, and some followed by unpaid leave."""
    a_year, ages, (full_days, reduced_days), unpaid_share = PARENTS[sex]
    leave = _random_working_days(rng, persons[persons["sex"] == sex], a_year * len(YEARS) * 20)
    age = (leave["start"] - persons["birth"].loc[leave["person"]].to_numpy()) / 365.25
    leave = leave[age.between(*ages)][: a_year * len(YEARS)].sort_values(["person", "start"])
    leave = leave[~(leave["start"] - leave.groupby("person")["start"].shift()).lt(700)].reset_index(drop=True)
    size = len(leave)
    coverage = rng.choice([100, 80], size, p=[0.84, 0.16])
    days = np.where(coverage == 100, full_days, reduced_days) * rng.normal(1, 0.13, size).clip(0.5, 1.5)
    parts = rng.choice([1, 2], size, p=[0.65, 0.35])
    end = leave["start"] + (days / parts).astype(int)
    leave = leave.assign(type="Foreldrepermisjon", end=end, percent=100, coverage=coverage)
    percent, again = rng.choice([100, 50], size), end + rng.integers(1, 120, size)
    rest = leave.assign(start=again, end=again + (days * 50 / percent).astype(int), percent=percent)
    unpaid_end, percent = end + rng.integers(30, 180, size), rng.choice([100, 100, 20, 40], size)
    unpaid = leave.assign(type="Ulønnet permisjon", start=end + 1, end=unpaid_end, percent=percent, coverage=0)
    return pd.concat([leave, rest[parts == 2], unpaid[(parts == 1) & (rng.random(size) < unpaid_share)]])


def _random_working_days(rng: np.random.Generator, persons: pd.DataFrame, size: int) -> pd.DataFrame:
    """Persons drawn at random, each with a working day some time into the employment; fewer than `size`."""
    chosen = persons.sample(size, replace=True, random_state=rng)
    start = rng.integers(0, DAYS, size)
    drawn = chosen[["person"]].assign(start=start).reset_index(drop=True)
    employed = chosen["start"].add(60).le(start) & chosen["end"].ge(start) & WORKING[start]
    return drawn[employed.to_numpy()]


def draw_absences(
    rng: np.random.Generator,
    municipality: Municipality,
    persons: pd.DataFrame,
    positions: pd.DataFrame,
    leaves: pd.DataFrame,
) -> pd.DataFrame:
    """One row an absence: sick leave as notes of at most a month, sick children, welfare."""
    counted = positions[positions["form"].map(municipality.forms["sick_leave"])]
    on_leave = np.minimum(_percent_by_day(len(persons), leaves), 100)
    present = _percent_by_day(len(persons), counted) * (100 - on_leave) / 100 * WORKING
    weights = _propensity(rng, municipality, persons)
    spells = _candidate_spells(rng, persons, weights, present)
    notes = _notes(rng, spells)
    notes["person"] = spells["person"].to_numpy()[notes["spell"]]
    sick = notes[_spells_on_target(municipality, persons, spells, notes, present)[notes["spell"]]]
    child = _starts(rng, 30_000, weights, SELF_MONTHS, present).assign(type="Sykt barn", percent=100)
    child["end"] = child["start"] + rng.integers(0, 3, len(child))
    welfare = _starts(rng, 16_000, weights, SELF_MONTHS, present).assign(type="Velferd", percent=100)
    welfare["end"] = welfare["start"] + rng.integers(0, 2, len(welfare))
    absences = pd.concat([sick, child, welfare], ignore_index=True)
    absences["start"] = absences["start"].clip(lower=FIRST_DAY)
    absences = absences[absences["end"] >= absences["start"]]
    absences = absences.sort_values(["start", "person", "type"], kind="stable")
    absences = absences.drop_duplicates(["person", "type", "start"]).reset_index(drop=True)
    absences["open"] = (absences["type"] == "Sykmelding") & (rng.random(len(absences)) < 0.2)
    absences["known"] = absences["start"] + rng.exponential(2.0, len(absences)).astype(int)
    return absences


def _percent_by_day(size: int, spans: pd.DataFrame) -> np.ndarray:
    """The sum of percents by person and day."""
    change = np.zeros((size, DAYS + 1), dtype=np.float32)
    spans = spans[spans["start"] < DAYS]
    np.add.at(change, (spans["person"], spans["start"]), spans["percent"])
    np.add.at(change, (spans["person"], (spans["end"] + 1).clip(upper=DAYS)), -spans["percent"])
    return change[:, :DAYS].cumsum(axis=1).round(2)


def _propensity(rng: np.random.Generator, municipality: Municipality, persons: pd.DataFrame) -> np.ndarray:
    """How prone each person is to sick leave: job, unit, sex, age and a share of chance."""
    unit = rng.lognormal(0, 0.25, len(municipality.units))[persons["unit"]]
    age = (day("2022-12-31") - persons["birth"]) / 365.25
    by_age = np.select([age < 25, age < 35, age < 55, age < 62], [0.85, 1.15, 1.0, 1.1], 1.15)
    sex = np.where(persons["sex"] == "K", 1.0, 0.66)
    job = municipality.jobs["risk"].to_numpy()[persons["job"]]
    return job * unit * by_age * sex * rng.gamma(2, 0.5, len(persons))


def _starts(
    rng: np.random.Generator, size: int, weights: np.ndarray, months: tuple[float, ...], present: np.ndarray
) -> pd.DataFrame:
    """Persons, by weight, and days, by season, on which they should be at work; fewer than `size`."""
    month = (ORIGIN + np.arange(DAYS)).astype("datetime64[M]").astype(int) % 12
    season = np.array(months)[month] * WORKING
    monday = WORKING & np.roll(~WORKING, 1)
    season[monday] *= 1.6
    person = rng.choice(len(weights), size, p=weights / weights.sum())
    start = rng.choice(DAYS, size, p=season / season.sum())
    return pd.DataFrame({"person": person, "start": start})[present[person, start] > 0]


def _candidate_spells(
    rng: np.random.Generator, persons: pd.DataFrame, weights: np.ndarray, present: np.ndarray
) -> pd.DataFrame:
    """Spells in random order, more than the targets need; no two of a person touch."""
    doctor = _starts(rng, 16 * len(persons), weights, DOCTOR_MONTHS, present).assign(doctor=True)
    doctor["days"] = rng.lognormal(np.log(19), 1.3, len(doctor)).clip(3, 365).astype(int)
    short = _starts(rng, 26 * len(persons), weights, SELF_MONTHS, present).assign(doctor=False)
    short["days"] = rng.choice(np.arange(1, 9), len(short), p=SELF_LENGTHS)
    spells = pd.concat([doctor, short]).sort_values(["person", "start"], kind="stable", ignore_index=True)
    leaving = persons["end"].to_numpy()[spells["person"]]
    spells["end"] = np.minimum(spells["start"] + spells["days"] - 1, leaving)
    earlier = spells.groupby("person")["end"].cummax().groupby(spells["person"]).shift(fill_value=-9)
    return spells[spells["start"] > earlier + 3].sample(frac=1, random_state=rng).reset_index(drop=True)


def _notes(rng: np.random.Generator, spells: pd.DataFrame) -> pd.DataFrame:
    """The rows of each spell: self-certified days first, then doctor's notes in sequence, graded in time."""
    size = len(spells)
    start, end, doctor = (spells[column].to_numpy().copy() for column in ("start", "end", "doctor"))
    days = np.where(doctor, rng.integers(1, 4, size) * (rng.random(size) < 0.5), 8)
    percent = np.where(~doctor & (rng.random(size) < 0.02), 50, 100)
    kind, parts = "Egenmelding", []
    while (start <= end).any():
        note = pd.DataFrame({"spell": np.arange(size), "start": start, "percent": percent, "type": kind})
        note["end"] = np.minimum(start + days - 1, end)
        parts.append(note[note["end"] >= note["start"]])
        start = np.maximum(start, note["end"].to_numpy() + 1)
        days, kind = rng.choice(NOTE_DAYS, size), "Sykmelding"
        percent = np.where(rng.random(size) < 0.3, rng.choice(GRADES, size), percent)
    return pd.concat(parts, ignore_index=True)


def _spells_on_target(
    municipality: Municipality,
    persons: pd.DataFrame,
    spells: pd.DataFrame,
    notes: pd.DataFrame,
    present: np.ndarray,
) -> np.ndarray:
    """Which spells to keep, so that each area's lost days of each year and kind come to the target rate."""
    until = np.concatenate([np.zeros((len(persons), 1)), present.cumsum(axis=1, dtype=np.float64)], axis=1)
    person_area = municipality.units["area"].to_numpy()[persons["unit"]]
    area, doctor = person_area[spells["person"]], spells["doctor"].to_numpy()
    kept = np.zeros(len(spells), dtype=bool)
    for year in YEARS:
        first, last = day(f"{year}-01-01"), day(f"{year}-12-31")
        possible = pd.Series(until[:, last + 1] - until[:, first]).groupby(person_area).sum()
        low, high = notes["start"].clip(first, last + 1), (notes["end"] + 1).clip(first, last + 1)
        days = (until[notes["person"], high] - until[notes["person"], low]) * notes["percent"].to_numpy() / 100
        begun = spells["start"].between(first, last).to_numpy()
        for name, target in municipality.sick_leave.xs(max(year, 2021), level="year").iterrows():
            self_rate, rate = target["self_certified_percent"], target["sick_leave_percent"]
            # Doctor-certified spells first: the self-certified days they begin with count there too.
            for kind, goal in (("Sykmelding", rate - self_rate), ("Egenmelding", self_rate)):
                lost = np.bincount(notes["spell"], days * (notes["type"] == kind), len(spells))
                room = possible.loc[str(name)] * goal / 100 - lost[kept & (area == name)].sum()
                found = np.flatnonzero(begun & (area == name) & (doctor == (kind == "Sykmelding")))
                kept[found[lost[found].cumsum() <= room]] = True
    return kept
