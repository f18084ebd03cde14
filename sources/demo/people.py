"""The people of the demo municipality and their positions: who holds which when, at what percent and pay.
Absence and leaves are absence.py's; what a payroll system would export of it is extracts.py's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sources.demo.organisation import Municipality
from sources.national_number import FIRST_WEIGHTS, SECOND_WEIGHTS

# Days are counted from the merged municipality's first day; its payroll system knows nothing older.
ORIGIN = np.datetime64("2020-01-01", "D")
OPEN = 100_000

LEADER_OF_LEVEL = {
    "kommune": "Kommunedirektør",
    "tjenesteområde": "Direktør",
    "kommunalsjefområde": "Kommunalsjef",
    "virksomhet": "Virksomhetsleder",
    "avdeling": "Avdelingsleder",
}
LED_FROM = 9
# They are followed at once, as are the people of steady units, so that their number is that of the places.
LEADERS = ("Kommunedirektør", "Direktør", "Kommunalsjef", "Virksomhetsleder", "Avdelingsleder")
# Age at hiring: lowest, commonest, highest.
AGES = {
    "Lærling": (18, 19, 22),
    "other form": (18, 23, 62),
    "leader": (33, 47, 64),
    "from the start": (23, 46, 65),
    "hired later": (20, 31, 60),
}
# Of the part-time positions, the small ones (students, weekends) and the large ones.
SMALL_POSITIONS, LARGE_POSITIONS = 0.25, 0.6
# Where people work in shifts, large positions are fewer.
ON_SHIFTS, LARGE_ON_SHIFTS = ("sykehjem", "hjemmetjeneste", "bolig"), 0.2
# Points below its job code's share of full-time positions, at hiring.
LESS_FULL_TIME = 5
# Of those with a small permanent position, who at some time has a second one.
SECOND_POSITIONS = 0.8
PERCENT_STEPS = (-20, -10, -10, 10, 15, 20, 30, 50)
# Salaries are drawn at the level of the 2023 settlement; each settlement takes effect on 1 May.
SALARY_LEVEL = {2019: 0.866, 2020: 0.872, 2021: 0.897, 2022: 0.944, 2023: 1.0, 2024: 1.052}


def day(date: str) -> int:
    return int((np.datetime64(date, "D") - ORIGIN).astype(int))


HORIZON = day("2025-07-01")


@dataclass
class Workforce:
    """Who is employed, before it is written as validity rows.

    Attributes:
        persons: one row a person (row label = person), with the main position as drawn.
        employments: one row a position of a person, with its first percent and unit.
        changes: later percents, units and wishes of employments; missing where that one stays as it is.
    """

    persons: pd.DataFrame
    employments: pd.DataFrame
    changes: pd.DataFrame

    def held(self, when: int) -> pd.DataFrame:
        """The employments of the day, with the percent and unit of that day."""
        found = self.employments[(self.employments["start"] <= when) & (self.employments["end"] >= when)]
        changed = self.later_changes()
        changed = changed[changed["start"] <= when].sort_values(["employment", "start"], kind="stable")
        now = changed.groupby("employment")[["percent", "unit"]].last().reindex(found.index)
        unit = now["unit"].fillna(found["unit"]).astype(int)
        sex = self.persons["sex"].to_numpy()[found["person"]]
        return found.assign(percent=now["percent"].fillna(found["percent"]), unit=unit, sex=sex)

    def later_changes(self) -> pd.DataFrame:
        """The changes that fall in the employment as it now is."""
        start = self.employments["start"].reindex(self.changes["employment"]).to_numpy()
        return self.changes[self.changes["start"].to_numpy() >= start]

    def change(self, **columns: object) -> None:
        """Further changes: `employment`, `start` and what is new from then on."""
        self.changes = pd.concat([self.changes, pd.DataFrame(columns)], ignore_index=True)

    def latest_change(self, when: int) -> pd.Series:
        """Start of the employment or, if later, of its last change by the day."""
        changed = self.later_changes()
        latest = changed[changed["start"] <= when].groupby("employment")["start"].max()
        start = self.employments["start"]
        return start.clip(lower=latest.reindex(start.index).fillna(0)).astype(int)


def draw_workforce(rng: np.random.Generator, municipality: Municipality) -> Workforce:
    """Draw everybody who is employed at some time."""
    persons = _draw_holders(rng, municipality, _draw_slots(rng, municipality))
    second = _second_positions(rng, municipality.units, persons)
    persons["two_positions"] = persons["person"].isin(second["person"])
    employments = pd.concat([persons, second], ignore_index=True).drop(columns="sex")
    employments["wish"] = rng.choice(["Ja", "Nei", ""], len(employments), p=[0.17, 0.48, 0.35])
    return Workforce(persons, employments, _changes(rng, municipality, employments))


def name_people(rng: np.random.Generator, municipality: Municipality, persons: pd.DataFrame) -> pd.DataFrame:
    """The persons with employee and national numbers and names."""
    birth = ORIGIN + persons["birth"].to_numpy()
    return persons.assign(
        number=(100_000 + persons["person"]).astype(str),
        national_number=national_numbers(rng, birth, persons["sex"].to_numpy() == "M"),
        name=_draw_names(rng, municipality.names, persons["sex"]),
    )


def _draw_slots(rng: np.random.Generator, municipality: Municipality) -> pd.DataFrame:
    """One row a place to be filled by one person after another: unit, job and form of employment."""
    units, shares, forms = municipality.units, municipality.shares, municipality.forms
    # Smaller departments and care centres are led from the unit above them.
    department = units["level"] == "avdeling"
    is_led = ~department | (units["positions"] >= LED_FROM) & ~units["unit_code"].isin(units.loc[department, "parent"])
    led = units[is_led & (units["workplace"] != "")]
    ordinary = pd.DataFrame({"unit": np.repeat(units.index, units["positions"]), "role": ""})
    parts = [ordinary, pd.DataFrame({"unit": led.index, "role": led["level"].map(LEADER_OF_LEVEL)})]
    for form, number in forms["positions"].dropna().astype(int).items():
        share = shares[shares["role"] == form].set_index("workplace")["share"]
        weight = units["workplace"].map(share).fillna(0) * (units["level"] == "avdeling")
        unit = rng.choice(units.index, number, p=weight / weight.sum())
        parts.append(pd.DataFrame({"unit": unit, "role": form}))
    slots = pd.concat(parts, ignore_index=True)
    slots["workplace"] = units["workplace"].to_numpy()[slots["unit"]]
    for (role, workplace), found in shares.groupby(["role", "workplace"]):
        places = slots.index[(slots["role"] == role) & (slots["workplace"] == workplace)]
        share = found["share"] / found["share"].sum()
        slots.loc[places, "job"] = rng.choice(found["job"], len(places), p=share)
    share = forms["share_of_ordinary"].dropna()
    slots["form"] = np.where(slots["role"].isin(forms.index), slots["role"], "Fast")
    slots["form"] = np.where(slots["role"] == "", rng.choice(share.index, len(slots), p=share), slots["form"])
    slots["opened"] = units["valid_from"].map(day).to_numpy()[slots["unit"]]
    closed = units["valid_to"].where(units["moved_to"] == "", "").map(lambda date: day(date) if date else HORIZON)
    slots["closed"] = closed.to_numpy()[slots["unit"]]
    return slots.astype({"job": int})


def _draw_holders(rng: np.random.Generator, municipality: Municipality, slots: pd.DataFrame) -> pd.DataFrame:
    """One row a person and main position, in order of hiring."""
    forms, rounds = municipality.forms, []
    vacant = slots.assign(start=slots["opened"], first=True)
    while len(vacant):
        tenure = 30 + rng.exponential(vacant["form"].map(forms["mean_days"])).astype(int)
        rounds.append(vacant.assign(end=np.minimum(vacant["start"] + tenure, vacant["closed"])))
        at_once = vacant["role"].isin(LEADERS) | municipality.units["steady"].to_numpy()[vacant["unit"]]
        waiting = np.where(at_once, 0, rng.exponential(25, len(vacant)))
        next_start = rounds[-1]["end"] + 1 + waiting.astype(int)
        vacant = vacant.assign(start=next_start, first=False)
        vacant = vacant[(next_start < vacant["closed"] - 30) & (vacant["role"] != "Kommunedirektør")]
    holders = pd.concat(rounds, ignore_index=True)
    size, role = len(holders), holders["role"]
    jobs = municipality.jobs.loc[holders["job"]].reset_index(drop=True)
    month = (ORIGIN + holders["start"].to_numpy()).astype("datetime64[M]").astype("datetime64[D]")
    on_the_first = np.maximum((month - ORIGIN).astype(int), holders["opened"])
    holders["start"] = np.where(rng.random(size) < 0.55, on_the_first, holders["start"])
    holders["sex"] = np.where(rng.random(size) * 100 < jobs["women"], "K", "M")
    kind = np.select(
        [role == "Lærling", role.isin(forms.index), role != "", holders["first"]],
        ["Lærling", "other form", "leader", "from the start"],
        "hired later",
    )
    age = rng.triangular(*np.array([AGES[key] for key in kind]).T)
    holders["birth"] = holders["start"] - (age * 365.25).astype(int)
    retirement = holders["birth"] + (365.25 * rng.uniform(62, 70, size)).astype(int)
    # A leader is young enough to stay the time out, since only then is the place never empty.
    top = role.isin(LEADERS)
    youngest = np.minimum(holders["end"], HORIZON) - int(365.25 * 67)
    holders["birth"] = holders["birth"].where(~top, np.maximum(holders["birth"], youngest))
    holders["end"] = np.maximum(np.minimum(holders["end"], retirement), holders["start"] + 20).where(~top, holders["end"])
    fixed_term = holders["form"].map(forms["fixed_term"])
    unending = (holders["end"] >= HORIZON) & ~fixed_term | (role == "Kommunedirektør")
    holders["end"] = holders["end"].mask(unending, OPEN)
    holders["percent"] = _draw_percents(rng, jobs, holders["workplace"].isin(ON_SHIFTS))
    holders = holders.iloc[rng.permutation(size)].sort_values("start", kind="stable", ignore_index=True)
    return holders.assign(person=holders.index, position="1")


def _draw_percents(rng: np.random.Generator, jobs: pd.DataFrame, on_shifts: pd.Series) -> np.ndarray:
    """Full time, a usual part-time position, a large one or a small weekend one; mostly in steps of five."""
    size, lot = len(jobs), rng.random(len(jobs))
    usual = jobs["part_low"] + rng.beta(1.5, 1.3, size) * (jobs["part_high"].clip(upper=80) - jobs["part_low"])
    small, large = (
        (lot < SMALL_POSITIONS) & jobs["part_low"].lt(70) & (jobs["part_high"] >= 60),
        (lot > 1 - np.where(on_shifts, LARGE_ON_SHIFTS, LARGE_POSITIONS)) & (jobs["part_high"] > 65),
    )
    part = np.select([small, large], [rng.triangular(9, 17, 34, size), rng.triangular(78, 80, 96, size)], usual)
    uneven = np.where(rng.random(size) < 0.7, np.round(part, 1), np.round(part, 2))
    part = np.where(rng.random(size) < 0.8, 5 * np.round(part / 5), uneven)
    full = jobs["full_time"] - LESS_FULL_TIME * (jobs["full_time"] < 95) * (jobs["full_time"] > 0)
    return np.where((rng.random(size) * 100 < full) & (jobs["full_time"] > 0), 100.0, np.minimum(part, 95))


def _second_positions(rng: np.random.Generator, units: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """A further position, in another unit of the same kind, for some of those who hold a small one; not in steady units."""
    steady = units["steady"].to_numpy()
    small = persons[(persons["form"] == "Fast") & persons["percent"].between(15, 75) & ~steady[persons["unit"]]]
    small = small.sample(frac=SECOND_POSITIONS, random_state=rng)
    size, span = len(small), np.minimum(small["end"], HORIZON) - small["start"]
    start = small["start"] + (rng.random(size) ** 2 * span).astype(int)
    end = (start + 60 + rng.random(size) * span).astype(int).mask(rng.random(size) < 0.4, OPEN)
    form = rng.choice(["Fast", "Vikar", "Tilkallingsvikar"], size, p=[0.5, 0.15, 0.35])
    percent = np.minimum(5 * rng.integers(2, 9, size), 100 - small["percent"])
    second = small.assign(
        unit=small.groupby("workplace")["unit"].transform(lambda units: rng.permutation(units.to_numpy())),
        form=form,
        percent=np.where(form == "Tilkallingsvikar", 0.0, percent),
        start=start,
        end=np.minimum(end, small["end"]),
        position="2",
    )
    return second[(second["unit"] != small["unit"]) & (second["end"] > second["start"] + 30)]


def _salaries(rng: np.random.Generator, municipality: Municipality, employments: pd.DataFrame) -> np.ndarray:
    """Annual salary at 100 % at the level of 2023; missing where the job has neither salary nor pay group."""
    jobs = municipality.jobs.loc[employments["job"]].reset_index(drop=True)
    means = municipality.pay.reindex(jobs["pay_group"].astype(float)).reset_index(drop=True)
    mean = means["mean_women"].where(employments["sex"] == "K", means["mean_men"])
    return jobs["salary"].fillna(mean).to_numpy() * rng.normal(1, 0.05, len(jobs)).clip(0.85, 1.2)


def _changes(rng: np.random.Generator, municipality: Municipality, employments: pd.DataFrame) -> pd.DataFrame:
    """Changes of percent and of unit at random times; none in steady units."""
    begun = employments.reset_index(names="employment")
    steady = municipality.units["steady"].to_numpy()[begun["unit"]]
    ordinary = (begun["role"] == "") & (begun["percent"] > 0) & ~steady
    rate = (begun["percent"] < 100).map({True: 0.2, False: 0.02}) * ordinary
    # Whoever holds two positions keeps their percents, or the sum would pass 100.
    changed = _at_random_times(rng, begun, rate * ~begun.duplicated("person", keep=False)).assign(unit=np.nan)
    cut = -10 * rng.integers(1, 6, len(changed))
    step = np.where(changed["percent"] < 100, rng.choice(PERCENT_STEPS, len(changed)), cut)
    changed["percent"] = np.clip(changed["percent"] + step, 10, 100)
    moved = _at_random_times(rng, begun, 0.03 * ordinary).assign(percent=np.nan)
    moved["unit"] = _sibling_units(rng, municipality.units, moved["unit"].to_numpy(dtype=int))
    parts = [changed, moved, *_staff_of_closed_units(rng, municipality.units, begun)]
    return pd.concat(parts, ignore_index=True)[["employment", "start", "percent", "unit"]].assign(wish=None)


def _staff_of_closed_units(rng: np.random.Generator, units: pd.DataFrame, begun: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The moves to other units of those who work where a unit closes."""
    for closed in units[units["moved_to"] != ""].reset_index(names="unit").to_dict("records"):
        leaves = day(closed["valid_to"]) + 1
        staff = begun[(begun["unit"] == closed["unit"]) & (begun["end"] >= leaves)]
        others = units.index[units["unit_code"].isin(closed["moved_to"].split())]
        when = np.maximum(staff["start"], leaves)
        yield staff.assign(start=when, percent=np.nan, unit=rng.choice(others, len(staff)))


