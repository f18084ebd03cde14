"""Variable hours and PAI from file to database: cases worked out by hand. Not here: bad rows (unit tests)."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.building import attack_served, build, settings_with
from tests.builds import Builds
from tests.municipalities.by_hand import PAI_HEADER, national_number, write_payroll
from tests.municipalities.files import header_line, write_lines
from warehouse.catalogue import tables_of
from warehouse.paths import Home
from warehouse.trace import substitutes
from warehouse.trace.evidence import of_data_quality
from warehouse.trace.lineage import Lineage

POSITIONS = [
    "1;1;V1;7174;Sykepleier;Fast;100;01.01.2020;",
    "2;1;V1;7174;Sykepleier;Midlertidig;100;01.01.2020;",
    "3;1;V1;7174;Sykepleier;Fast;100;01.01.2020;",
    "4;1;V1;7174;Sykepleier;Vikar;100;01.01.2020;",
    "5;1;V2;7174;Sykepleier;Vikar;50;01.01.2020;",
    "6;1;V2;7174;Lærling;Lærling;100;01.01.2020;",  # not in the full-time population
    "7;1;V2;7174;Sykepleier;Fast;80;01.01.2020;",  # on leave on the last of January
    "8;1;V1;7174;Sykepleier;Fast;100;01.01.2020;30.01.2024",  # gone on the last of January
]
LEAVES = ["7;;Ulønnet permisjon;31.01.2024;31.01.2024;60;", "7;1;Ulønnet permisjon;31.01.2024;31.01.2024;40;"]
HOURS = [
    "1;V1;2024-01;Ekstravakt;162,5;",
    "2;V1;2024-01;Timelønn;81,25;20 000",
    "3;V1;2024-01;Overtid;16,25;",
    "3;V1;2024-01;Beredskap;100;",  # no kind that is counted
    "7;V2;2024-02;Mertid;32,5;",
    "7;V2;2024-03;Mertid;32,5;",  # after the as-of date
    "1;V1;2023-12;Ekstravakt;162,5;",  # before first_year
]


def deliver(landing: Path) -> None:
    write_payroll(landing, "2024-02-15", stillinger=POSITIONS, permisjoner=LEAVES)
    write_lines(landing / "variable_timer_2024-02-15.csv", header_line("variable_timer"), HOURS)
    write_lines(landing / "pai_2022.csv", PAI_HEADER, [f"{national_number(1)};1;7174;100;F;2110;;512000;35,5"])
    old = write_lines(landing / "pai_2023.csv", PAI_HEADER, [f"{national_number(1)};1;7174;10;F;2110;V1;512000;35,5"])
    os.utime(old, (1, 1))
    # A later file of the same year, fixed width: 60 and 40 percent of one person, 75.5 of another on a unit that is gone.
    records = [
        f"{national_number(number)}{number:<10}7174{percent}{code}2110{unit:<10}00512000{'':<26}355"
        for number, percent, code, unit in [(1, "06000", 1, "V1"), (1, "04000", 2, "V2"), (2, "07550", 3, "X9")]
    ]
    (landing / "pai_2023.txt").write_text("\r\n".join(records), encoding="cp1252")


@pytest.fixture(scope="module")
def built(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(deliver, min_fte_unit=1, min_persons=1, first_year=2024).reading() as con:
        yield con


def test_substitutes_are_empty_where_their_persons_are_withheld(builds: Builds) -> None:
    """With no hours they are the årsverk of those with the form Vikar, of whom there are one or two."""
    with builds.built(deliver, min_fte_unit=1, first_year=2024).reading() as con:
        rows = con.execute(
            """select distinct substitute_fte, substitute_percent, variable_fte is null, all_fte is null
               from served.substitutes_by_unit where withheld is null"""
        ).fetchall()
    assert rows == [(None, None, False, False)]


def test_hours_of_a_month_that_has_not_begun_are_a_warning(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute("select rows, severity from marts.data_quality where rule = 'month_has_begun'").fetchall()
    assert rows == [(1, "warning")]
    lineage = Lineage(built)
    of_data_quality(lineage, {"feed": "variable_timer", "rule": "month_has_begun"}, ["rows"])
    assert [rows for traced in lineage.named() for rows in traced.rows] == [6]


def test_substitutes(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """select month, org_unit_code, round(variable_fte, 6), round(substitute_fte, 6), round(substitute_percent, 6),
               overtime_hours, withheld, round(all_fte, 6), hours_pay
           from served.substitutes_by_unit order by month, org_unit_code"""
    ).fetchall()
    # 3 of 4.5 + 1.6; one of the hours' rows says what was paid.
    january = (1.6, 3.0, 49.180328, 16.25, None, 6.1, 20000.0)
    february = (0.2, 1.5, 27.272727, 0.0, None, 5.5, None)  # 1.5 of 5.3 + 0.2
    assert rows == [
        ("2024-01", "K", *january),
        ("2024-01", "V", *january),
        ("2024-01", "V1", 1.6, 2.5, 44.642857, 16.25, None, 5.6, 20000.0),  # 2.5 of 4 + 1.6
        ("2024-01", "V2", None, None, None, None, "primary", None, None),
        ("2024-02", "K", *february),
        ("2024-02", "V", *february),
        ("2024-02", "V1", 0.0, 1.0, 25.0, 0.0, None, 4.0, None),
        # 1.3 årsverk this month, but 0.9 over the year's months.
        ("2024-02", "V2", None, None, None, None, "primary", None, None),
    ]


WEEK = ["Ansattnr", "Stillingsnr", "Enhetskode", "Stillingskode", "Stillingstittel", "Ansettelsesform", "Timer per uke"]
OF_OTHER_WEEKS = [
    "1;1;V1;7174;Sykepleier;Fast;33,6;100;01.01.2020;;;;;",
    "2;1;V1;7174;Sykepleier;Fast;;100;01.01.2020;;;;;",
    # The one in the hours' unit decides, though it is smaller; in V2 hers of 37,5 does.
    "3;1;V1;7174;Sykepleier;Fast;35,5;20;01.01.2020;;;;;",
    "3;2;V2;7174;Sykepleier;Fast;37,5;80;01.01.2020;;;;;",
    # Of the month, though she has left on the 1st; 8 has come on the 31st.
    "4;1;V1;7174;Sykepleier;Fast;33,6;100;01.01.2020;01.01.2024;;;;",
    # Had another week last year.
    "5;1;V1;7174;Sykepleier;Fast;33,6;100;01.01.2020;31.12.2023;;;;",
    "5;1;V1;7174;Sykepleier;Fast;37,5;100;01.01.2024;;;;;",
    # The larger of two in the hours' unit, and of two of a size the first of the file.
    "6;1;O;7174;Sykepleier;Fast;33,6;40;01.01.2020;;;;;",
    "6;2;O;7174;Sykepleier;Fast;35,5;60;01.01.2020;;;;;",
    "7;1;O;7174;Sykepleier;Fast;35,5;50;01.01.2020;;;;;",
    "7;2;O;7174;Sykepleier;Fast;33,6;50;01.01.2020;;;;;",
    "8;1;O;7174;Sykepleier;Fast;33,6;100;31.01.2024;;;;;",
]


@pytest.fixture(scope="module")
def other_weeks(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    def deliver_weeks(landing: Path) -> None:
        write_payroll(landing, "2024-01-31", stillinger=OF_OTHER_WEEKS)
        rest = ["Stillingsprosent", "Gyldig fra", "Gyldig til", "Årslønn", "Lønnsgruppe", "Ledernivå", "Ønsker større stilling"]
        write_lines(landing / "stillinger_2024-01-31.csv", ";".join([*WEEK, *rest]), OF_OTHER_WEEKS)
        hours = [
            f"{person};{unit};2024-01;{kind};{number};100"
            for person, unit, kind, number in (
                ("1", "V1", "Ekstravakt", "145,6"),
                ("2", "V1", "Overtid", "162,5"),
                ("3", "V1", "Mertid", "153,8333"),
                ("3", "V2", "Mertid", "162,5"),
                ("4", "V1", "Overtid", "145,6"),
                ("5", "V1", "Overtid", "16,25"),
                ("6", "O", "Mertid", "153,8333"),
                ("7", "O", "Mertid", "153,8333"),
                ("8", "O", "Mertid", "145,6"),
            )
        ]
        write_lines(landing / "variable_timer_2024-01-31.csv", header_line("variable_timer"), hours)

    with builds.built(deliver_weeks, min_fte_unit=0, min_persons=0, first_year=2024).reading() as con:
        yield con


def test_hours_of_another_full_week(other_weeks: duckdb.DuckDBPyConnection) -> None:
    rows = other_weeks.execute(
        """select org_unit_code, variable_fte, substitute_fte, all_fte, hours_pay, period_start, period_end, is_partial
           from marts.substitutes_by_unit where org_unit_code in ('V1', 'V2') order by 1"""
    ).fetchall()
    (_, variable, of_substitutes, everything, paid, *period), (_, variable_of_v2, *_) = rows
    # 52 × 33.6 / 12 = 145.6 hours are one årsverk, 52 × 35.5 / 12 = 153.8333…, and 162.5 of whom nothing is said.
    assert variable == pytest.approx(1 + 1 + 1 + 1 + 0.1, abs=1e-6)
    assert (of_substitutes, variable_of_v2) == (1, 1)
    # 1, 2, 5 with 100 % and 3 with 20 % on the 31st.
    assert everything == pytest.approx(3.2 + variable)
    assert (paid, period) == (500, [date(2024, 1, 1), date(2024, 1, 31), False])
    (of_several,) = other_weeks.execute(
        "select variable_fte from marts.substitutes_by_unit where org_unit_code = 'O'"
    ).fetchall()
    assert of_several == (pytest.approx(3, abs=1e-6),)


@pytest.mark.parametrize(
    ("measure", "positions"),
    [
        # Those that say of another week: 1, 3 in V1, 4.
        ("variable_fte", [1, 3, 5]),
        ("overtime_hours", None),
        # Who counts on the date, and 4's.
        ("all_fte", [1, 2, 3, 5, 7]),
    ],
)
def test_rows_of_a_cell(other_weeks: duckdb.DuckDBPyConnection, measure: str, positions: list[int] | None) -> None:
    lineage = Lineage(other_weeks)
    cell = {"month": "2024-01", "org_level": "virksomhet", "org_unit_code": "V1"}
    substitutes.of_cell(lineage, cell, [measure])
    named = [traced.rows for traced in lineage.named() if traced.file.feed == "stillinger"]
    # Without any a position is named so that the delivery is accepted.
    assert named == ([positions] if positions else [[4]])


def test_a_position_that_has_not_begun_says_nothing_of_the_week(builds: Builds) -> None:
    """On the 20th the one of 33,6 hours in the hours' own unit is still to come: 162,5 hours are one årsverk of 37,5 a week."""

    def deliver(landing: Path) -> None:
        positions = [
            "1;1;V2;7174;Sykepleier;Fast;37,5;100;01.01.2020;;;;;",
            "1;2;V1;7174;Sykepleier;Fast;33,6;100;26.01.2024;;;;;",
        ]
        write_payroll(landing, "2024-01-20", stillinger=positions)
        rest = ["Stillingsprosent", "Gyldig fra", "Gyldig til", "Årslønn", "Lønnsgruppe", "Ledernivå", "Ønsker større stilling"]
        write_lines(landing / "stillinger_2024-01-20.csv", ";".join([*WEEK, *rest]), positions)
        hours = ["1;V1;2024-01;Ekstravakt;162,5;"]
        write_lines(landing / "variable_timer_2024-01-20.csv", header_line("variable_timer"), hours)

    with builds.built(deliver, min_fte_unit=0, min_persons=0, first_year=2024).reading() as con:
        found = con.execute("select variable_fte from marts.substitutes_by_unit where org_unit_code = 'V1'").fetchall()
    assert found == [(1.0,)]


