"""Who is in the PAI file besides the monthly paid, so that its shares of full time and average percents are the printed ones.

PAI knows the hours of those paid by the hour as a percent: some of them are in it with a small one, and some who hold a large
part-time position fill it up to a whole one.
"""

import numpy as np
import pandas as pd

from sources.demo.solve.figures import figures

USUAL_PERCENT = 9
LEAST = 2.0


def with_hourly_paid(rng: np.random.Generator, held: pd.DataFrame, hourly: pd.DataFrame, year: int) -> pd.DataFrame:
    """The monthly paid positions of the date with those by the hour that make the year's figures.

    Args:
        hourly: positions of persons who are paid by the hour alone, one a person.
    """
    bounds = {
        figure["indicator"]: (figure["low"], figure["high"])
        for figure in figures("full_time_100_percent", "average_position_percent", source="pai").to_dict("records")
        if figure["period"] == str(year)
    }
    percents = held.groupby("person")["percent"].sum()
    share, average = (sum(bounds[name]) / 200 for name in ("full_time_100_percent", "average_position_percent"))
    only = held[~held["person"].duplicated(keep=False)]
    # The largest first, so that little is added.
    almost = only[only["percent"].between(70, 99.99)].sort_values(["percent", "person"], ascending=[False, True])
    for number in range(1, len(hourly) + 1):
        persons = len(percents) + number
        more = round(share * persons) - int((percents >= 100).sum())
        filled = almost.iloc[: max(more, 0)]
        hours = 100 * average * persons - percents.sum() - (100 - filled["percent"]).sum()
        if more >= 0 and hours >= USUAL_PERCENT * number:
            break
    some = hourly.sample(number, random_state=rng)
    small = rng.uniform(0.5, 1.5, number)
    small = np.round(small * hours / small.sum(), 2).clip(LEAST)
    small[0] = round(small[0] + hours - small.sum(), 2)
    filling = filled.assign(percent=(100 - filled["percent"]).round(2), form="Tilkallingsvikar", position="9")
    return pd.concat([held, some.assign(percent=small), filling])
