"""The parental leaves of the year that was printed: takers by sex and coverage, and their days to the day.
Leaves of other years are drawn (absence.py); those of them that touch the year are replaced by these.
"""

import numpy as np
import pandas as pd

from sources.demo.people import day
from sources.demo.solve.figures import figures

YEAR = 2023
FIRST, LAST = day(f"{YEAR}-01-01"), day(f"{YEAR}-12-31")
SEX = {"K": "kvinne", "M": "mann"}
SPREAD = 0.22
FEWEST_DAYS = 14
# Nobody takes two of these leaves, or one within two years of another.
APART = 700


def with_printed_year(
    rng: np.random.Generator,
    persons: pd.DataFrame,
    drawn: pd.DataFrame,
    sex: str,
    ages: tuple[int, int],
    lengths: dict[int, int],
) -> pd.DataFrame:
    """The drawn leaves of one sex with the printed year's in place of those that touch it.

    Args:
        persons: those who may take leave, of this sex.
        lengths: usual days of a leave by coverage.
    """
    kept = drawn[(drawn["end"] < FIRST) | (drawn["start"] > LAST)]
    near = kept[kept["start"].between(FIRST - APART, LAST + APART)]
    age = (FIRST - persons["birth"]) / 365.25
    there = (persons["start"] < FIRST - 450) & (persons["end"] > LAST + 300) & age.between(*ages)
    able = persons.index[there & ~persons.index.isin(near["person"])]
    figures_of_sex = figures("parental_leave_takers", "parental_leave_days")
    figures_of_sex = figures_of_sex[figures_of_sex["sex"] == SEX[sex]]
    keys = zip(figures_of_sex["indicator"], figures_of_sex["leave_coverage"], strict=True)
    printed = dict(zip(keys, figures_of_sex["value"].astype(int), strict=True))
    parts = [kept]
    for coverage, usual in lengths.items():
        takers, days = (printed[f"parental_leave_{what}", str(coverage)] for what in ("takers", "days"))
        person = rng.choice(able, takers, replace=False)
        able = able.difference(pd.Index(person))
        parts.append(_leaves(rng, person, _days(rng, takers, days), usual, coverage))
    return pd.concat(parts, ignore_index=True)


def _days(rng: np.random.Generator, takers: int, total: int) -> np.ndarray:
    """Days in the year of each taker, with the given sum."""
    mean = total / takers
    days = rng.normal(mean, SPREAD * mean, takers).round().astype(int).clip(FEWEST_DAYS, 365)
    while (missing := total - days.sum()) != 0:
        step = np.sign(missing)
        movable = np.flatnonzero((days + step >= FEWEST_DAYS) & (days + step <= 365))
        days[rng.choice(movable, min(abs(missing), len(movable)), replace=False)] += step
    return days


def _leaves(rng: np.random.Generator, person: np.ndarray, days: np.ndarray, usual: int, coverage: int) -> pd.DataFrame:
    """Leaves with these days in the year: begun the year before, within it in one or two parts, or lasting into the next."""
    outside = np.maximum((usual * rng.normal(1, 0.12, len(days))).astype(int) - days, 0)
    before = rng.random(len(days)) < 0.5
    room = 365 - days
    inside = FIRST + (rng.random(len(days)) * (room + 1)).astype(int)
    start = np.select([outside < 10, before], [inside, FIRST - outside], LAST + 1 - days)
    end = start + days + np.where(outside < 10, 0, outside) - 1
    whole = pd.DataFrame({"person": person, "start": start, "end": end, "type": "Foreldrepermisjon", "percent": 100})
    whole["coverage"] = coverage
    # Of those within the year some come back for a while in between, to half a position of leave.
    gap = (rng.random(len(days)) * np.minimum(LAST - end, 60)).astype(int)
    in_two = (outside < 10) & (gap > 3) & (days > 60) & (rng.random(len(days)) < 0.6)
    cut = (start + end) // 2
    second = whole.assign(start=cut + 1 + gap, end=end + gap, percent=rng.choice([100, 50], len(days)))
    return pd.concat([whole.assign(end=np.where(in_two, cut, end)), second[in_two]])
