"""Which of the drawn spells of sick leave happen, so that every printed sick-leave figure comes out as printed.

Each figure is a row: the lost time of the chosen spells in its cell, within the interval that rounds to the figure. The
program's solution leaves hardly any spell half chosen; those are rounded, and what that breaks is mended spell by spell.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from sources.demo.calendar import DAYS, QUARTER_STARTS, WORKING, WORKING_BEFORE, YEARS
from sources.demo.organisation import Municipality
from sources.demo.people import ORIGIN
from sources.demo.solve.figures import changes, figures
from sources.demo.solve.program import PRICE, solve

MEASURES = (
    "sick_leave_percent",
    "self_certified_percent",
    "doctor_certified_percent",
    "short_term_percent",
    "long_term_percent",
)
ALL_QUARTERS = (1, 2, 3, 4)
LONG_TERM_FROM = 17
AGE_BANDS = {
    "": (0, 200),
    "<25": (0, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 200),
}
SEXES = {"": ("K", "M"), "kvinne": ("K",), "mann": ("M",)}
# The program holds to this part of each interval; the rest is for the rounding after it.
TIGHTNESS = 0.7
# Every unit of the tree without figures of its own keeps within these times its area's percent.
USUAL = (0.55, 1.6)
INVENTED = 0.1
# What the drawing gives without more; a group holds units without figures, which must make up for those with low ones.
TYPICAL_PERCENT = {"tjenesteområde": 5.5, "gruppe": 5, "virksomhet": 6, "avdeling": 5}
TYPICAL_OF_TITLES, PLENTY = 7.5, 1.3
MENDING_STEPS = 1500
# In half widths of an interval; a little inside the bounds is aimed at.
AIMED_AT = 0.95
MENDING_CHOICE = 250


def available_days(size: int, leaves: pd.DataFrame) -> np.ndarray:
    """Per person and day, percent × working days before it that leaves have left."""
    percent = np.zeros((size, DAYS + 1), dtype=np.int16)
    found = leaves[leaves["start"] < DAYS]
    np.add.at(percent, (found["person"], found["start"]), found["percent"])
    np.add.at(percent, (found["person"], (found["end"] + 1).clip(upper=DAYS)), -found["percent"])
    left = (100 - np.minimum(percent[:, :DAYS].cumsum(axis=1), 100)) * WORKING
    return np.concatenate([np.zeros((size, 1), dtype=np.int64), left.cumsum(axis=1)], axis=1)


def choose_spells(
    rng: np.random.Generator,
    municipality: Municipality,
    persons: pd.DataFrame,
    positions: pd.DataFrame,
    leaves: pd.DataFrame,
    notes: pd.DataFrame,
    taken: int,
) -> np.ndarray:
    """Which spells to keep, by number.

    Args:
        positions: validity rows of the sick-leave population.
        notes: the rows of every spell that may happen, none on a day of leave; `named` says that it is for position 1 alone.
        taken: the extract's day, at which everything ends.
    """
    cells = _with_cells(municipality, persons, positions.assign(end=positions["end"].clip(upper=taken)))
    possible = _possible(cells, available_days(len(persons), leaves))
    lost = _lost(cells, notes, taken)
    size = int(notes["spell"].max()) + 1
    entries, low, high, printed = _rows(municipality, possible, lost)
    days = np.bincount(lost["spell"], lost["amount"], size) / 10_000
    cost = (rng.random(size) - 0.5) * days
    middle, half = (low + high) / 2, (high - low) / 2 * TIGHTNESS
    price = np.where(printed, PRICE, PRICE / 100)
    chosen, _ = solve(cost, np.ones(size), entries, middle - half, middle + half, price=price)
    held = entries[printed[entries["row"]]]
    return _mended(rng, chosen, held, low[printed], high[printed])


def proneness(municipality: Municipality) -> tuple[np.ndarray, np.ndarray]:
    """How much more sick leave to draw by unit and by job, for the highest figure printed of each, so that there is a choice.

    A unit's own figure goes before that of its group or of what it lies in.
    """
    units, whole = municipality.units, figures("sick_leave_percent")
    by_unit = np.full(len(units), PLENTY)
    for level in TYPICAL_PERCENT:
        # Of units that the demo has; a document names others too.
        known = set(units.loc[units["level"] == level, "name"]) if level != "gruppe" else set(units["group"])
        for name, percent in whole[whole["org_level"] == level].groupby("org_unit")["value"].max().items():
            if name not in known:
                continue
            unit = str(name) if level == "gruppe" else units.index[units["name"] == name][0]
            by_unit[municipality.members[unit]] = max((percent / TYPICAL_PERCENT[level]) ** 2, PLENTY)
    by_title = whole.groupby("job_title")["value"].max() / TYPICAL_OF_TITLES
    return by_unit, municipality.jobs["title"].map(by_title).fillna(1).to_numpy()


def _with_cells(municipality: Municipality, persons: pd.DataFrame, positions: pd.DataFrame) -> pd.DataFrame:
    """The position rows with what their days are counted under."""
    rows = positions[(positions["start"] < DAYS) & (positions["end"] >= positions["start"])]
    birth = (ORIGIN + persons["birth"].to_numpy()).astype("datetime64[Y]").astype(int) + 1970
    title = pd.Categorical(municipality.jobs["title"].to_numpy()[rows["job"]])
    return pd.DataFrame(
        {
            "person": rows["person"].to_numpy(),
            "position": rows["position"].to_numpy(),
            "unit": rows["unit"].to_numpy(),
            "percent": rows["percent"].to_numpy(),
            "start": rows["start"].to_numpy(),
            "end": rows["end"].clip(upper=DAYS - 1).to_numpy(),
            "sex": persons["sex"].to_numpy()[rows["person"]],
            "birth": birth[rows["person"]],
            "title": title,
        }
    )


def _by_quarter(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a span and quarter of it."""
    first = np.searchsorted(QUARTER_STARTS, rows["start"], side="right") - 1
    last = np.searchsorted(QUARTER_STARTS, rows["end"], side="right") - 1
    repeated = rows.loc[rows.index.repeat(last - first + 1)].reset_index(drop=True)
    place = np.arange(len(repeated)) - np.repeat((last - first + 1).cumsum() - (last - first + 1), last - first + 1)
    quarter = np.repeat(first, last - first + 1) + place
    begins, ends = QUARTER_STARTS[quarter], np.append(QUARTER_STARTS[1:], DAYS)[quarter] - 1
    year = YEARS[0] + quarter // 4
    return repeated.assign(
        start=np.maximum(repeated["start"], begins),
        end=np.minimum(repeated["end"], ends),
        year=year,
        quarter=quarter % 4 + 1,
        age=year - repeated["birth"],
    )


