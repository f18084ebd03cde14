"""10-FAKTOR from workbook to served table: cases worked out by hand. Not here: the reading of bad workbooks (unit tests)."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.builds import Builds
from tests.municipalities.by_hand import write_payroll
from tests.municipalities.files import write_workbook

PARTICIPATION = ["Enhet", "Enhetskode", "Planlagte svar", "Svar"]
FACTORS = ["Enhet", "Enhetskode", "Faktor", "Navn", "Snitt", "Antall svar", "Norge"]


def deliver(landing: Path) -> None:
    write_payroll(landing, "2024-01-31")
    # A round before first_year is not served, and is no round before to the next one.
    write_workbook(
        landing / "10faktor_2019.xlsx",
        {
            "Deltakelse": [PARTICIPATION, ["Asker kommune", None, 1000, 500]],
            "Faktorer": [FACTORS, ["Asker kommune", None, 1, "Indre motivasjon", 4.1, 500, 4.2]],
        },
    )
    write_workbook(
        landing / "10faktor_2021.xlsx",
        {
            "Deltakelse": [
                PARTICIPATION,
                ["Asker kommune", None, 1000, 700],
                ["02 - Oppvekst", None, 300, 150],
                ["Solhaug sykehjem", "V1", 10, 4],
            ],
            # Wide: one column a factor, the national scores as a row of their own.
            "Faktorer": [
                ["Enhet", "Enhetskode", "Antall svar", "Oppgavemotivasjon", "Faktor 10"],
                ["Asker kommune", "K", 700, 4.2, 4.65],
                ["Solhaug sykehjem", "V1", 4, 3.1, None],
                ["Norge", None, None, 4.3, 4.7],
            ],
        },
    )
    write_workbook(
        landing / "10faktor_2023.xlsx",
        {
            "Deltakelse": [
                PARTICIPATION,
                ["Asker kommune", None, 6808, 5047],
                ["02 - Oppvekst", None, 400, 100],
                # Whom the next row names by its code.
                ["Solhaug sykehjem", None, 50, 40],
                ["Et navn ingen kjenner", "V1", 10, 5],
                ["09 - Annet", None, 21, 17],
                ["10 - Nytt", "X9", 30, 15],
                ["Bråset sykehjem", None, 9, 4],
            ],
            "Faktorer": [
                FACTORS,
                ["Asker kommune", None, 1, "Indre motivasjon", 4.25, 5047, 4.2],
                ["Asker kommune", None, 10, "Nyttemotivasjon", 4.64, 5047, 4.7],
                ["Solhaug sykehjem", None, 1, "Oppgavemotivasjon", 4.0, 40, 4.2],
                ["Solhaug sykehjem", "V1", 1, "Oppgavemotivasjon", 3.6, 5, 4.2],
                ["Bråset sykehjem", None, 1, "Oppgavemotivasjon", 3.6, 4, 4.2],
            ],
        },
    )


@pytest.fixture(scope="module")
def served(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(deliver, first_year=2021).reading() as con:
        yield con


def test_response(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select year, org_level, org_unit_code, org_unit_name, planned_responses, responses, round(response_percent, 6),
               previous_response_percent, withheld from served.survey_response order by year, org_unit_code"""
    ).fetchall()
    assert rows == [
        (2021, "kommune", "K", "Asker kommune", 1000, 700, 70.0, None, None),
        (2021, "tjenesteområde", "O", "Oppvekst", 300, 150, 50.0, None, None),
        (2021, "virksomhet", "V1", "Solhaug sykehjem", None, None, None, None, "primary"),
        (2023, "ukjent", "09 - Annet", "09 - Annet", 21, 17, 80.952381, None, None),
        (2023, "kommune", "K", "Asker kommune", 6808, 5047, 74.133373, 70.0, None),
        (2023, "tjenesteområde", "O", "Oppvekst", 400, 100, 25.0, 50.0, None),
        (2023, "ukjent", "Solhaug sykehjem", "Solhaug sykehjem", 50, 40, 80.0, None, None),
        # By code, whatever the name; the withheld round before is not told by the round after either.
        (2023, "virksomhet", "V1", "Solhaug sykehjem", 10, 5, 50.0, None, None),
        (2023, "virksomhet", "V2", "Bråset sykehjem", None, None, None, None, "primary"),
        (2023, "ukjent", "X9 10 - Nytt", "10 - Nytt", 30, 15, 50.0, None, None),
    ]


def test_factor_scores(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select year, org_unit_code, factor_no, factor_name, score, norway, previous_score, difference_norway,
               difference_previous, withheld from served.survey_factor_scores order by year, org_unit_code, factor_no"""
    ).fetchall()
    assert rows == [
        (2021, "K", 1, "Indre motivasjon", 4.2, 4.3, None, -0.1, None, None),
        (2021, "K", 10, "Prososial motivasjon", 4.65, 4.7, None, 0.0, None, None),
        (2021, "V1", 1, "Indre motivasjon", None, None, None, None, None, "primary"),
        # 4.25 is printed 4.3 and 4.64 is printed 4.6: differences are of the printed scores.
        (2023, "K", 1, "Indre motivasjon", 4.25, 4.2, 4.2, 0.1, 0.1, None),
        (2023, "K", 10, "Prososial motivasjon", 4.64, 4.7, 4.65, -0.1, -0.1, None),
        (2023, "Solhaug sykehjem", 1, "Indre motivasjon", 4.0, 4.2, None, -0.2, None, None),
        (2023, "V1", 1, "Indre motivasjon", 3.6, 4.2, None, -0.6, None, None),
        (2023, "V2", 1, "Indre motivasjon", None, None, None, None, None, "primary"),
    ]


def test_columns_that_only_decide_are_not_served(served: duckdb.DuckDBPyConnection) -> None:
    columns = {row[0] for row in served.execute("describe served.survey_factor_scores").fetchall()}
    assert not columns & {"responses", "previous_year"}


def test_unit_that_matches_nothing_is_reported(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute("select feed, rows from served.data_quality where rule = 'unit_matched' and rows > 0").fetchall()
    assert sorted(rows) == [("deltakelse", 3), ("faktorer", 1)]


def test_one_input_a_file(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select file_name, rows_delivered, rows_loaded, rows_quarantined from served.inputs
           where feed = '10faktor' order by file_name"""
    ).fetchall()
    assert rows == [("10faktor_2019.xlsx", 2, 2, 0), ("10faktor_2021.xlsx", 6, 6, 0), ("10faktor_2023.xlsx", 12, 12, 0)]


def test_marts_of_feeds_that_have_not_come_are_served_empty(served: duckdb.DuckDBPyConnection) -> None:
    for table in ("benchmarks", "targets", "pilots"):
        assert served.execute(f"select count(*) from served.{table}").fetchall() == [(0,)]
    rows = served.execute("select feed, severity from served.data_quality where rule = 'feed_delivered'").fetchall()
    assert {("sammenligning", "warning"), ("maltall", "warning"), ("piloter", "warning")} <= set(rows)
    assert ("deltakelse", "warning") not in rows
