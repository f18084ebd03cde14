"""Leaves and absence of the demo municipality's people, as they may happen; which sick leave does is solve's.
Not here: who is employed and where (people.py), and what an extract shows of it (extracts.py).
"""

import numpy as np
import pandas as pd

from sources.demo.calendar import AFTER, BEFORE, DAYS, WORKING, WORKING_BEFORE, YEARS
from sources.demo.organisation import Municipality
from sources.demo.people import LEADERS, ORIGIN, day
from sources.demo.solve.parental_leave import with_printed_year
from sources.demo.solve.sick_leave import choose_spells, proneness

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
# Spells drawn for each unit of proneness, before those are left out that nobody is there for or that touch another.
DOCTOR_CANDIDATES, SELF_CANDIDATES = 7, 7
GRADES = (20, 25, 30, 40, 50, 50, 50, 60, 70, 80)


def draw_leaves(rng: np.random.Generator, municipality: Municipality, persons: pd.DataFrame) -> pd.DataFrame:
    """One row a leave."""
    # No leader above a department is on leave, so that those printed are those of the units.
    top = persons["role"].isin(LEADERS[:-1])
    counted = persons[persons["form"].map(municipality.forms["sick_leave"]) & ~top]
    parts = [_parental_leaves(rng, counted, sex) for sex in PARENTS]
    for kind, a_year, days, percents in OTHER_LEAVES:
        leave = _random_working_days(rng, counted, a_year * len(YEARS) * 3)[: a_year * len(YEARS)]
        end, percent = leave["start"] + rng.integers(*days, len(leave)), rng.choice(percents, len(leave))
        parts.append(leave.assign(type=kind, end=end, percent=percent, coverage=0))
    leaves = pd.concat(parts, ignore_index=True)
    leaves["end"] = np.minimum(leaves["end"], persons["end"].to_numpy()[leaves["person"]])
    leaves["open"] = (leaves["type"] == "Ulønnet permisjon") & (rng.random(len(leaves)) < 0.1)
    # A leave is a leave of the whole person, so that whoever holds two positions names none.
    leaves["named"] = ~persons["two_positions"].to_numpy()[leaves["person"]] & (leaves["person"] % 3 > 0)
    leaves["known"] = leaves["start"] - rng.integers(1, 90, len(leaves))
    leaves = leaves[(leaves["end"] >= leaves["start"])]
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
    rest = leave.assign(start=again, end=again + (days * 50 / percent).astype(int), percent=percent)[parts == 2]
    drawn, lengths = pd.concat([leave, rest]), {80: reduced_days, 100: full_days}
    born = with_printed_year(rng, persons[persons["sex"] == sex], drawn, sex, ages, lengths)
    last = born.drop_duplicates("person", keep="last").sample(frac=unpaid_share, random_state=rng)
    start = last["end"] + 1
    unpaid = last.assign(type="Ulønnet permisjon", start=start, end=start + rng.integers(30, 180, len(last)), coverage=0)
    return pd.concat([born, unpaid.assign(percent=rng.choice([100, 100, 20, 40], len(last)))])


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
    taken: int,
) -> pd.DataFrame:
    """One row an absence: sick leave as notes of at most a month, sick children, welfare; as of the day `taken`."""
    counted = positions[positions["form"].map(municipality.forms["sick_leave"]) & (positions["percent"] > 0)]
    present = (_percent_by_day(len(persons), counted) > 0) & (_percent_by_day(len(persons), leaves) == 0)
    at_work = present & WORKING
    weights = _propensity(rng, municipality, persons)
    notes = _notes(rng, _candidate_spells(rng, persons, weights, at_work, present))
    # Whether a row names a position is told by its person and spell, so that all rows of a spell say the same.
    notes["named"] = ~_unnamed(persons, notes["person"], notes["spell"])
    notes["known"] = notes["start"] + rng.exponential(2.0, len(notes)).astype(int)
    notes = notes[notes["known"] <= taken]
    kept = choose_spells(rng, municipality, persons, counted, leaves, notes, taken)
    sick = notes[kept[notes["spell"]]]
    child = _starts(rng, 36_000, weights, SELF_MONTHS, at_work).assign(type="Sykt barn", percent=100)
    child["end"] = child["start"] + rng.integers(0, 3, len(child))
    welfare = _starts(rng, 20_000, weights, SELF_MONTHS, at_work).assign(type="Velferd", percent=100)
    welfare["end"] = welfare["start"] + rng.integers(0, 2, len(welfare))
    others = pd.concat([child, welfare], ignore_index=True)
    others["named"] = ~_unnamed(persons, others["person"], others["start"])
    others["known"] = others["start"] + rng.exponential(2.0, len(others)).astype(int)
    absences = pd.concat([sick, others], ignore_index=True)
    absences = absences.sort_values(["start", "person", "type"], kind="stable")
    absences = absences.drop_duplicates(["person", "type", "start"]).reset_index(drop=True)
    absences["open"] = (absences["type"] == "Sykmelding") & (rng.random(len(absences)) < 0.2)
    return absences


