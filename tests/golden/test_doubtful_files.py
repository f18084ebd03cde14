"""Rows that can be read and say what can hardly be meant: each kind is told by a rule of data_quality, whose rows trace names.
Not here: rules of the contracts (unit tests), or what becomes of such rows in the figures.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.builds import Builds
from tests.municipalities.by_hand import PAI_HEADER, UNITS, national_number, write_payroll
from tests.municipalities.files import header_line, write_lines, write_workbook
from warehouse.trace.evidence import of_data_quality
from warehouse.trace.lineage import Lineage

# Rule → the rows that break it, by feed.
DOUBTFUL = {
    ("organisasjon", "unit_lasts"): [len(UNITS) + 1],
    ("fravaer", "absence_of_usual_length"): [1, 2, 4],
    ("deltakelse", "unit_code_and_name_agree"): [2],
    ("faktorer", "unit_code_and_name_agree"): [1, 2],
    ("pai", "files_differ"): [1, 2],
    ("pai", "person_as_in_ansatte"): [2],
    ("sammenligning", "indicator_known"): [4],
    ("sammenligning", "peer_once"): [3],
    ("maltall", "target_once"): [1],
    ("maltall", "decision_is_taken"): [3],
}


def deliver(landing: Path) -> None:
    # Of 32 days and 31, without an end though it was a day, and of 18 months and a day less.
    absences = [
        "1;;Egenmelding;01.03.2023;01.04.2023;100",
        "1;;Egenmelding;01.05.2023;;100",
        "1;;Egenmelding;01.12.2023;31.12.2023;100",
        "1;;Sykmelding;01.07.2022;31.12.2023;50",
        "1;;Sykmelding;02.07.2022;31.12.2023;50",
    ]
    # Of four units that end, one has ended with a position in it; the others with it, only today, or with one of 0 % in it.
    ended = {"V7": "30.01.2024", "V8": "30.01.2024", "V9": "31.01.2024", "V10": "30.01.2024"}
    units = [*UNITS, *(f"{code};Nedlagt {code};virksomhet;O;;01.01.2000;{last}" for code, last in ended.items())]
    positions = ["1;1;V1;7174;Sykepleier;Fast;100;01.01.2020;"]
    positions += [f"2;{code[1:]};{code};7174;Sykepleier;Fast;20;01.01.2020;" for code in ("V7", "V9")]
    positions += ["2;8;V8;7174;Sykepleier;Fast;20;01.01.2020;30.01.2024", "2;10;V10;7174;Sykepleier;Fast;0;01.01.2020;"]
    write_payroll(landing, "2024-01-31", organisasjon=units, stillinger=positions, fravaer=absences)
    write_workbook(
        landing / "10faktor_2023.xlsx",
        {
            # Of another name than organisasjon's for the code, nobody else's name, and a name that is another unit's.
            "Deltakelse": [
                ["Enhet", "Enhetskode", "Planlagte svar", "Svar"],
                ["Oppvekst og læring", "O", 30, 20],
                ["01 - Bråset sykehjem", "V1", 20, 10],
                ["Velferd", "V", 60, 40],
            ],
            "Faktorer": [
                ["Enhet", "Enhetskode", "Antall svar", "Indre motivasjon"],
                ["Solhaug sykehjem", "V2", 10, 4.2],
                ["Bråset sykehjem", "V1", 20, 3.9],
            ],
        },
    )
    for year in (2022, 2023):
        rows = [f"{national_number(n)};{n};7174;100;F;2110;V1;512000;35,5" for n in (1, 2)]
        write_lines(landing / f"pai_{year}.csv", PAI_HEADER, rows)
    # The first is the person of ansatte, the second another one there; nobody there has the number of the third or fourth.
    others = [(1, 1), (1, 2), (3, 2), (4, 4)]
    rows = [f"{national_number(n)};{number};7174;100;F;2110;V1;512000;35,5" for n, number in others]
    write_lines(landing / "pai_2021.csv", PAI_HEADER, rows)
    write_lines(
        landing / "sammenligning_2024-01-15.csv",
        header_line("sammenligning"),
        [
            "sick_leave_percent;2023;Bergen kommune;9,6;KS",
            "sick_leave_percent;2023;Asker kommune (KS);9,0;KS",
            "sick_leave_percent;2023;BERGEN;9,6;Bergens årsrapport",
            "sick_leave_procent;2023;Oslo kommune;9,6;KS",
        ],
    )
    write_lines(
        landing / "maltall_2024-01-15.csv",
        header_line("maltall", without=("Type", "Utgangsår")),
        [
            "sick_leave_percent;kommune;Asker kommune;2024;7,5;Handlingsprogram 2022;13.12.2022",
            "sick_leave_percent;kommune;K;2024;7,0;Handlingsprogram 2022;13.12.2022",
            "sick_leave_percent;kommune;K;2024;6,5;Handlingsprogram 2023;12.12.2032",
        ],
    )


@pytest.fixture(scope="module")
def built(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(deliver, first_year=2022).reading() as con:
        yield con


@pytest.mark.parametrize(("feed", "rule"), DOUBTFUL)
def test_rows_that_can_hardly_be_meant_are_a_warning(built: duckdb.DuckDBPyConnection, feed: str, rule: str) -> None:
    found = built.execute(
        "select rows, severity from marts.data_quality where feed = $1 and rule = $2", [feed, rule]
    ).fetchall()
    assert found == [(len(DOUBTFUL[feed, rule]), "warning")]
    lineage = Lineage(built)
    of_data_quality(lineage, {"feed": feed, "rule": rule}, ["rows"])
    assert sorted(row for file in lineage.named() for row in file.rows) == DOUBTFUL[feed, rule]


def test_files_that_are_the_same_are_named(built: duckdb.DuckDBPyConnection) -> None:
    ((description,),) = built.execute("select description from marts.data_quality where rule = 'files_differ'").fetchall()
    assert description.endswith("pai_2022.csv, pai_2023.csv")