def validity_rows(rng: np.random.Generator, municipality: Municipality, workforce: Workforce) -> pd.DataFrame:
    """One row a position and period: a new one at each settlement, change of percent and change of unit."""
    begun = workforce.employments.reset_index(names="employment")
    begun["sex"] = workforce.persons["sex"].to_numpy()[begun["person"]]
    begun["salary"] = _salaries(rng, municipality, begun)
    settlements = [
        begun.loc[begun["start"] < day(f"{year}-05-01"), ["employment"]].assign(start=day(f"{year}-05-01"))
        for year in range(2020, 2025)
    ]
    changing = ["employment", "start", "percent", "unit", "wish"]
    rows = pd.concat([begun[changing], *settlements, workforce.later_changes()], ignore_index=True)
    rows = rows.sort_values(["employment", "start"], kind="stable")
    rows[changing[2:]] = rows.groupby("employment")[changing[2:]].ffill()
    rows = rows.drop_duplicates(["employment", "start"], keep="last").astype({"unit": int})
    rows = rows.merge(begun.drop(columns=changing[1:]), on="employment")
    rows = rows[rows["start"] <= rows["end"]].reset_index(drop=True)
    return _with_periods(rng, rows, rows["form"].map(municipality.forms["fixed_term"]))


def _with_periods(rng: np.random.Generator, rows: pd.DataFrame, fixed_term: pd.Series) -> pd.DataFrame:
    """Close each row the day before the next, set its pay, and say when start and end came to be known."""
    followed = rows["employment"].eq(rows["employment"].shift(-1))
    known = (rows["start"] - rng.integers(1, 60, len(rows))).groupby(rows["employment"]).cummax()
    end_known = (rows["end"] - rng.integers(20, 90, len(rows))).mask(fixed_term, known)
    settled = pd.DatetimeIndex(ORIGIN + rows["start"].to_numpy()) - pd.DateOffset(months=4)
    level = pd.Series(settled.year, index=rows.index).clip(upper=2024).map(SALARY_LEVEL)
    return rows.assign(
        known=known,
        end=rows["end"].mask(followed, rows["start"].shift(-1, fill_value=0) - 1),
        end_known=end_known.mask(followed, known.shift(-1, fill_value=0)),
        salary=(rows["salary"] * level / 100).round() * 100,
    )


