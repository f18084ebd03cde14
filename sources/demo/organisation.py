"""The municipality as data, read from the CSV files beside: units, jobs, pay, sick-leave targets, names.
Whatever makes this Asker and not another municipality is there; who works in it is people.py's.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Municipality:
    """The tables the mechanics draw from.

    Attributes:
        units: one row a unit; `workplace` says which jobs are found there (none: no staff of its own, not even a
            leader), `positions` how many ordinary ones, `area` its tjenesteområde, `moved_to` where the staff goes when it
            closes; in `steady` ones nobody moves or changes percent by chance.
        jobs: one row a job code and circumstance; `role` is a Ledernivå, a form of employment other than the
            ordinary, or empty.
        shares: one row a job and workplace, with the job's weight among the jobs of its role there.
        forms: forms of employment, the ordinary ones with their share, the others with their number.
        pay: mean annual salary at the end of 2023 by pay group.
        sick_leave: target percent by area and year.
        names: first names by sex, and last names.
    """

    units: pd.DataFrame
    jobs: pd.DataFrame
    shares: pd.DataFrame
    forms: pd.DataFrame
    pay: pd.DataFrame
    sick_leave: pd.DataFrame
    names: dict[str, list[str]]

    @cached_property
    def members(self) -> dict[int | str, np.ndarray]:
        """For each unit (by row) and each group (by name): which units count in it."""
        units = self.units
        place = {code: row for row, code in enumerate(units["unit_code"])}
        found: dict[int | str, np.ndarray] = {row: np.zeros(len(units), dtype=bool) for row in units.index}
        groups = {name: np.zeros(len(units), dtype=bool) for name in units["group"].unique() if name}
        parents, own_groups = units["parent"].tolist(), units["group"].tolist()
        for row in units.index:
            above: int | None = row
            group = ""
            while above is not None:
                found[above][row] = True
                group = group or own_groups[above]
                above = place.get(parents[above])
            if group:
                groups[group][row] = True
        return {**found, **groups}


def read_municipality() -> Municipality:
    units = _read("organisation", dtype={"unit_code": str, "parent": str}, keep_default_na=False)
    jobs = _read("job_codes", dtype={"code": str, "pay_group": "Int64"})
    jobs["role"] = jobs["role"].fillna("")
    shares = jobs.pop("workplaces").str.split().explode().str.split("=", expand=True)
    shares = shares.set_axis(["workplace", "share"], axis=1).fillna("1").astype({"share": float})
    return Municipality(
        units=units.assign(area=_areas(units), steady=_wards(units)),
        jobs=jobs,
        shares=shares.assign(role=jobs["role"]).rename_axis("job").reset_index(),
        forms=_read("forms", index_col="form", true_values=["yes"], false_values=["no"]),
        pay=_read("pay_groups", index_col="pay_group"),
        sick_leave=_read("sick_leave", index_col=["area", "year"]),
        names={kind: names.split() for kind, names in _read("names").to_numpy().tolist()},
    )


def _read(name: str, **options: Any) -> pd.DataFrame:
    table: pd.DataFrame = pd.read_csv(HERE / f"{name}.csv", sep=";", encoding="utf-8", **options)
    return table


def _wards(units: pd.DataFrame) -> pd.Series:
    """The wards of a care centre and the centre itself: units of the lowest level, one below the other."""
    lowest = units["level"] == "avdeling"
    wards = lowest & units["parent"].isin(units.loc[lowest, "unit_code"])
    return wards | units["unit_code"].isin(units.loc[wards, "parent"])


def _areas(units: pd.DataFrame) -> list[str]:
    """The tjenesteområde each unit lies in; empty for the kommune itself."""
    by_code = units.set_index("unit_code")[["level", "parent", "name"]].to_dict("index")
    areas = []
    for code in units["unit_code"]:
        while code and by_code[code]["level"] != "tjenesteområde":
            code = by_code[code]["parent"]
        areas.append(by_code[code]["name"] if code else "")
    return areas
