"""The demo's feeds beside payroll: accepted by their contracts, the same every time, and true to what was printed."""

import copy
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from sources.demo import draw_people, other_files
from sources.demo.from_printed import survey_2021, survey_2023
from sources.demo.organisation import read_municipality
from sources.demo.printed_figures import printed_figures
from sources.registry import feeds
from tests.judging import rules_broken_in

SPRINKLED = ["employee_no_known", "hours_kind_in_code_list", "worked_month_year_and_month"]
Known = dict[tuple[str, str], pd.Index]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Known]:
    """The files made twice, in the folders once and again, and the keys they refer to."""
    folder = tmp_path_factory.mktemp("demo")
    drawn = np.random.default_rng(7)
    municipality = read_municipality()
    persons, positions, _ = draw_people(drawn, municipality)
    for name in ("once", "again"):
        (folder / name).mkdir()
        rng = copy.deepcopy(drawn)
        assert len(list(other_files(folder / name, rng, municipality, persons.copy(), positions.copy()))) == 13
    people, units = pd.Index(persons["number"]), pd.Index(municipality.units["unit_code"])
    return folder, {("ansatte", "Ansattnr"): people, ("organisasjon", "Enhetskode"): units}


def test_the_same_people_and_seed_give_the_same_files(made: tuple[Path, Known]) -> None:
    for path in (made[0] / "once").iterdir():
        assert path.read_bytes() == (made[0] / "again" / path.name).read_bytes(), path.name


def test_files_are_accepted_by_their_contracts(made: tuple[Path, Known]) -> None:
    folder, known = made
    found = {
        (path.name, feed.name): sorted(rules_broken_in(feed, path, known))
        for path in (folder / "once").iterdir()
        for feed in feeds().values()
        if feed.naming.read(path.name)
    }
    # Each workbook is read by two feeds.
    assert len(found) == 15
    for (file_name, feed), rules in found.items():
        assert rules == (SPRINKLED if feed == "variable_timer" else []), file_name


def test_no_person_of_pai_is_above_full_time(made: tuple[Path, Known]) -> None:
    rows = duckdb.sql(
        f"""select min(n), count(*) filter (percent > 100) from (
            select count(*) over () as n, sum(cast(replace(Stillingsprosent, ',', '.') as double)) as percent
            from read_csv('{made[0] / "once" / "pai_2023.csv"}', delim = ';', all_varchar = true) group by Fødselsnummer)"""
    ).fetchall()
    assert rows[0][0] > 6000 and rows[0][1] == 0


def test_survey_is_as_printed() -> None:
    published = printed_figures()
    printed = published[published["indicator"] == "response_percent"].set_index(["org_unit", "period"])["value"].astype(int)
    for year, sheets in (("2021", survey_2021(published)), ("2023", survey_2023(published))):
        taking_part = sheets["Deltakelse"].set_index("Enhet")
        percents = (100 * taking_part["Svar"] / taking_part["Planlagte svar"]).round()
        assert percents[printed.xs(year, level="period").index].tolist() == printed.xs(year, level="period").tolist()
