"""Who is employed on 31 December of the year that was printed: employees, temporary ones, positions by pay group, their sex.

Counts are met by moving hirings over the date, by giving some another job of their workplace, another form of employment or
another sex, as few as can be. Percents are full_time.py's, kroner pay.py's.
"""

import numpy as np
import pandas as pd

from sources.demo.organisation import Municipality
from sources.demo.people import Workforce, day
from sources.demo.solve.figures import figures
from sources.demo.solve.program import solve

REFERENCE = day("2023-12-31")
# Hirings from here on may be moved past the reference date.
MOVABLE_FROM = day("2023-01-01")
POPULATION = ("Fast", "Vikar", "Midlertidig")
TEMPORARY = ("Vikar", "Midlertidig")
DIRECTORS = {"Direktør": "KKKMMM", "Kommunalsjef": "KMM"}
SEX = {"kvinne": "K", "mann": "M"}


def away(leaves: pd.DataFrame, when: int, size: int) -> np.ndarray:
    """Which persons are wholly on leave that day."""
    found = leaves[(leaves["start"] <= when) & (leaves["end"] >= when)]
    percent: np.ndarray = np.bincount(found["person"], found["percent"], size)
    return percent >= 100


def counted(workforce: Workforce, leaves: pd.DataFrame, municipality: Municipality) -> pd.DataFrame:
    """The positions of the equality population on the reference date; `group` 0 where the job has no pay group."""
    held = workforce.held(REFERENCE)
    held = held[held["form"].isin(POPULATION) & (held["percent"] > 0) & (held["role"] != "Kommunedirektør")]
    group = municipality.jobs["pay_group"].to_numpy(dtype=float, na_value=0)[held["job"]].astype(int)
    return held.assign(
        group=group,
        away=away(leaves, REFERENCE, len(workforce.persons))[held["person"]],
        largest=held["percent"].groupby(held["person"]).transform("max"),
        positions=held.groupby("person")["position"].transform("size"),
    )


def fit_employees(rng: np.random.Generator, municipality: Municipality, workforce: Workforce, leaves: pd.DataFrame) -> None:
    """Bring the counts of the reference date to the printed ones."""
    bound = set(leaves["person"])
    by_group = _printed("pay_positions").groupby("group")["value"].sum()
    employees = int(_printed("employees")["value"].sum())
    _fit_second_positions(rng, municipality, workforce, leaves, employees, int(by_group.sum()))
    _fit_number(rng, municipality, workforce, leaves, employees, by_group, bound)
    _fit_pay_groups(rng, municipality, workforce, leaves, by_group)
    _fit_temporary(rng, municipality, workforce, leaves, int(_printed("temporary_employees")["value"].sum()))
    _fit_sexes(rng, municipality, workforce, leaves)


def _printed(indicator: str) -> pd.DataFrame:
    """The printed counts by sex, with the number of the pay group (0 where none is named)."""
    found = figures(indicator)
    found = found[found["sex"].isin(SEX) & (found["pay_group"] != "Total")]
    group = found["pay_group"].str.extract(r"^(\d+) ", expand=False).fillna("0").astype(int)
    return found.assign(group=group, value=found["value"].astype(int))


def _fit_second_positions(
    rng: np.random.Generator, municipality: Municipality, workforce: Workforce, leaves: pd.DataFrame, employees: int, paid: int
) -> None:
    """As many second positions as there are printed positions beyond one a person."""
    rows = counted(workforce, leaves, municipality)
    persons = employees + rows.loc[rows["away"], "person"].nunique()
    wanted = paid + int((rows["group"] == 0).sum()) - persons
    second = rows.index[(rows["position"] == "2") & (rows["positions"] == 2)]
    dropped = rng.choice(second, max(len(second) - wanted, 0), replace=False)
    workforce.persons.loc[workforce.employments.loc[dropped, "person"], "two_positions"] = False
    workforce.employments = workforce.employments.drop(index=dropped)


