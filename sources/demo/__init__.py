"""A believable municipality of Asker's size: two payroll deliveries, a month apart, and a file or more of every other feed.
The municipality is the CSV files here, its figures those that were printed about the real one (solve/); nothing in this folder
knows the warehouse or any real person.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from sources.demo.absence import draw_absences, draw_leaves
from sources.demo.dialects import DIALECTS, Dialect, write_feed, write_sheets
from sources.demo.extracts import extract, sprinkle_bad_rows
from sources.demo.from_printed import maltall, sammenligning, ssb_12451, survey_2021, survey_2023
from sources.demo.optional_feeds import draw_hours, pai, piloter, variable_timer
from sources.demo.organisation import Municipality, read_municipality
from sources.demo.people import day, draw_workforce, name_people, validity_rows
from sources.demo.printed_figures import PRINTED_FIGURES, printed_figures
from sources.demo.solve.equality import fit_employees
from sources.demo.solve.full_time import fit_percents
from sources.demo.solve.pay import fit_salaries

EXTRACT_DATES = ("2024-09-30", "2024-10-31")
PAI_YEARS = (2020, 2021, 2022, 2023)
# The days of the two cases in which the printed figures were last brought together.
SPRING, AUTUMN = "2024-03-12", "2024-10-08"


def make_deliveries(landing: Path, *, seed: int = 2024, progress: Callable[[str], None] = lambda message: None) -> list[Path]:
    """Write the demo municipality's deliveries into `landing`; the same seed gives the same files."""
    landing.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    municipality = read_municipality()
    persons, positions, leaves = draw_people(rng, municipality)
    absences = draw_absences(rng, municipality, persons, positions, leaves, day(EXTRACT_DATES[-1]))
    paths = []
    for path, what in chain(
        payroll_files(landing, rng, municipality, persons, positions, leaves, absences),
        other_files(landing, rng, municipality, persons, positions),
    ):
        progress(f"{path.name}: {what}")
        paths.append(path)
    return paths


def draw_people(rng: np.random.Generator, municipality: Municipality) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Everybody employed at some time, fitted to what was printed: persons, validity rows of their positions, and leaves."""
    workforce = draw_workforce(rng, municipality)
    leaves = draw_leaves(rng, municipality, workforce.persons)
    fit_employees(rng, municipality, workforce, leaves)
    fit_percents(rng, municipality, workforce, leaves)
    persons = name_people(rng, municipality, workforce.persons)
    positions = validity_rows(rng, municipality, workforce)
    pay_group = municipality.jobs["pay_group"].to_numpy(dtype=float, na_value=0)[positions["job"]].astype(int)
    return persons, fit_salaries(positions, pay_group, persons["sex"].to_numpy()[positions["person"]]), leaves


def payroll_files(
    landing: Path,
    rng: np.random.Generator,
    municipality: Municipality,
    persons: pd.DataFrame,
    positions: pd.DataFrame,
    leaves: pd.DataFrame,
    absences: pd.DataFrame,
) -> Iterator[tuple[Path, str]]:
    """Write the required feeds; each file with what it holds."""
    for extract_date in EXTRACT_DATES:
        feeds = extract(municipality, persons, positions, leaves, absences, day(extract_date))
        for feed, table in sprinkle_bad_rows(feeds).items():
            dialect = DIALECTS[extract_date, feed]
            path = landing / f"{feed}_{extract_date}.{'xlsx' if dialect.xlsx else 'csv'}"
            write_feed(path, table, dialect, rng)
            yield path, f"{len(table)} rows"


def other_files(
    landing: Path,
    rng: np.random.Generator,
    municipality: Municipality,
    persons: pd.DataFrame,
    positions: pd.DataFrame,
) -> Iterator[tuple[Path, str]]:
    """Write the feeds that may be missing; each file with what it holds."""
    hours = draw_hours(rng, municipality, positions)
    printed = printed_figures()
    tables = {
        **{f"variable_timer_{date}": variable_timer(municipality, persons, hours, day(date)) for date in EXTRACT_DATES},
        **{f"pai_{year}": pai(rng, municipality, persons, positions, year) for year in PAI_YEARS},
        f"sammenligning_{SPRING}": sammenligning(printed),
        f"maltall_{AUTUMN}": maltall(printed),
        f"piloter_{AUTUMN}": piloter(),
    }
    for name, table in tables.items():
        path = landing / f"{name}.csv"
        write_feed(path, table, Dialect(encoding="utf-8"), rng)
        yield path, f"{len(table)} rows"
    for year, sheets in {2021: survey_2021(printed), 2023: survey_2023(printed)}.items():
        path = landing / f"10faktor_{year}.xlsx"
        write_sheets(path, sheets)
        yield path, ", ".join(f"{sheet} {len(table)} rows" for sheet, table in sheets.items())
    path = landing / f"ssb_12451_{SPRING}.json"
    path.write_text(ssb_12451(), encoding="utf-8")
    yield path, "one table"
    path = landing / f"publiserte_tall_{AUTUMN}.csv"
    path.write_bytes(PRINTED_FIGURES.read_bytes())
    yield path, f"{len(printed)} rows"
