"""Working days by the day's number since the municipality's first day.
Not here: what happens on them.
"""

from datetime import date

import holidays
import numpy as np

from sources.demo.people import ORIGIN, day

YEARS = range(2020, 2025)
DAYS = day(f"{YEARS[-1] + 1}-01-01")
_DATES = ORIGIN + np.arange(DAYS)
_HOLIDAYS = np.array([np.datetime64(found, "D") for found in holidays.country_holidays("NO", years=YEARS)])
WORKING: np.ndarray = np.is_busday(_DATES, holidays=_HOLIDAYS)
# Working days before each day, so that a difference counts those between two.
WORKING_BEFORE: np.ndarray = np.concatenate([[0], WORKING.cumsum()])
# The working day before and after each day; the first and last day where there is none.
_WORKING_DAYS = np.flatnonzero(WORKING)
BEFORE: np.ndarray = np.append(0, _WORKING_DAYS)[WORKING_BEFORE[:-1]]
AFTER: np.ndarray = np.append(_WORKING_DAYS, DAYS - 1)[WORKING_BEFORE[1:]]
QUARTER_STARTS = np.array([day(date(year, month, 1).isoformat()) for year in YEARS for month in (1, 4, 7, 10)])