def _possible(cells: pd.DataFrame, available: np.ndarray) -> pd.DataFrame:
    pieces = _by_quarter(cells)
    days = available[pieces["person"], pieces["end"] + 1] - available[pieces["person"], pieces["start"]]
    pieces["amount"] = pieces["percent"] * days
    keys = ["unit", "sex", "age", "title", "year", "quarter"]
    return pieces.groupby(keys, observed=True, as_index=False).agg({"amount": "sum"})


def _lost(cells: pd.DataFrame, notes: pd.DataFrame, taken: int) -> pd.DataFrame:
    """One row a spell, note and the cell it is lost in: percent × percent × working days."""
    notes = notes[notes["start"] <= taken].assign(note_end=notes["end"].clip(upper=taken))
    span = notes.groupby("spell").agg(first=("start", "min"), last=("note_end", "max"))
    is_long = (span["last"] - span["first"] + 1).ge(LONG_TERM_FROM)
    notes = notes.rename(columns={"start": "note_start", "percent": "grade"})
    pairs = cells.merge(notes[["person", "spell", "note_start", "note_end", "grade", "type", "named"]], on="person")
    pairs = pairs[(pairs["note_start"] <= pairs["end"]) & (pairs["note_end"] >= pairs["start"])]
    pairs = pairs[~pairs["named"] | (pairs["position"] == "1")]
    pairs["start"], pairs["end"] = pairs[["start", "note_start"]].max(axis=1), pairs[["end", "note_end"]].min(axis=1)
    pieces = _by_quarter(pairs.reset_index(drop=True))
    working_days = WORKING_BEFORE[pieces["end"] + 1] - WORKING_BEFORE[pieces["start"]]
    pieces["amount"] = pieces["percent"] * pieces["grade"] * working_days
    pieces["doctor"] = pieces["type"].eq("Sykmelding")
    pieces["long"] = is_long.reindex(pieces["spell"]).to_numpy()
    keys = ["spell", "unit", "sex", "age", "title", "year", "quarter", "doctor", "long"]
    return pieces.groupby(keys, observed=True, as_index=False).agg({"amount": "sum"})