def _unnamed(persons: pd.DataFrame, person: pd.Series, lot: pd.Series) -> np.ndarray:
    """Whether an absence names no position and so applies to all; those of two positions have both kinds."""
    two = persons["two_positions"].to_numpy()[person]
    found: np.ndarray = np.where(two, lot % 4 > 0, person % 3 == 0)
    return found


def _percent_by_day(size: int, spans: pd.DataFrame) -> np.ndarray:
    """The sum of percents by person and day."""
    change = np.zeros((size, DAYS + 1), dtype=np.float32)
    spans = spans[spans["start"] < DAYS]
    np.add.at(change, (spans["person"], spans["start"]), spans["percent"])
    np.add.at(change, (spans["person"], (spans["end"] + 1).clip(upper=DAYS)), -spans["percent"])
    return change[:, :DAYS].cumsum(axis=1).round(2)


def _propensity(rng: np.random.Generator, municipality: Municipality, persons: pd.DataFrame) -> np.ndarray:
    """How prone each person is to sick leave: job, unit, sex, age and a share of chance."""
    by_unit, by_job = proneness(municipality)
    unit = (by_unit * rng.lognormal(0, 0.2, len(by_unit)))[persons["unit"]]
    age = (day("2022-12-31") - persons["birth"]) / 365.25
    by_age = np.select([age < 25, age < 35, age < 55, age < 62], [0.85, 1.15, 1.0, 1.1], 1.15)
    sex = np.where(persons["sex"] == "K", 1.0, 0.66)
    job = (municipality.jobs["risk"].to_numpy() * by_job)[persons["job"]]
    return job * unit * by_age * sex * rng.gamma(2, 0.5, len(persons))


def _starts(
    rng: np.random.Generator, size: int, weights: np.ndarray, months: tuple[float, ...], at_work: np.ndarray
) -> pd.DataFrame:
    """Persons, by weight, and days, by season, on which they should be at work; fewer than `size`."""
    month = (ORIGIN + np.arange(DAYS)).astype("datetime64[M]").astype(int) % 12
    season = np.array(months)[month] * WORKING
    monday = WORKING & np.roll(~WORKING, 1)
    season[monday] *= 1.6
    person = rng.choice(len(weights), size, p=weights / weights.sum())
    start = rng.choice(DAYS, size, p=season / season.sum())
    return pd.DataFrame({"person": person, "start": start})[at_work[person, start]]


def _candidate_spells(
    rng: np.random.Generator, persons: pd.DataFrame, weights: np.ndarray, at_work: np.ndarray, present: np.ndarray
) -> pd.DataFrame:
    """Spells in order of person and start, about twice what will happen; a working day lies between two of a person."""
    doctor = _starts(rng, int(DOCTOR_CANDIDATES * weights.sum()), weights, DOCTOR_MONTHS, at_work).assign(doctor=True)
    doctor["days"] = rng.lognormal(np.log(19), 1.3, len(doctor)).clip(3, 365).astype(int)
    short = _starts(rng, int(SELF_CANDIDATES * weights.sum()), weights, SELF_MONTHS, at_work).assign(doctor=False)
    short["days"] = rng.choice(np.arange(1, 9), len(short), p=SELF_LENGTHS)
    # A spell ends at the latest on the last day before one without a position, or with a leave.
    last = np.where(present, DAYS - 1, np.arange(DAYS) - 1).astype(np.int16)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    for spells in (doctor, short):
        spells["end"] = np.minimum(spells["start"] + spells["days"] - 1, last[spells["person"], spells["start"]])
    # The long ones first: among many short ones there would be no room for them.
    doctor = _apart(doctor)
    taken = _percent_by_day(len(persons), doctor.assign(start=BEFORE[doctor["start"]], end=AFTER[doctor["end"]], percent=1)) > 0
    days_taken = np.concatenate([np.zeros((len(persons), 1), dtype=np.int16), taken.cumsum(axis=1, dtype=np.int16)], axis=1)
    room = days_taken[short["person"], short["end"] + 1] == days_taken[short["person"], short["start"]]
    return pd.concat([doctor, _apart(short[room])]).sort_values(["person", "start"], ignore_index=True)


def _apart(spells: pd.DataFrame) -> pd.DataFrame:
    """The spells without those that begin before a working day has passed since the last of the same person."""
    spells = spells.sort_values(["person", "start"], kind="stable", ignore_index=True)
    latest = spells.groupby("person")["end"].cummax().groupby(spells["person"]).shift(fill_value=-1)
    between = WORKING_BEFORE[spells["start"]] - WORKING_BEFORE[latest + 1]
    return spells[(latest < 0) | (between > 0) & (spells["start"] > latest)]


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
    notes = pd.concat(parts, ignore_index=True)
    return notes.assign(person=spells["person"].to_numpy()[notes["spell"]])
