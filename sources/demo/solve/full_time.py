"""Position percents at the dates of the printed full-time figures: shares of at least 80 % and average percents.

The dates are taken in order; what is changed at one takes effect after the one before, so that earlier figures stand. A share
of few people pins how many they are: then some begin a little later or leave a little earlier.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sources.demo.organisation import Municipality
from sources.demo.people import ORIGIN, Workforce, day
from sources.demo.solve.equality import POPULATION, REFERENCE, SEX, away
from sources.demo.solve.figures import PILOT_START, changes, end_of, figures
from sources.demo.solve.program import solve

# The dates of the printed full-time figures.
DATES = ("2020-12-31", PILOT_START, "2022-12-31", "2023-10-31", "2023-12-31", "2024-02-29", "2024-04-30", "2024-09-30")
# A virksomhet whose size is printed as "ca.", of a day: its employees and årsverk.
SIZED, SIZED_ON, EMPLOYEES, FTE = "Heldøgnsomsorg 2", "2023-10-31", 520, 350
LEAST = 25
CENTRES = ("Bråset bo- og omsorgssenter", "Hurum bo- og omsorgssenter")
THRESHOLD = 80
LARGE = (80, 85, 90)
SMALLEST, LARGEST = 10, 95
STEP = 5
MOST_STEPS = 40
# How far inside an interval a sum of percents is aimed at.
INSIDE = 0.2
INSIDE_FTE = 40.0
# How many may move to a ward, so that its share is of whole persons.
MOST_MORE = 15


@dataclass
class Fitting:
    """What is fitted, and the date it is fitted at.

    Attributes:
        since: the date before it, whose figures stand.
    """

    rng: np.random.Generator
    municipality: Municipality
    workforce: Workforce
    leaves: pd.DataFrame
    when: int
    since: int

    def counted(self) -> pd.DataFrame:
        """The positions that count for full time on the date; `free` where percent or dates may be changed."""
        held = self.workforce.held(self.when)
        held = held[held["form"].isin(POPULATION) & (held["percent"] > 0)]
        gone = away(self.leaves, self.when, len(self.workforce.persons))
        held = held[~gone[held["person"]]]
        two = self.workforce.persons["two_positions"].to_numpy()[held["person"]]
        return held.assign(free=(held["role"] == "") & ~two)

    def below(self, unit: int) -> pd.DataFrame:
        rows = self.counted()
        return rows[self.municipality.members[unit][rows["unit"]]]

    def change(self, rows: pd.DataFrame, percents: pd.Series) -> None:
        """Let the new percents take effect some time after the date before."""
        changed = percents.index[percents != rows["percent"]]
        earliest = np.maximum(self.workforce.latest_change(self.when)[changed].to_numpy(), self.since + 1)
        some_time = earliest + (self.rng.random(len(changed)) * (self.when - earliest + 1)).astype(int)
        months = (ORIGIN + some_time).astype("datetime64[M]").astype("datetime64[D]")
        first = (months - ORIGIN).astype(int)
        starts = np.where(first >= earliest, first, some_time)
        self.workforce.change(employment=changed, start=starts, percent=percents[changed].to_numpy())

    def removable(self, rows: pd.DataFrame) -> tuple[pd.Index, pd.Index]:
        """Who can begin after the date instead, and who can move to another unit before it; in random order."""
        bound = set(self.leaves["person"])
        able = rows[
            rows["free"] & ~rows["person"].isin(bound) & (self.workforce.latest_change(self.when)[rows.index] < self.when)
        ].sample(frac=1, random_state=self.rng)
        # The number of employees of the reference date stands: shortly before it they move.
        stands = self.since < REFERENCE and self.when > REFERENCE - 90
        new = able.index[(able["start"] > self.since) & (not stands)]
        return new, able.index[able["start"] < self.since - 60].difference(new, sort=False)

    def remove(self, rows: pd.DataFrame, number: int) -> None:
        """Let some begin after the date, or move to other units before it where too few have begun since the date before."""
        employments = self.workforce.employments
        new, old = self.removable(rows)
        new = new[: max(number, 0)]
        old = old[: max(number - len(new), 0)]
        later = self.when + self.rng.integers(1, 45, len(new))
        employments.loc[new, "start"] = later
        employments.loc[new, "end"] = np.maximum(employments.loc[new, "end"], later + 90)
        starts = np.maximum(self.since, self.workforce.latest_change(self.when)[old]) + 1
        self.workforce.change(employment=old, start=starts, unit=self.rng.choice(self._alike(rows["unit"]), len(old)))

    def add(self, unit: int, number: int) -> None:
        """Let some of other units of the same kind move to the unit before the date."""
        rows = self.counted()
        _, able = self.removable(rows[rows["unit"].isin(self._alike(pd.Series([unit])))])
        some = able[: max(number, 0)]
        starts = np.maximum(self.since, self.workforce.latest_change(self.when)[some]) + 1
        self.workforce.change(employment=some, start=starts, unit=unit)

    def _alike(self, of: pd.Series) -> pd.Index:
        """Units of the same workplaces whose people no figure counts."""
        units = self.municipality.units
        alike = units["workplace"].isin(units["workplace"][of]) & ~units["steady"] & (units["positions"] > 9)
        return units.index[alike]


def fit_percents(rng: np.random.Generator, municipality: Municipality, workforce: Workforce, leaves: pd.DataFrame) -> None:
    """Bring every printed full-time figure of the payroll's own to its value."""
    printed = figures("full_time_80_percent", "average_position_percent")
    sizes = figures("fte")
    sizes = sizes[sizes["org_level"] == "avdeling"]
    wanted = figures("involuntary_part_time")
    since, since_pilot = 0, dict[int, int]()
    for date in DATES:
        when = day(date)
        fitting = Fitting(rng, municipality, workforce, leaves, when, since)
        of_date = printed[printed["date"] == date]
        of_pilots = of_date[of_date["period"].str.startswith("pilot")]
        of_date = of_date.drop(of_pilots.index)
        if len(of_pilots):
            since_pilot[_fit_pilot(fitting, of_pilots)] = when
        if when == REFERENCE:
            _fit_sexes(fitting)
        if (of_date["org_level"] == "kommune").any():
            _fit_whole(fitting, of_date)
        for centre in municipality.units.loc[municipality.units["name"].isin(CENTRES)].index:
            if (of_date["org_unit"] == municipality.units.at[centre, "name"]).any():
                _fit_centre(fitting, of_date, centre, since_pilot)
        if date == SIZED_ON:
            _fit_size(fitting, printed)
        for figure in sizes[sizes["date"] == date].itertuples():
            _fit_ward(fitting, of_date, str(figure.org_unit), float(str(figure.value)))
        if len(of_date) or when == REFERENCE or date == SIZED_ON:
            since = when
        for figure in wanted[wanted["date"] == date].itertuples():
            _fit_wishes(
                fitting,
                municipality.units.index[municipality.units["name"] == figure.org_unit][0],
                int(float(str(figure.value))),
            )


