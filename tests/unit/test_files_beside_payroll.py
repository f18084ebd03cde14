"""Names of delivered files, the choice of those beside the payroll delivery, and the acceptance of each file by itself."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sources.naming import NamedFile, recognise
from sources.registry import feeds
from tests.building import settings_with
from tests.municipalities.by_hand import national_number, write_payroll
from tests.municipalities.files import header_line, write_lines
from warehouse.acceptance import accept_delivery
from warehouse.archive import all_arrivals, take_in
from warehouse.arrivals import states_of_arrivals
from warehouse.build_database import start_build
from warehouse.database import connect
from warehouse.delivery import choose
from warehouse.load import load_feed
from warehouse.optional_feeds import LeftOut, load_optional
from warehouse.paths import Home

PAI = "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Grunnlønn;Timer per uke"
GOOD = f"{national_number(1)};1;7174;100;F;2110;512000;35,5"
BAD = f"{national_number(1)};1;7174;100;X;2110;512000;35,5"


@pytest.mark.parametrize(
    ("file_name", "named"),
    [
        ("fravaer_2024-01-31.csv", NamedFile("fravaer", "", date(2024, 1, 31))),
        ("Variable_Timer_2024-01-31.XLSX", NamedFile("variable_timer", "", date(2024, 1, 31))),
        ("pai_2023.csv", NamedFile("pai", "2023", date(2023, 12, 1))),
        ("10faktor_2023.xlsx", NamedFile("10faktor", "2023", date(2023, 1, 1))),
        ("ssb_12441_2024-03-01.json", NamedFile("ssb", "12441", date(2024, 3, 1))),
        ("piloter_2024-03-01.csv", NamedFile("piloter", "", date(2024, 3, 1))),
        ("pai_2023-12-01.csv", None),
        ("10faktor_2023.csv", None),
        ("ssb_2024-03-01.json", None),
        ("fravaer_2024-02-30.csv", None),
        ("fravaer_2024.csv", None),
        ("deltakelse_2024-01-31.csv", None),
    ],
)
def test_names(file_name: str, named: NamedFile | None) -> None:
    assert recognise(file_name, [feed.naming for feed in feeds().values()]) == named


def arrive(home: Home, *file_names: str) -> None:
    """Take in empty files one after the other."""
    home.prepare()
    for file_name in file_names:
        (home.landing / file_name).write_text(file_name, encoding="utf-8")
        take_in(home, home.landing, feeds())


def chosen(home: Home, as_of: date | None = None) -> list[str]:
    delivery = choose(all_arrivals(home), feeds(), as_of).delivery
    return sorted(arrival.file_name for arrival in delivery.files if not feeds().get(arrival.feed, feeds()["pai"]).required)


def test_choice_beside_the_payroll_delivery(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for day in ("2023-06-30", "2024-01-31"):
        write_payroll(home.landing, day)
    arrive(
        home,
        "variable_timer_2023-06-30.csv",
        "pai_2023.csv",
        "pai_2021.csv",
        "pai_2021.txt",
        "10faktor_2021.xlsx",
        "10faktor_2023.xlsx",
        "ssb_12441_2024-01-01.json",
        "ssb_12441_2023-01-01.json",
        "ssb_12451_2023-01-01.json",
        "maltall_2024-02-15.csv",
        "maltall_2023-01-01.csv",
        "maltall_2023-01-01.xlsx",
    )
    assert chosen(home) == [
        "10faktor_2021.xlsx",
        "10faktor_2023.xlsx",
        "maltall_2024-02-15.csv",
        # The later arrival of the year; variable_timer belongs to the older payroll delivery.
        "pai_2021.txt",
        "pai_2023.csv",
        "ssb_12441_2024-01-01.json",
        "ssb_12451_2023-01-01.json",
    ]
    assert chosen(home, date(2023, 7, 1)) == [
        "10faktor_2021.xlsx",
        "10faktor_2023.xlsx",
        "maltall_2023-01-01.xlsx",
        # Its reference date is 1 December 2023.
        "pai_2021.txt",
        "ssb_12441_2023-01-01.json",
        "ssb_12451_2023-01-01.json",
        "variable_timer_2023-06-30.csv",
    ]


def load_all(home: Home, as_of: date | None = None) -> list[LeftOut]:
    home.prepare()
    settings = settings_with(home.root)
    take_in(home, home.landing, feeds())
    delivery = choose(all_arrivals(home), feeds(), as_of).delivery
    start_build(home, settings, feeds(), delivery)
    left_out: list[LeftOut] = []
    with connect(home.build_database, settings) as con:
        for feed in feeds().values():
            if feed.required:
                load_feed(con, home, feed, delivery.of(feed))
            else:
                left_out += load_optional(con, home, settings, feed, delivery.of(feed))[1]
    accept_delivery(home, settings, feeds(), delivery)
    return left_out


def test_a_bad_optional_file_gives_way_to_the_last_good_one_of_its_part(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_payroll(home.landing, "2024-01-31")
    write_lines(home.landing / "pai_2022.csv", PAI, [GOOD] * 3)
    write_lines(home.landing / "pai_2023.csv", PAI, [GOOD] * 5)
    load_all(home)
    write_lines(home.landing / "pai_2023.csv", PAI, [*[GOOD] * 3, *[BAD] * 6])
    left_out = load_all(home)
    assert [(one.arrival.file_name, one.used_instead) for one in left_out] == [("pai_2023.csv", "pai_2023.csv")]
    told = "pai_2023.csv is left out, and the one of that name before it is used in its place: 6 of 9 rows"
    assert left_out[0].as_text().startswith(told)
    assert left_out[0].reason.startswith("6 of 9 rows (66,7 %) are bad; the limit is 1 % and 5 rows")
    assert "row 4, Tilsettingsforhold = X: breaks employment_code_in_code_list" in left_out[0].reason
    with duckdb.connect(str(home.build_database), read_only=True) as con:
        stored = con.execute("select pai_year, count(*) from raw.pai group by 1 order by 1").fetchall()
    assert stored == [(2022, 3), (2023, 5)]


def test_a_file_that_was_left_out_is_not_said_to_be_loaded_next(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_payroll(home.landing, "2024-01-31")
    write_lines(home.landing / "pai_2023.csv", PAI, [BAD] * 6)
    load_all(home)

    def told() -> tuple[str, str]:
        return next((one.state, one.reason) for one in states_of_arrivals(home, feeds()) if one.arrival.feed == "pai")

    assert told()[0] == "next"
    # What a night leaves behind.
    shutil.copy(home.build_database, home.private_database)
    state, reason = told()
    assert state == "left out" and reason.startswith("by the last night that loaded it: 6 of 6 rows (100,0 %) are bad")
    write_lines(home.landing / "pai_2023.csv", PAI, [GOOD] * 6)
    take_in(home, home.landing, feeds())
    states = [one.state for one in states_of_arrivals(home, feeds()) if one.arrival.feed == "pai"]
    assert states == ["next", "superseded"]


def test_only_an_earlier_file_of_the_same_part_may_take_its_place_and_the_newest_does(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    write_payroll(home.landing, "2024-01-31")
    for of_2021, of_2022 in ((2, 4), (3, 6)):
        write_lines(home.landing / "pai_2021.csv", PAI, [GOOD] * of_2021)
        write_lines(home.landing / "pai_2022.csv", PAI, [GOOD] * of_2022)
        take_in(home, home.landing, feeds())
    for year in (2021, 2023):
        write_lines(home.landing / f"pai_{year}.csv", PAI, [BAD] * 6)
    # Of targets the good one is newer than the date that is asked for.
    write_lines(home.landing / "maltall_2024-01-01.csv", "Indikator;Nivå", [])
    target = "sick_leave_percent;kommune;K;2024;8;Sak 1;01.01.2023;;"
    write_lines(home.landing / "maltall_2024-02-15.csv", header_line("maltall"), [target])
    left_out = {one.arrival.file_name: one.used_instead for one in load_all(home, date(2024, 1, 31))}
    assert left_out == {"pai_2021.csv": "pai_2021.csv", "pai_2023.csv": None, "maltall_2024-01-01.csv": None}
    with duckdb.connect(str(home.build_database), read_only=True) as con:
        stored = con.execute("select pai_year, count(*) from raw.pai group by 1 order by 1").fetchall()
    assert stored == [(2021, 3), (2022, 6)]


def test_an_unreadable_optional_file_stops_no_night(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_payroll(home.landing, "2024-01-31")
    write_lines(home.landing / "maltall_2024-01-01.csv", "Indikator;Nivå", [])
    (left_out,) = load_all(home)
    assert (left_out.arrival.file_name, left_out.used_instead) == ("maltall_2024-01-01.csv", None)
    assert left_out.reason.startswith("required column Enhet")


def test_rows_of_each_file_are_counted_by_themselves(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_payroll(home.landing, "2024-01-31")
    # The same bytes in two years: two inputs of one content.
    write_lines(home.landing / "pai_2021.csv", PAI, [GOOD] * 3)
    write_lines(home.landing / "pai_2022.csv", PAI, [GOOD] * 3)
    write_lines(home.landing / "pai_2023.csv", PAI, [*[GOOD] * 200, BAD])
    load_all(home)
    with duckdb.connect(str(home.build_database), read_only=True) as con:
        inputs = con.execute(
            "select file_name, rows_delivered, rows_loaded, rows_quarantined from raw.inputs where feed = 'pai' order by 1"
        ).fetchall()
        stored = con.execute("select pai_year, count(*) from raw.pai group by 1 order by 1").fetchall()
    assert inputs == [("pai_2021.csv", 3, 3, 0), ("pai_2022.csv", 3, 3, 0), ("pai_2023.csv", 201, 200, 1)]
    assert stored == [(2021, 3), (2022, 3), (2023, 200)]