def _at_random_times(rng: np.random.Generator, spans: pd.DataFrame, rate_a_year: pd.Series) -> pd.DataFrame:
    days = np.minimum(spans["end"], HORIZON) - spans["start"]
    happens = rng.random(len(spans)) < days / 365.25 * rate_a_year
    return spans.assign(start=spans["start"] + (rng.random(len(spans)) * days).astype(int))[happens]


def _sibling_units(rng: np.random.Generator, units: pd.DataFrame, current: np.ndarray) -> np.ndarray:
    """A unit under the same parent where the same jobs are found, or the same unit where there is none."""
    lasting = units[(units["positions"] > 0) & (units["valid_from"] <= "2020-01-01")]
    siblings = {key: found.to_numpy() for key, found in lasting.groupby(["parent", "workplace"]).groups.items()}
    keys = zip(units["parent"].to_numpy()[current], units["workplace"].to_numpy()[current], strict=True)
    return np.array([rng.choice(siblings.get(key, [unit])) for key, unit in zip(keys, current, strict=True)])


def national_numbers(rng: np.random.Generator, birth: np.ndarray, man: np.ndarray) -> np.ndarray:
    """Unique synthetic national numbers (month + 80, so never a real person's) with correct check digits."""
    dates = pd.DatetimeIndex(birth)
    stem = (dates.day * 10_000 + (dates.month + 80) * 100 + dates.year % 100).to_numpy(dtype=np.int64)
    first_serial = np.where(dates.year >= 2000, 500, 0)
    numbers = np.zeros(len(stem), dtype=np.int64)
    missing = np.arange(len(stem))
    while len(missing):
        serial = first_serial[missing] + 2 * rng.integers(0, 250, len(missing)) + man[missing]
        nine = stem[missing] * 1000 + serial
        digits = nine[:, None] // 10 ** np.arange(8, -1, -1) % 10
        first = -(digits @ FIRST_WEIGHTS[:9]) % 11
        second = -(np.column_stack([digits, first]) @ SECOND_WEIGHTS[:10]) % 11
        numbers[missing] = np.where((first < 10) & (second < 10), nine * 100 + first * 10 + second, 0)
        missing = np.flatnonzero(pd.Series(numbers).duplicated() | (numbers == 0))
    return np.char.zfill(numbers.astype(str), 11)


def _draw_names(rng: np.random.Generator, names: dict[str, list[str]], sex: pd.Series) -> pd.Series:
    first = np.where(sex == "K", rng.choice(names["K"], len(sex)), rng.choice(names["M"], len(sex)))
    nickname = np.where(rng.random(len(sex)) < 0.004, ' "Lillen" ', " ")
    return pd.Series(first, index=sex.index) + nickname + rng.choice(names["last"], len(sex))