def _bounds(printed: pd.DataFrame, unit: str, indicator: str) -> tuple[float, float]:
    found = printed[(printed["org_unit"] == unit) & (printed["indicator"] == indicator)]
    return float(found["low"].iloc[0]), float(found["high"].iloc[0])


def _counts(number: int, bounds: tuple[float, float]) -> range:
    """The numbers of persons whose share of `number` in percent lies between the bounds, and not on one."""
    low, high = (round(bound * 1000) * number for bound in bounds)
    return range(low // 100_000 + 1, -(-high // 100_000))


def _person_percents(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("person")["percent"].sum()


def _fit_whole(fitting: Fitting, printed: pd.DataFrame) -> None:
    """The municipality and the one area that was printed beside it."""
    units = fitting.municipality.units
    named = printed[printed["org_level"].isin(["kommune", "tjenesteområde"])]
    area = named.loc[named["org_level"] == "tjenesteområde", "org_unit"].iloc[0]
    whole, part = units.index[units["level"] == "kommune"][0], units.index[units["name"] == area][0]
    names = units["name"].tolist()
    shares = [_bounds(named, names[unit], "full_time_80_percent") for unit in (whole, part)]
    of_whole, of_part = fitting.below(whole), fitting.below(part)
    sizes = of_whole["person"].nunique(), of_part["person"].nunique()
    # The fewest to remove, from the area and from the rest, for both shares to be of whole persons.
    fewer = sorted((i + j, i, j) for i in range(40) for j in range(40))
    _, from_part, from_rest = next(
        (i + j, i, j) for _, i, j in fewer if _counts(sizes[1] - i, shares[1]) and _counts(sizes[0] - i - j, shares[0])
    )
    steady = units["steady"].to_numpy()
    fitting.remove(of_part[~steady[of_part["unit"]]], from_part)
    fitting.remove(of_whole[~of_whole["person"].isin(of_part["person"])], from_rest)
    for unit, share, beside in ((part, shares[1], None), (whole, shares[0], part)):
        rows = fitting.below(unit)
        percents = _person_percents(rows)
        average = _bounds(named, names[unit], "average_position_percent")
        editable = rows[rows["free"] & ~steady[rows["unit"]]]
        if beside is not None:
            editable = editable[~editable["person"].isin(fitting.below(beside)["person"])]
        enough = _counts(len(percents), share)[0] - int((percents >= THRESHOLD).sum())
        goal = sum(average) / 2 * len(percents) - percents.sum()
        fitting.change(editable, _edited(fitting.rng, editable["percent"], enough=enough, total=goal))


def _fit_sexes(fitting: Fitting) -> None:
    """Part-time employees of each sex, and each sex's share of the årsverk."""
    rows = fitting.counted()
    rows = rows[rows["role"] != "Kommunedirektør"]
    part_time, share = figures("part_time_employees"), figures("fte_percent")
    sizes = figures("fte")
    whole = sizes.loc[sizes["org_level"] == "kommune", "value"].iloc[0] * 100
    for sex, code in SEX.items():
        of_sex = rows[rows["sex"] == code]
        percents = _person_percents(of_sex)
        wanted = int(part_time.loc[part_time["sex"] == sex, "value"].iloc[0])
        goal = whole * share.loc[share["sex"] == sex, "value"].iloc[0] / 100
        steady = fitting.municipality.units["steady"].to_numpy()[of_sex["unit"]]
        editable = of_sex[of_sex["free"] & ~steady]
        full = int((percents < 100).sum()) - wanted
        fitting.change(editable, _edited(fitting.rng, editable["percent"], full=full, total=goal - percents.sum()))


def _edited(
    rng: np.random.Generator,
    percents: pd.Series,
    *,
    full: int | None = None,
    enough: int | None = None,
    total: float,
) -> pd.Series:
    """The percents with so many more at 100 and at the threshold, and with so much more in all (less where negative).

    Args:
        full: how many more at 100; where nothing is said it is free.
    """
    new, order = percents.copy(), pd.Index(rng.permutation(percents.index))
    more_full, more_enough = full or 0, enough or 0
    held = percents[order]

    def take(lowest: float, below: float, number: int) -> pd.Index:
        return held.index[(new[order] >= lowest) & (new[order] < below) & (new[order] == held)][:number]

    if more_full > 0:
        some = take(THRESHOLD, 100, more_full)
        some = some.append(take(50, THRESHOLD, more_full - len(some)))
        new[some] = 100.0
    elif more_full < 0:
        some = take(100, 101, -more_full)
        new[some] = rng.choice(LARGE, len(some)).astype(float)
    if more_enough > 0:
        some = take(50, THRESHOLD, more_enough)
        some = some.append(take(15, 50, more_enough - len(some)))
        new[some] = rng.choice(LARGE, len(some)).astype(float)
    elif more_enough < 0:
        some = take(THRESHOLD, 100, -more_enough)
        some = some.append(take(100, 101, -more_enough - len(some)))
        new[some] = rng.choice((60, 65, 70, 75), len(some)).astype(float)
    for _ in range(MOST_STEPS):
        rest = round(total - (new - percents).sum(), 2)
        sign = 1 if rest > 0 else -1
        able = _able(new[order], sign * STEP)
        some = able[: int(abs(rest) // STEP)]
        if not len(some) and full is None and abs(rest) >= STEP:
            # What part-time cannot take, a few do by going to or from full time.
            near = new[order][(new[order] >= LARGEST) & (new[order] < 100)] if sign > 0 else new[order][new[order] == 100]
            some = near.index[: max(int(abs(rest) // (THRESHOLD / 4)), 1)]
            new[some] = 100.0 if sign > 0 else float(THRESHOLD)
        elif not len(some):
            break
        else:
            new[some] += sign * STEP
    rest = round(total - (new - percents).sum(), 2)
    new[_able(new[order], rest)[:1]] += rest
    return new.round(2)


def _able(percents: pd.Series, more: float) -> pd.Index:
    """The part-time ones whose percent can become so much more (less where negative) on their side of the threshold."""
    large = percents >= THRESHOLD
    new = percents + more
    within = new.between(np.where(large, THRESHOLD, SMALLEST), np.where(large, 99, THRESHOLD - 1))
    return percents.index[within & (percents < 100)]


def _fit_centre(fitting: Fitting, printed: pd.DataFrame, centre: int, since_pilot: dict[int, int]) -> None:
    """A care centre and its wards: sizes and counts of the wards that also give the centre's figures, then the percents.

    Args:
        since_pilot: the date of a ward's own figures as a pilot, which stand too.
    """
    units = fitting.municipality.units
    rows = fitting.below(centre)
    wards = [
        unit
        for unit in units.index[units["parent"] == units.at[centre, "unit_code"]]
        if (printed["org_unit"] == units.at[unit, "name"]).any() and (rows["unit"] == unit).any()
    ]
    plan = _plan(fitting, _grown(fitting, printed, centre), centre, wards, rows)
    for unit, (size, enough, total) in plan.items():
        of_unit = rows[rows["unit"] == unit]
        later = replace(fitting, since=max(fitting.since, since_pilot.get(unit, 0)))
        later.remove(of_unit, len(of_unit) - size)
        later.add(unit, size - len(of_unit))
        _fit_unit(later, unit, enough, total)


def _grown(fitting: Fitting, printed: pd.DataFrame, centre: int) -> pd.DataFrame:
    """The printed figures, the centre's narrowed to what gives its printed growth from what was reached before."""
    name, narrowed = fitting.municipality.units.at[centre, "name"], printed.copy()
    grown = changes("full_time_80_percent", "average_position_percent")
    grown = grown[(grown["org_unit"] == name) & (grown["kind"] == "change_percent")]
    for change in grown.to_dict("records"):
        of = printed.index[(printed["org_unit"] == name) & (printed["indicator"] == change["indicator"])]
        if day(end_of(change["period"], change["counted_to"])) != fitting.when or not len(of):
            continue
        percents = _person_percents(replace(fitting, when=day(end_of(change["compared_with"], ""))).below(centre))
        before = percents.mean() if change["indicator"].startswith("average") else 100 * (percents >= THRESHOLD).mean()
        growth, half = float(change["value"].replace(",", ".")), 0.5 * 10.0 ** -int(change["decimals"])
        narrowed.loc[of, "low"] = narrowed.loc[of, "low"].clip(lower=before * (1 + (growth - half) / 100))
        narrowed.loc[of, "high"] = narrowed.loc[of, "high"].clip(upper=before * (1 + (growth + half) / 100))
    return narrowed


def _fit_pilot(fitting: Fitting, printed: pd.DataFrame) -> int:
    """A ward in a pilot: its share and its average. Returns the unit."""
    units, name = fitting.municipality.units, printed["org_unit"].iloc[0]
    unit = units.index[units["name"] == name][0]
    there = len(fitting.below(unit))
    share = _bounds(printed, name, "full_time_80_percent")
    size, enough = next((size, counts[0]) for size in range(there, 0, -1) if (counts := _counts(size, share)))
    fitting.remove(fitting.below(unit), there - size)
    total = sum(_bounds(printed, name, "average_position_percent")) / 2 * size
    _fit_unit(fitting, unit, enough, total)
    return unit


def _fit_size(fitting: Fitting, printed: pd.DataFrame) -> None:
    """A virksomhet of about so many employees and årsverk; every ward keeps enough people for its later shares."""
    units, later = fitting.municipality.units, printed[printed["date"] > SIZED_ON]
    whole = units.index[units["name"] == SIZED][0]
    rows = fitting.below(whole)
    sizes = rows.groupby("unit")["person"].nunique()
    floors = sizes.copy()
    shares = later[later["indicator"] == "full_time_80_percent"].sort_values("date", ascending=False)
    for unit in sizes.index:
        of_unit = shares[shares["org_unit"] == units.at[unit, "name"]]
        # People leave and are not followed: what a later date asks for must be there before.
        floors[unit] = 0 if len(of_unit) else sizes[unit] * 2 // 3
        for bounds in of_unit[["low", "high"]].itertuples(index=False, name=None):
            floors[unit] = _smallest(bounds, max(floors[unit], LEAST))
    # Some cannot be moved: then others of other wards are.
    for _ in range(3):
        rows = fitting.below(whole)
        room = (rows.groupby("unit")["person"].nunique() - floors).clip(lower=0)
        surplus = rows["person"].nunique() - EMPLOYEES
        for unit, part in (room * min(max(surplus, 0) / max(room.sum(), 1), 1)).round().astype(int).items():
            fitting.remove(rows[rows["unit"] == unit], int(part))
    rows = fitting.below(whole)
    editable = rows[rows["free"]]
    fitting.change(editable, _edited(fitting.rng, editable["percent"], total=FTE * 100 - rows["percent"].sum()))


def _smallest(bounds: tuple[float, float], least: int) -> int:
    """The fewest persons, of at least so many, of whom a share between the bounds is whole persons."""
    return next(size for size in range(least, 1000) if _counts(size, bounds))


def _fit_ward(fitting: Fitting, printed: pd.DataFrame, name: str, fte: float) -> None:
    """A ward whose årsverk and average are printed: they say how many people it has."""
    units = fitting.municipality.units
    unit = units.index[units["name"] == name][0]
    average = sum(_bounds(printed, name, "average_position_percent")) / 2
    rows = fitting.below(unit)
    fitting.remove(rows, len(rows) - round(100 * fte / average))
    rows = fitting.below(unit)
    total = min(max(average * rows["person"].nunique(), 100 * fte - INSIDE_FTE), 100 * fte + INSIDE_FTE)
    # Weekend positions are what pulls the average down: one in ten is large.
    _fit_unit(fitting, unit, max(len(rows) // 10, int((rows["role"] != "").sum())), total)


def _fit_wishes(fitting: Fitting, unit: int, number: int) -> None:
    """How many of a ward's part-time ones want a larger position."""
    rows = fitting.below(unit)
    part_time = pd.Index(fitting.rng.permutation(rows.index[rows["percent"] < 100]))
    wishes = np.where(np.arange(len(part_time)) < number, "Ja", fitting.rng.choice(["Nei", ""], len(part_time), p=[0.7, 0.3]))
    starts = np.maximum(fitting.since + 1, fitting.workforce.latest_change(fitting.when)[part_time])
    fitting.workforce.change(employment=part_time, start=starts, wish=wishes)


def _fit_unit(fitting: Fitting, unit: int, enough: int, total: float) -> None:
    """The percents of those who are in the unit itself: so many at the threshold, and their sum."""
    rows = fitting.below(unit)
    rows = rows[rows["unit"] == unit]
    free = rows[rows["free"]]
    more = enough - int((rows["percent"] >= THRESHOLD).sum())
    edited = _edited(fitting.rng, free["percent"], enough=more, total=total - rows["percent"].sum())
    fitting.change(free, edited)


def _plan(
    fitting: Fitting, printed: pd.DataFrame, centre: int, wards: list[int], rows: pd.DataFrame
) -> dict[int, tuple[int, int, float]]:
    """Persons, persons at the threshold and sum of percents for each ward and for the centre's own staff.

    An integer program: a choice of size and count for each ward, and a sum of percents that gives its average.
    """
    names, choices = fitting.municipality.units["name"].tolist(), []
    for ward in wards:
        there = int((rows["unit"] == ward).sum())
        fewest = max(there - sum(map(len, fitting.removable(rows[rows["unit"] == ward]))), 10)
        share = _bounds(printed, names[ward], "full_time_80_percent")
        able = range(fewest, there + MOST_MORE + 1)
        choices += [(ward, size, count, abs(there - size)) for size in able for count in _counts(size, share)]
    own = len(rows) - sum(int((rows["unit"] == ward).sum()) for ward in wards)
    options = pd.DataFrame(choices, columns=["ward", "size", "count", "fewer"])
    # Columns: the options, the wards' sums, the own staff's count, sum and size.
    first_sum = len(options)
    own_count, own_sum, own_size = first_sum + len(wards) + np.arange(3)
    lines: list[pd.DataFrame] = []
    low: list[float] = []
    high: list[float] = []

    def row(columns: np.ndarray, values: np.ndarray, lowest: float, highest: float) -> None:
        lines.append(pd.DataFrame({"row": len(low), "column": columns, "value": values}))
        low.append(lowest)
        high.append(highest)

    no_limit = np.inf
    for place, ward in enumerate(wards):
        of_ward = np.flatnonzero(options["ward"] == ward)
        sizes = options["size"].to_numpy(dtype=float)[of_ward]
        row(of_ward, np.ones(len(of_ward)), 1, 1)
        bounds = _inside(_bounds(printed, names[ward], "average_position_percent"))
        column = np.append(of_ward, first_sum + place)
        row(column, np.append(-bounds[0] * sizes, 1.0), 0, no_limit)
        row(column, np.append(-bounds[1] * sizes, 1.0), -no_limit, 0)
    leaders = int((rows["unit"].eq(centre) & (rows["role"] != "")).sum())
    row(np.array([own_count, own_sum, own_size]), np.array([-70.0, 1.0, -12.0]), 20 * leaders, no_limit)
    row(np.array([own_count, own_sum, own_size]), np.array([-25.0, 1.0, -75.0]), -no_limit, 0)
    row(np.array([own_count, own_size]), np.array([1.0, -1.0]), -no_limit, 0)
    row(np.array([own_size]), np.ones(1), own * 2 // 3, own)
    name, size = names[centre], options["size"].to_numpy(dtype=float)
    of_all = np.arange(len(options))
    if ((printed["org_unit"] == name) & (printed["indicator"] == "full_time_80_percent")).any():
        count = options["count"].to_numpy(dtype=float)
        low_share, high_share = (bound / 100 for bound in _inside(_bounds(printed, name, "full_time_80_percent"), 0.002))
        column = np.append(of_all, [own_count, own_size])
        row(column, np.append(count - low_share * size, [1.0, -low_share]), 0, no_limit)
        row(column, np.append(count - high_share * size, [1.0, -high_share]), -no_limit, 0)
    bounds = _inside(_bounds(printed, name, "average_position_percent"))
    column = np.concatenate([of_all, first_sum + np.arange(len(wards)), [own_sum, own_size]])
    ones = np.ones(len(wards) + 1)
    row(column, np.concatenate([-bounds[0] * size, ones, [-bounds[0]]]), 0, no_limit)
    row(column, np.concatenate([-bounds[1] * size, ones, [-bounds[1]]]), -no_limit, 0)
    found, _ = solve(
        np.concatenate([options["fewer"].to_numpy(dtype=float), np.zeros(len(wards) + 2), [-1.0]]),
        np.concatenate([np.ones(len(options)), np.full(len(wards), 20_000.0), [own, 100.0 * own, own]]),
        pd.concat(lines),
        np.array(low),
        np.array(high),
        integer=np.array([True] * len(options) + [False] * len(wards) + [True, False, True]),
    )
    chosen = {option["ward"]: option for option in options[found[:first_sum] > 0.5].to_dict("records")}
    # A seed whose ward is too small for its figure leaves the ward as it is.
    plan = {
        ward: (chosen[ward]["size"], chosen[ward]["count"], round(float(found[first_sum + place]), 2))
        for place, ward in enumerate(wards)
        if ward in chosen
    }
    plan[centre] = (round(found[own_size]), round(found[own_count]), round(float(found[own_sum]), 2))
    return plan


def _inside(bounds: tuple[float, float], part: float = INSIDE) -> tuple[float, float]:
    """Inside the interval by a part of it, since its upper end rounds up."""
    width = (bounds[1] - bounds[0]) * part / 2
    return bounds[0] + width, bounds[1] - width