def test_the_mean_of_a_year_is_exact(builds: Builds) -> None:
    """Doubles added up in whatever order would differ in the last digit from night to night: 0,1 + 0,2 + 0,3 is such a sum."""

    def deliver(landing: Path) -> None:
        months = ["10;01.01.2020;31.01.2024", "20;01.02.2024;29.02.2024", "30;01.03.2024;"]
        positions = [f"{i};1;V1;7174;Sykepleier;Fast;{month}" for i, month in enumerate(months, 1)]
        hours = [f"1;V1;2024-{month:02};Ekstravakt;162,5;" for month in (1, 2, 3)]
        write_payroll(landing, "2024-03-31", stillinger=positions)
        write_lines(landing / "variable_timer_2024-03-31.csv", header_line("variable_timer"), hours)

    with builds.built(deliver, min_fte_unit=1, first_year=2024).reading() as con:
        found = con.execute("select distinct fte_of_year from marts.substitutes_by_unit where org_unit_code = 'V1'").fetchall()
    assert found == [(0.6 / 3,)]


def test_pai_of_a_year_before_the_first_is_not_served(built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute("select count(*) from served.full_time_by_unit where source = 'pai'").fetchall() == [(0,)]
    assert built.execute("select count(*) from served.full_time_sources").fetchall() == [(0,)]


def test_a_night_with_hours_before_the_first_year_withstands_the_attack(tmp_path: Path) -> None:
    """In 2023 unit V2 would be withheld and follow from V and V1: the secondary rule knows the months of the series alone."""
    home = Home(tmp_path / "home")
    write_payroll(home.landing, "2024-02-15", stillinger=POSITIONS)
    hours = [f"1;V1;{month};Ekstravakt;162,5;" for month in ("2023-11", "2023-12", "2024-01")]
    write_lines(home.landing / "variable_timer_2024-02-15.csv", "Ansattnr;Enhetskode;Måned;Lønnsart;Timer;Beløp", hours)
    settings = settings_with(tmp_path, min_fte_unit=2, min_fte_job_code=1, first_year=2024)
    build(home, settings)
    attack_served(home, settings, tables_of(load_manifest()))
    with duckdb.connect(str(home.build_database), read_only=True) as con:
        assert con.execute("select distinct month from served.substitutes_by_unit").fetchall() == [("2024-01",)]


def test_hours_of_unknown_kind_are_reported(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select rows, severity from served.data_quality where feed = 'variable_timer' and rule = 'hours_kind_in_code_list'"
    ).fetchall()
    assert rows == [(1, "warning")]


def test_pai_positions_are_summed_to_persons(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """select cast(reference_date as varchar), employee_no, sum(position_percent) from staging.stg_pai
           group by reference_date, person_key, employee_no order by 1, 2"""
    ).fetchall()
    assert [(day, person, float(percent)) for day, person, percent in rows] == [
        ("2022-12-01", "1", 100.0),
        ("2023-12-01", "1", 100.0),
        ("2023-12-01", "2", 75.5),
    ]


def test_pai_persons_have_the_pseudonyms_of_payroll(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """select distinct pai.employee_no from staging.stg_pai as pai
           inner join raw.ansatte as payroll on pai.person_key = payroll.person_key and pai.employee_no = payroll.employee_no"""
    ).fetchall()
    assert sorted(rows) == [("1",), ("2",)]


def test_pai_units(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select pai_year, unit_code_delivered, unit_code from staging.stg_pai order by 1, row_number"
    ).fetchall()
    assert rows == [(2022, None, "K"), (2023, "V1", "V1"), (2023, "V2", "V2"), (2023, "X9", "K")]
    rows = built.execute("select rows from served.data_quality where feed = 'pai' and rule = 'unit_matched'").fetchall()
    assert rows == [(2,)]


def test_later_file_of_a_year_supersedes(built: duckdb.DuckDBPyConnection) -> None:
    names = built.execute("select file_name, rows_loaded from served.inputs where feed = 'pai' order by 1").fetchall()
    assert names == [("pai_2022.csv", 1), ("pai_2023.txt", 3)]