def _fit_number(
    rng: np.random.Generator,
    municipality: Municipality,
    workforce: Workforce,
    leaves: pd.DataFrame,
    employees: int,
    by_group: pd.Series,
    bound: set[int],
) -> None:
    """Hire some of the year's new ones after the reference date instead, first where a pay group has too many."""
    rows = counted(workforce, leaves, municipality)
    surplus = rows.loc[~rows["away"], "person"].nunique() - employees
    ordinary = (rows["role"] == "") & (rows["positions"] == 1) & ~workforce.persons["two_positions"].to_numpy()[rows["person"]]
    steady = municipality.units["steady"].to_numpy()[rows["unit"]]
    new = rows[ordinary & ~steady & (rows["start"] >= MOVABLE_FROM) & ~rows["person"].isin(bound)].sample(
        frac=1, random_state=rng
    )
    too_many = (rows.groupby("group").size() - by_group).reindex(new["group"]).to_numpy()
    within = new.groupby("group").cumcount().to_numpy()
    moved = new.index[np.argsort(within - too_many, kind="stable")][: max(surplus, 0)]
    later = REFERENCE + rng.integers(1, 60, len(moved))
    workforce.employments.loc[moved, "start"] = later
    workforce.employments.loc[moved, "end"] = np.maximum(workforce.employments.loc[moved, "end"], later + 90)


def _fit_pay_groups(
    rng: np.random.Generator, municipality: Municipality, workforce: Workforce, leaves: pd.DataFrame, by_group: pd.Series
) -> None:
    """Give some another job that is found at their workplace, so that every pay group has its positions; as few as can be."""
    rows = counted(workforce, leaves, municipality)
    rows = rows.assign(workplace=municipality.units["workplace"].to_numpy()[rows["unit"]])
    missing = by_group - rows.groupby("group").size().reindex(by_group.index, fill_value=0)
    movable = rows[(rows["role"] == "") & (rows["positions"] == 1)]
    there = movable.groupby(["workplace", "group"]).size().rename("there").reset_index()
    shares = municipality.shares[municipality.shares["role"] == ""]
    shares = shares.assign(to=municipality.jobs["pay_group"].to_numpy(dtype=float, na_value=0)[shares["job"]].astype(int))
    ways = there.merge(shares[["workplace", "to"]].drop_duplicates(), on="workplace")
    ways = ways[ways["group"] != ways["to"]].reset_index(drop=True)
    sources = ways.groupby(["workplace", "group"]).ngroup()
    groups = {group: place for place, group in enumerate(by_group.index)}
    entries = pd.concat(
        [
            pd.DataFrame({"row": ways["group"].map(groups), "column": ways.index, "value": -1.0}),
            pd.DataFrame({"row": ways["to"].map(groups), "column": ways.index, "value": 1.0}),
            pd.DataFrame({"row": len(groups) + sources, "column": ways.index, "value": 1.0}),
        ]
    )
    limits = ways.groupby(["workplace", "group"])["there"].first().to_numpy()
    wanted = missing.to_numpy(dtype=float)
    number, _ = solve(
        1 + rng.random(len(ways)),
        ways["there"].to_numpy(dtype=float),
        entries,
        np.concatenate([wanted, np.zeros(len(limits))]),
        np.concatenate([wanted, limits]),
        integer=True,
    )
    taken: set[int] = set()
    for way, size in zip(ways.to_dict("records"), number.round().astype(int), strict=True):
        if size:
            found = movable[(movable["workplace"] == way["workplace"]) & (movable["group"] == way["group"])]
            some = rng.choice(found.index.difference(pd.Index(sorted(taken))), size, replace=False)
            jobs = shares[(shares["workplace"] == way["workplace"]) & (shares["to"] == way["to"])]
            job = rng.choice(jobs["job"], size, p=jobs["share"] / jobs["share"].sum())
            workforce.employments.loc[some, "job"] = job
            workforce.persons.loc[workforce.employments.loc[some, "person"], "job"] = job
            taken.update(some)


