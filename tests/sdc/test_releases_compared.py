"""What two releases side by side tell: one person's egenmelding, a spell that passed 16 days, a withheld unit that moved.
Not here: pay (test_pay_years.py), or when a release is due (tests/pipeline/test_releases.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import load_manifest
from orchestration.reproduce import reproduce
from tests.building import build, settings_with
from tests.builds import Builds, Built, published_whole
from tests.municipalities.by_hand import Municipality
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.ledger import find_publication
from warehouse.paths import Home
from warehouse.publish import publish
from warehouse.restatements import WITH_VALUES
from warehouse.sdc.attack.command import attack_publication
from warehouse.sdc.changes import _shown

pytestmark = pytest.mark.usefixtures("without_papers")
JUNE, JULY = date(2024, 6, 30), date(2024, 7, 31)
Change = Callable[[Municipality], None]
# Units of four are withheld in both areas, and a larger one beside them; M moves, and the others keep company.
UNITS = {
    **{"A1": ("A", 30), "A2": ("A", 14), "A3": ("A", 12), "M": ("A", 4), "N": ("A", 4)},
    **{"B1": ("B", 28), "B2": ("B", 13), "B3": ("B", 12), "O": ("B", 4)},
}


def deliver(landing: Path, day: date, *changes: Change, moved: bool = False) -> None:
    """Two areas; everybody is a woman of one age and job code, so that nothing but units is broken down. National numbers are
    each person's own, by which somebody is known again under another number.
    """
    made = Municipality()
    made.unit("K", "kommune")
    for area in "AB":
        made.unit(area, "tjenesteområde", "K")
    number = 1000
    for code, (area, persons) in UNITS.items():
        made.unit(code, "virksomhet", "B" if moved and code == "M" else area)
        for n in range(persons):
            number += 1
            made.position(f"{number}", code, "100", "01.01.2022")
            if n % 3 == 0:
                made.absence(f"{number}", "Sykmelding", f"{1 + n % 20:02}.02.2023", f"{1 + n % 20:02}.03.2023")
    for n, row in enumerate(made.rows["ansatte"]):
        number, _, *rest = row.split(";")
        made.rows["ansatte"][n] = ";".join([number, f"018185{int(number):05}", *rest])
    for change in changes:
        change(made)
    made.deliver(landing, day)


def releases(first: Built, tmp_path: Path, *changes: Change, moved: bool = False) -> tuple[Home, str]:
    """Two releases, the second with what has changed; the home, and the second one's id."""
    home = first.copy(tmp_path)
    deliver(home.landing, JULY, *changes, moved=moved)
    build(home, first.settings)
    return home, publish(home, first.settings, tables_of(load_manifest()))


@pytest.fixture
def june(builds: Builds) -> Built:
    """The first release."""
    return builds.built(lambda landing: deliver(landing, JUNE), published_whole, first_year=2023, min_fte_job_code=10)


