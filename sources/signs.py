"""Signs that a whole column is of another form than its header says, though every cell of it can be read.
Belongs here: what a good file has far more of than a wrong one. Not here: which column of which feed (the contracts).
"""

from __future__ import annotations

import pandas as pd

# So many rows, and so many times those that a good file has, are no accident.
FEWEST_ROWS = 20
TIMES = 3
# Most positions begin on a first and end on a last day of a month, so that a wrong form shows in this share of them at least.
SHARE = 1 / 3
# Absences begin on any day, and on Mondays most.
FEWEST_ABSENCES = 100
TIMES_MONDAYS = 1.5
# Nobody is away for so long in one absence: sick pay ends after a year.
LONGEST_ABSENCE = pd.Timedelta(days=400)
# Up to this share of the rows may be forgotten ends, or tiny positions.
FEW = 0.05
# Part-time positions have the pay of a whole one; that of their own percent is half of it or less.
PART_OF_PAY = 0.65
# Most percents are of a whole position or absence, and above the hours of a week.
HOURS = 40


def outnumbered(sign: pd.Series, usual: pd.Series, *, fewest: int = FEWEST_ROWS, times: float = TIMES) -> pd.Series:
    """The rows with the sign, where they are many beside those that should be; else none."""
    count = int(sign.sum())
    return sign if count >= fewest and count > times * int(usual.sum()) else sign & False


def _of_most(dates: pd.Series, signs: list[pd.Series]) -> pd.Series:
    """False for the rows of a sign that a good share of all dates gives."""
    return ~pd.concat([sign & (sign.sum() > SHARE * dates.notna().sum()) for sign in signs], axis=1).any(axis=1)


def begin_as_positions_do(dates: pd.Series) -> pd.Series:
    """False for dates beside the first of a month, where hardly any is on it; and for those in January, where the first days
    of all other months are missing: month and day are exchanged.
    """
    days = dates.astype("datetime64[s]").dt
    first = days.day == 1
    signs = [
        outnumbered(days.is_month_end, first),
        outnumbered(days.day == 2, first),
        outnumbered((days.month == 1) & days.day.between(2, 12), first & (days.month > 1)),
    ]
    return _of_most(dates, signs)


def end_as_positions_do(dates: pd.Series) -> pd.Series:
    """False for dates beside the last of a month, where hardly any is on it; an end that is exclusive is one day later."""
    ends = dates.astype("datetime64[s]")
    last = ends.dt.is_month_end
    beside = [outnumbered(ends.dt.day == 1, last), outnumbered((ends + pd.Timedelta(days=1)).dt.is_month_end, last)]
    return _of_most(ends, beside)


def begin_as_absences_do(dates: pd.Series) -> pd.Series:
    """False for Sundays or Tuesdays, where they are many more than Mondays."""
    weekdays = dates.astype("datetime64[s]").dt.day_of_week
    beside = [outnumbered(weekdays == day, weekdays == 0, fewest=FEWEST_ABSENCES, times=TIMES_MONDAYS) for day in (6, 1)]
    return ~pd.concat(beside, axis=1).any(axis=1)


def are_percents(numbers: pd.Series, *, fewest: int) -> pd.Series:
    """False where hardly any of many is above the hours of a week."""
    return ~outnumbered(numbers <= HOURS, numbers > HOURS, fewest=fewest, times=fewest)


def end_as_absences_do(first: pd.Series, last: pd.Series) -> pd.Series:
    """False for absences with an end, where hardly one of many is of a single day: the end is exclusive. And for many that have
    none and began long before the newest.
    """
    lasts = last.notna()
    exclusive = outnumbered(lasts & (last != first), lasts & (last == first), fewest=FEWEST_ABSENCES, times=FEWEST_ABSENCES)
    return ~(exclusive | many_of_all(~lasts & (first < first.max() - LONGEST_ABSENCE)))


def many_of_all(sign: pd.Series) -> pd.Series:
    """The rows with the sign, where they are more than a few of all; else none."""
    return outnumbered(sign, sign | True, times=FEW)


def are_fractions(percents: pd.Series) -> pd.Series:
    """The rows above 0 and at most 1 %, where they are many: fractions beside percents."""
    return many_of_all((percents > 0) & (percents <= 1))


def is_pay_of_own_percent(percents: pd.Series, pay: pd.Series) -> pd.Series:
    """The positions of half or less that have a pay, where theirs is far below that of full positions."""
    part, full = (pay.notna() & of_size for of_size in (percents.between(0, 50, inclusive="right"), percents == 100))
    if min(part.sum(), full.sum()) < FEWEST_ROWS or pay[part].median() >= PART_OF_PAY * pay[full].median():
        return part & False
    return part