def _fit_temporary(
    rng: np.random.Generator, municipality: Municipality, workforce: Workforce, leaves: pd.DataFrame, wanted: int
) -> None:
    """Make some permanent ones temporary, or the other way round."""
    rows = counted(workforce, leaves, municipality)
    main = rows[~rows["away"]].sort_values(["person", "percent", "position"], ascending=[True, False, True], kind="stable")
    main = main.drop_duplicates("person")
    missing = wanted - int(main["form"].isin(TEMPORARY).sum())
    free = main[(main["positions"] == 1) & (main["role"] == "") & (main["form"].isin(TEMPORARY) == (missing < 0))]
    if missing > 0:
        free = free[free["start"] > MOVABLE_FROM - 700]
    some = rng.choice(free.index, abs(missing), replace=False)
    workforce.employments.loc[some, "form"] = rng.choice(TEMPORARY, len(some)) if missing > 0 else "Fast"


def _fit_sexes(rng: np.random.Generator, municipality: Municipality, workforce: Workforce, leaves: pd.DataFrame) -> None:
    """Women among employees, temporary ones and the positions of each pay group; parents keep the sex their leave is of."""
    rows = counted(workforce, leaves, municipality)
    sexes = workforce.persons["sex"]
    for role, of_role in DIRECTORS.items():
        sexes.loc[rows.loc[rows["role"] == role, "person"]] = list(of_role)
    rows["sex"] = sexes.to_numpy()[rows["person"]]
    persons = rows.sort_values(["person", "percent", "position"], ascending=[True, False, True], kind="stable")
    persons = persons.drop_duplicates("person").set_index("person")
    persons["temporary"] = persons["form"].isin(TEMPORARY) & ~persons["away"]
    parents = leaves.loc[leaves["type"] == "Foreldrepermisjon", "person"]
    persons["fixed"] = persons.index.isin(parents) | (persons["group"] == 0)
    kinds = ["group", "positions", "away", "temporary"]
    kind = persons.groupby(kinds).ngroup()
    women, free = persons["sex"] == "K", ~persons["fixed"]
    table = (
        persons.groupby(kind)[kinds]
        .first()
        .assign(
            women=women.groupby(kind).sum(),
            free_women=(women & free).groupby(kind).sum(),
            free_men=(~women & free).groupby(kind).sum(),
        )
    )
    goals = [(~table["away"], "employees", 0), (table["temporary"], "temporary_employees", 0)]
    goals += [(table["positions"] * (table["group"] == group), "pay_positions", group) for group in range(1, 11)]
    parts, wanted_changes = [], []
    for place, (weight, indicator, group) in enumerate(goals):
        printed = _printed(indicator)
        wanted = printed.loc[(printed["sex"] == "kvinne") & (printed["group"] == group), "value"].sum()
        weights = weight.to_numpy(dtype=float)
        wanted_changes.append(wanted - (weights * table["women"]).sum())
        index = np.flatnonzero(weights)
        parts += [
            pd.DataFrame({"row": place, "column": index, "value": weights[index]}),
            pd.DataFrame({"row": place, "column": len(table) + index, "value": -weights[index]}),
        ]
    change = np.array(wanted_changes, dtype=float)
    upper = np.concatenate([table["free_men"], table["free_women"]]).astype(float)
    number, _ = solve(1 + rng.random(len(upper)), upper, pd.concat(parts), change, change, integer=True)
    for place, size in enumerate(number.round().astype(int)):
        new, of_kind = ("K", "M")[place >= len(table)], table.index[place % len(table)]
        some = persons.index[(kind == of_kind) & free & (persons["sex"] != new)]
        sexes.loc[rng.choice(some, size, replace=False)] = new
    workforce.persons["sex"] = sexes