def _goals(municipality: Municipality) -> Iterator[dict]:
    """The cells to bring within bounds: the printed ones, and beside them what keeps the others believable."""
    printed = figures(*MEASURES)
    units = municipality.units
    below = municipality.members
    for figure in [*printed.to_dict("records"), *changes(*MEASURES).to_dict("records")]:
        named = units.index[(units["name"] == figure["org_unit"])]
        members = below.get(figure["org_unit"]) if figure["org_level"] == "gruppe" else below[named[0]] if len(named) else None
        parts = _parts(figure)
        if members is not None and parts:
            yield {
                **{name: figure[name] for name in ("indicator", "sex", "age_group", "job_title", "low", "high")},
                "parts": parts,
                "members": members,
                "printed": True,
            }
    with_figures = set(zip(printed["org_unit"], printed["period"], strict=True))
    plain = {"indicator": "sick_leave_percent", "sex": "", "age_group": "", "job_title": "", "printed": False}
    areas = municipality.sick_leave.reset_index().to_dict("records")
    for area in areas:
        goal, period = area["sick_leave_percent"], str(area["year"])
        for unit, name in units.loc[units["area"] == area["area"], "name"].items():
            if (name, period) not in with_figures:
                is_area = name == area["area"]
                low, high = (goal - INVENTED, goal + INVENTED) if is_area else (goal * USUAL[0], goal * USUAL[1])
                yield {**plain, "parts": [(area["year"], ALL_QUARTERS, 1.0)], "members": below[unit], "low": low, "high": high}
    for area in areas:
        goal, period = area["self_certified_percent"], str(area["year"])
        if (area["area"], period) not in with_figures:
            members = below[units.index[units["name"] == area["area"]][0]]
            own = {**plain, "indicator": "self_certified_percent", "low": goal - INVENTED, "high": goal + INVENTED}
            yield {**own, "parts": [(area["year"], ALL_QUARTERS, 1.0)], "members": members}