def restated(home: Home, publication: str, period: str, *, measure: str = "self_certified_days") -> dict[str, tuple]:
    """The changes of sick leave by unit that a publication shows of a period: unit → (was, now, is_shown, files)."""
    with duckdb.connect() as con:
        rows = con.execute(
            f"""select org_unit_code, was, now, is_shown, files
                from '{home.history / publication / "restatements.parquet"}'
                where table_name = 'sick_leave_by_unit' and period = $1 and measure = $2""",
            [period, measure],
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_one_egenmelding_more_and_one_spell_that_grew_show_no_value(june: Built, tmp_path: Path) -> None:
    def late(made: Municipality) -> None:
        made.absence("1094", "Egenmelding", "04.03.2024", "05.03.2024")
        # Ten days by the end of June; in July it passes sixteen, and June's days with it.
        made.absence("1095", "Sykmelding", "21.06.2024", "12.07.2024")

    home, publication = releases(june, tmp_path, late)
    nothing = (None, None, False, None)
    march = restated(home, publication, "2024-03")
    assert march == {"K": nothing, "B": nothing, "B2": nothing}, "only that something changed"
    june = restated(home, publication, "2024-06", measure="short_term_days") | restated(home, publication, "2024-06")
    june |= restated(home, publication, "2024-06", measure="long_term_days")
    assert set(june.values()) == {nothing}
    with connect(home.warehouse_database, settings_with(tmp_path), read_only=True) as con:
        (told,) = con.execute(
            f"""select now from {WITH_VALUES}
                where table_name = 'sick_leave_by_unit' and org_unit_code = 'B2'
                    and period = '2024-03' and measure = 'self_certified_days'"""
        ).fetchall()
    assert told[0] > 1.9, "whoever has to accept a change sees it all"
    _, _, report = attack_publication(home, None)
    assert report.leaks == []


@pytest.mark.usefixtures("without_dbt")
def test_that_all_have_other_numbers_is_no_change_of_anybody(june: Built, tmp_path: Path) -> None:
    """Else one person's egenmelding, registered late in the new payroll system, would be shown as a change of everybody."""

    def numbered_anew(made: Municipality) -> None:
        made.absence("1094", "Egenmelding", "04.03.2024", "05.03.2024")
        for feed in ("ansatte", "stillinger", "fravaer"):
            made.rows[feed] = [f"9{row}" for row in made.rows[feed]]

    home, publication = releases(june, tmp_path, numbered_anew)
    nothing = (None, None, False, None)
    assert restated(home, publication, "2024-03") == {"K": nothing, "B": nothing, "B2": nothing}
    with connect(home.warehouse_database, settings_with(tmp_path), read_only=True) as con:
        found = con.execute(
            f"""select distinct json_extract_string(files, '$[*].feed'), json_extract(files, '$[*].added'),
                    json_extract(files, '$[*].removed')
                from {WITH_VALUES} where table_name = 'sick_leave_by_unit' and period = '2024-03'"""
        ).fetchall()
    assert found == [(["fravaer"], ["1"], ["0"])]


@pytest.mark.usefixtures("without_dbt")
def test_a_change_of_many_shows_its_values(june: Built, tmp_path: Path) -> None:
    def many(made: Municipality) -> None:
        for number in [*range(1065, 1085), 1094, 1095]:
            made.absence(str(number), "Egenmelding", "04.03.2024", "05.03.2024")

    home, publication = releases(june, tmp_path, many)
    march = restated(home, publication, "2024-03")
    assert march["K"][2] and march["B"][2] and march["K"][1] - march["K"][0] > 40
    # Twenty of B1 could be shown; but the area's twenty-two less those are the two of B2.
    assert march["B2"] == march["B1"] == (None, None, False, None)
    made_again = reproduce(home, find_publication(home, publication), settings_with(tmp_path))
    assert made_again.is_identical, made_again.lines()
    # A quarter holds the month, and whatever else there is of it.
    assert not restated(home, publication, "2024-Q1")["K"][2]


def test_what_is_shown_leaves_no_small_rest() -> None:
    parents = {"K": None, "A": "K", "B": "K", "A1": "A", "A2": "A"}
    every = set(parents)
    assert _shown({"A1": 12, "A2": 11, "B": 9}, parents, every, 10) == {"K"}
    assert _shown({"A1": 12, "A2": 11, "B": 10}, parents, every, 10) == every
    assert _shown({"A1": 12, "A2": 1, "B": 10}, parents, every, 10) == {"K", "A", "B"}
    assert _shown({"A1": 12, "A": 3, "B": 0}, parents, every, 10) == {"K", "A"}
    assert _shown({"A1": 12, "A2": 11, "B": 10}, parents, every - {"A", "B"}, 10) == {"K"}
    assert _shown({"A1": 9}, parents, every, 10) == set()


def test_a_withheld_unit_that_moves_between_areas_does_not_become_computable(june: Built, tmp_path: Path) -> None:
    """Two releases: what A has less and B has more in every closed month is the unit of four."""
    home, publication = releases(june, tmp_path, moved=True)
    with duckdb.connect() as con:
        before, after = (
            dict(
                con.execute(
                    f"""select org_unit_code, doctor_certified_days from '{folder / "sick_leave_by_unit.parquet"}'
                        where period = '2023' order by all"""
                ).fetchall()
            )
            for folder in sorted(home.history.iterdir())
        )
    assert before["M"] is None and after["M"] is None
    for area in "AB":
        assert before[area] is None or after[area] is None or before[area] == after[area], area
    assert after["K"] == before["K"] is not None
    assert not any(shown for *_, shown, _ in restated(home, publication, "2023", measure="doctor_certified_days").values())
    _, previous, report = attack_publication(home, None)
    assert previous and report.leaks == [], [leak.text() for leak in report.leaks]
