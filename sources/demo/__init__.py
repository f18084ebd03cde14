"""A believable municipality of Asker's size, invented throughout: two payroll deliveries, a month apart.
The municipality is the CSV files here; nothing in this folder knows the warehouse or any real person.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sources.demo.absence import draw_absences, draw_leaves
from sources.demo.dialects import DIALECTS, write_feed
from sources.demo.extracts import extract, sprinkle_bad_rows
from sources.demo.organisation import read_municipality
from sources.demo.people import day, draw_people

EXTRACT_DATES = ("2024-09-30", "2024-10-31")


def make_deliveries(landing: Path, *, seed: int = 2024, progress: Callable[[str], None] = lambda message: None) -> list[Path]:
    """Write the demo municipality's payroll deliveries into `landing`; the same seed gives the same files."""
    landing.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    municipality = read_municipality()
    persons, positions = draw_people(rng, municipality)
    leaves = draw_leaves(rng, municipality, persons)
    absences = draw_absences(rng, municipality, persons, positions, leaves)
    paths = []
    for extract_date in EXTRACT_DATES:
        feeds = extract(municipality, persons, positions, leaves, absences, day(extract_date))
        for feed, table in sprinkle_bad_rows(feeds).items():
            dialect = DIALECTS[extract_date, feed]
            path = landing / f"{feed}_{extract_date}.{'xlsx' if dialect.xlsx else 'csv'}"
            write_feed(path, table, dialect, rng)
            progress(f"{path.name}: {len(table)} rows")
            paths.append(path)
    return paths