def _rows(
    municipality: Municipality, possible: pd.DataFrame, lost: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """The matrix of lost time by cell and spell, and each cell's bounds, in hundredths of the cell's possible time.

    The last array says which rows are printed figures; they come first.
    """
    by_year = {year: (possible[possible["year"] == year], lost[lost["year"] == year]) for year in YEARS}
    parts: list[pd.DataFrame] = []
    low: list[float] = []
    high: list[float] = []
    printed: list[bool] = []
    for goal in _goals(municipality):
        of_goal = [_shares(goal, by_year[year], quarters, times) for year, quarters, times in goal["parts"]]
        there = [part.assign(row=len(low)) for part in of_goal if part is not None]
        if len(there) < len(of_goal):
            continue
        parts += there
        low.append(goal["low"])
        high.append(goal["high"])
        printed.append(goal["printed"])
    entries = pd.concat(parts).groupby(["row", "column"], as_index=False).agg({"value": "sum"})
    return entries, np.array(low), np.array(high), np.array(printed)


def _shares(
    goal: dict, of_year: tuple[pd.DataFrame, pd.DataFrame], quarters: tuple[int, ...], times: float
) -> pd.DataFrame | None:
    """What each spell adds to the percent of the goal's cell in some quarters of a year, so many times; None without people."""
    possible, lost = of_year
    whole = possible["amount"].to_numpy()[_in_cell(goal, possible, quarters)].sum()
    if whole == 0:
        return None
    wanted = _in_cell(goal, lost, quarters)
    if goal["indicator"] in ("self_certified_percent", "doctor_certified_percent"):
        wanted &= lost["doctor"].to_numpy() == (goal["indicator"] == "doctor_certified_percent")
    if goal["indicator"] in ("short_term_percent", "long_term_percent"):
        wanted &= lost["long"].to_numpy() == (goal["indicator"] == "long_term_percent")
    share = lost["amount"].to_numpy()[wanted] / whole * 100 * times
    return pd.DataFrame({"column": lost["spell"].to_numpy()[wanted], "value": share})


def _parts(figure: dict) -> list[tuple[int, tuple[int, ...], float]]:
    """The quarters of years that a figure is made of, each with how many times its percent counts; none if it is of others."""
    if figure["compared_with"]:
        now, before = (_quarters(figure[name], "") for name in ("period", "compared_with"))
        return [(*now, 1.0), (*before, -figure["times"])] if now and before else []
    if found := re.fullmatch(r"(\d{4})-(\d{4})", figure["period"]):
        years = range(int(found[1]), int(found[2]) + 1)
        return [(year, ALL_QUARTERS, 1 / len(years)) for year in years]
    of = _quarters(figure["period"], figure["counted_to"])
    return [(*of, 1.0)] if of else []


def _quarters(period: str, counted_to: str) -> tuple[int, tuple[int, ...]] | None:
    if found := re.fullmatch(r"(\d{4})-Q([1-4])", period):
        return int(found[1]), (int(found[2]),)
    if re.fullmatch(r"\d{4}", period):
        # A running year that counts to the end of a quarter.
        return int(period), ALL_QUARTERS[: int(counted_to[3:5]) // 3] if counted_to else ALL_QUARTERS
    return None


def _in_cell(goal: dict, rows: pd.DataFrame, quarters: tuple[int, ...]) -> np.ndarray:
    found: np.ndarray = goal["members"][rows["unit"].to_numpy()]
    if quarters != ALL_QUARTERS:
        found = found & rows["quarter"].isin(quarters).to_numpy()
    if goal["sex"]:
        found = found & rows["sex"].isin(SEXES[goal["sex"]]).to_numpy()
    if goal["age_group"]:
        found = found & rows["age"].between(*AGE_BANDS[goal["age_group"]]).to_numpy()
    if goal["job_title"]:
        found = found & (rows["title"] == goal["job_title"]).to_numpy()
    return found


def _mended(
    rng: np.random.Generator, chosen: np.ndarray, entries: pd.DataFrame, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Round the half-chosen spells, then change single short spells while a cell is outside its bounds.

    Each step takes the worst cell and the change, of some drawn ones, after which the sum of all that is outside is least; a
    cell that no change helps waits until another one has changed.
    """
    kept = chosen >= 0.5
    half = (high - low) / 2
    row, column = entries["row"].to_numpy(), entries["column"].to_numpy()
    value = entries["value"].to_numpy() / half[row]
    # Everything in half widths from the middle of its row.
    middle = (low + high) / 2 / half
    state = np.bincount(row, value * kept[column], len(low)) - middle
    by_column = np.argsort(column, kind="stable")
    starts = np.searchsorted(column[by_column], np.arange(len(chosen) + 1))
    stuck: set[int] = set()
    for _ in range(MENDING_STEPS):
        outside = np.maximum(np.abs(state) - AIMED_AT, 0)
        rows = [place for place in np.argsort(-outside, kind="stable") if outside[place] > 0 and place not in stuck]
        if not rows:
            break
        some = np.unique(column[row == rows[0]])
        if len(some) > MENDING_CHOICE:
            some = rng.choice(some, MENDING_CHOICE, replace=False)
        change = np.zeros((len(some), len(low)))
        for place, spell in enumerate(some):
            at = by_column[starts[spell] : starts[spell + 1]]
            np.add.at(change[place], row[at], value[at] * (-1.0 if kept[spell] else 1.0))
        after = np.maximum(np.abs(state + change) - AIMED_AT, 0).sum(axis=1)
        best = int(after.argmin())
        if after[best] >= outside.sum() - 1e-9:
            stuck.add(rows[0])
            continue
        stuck.clear()
        kept[some[best]] = ~kept[some[best]]
        state = state + change[best]
    return kept
