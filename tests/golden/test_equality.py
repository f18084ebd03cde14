"""The equality tables computed by hand (metrics.md 7): an area a case, expected figures with their arithmetic.
Not here: random municipalities (test_oracle_persons.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.builds import Builds
from tests.municipalities.by_hand import Municipality, national_number
from tests.municipalities.files import write_lines
from warehouse.catalogue import tables_of
from warehouse.trace.lineage import Lineage
from warehouse.trace.tables import tracers_of

AS_OF = date(2024, 3, 14)
TRACERS = tracers_of({table.name: table for table in tables_of(load_manifest())})
PARENTAL = "Foreldrepermisjon"


def rest(pay: str = "", group: str = "", leader: str = "", wish: str = "") -> str:
    """The last columns of a position: annual salary, pay group, leader level, wish for a larger position."""
    return f"{pay};{group};{leader};{wish}"


class Cases:
    """Kommune K with an area a case, and persons numbered as they come."""

    def __init__(self) -> None:
        self.rows = Municipality()
        self.rows.unit("K", "kommune")
        self.persons = 100

    def area(self, name: str, *departments: str, group: str = "") -> None:
        self.rows.unit(name, "tjenesteområde", "K", group)
        for department in departments:
            self.rows.unit(department, "avdeling", name)

    def person(self, sex: str) -> str:
        self.persons += 1
        self.rows.person(str(self.persons), sex)
        return str(self.persons)

    def employee(self, sex: str, unit: str, percent: str = "100", *dates: str, **more: str) -> str:
        person = self.person(sex)
        self.rows.position(person, unit, percent, *dates, **more)
        return person


def municipality() -> Municipality:
    cases = Cases()
    m, employee = cases.rows, cases.employee

    cases.area("balance", "balance1", "balance2")
    employee("K", "balance1", "100")
    two = employee("K", "balance1", "50", rest=rest(wish="Ja"))
    m.position(two, "balance2", "30", number="2", form="Vikar")
    employee("M", "balance1", "50", form="Midlertidig", rest=rest(wish="Nei"))

    cases.area("ties", "ties1", "ties2")
    tied = employee("K", "ties1", "50", number="100000000000")
    m.position(tied, "ties2", "50", number="99999999999", form="Vikar")
    larger = employee("K", "ties1", "49,99", number="1", form="Midlertidig")
    m.position(larger, "ties1", "50", number="2")
    lettered = employee("M", "ties1", "50", number="A1")
    m.position(lettered, "ties1", "50", number="99", form="Vikar")
    cases.area("letters")
    two_letters = employee("M", "letters", "50", number="B1")
    m.position(two_letters, "letters", "50", number="A2", form="Vikar")

    cases.area("population")
    m.leave(employee("K", "population"), "01.12.2023", "31.01.2024", "100")
    m.leave(employee("K", "population"), "01.12.2023", "", "99")
    for form in ("Lærling", "Timelønnet", "Tilkallingsvikar", "Oppdragstaker", "Folkevalgt"):
        employee("K", "population", form=form)
    employee("K", "population", "0")
    director = employee("K", "population", rest=rest("1 500 000", "10", "Kommunedirektør"))
    m.position(director, "population", "20", number="2")

    cases.area("dates")
    for first, last in (
        ("01.01.2023", "30.12.2023"),
        ("01.01.2023", "31.12.2023"),
        ("31.12.2023", ""),
        ("14.03.2024", ""),
        ("15.03.2024", ""),
    ):
        employee("M", "dates", "100", first, last)

    cases.area("north", group="Skole")
    cases.area("south", "south1")
    m.unit("school", "virksomhet", "south", "Skole")
    across = employee("M", "north", "60")
    m.position(across, "school", "40", number="2")
    m.position(across, "south1", "5", number="3")

    cases.area("leaders")
    both = employee("K", "leaders", "50", rest=rest(leader="Virksomhetsleder"))
    m.position(both, "leaders", "50", number="2", rest=rest(leader="Kommunalsjef"))
    employee("K", "leaders", rest=rest(leader="Virksomhetsleder"))
    employee("M", "leaders", rest=rest(leader="Virksomhetsleder"))
    employee("M", "leaders", rest=rest(leader="Avdelingsleder"))
    employee("M", "leaders", form="Timelønnet", rest=rest(leader="Direktør"))
    employee("K", "leaders", rest=rest(leader="Teamleder"))
    m.leave(employee("K", "leaders", rest=rest(leader="Direktør")), "01.01.2023", "")

    mother = employee("K", "population", "100", "01.01.2023", "01.01.2023")
    m.leave(mother, "01.12.2023", "31.01.2024", kind=PARENTAL, coverage="80")
    m.leave(mother, "15.01.2024", "10.02.2024", kind=PARENTAL, coverage="100")
    still_away = cases.person("K")
    m.leave(still_away, "01.02.2024", "31.12.2024", kind=PARENTAL)
    m.leave(still_away, "01.03.2024", "", kind=PARENTAL)
    m.leave(cases.person("K"), "31.12.2022", "01.01.2023", kind=PARENTAL, coverage="80")
    m.leave(cases.person("K"), "01.06.2023", "30.06.2023", kind="Utdanningspermisjon")
    for _ in range(5):
        m.leave(cases.person("K"), "01.06.2023", "30.06.2023", kind=PARENTAL, coverage="100")
    hourly = employee("M", "population", form="Timelønnet")
    m.leave(hourly, "26.02.2024", "01.03.2024", "50", kind=PARENTAL, coverage="100")
    overlapping = cases.person("M")
    m.leave(overlapping, "01.01.2024", "10.01.2024", "50", kind=PARENTAL, coverage="80", position="1")
    m.leave(overlapping, "05.01.2024", "20.01.2024", "50", kind=PARENTAL, coverage="80", position="2")
    m.leave(overlapping, "02.01.2024", "03.01.2024", "20", kind=PARENTAL, coverage="80")
    m.leave(cases.person("M"), "15.03.2024", "31.12.2024", kind=PARENTAL, coverage="100")
    twice_away = cases.person("M")
    for first, last in (("01.02.2024", "05.02.2024"), ("05.03.2024", "14.03.2024"), ("20.03.2024", "31.03.2024")):
        m.leave(twice_away, first, last, kind=PARENTAL)
    m.leave(cases.person("M"), "01.03.2024", "", kind=PARENTAL)
    m.leave(cases.person("M"), "14.03.2024", "14.03.2024", kind=PARENTAL, coverage="100")
    for second in ("15.04.2023", "16.04.2023"):
        father = cases.person("M")
        m.leave(father, "01.03.2023", "31.03.2023", kind=PARENTAL, coverage="80")
        # Within the first: how far its end lies from the next does not matter.
        m.leave(father, "10.03.2023", "12.03.2023", kind=PARENTAL, coverage="80")
        m.leave(father, second, "30.04.2023", kind=PARENTAL, coverage="80")

    cases.area("pay")
    for salary in ("380000", "390 000", "400000", "410000,00"):
        employee("K", "pay", "50", rest=rest(salary, "1"))
    m.leave(employee("K", "pay", rest=rest("420000", "1")), "01.01.2023", "", "100")
    for _ in range(5):
        employee("M", "pay", rest=rest("500000", "1"))
        employee("M", "pay", rest=rest("540000", "2"))
    for _ in range(4):
        twice = employee("K", "pay", rest=rest("600000", "2"))
    m.position(twice, "pay", "10", number="2", rest=rest("600000", "2"))
    employee("K", "pay", rest=rest("500000", "3"))
    employee("M", "pay", "100", "01.01.2024", rest=rest("560000", "1"))
    employee("K", "pay", rest=rest("", "1"))
    employee("K", "pay", rest=rest("999999", ""))
    employee("K", "pay", form="Lærling", rest=rest("999999", "1"))

    # The series begins with the year of the earliest sick absence.
    m.absence(two, "Egenmelding", "13.03.2023", "13.03.2023")
    return m


@pytest.fixture(scope="module")
def warehouse(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(deliver).reading() as con:
        yield con


def deliver(landing: Path) -> None:
    """The municipality, and in PAI three women and a man of the payroll system and one nobody knows; all of one code."""
    m = municipality()
    for number, sex in enumerate("KKKM", start=1):
        m.rows["ansatte"].append(f"{9000 + number};{national_number(number)};;{sex};01.02.1980")
    m.deliver(landing, AS_OF)
    write_lines(
        landing / "pai_2023.csv",
        "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Grunnlønn;Faste tillegg;"
        "Variable tillegg;Overtid;Timer per uke",
        [
            f"{national_number(number)};{9000 + number};7174;{percent};F;2530;{pay};35,5"
            for number, percent, pay in (
                (1, 100, "1200;30;10;"),
                (2, 50, "1300;50;5;"),
                (3, 50, "1400;;;"),
                (4, 100, "1400;;;9"),
                (5, 100, "9999;999;999;999"),
                # A position of 0 % counts for nothing.
                (1, 0, "9000;900;900;900"),
            )
        ],
    )


def cells(con: duckdb.DuckDBPyConnection, table: str, **cell: object) -> list[dict[str, Any]]:
    where = " and ".join(f"{name} = ${name}" for name in cell)
    found = con.execute(f"select * from {table} where {where} order by all", cell)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# unit, year, sex: employees, fte, employees_percent, fte_percent, temporary, part-time, involuntary of those who answered
BALANCE: dict[str, tuple[str, int, str, int, float, float, float, int, int, int | None, int]] = {
    # Women 100 + 50, men 50: 2 of 3 persons, 150 of 200 percent.
    "women of a department": ("balance1", 2023, "kvinne", 2, 1.5, 200 / 3, 75, 0, 1, 1, 1),
    "men of a department, one for a time": ("balance1", 2023, "mann", 1, 0.5, 100 / 3, 25, 1, 1, 0, 1),
    # Below balance2 she is a substitute of 30 % who has not been asked.
    "a person's second department": ("balance2", 2023, "kvinne", 1, 0.3, 100, 100, 1, 1, None, 0),
    # 100 + 50 + 30 of 230; her largest position is the permanent one.
    "the area above": ("balance", 2023, "kvinne", 2, 1.8, 200 / 3, 100 * 180 / 230, 0, 1, 1, 1),
    # Number 99999999999 (Vikar) before 100000000000, so temporary and of 100 %; Fast 50 is larger than Midlertidig 49.99.
    "equal positions: the lowest number": ("ties", 2023, "kvinne", 2, 1.9999, 200 / 3, 100 * 199.99 / 299.99, 1, 1, None, 0),
    # Only her permanent one lies in ties1: 50 + 99.99.
    "only positions below the unit": ("ties1", 2023, "kvinne", 2, 1.4999, 200 / 3, 100 * 149.99 / 249.99, 0, 2, None, 0),
    # 99 (Vikar) before A1: a number before a text.
    "a number before a text": ("ties", 2023, "mann", 1, 1, 100 / 3, 100 * 100 / 299.99, 1, 0, None, 0),
    # A2 (Vikar) before B1.
    "two texts": ("letters", 2023, "mann", 1, 1, 100, 100, 1, 0, None, 0),
    # The one on leave of 99 % and the director's other position of 20 %.
    "full leave, director and other forms": ("population", 2023, "kvinne", 2, 1.2, 100, 100, 0, 1, None, 0),
    "full leave is over": ("population", 2024, "kvinne", 3, 2.2, 100, 100, 0, 1, None, 0),
    "valid on 31 December": ("dates", 2023, "mann", 2, 2, 100, 100, 0, 0, None, 0),
    "valid on the as-of date": ("dates", 2024, "mann", 2, 2, 100, 100, 0, 0, None, 0),
    # north 60 + school 40; south1 is in no group.
    "a group across areas": ("Skole", 2024, "mann", 1, 1, 100, 100, 0, 0, None, 0),
}


@pytest.mark.parametrize("case", BALANCE.values(), ids=BALANCE.keys())
def test_gender_balance(
    warehouse: duckdb.DuckDBPyConnection, case: tuple[str, int, str, int, float, float, float, int, int, int | None, int]
) -> None:
    unit, year, sex, *expected = case
    (got,) = cells(warehouse, "marts.equality_gender_balance", org_unit_code=unit, year=year, sex=sex)
    names = ("employees", "fte", "employees_percent", "fte_percent")
    names += ("temporary_employees", "part_time_employees")
    *counted, involuntary, answered = expected
    assert [got[name] for name in names] == pytest.approx(counted, rel=1e-12)
    # Not asked is not zero: of those not asked there is no count and no share.
    assert (got["involuntary_part_time"], got["part_time_answered"]) == (involuntary, answered)
    assert got["involuntary_percent"] == (None if involuntary is None else 100 * involuntary / answered)
    assert got["is_partial"] == (year == 2024)


def test_a_sex_without_employees_makes_no_cell(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert not cells(warehouse, "marts.equality_gender_balance", org_unit_code="dates", sex="kvinne")


def test_years_are_those_of_the_series(warehouse: duckdb.DuckDBPyConnection) -> None:
    for table in ("gender_balance", "leaders", "parental_leave", "pay"):
        years = warehouse.execute(f"select distinct year, is_partial from marts.equality_{table} order by year").fetchall()
        assert years == [(2023, False), (2024, True)]


@pytest.mark.parametrize("year", [2023, 2024])
def test_leaders(warehouse: duckdb.DuckDBPyConnection, year: int) -> None:
    got = {
        (cell["leader_level"], cell["sex"]): (cell["leaders"], cell["leader_percent"])
        for cell in cells(warehouse, "served.equality_leaders", year=year)
    }
    assert got == {
        ("Avdelingsleder", "kvinne"): (0, 0.0),
        ("Avdelingsleder", "mann"): (1, 100.0),
        ("Virksomhetsleder", "kvinne"): (2, pytest.approx(200 / 3)),
        ("Virksomhetsleder", "mann"): (1, pytest.approx(100 / 3)),
        ("Kommunalsjef", "kvinne"): (1, 100.0),
        ("Kommunalsjef", "mann"): (0, 0.0),
        # One is on full leave, one hourly paid.
        ("Direktør", "kvinne"): (0, None),
        ("Direktør", "mann"): (0, None),
        # The woman with two levels once; no Avdelingsleder.
        ("alle", "kvinne"): (2, pytest.approx(200 / 3)),
        ("alle", "mann"): (1, pytest.approx(100 / 3)),
    }


# year, sex, coverage: takers, days; whole leaves that ended, their days
PARENTAL_LEAVE = {
    # 31 days of December, and 1 January of the leave that began before the series.
    # Of these the second has ended, with 31 December.
    (2023, "kvinne", "80"): (2, 31 + 1, 1, 2),
    # Five with the 30 days of June.
    (2023, "kvinne", "100"): (5, 5 * 30, 5, 150),
    (2023, "kvinne", "alle"): (7, 182, 6, 152),
    # 14 days lie between the one's rows: one leave of 31 + 16 days. 15 lie between the other's: 31 and 15.
    (2023, "mann", "80"): (2, 93, 3, 93),
    (2023, "mann", "alle"): (2, 93, 3, 93),
    # January; the whole leave is December too.
    (2024, "kvinne", "80"): (1, 31, 1, 62),
    # 15 January to 10 February: 17 + 10.
    (2024, "kvinne", "100"): (1, 27, 1, 27),
    # The same woman 1 January to 10 February, 31 + 10; one without coverage from 1 February on: 29 + 14 to the as-of date.
    # Hers from 1 December to 10 February is one leave of 72 days, in January no more than 100 %; the other's has not ended.
    (2024, "kvinne", "alle"): (2, 41 + 43, 1, 72),
    # 1 to 20 January, however many rows.
    # Of them 1 and 4 January 50 %, 2 and 3 January 70 %, 5 to 10 January 100 %, the other ten 50 %.
    (2024, "mann", "80"): (1, 20, 1, 13.4),
    # 26 February to 1 March of a leap year, hourly paid, 50 %; and another's on the as-of date alone.
    (2024, "mann", "100"): (2, 5 + 1, 2, 2.5 + 1),
    # Beside these 5 and 10 days of one without coverage, whose second leave ends on the as-of date, and 14 so far of another's.
    (2024, "mann", "alle"): (5, 26 + 15 + 14, 5, 16.9 + 15),
}


def test_parental_leave(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = {
        (year, cell["sex"], cell["leave_coverage"]): cell
        for year in (2023, 2024)
        for cell in cells(warehouse, "marts.equality_parental_leave", year=year)
    }
    names = ("parental_leave_takers", "parental_leave_days", "ended_leaves", "ended_leave_days")
    assert {key: tuple(cell[name] for name in names) for key, cell in got.items()} == PARENTAL_LEAVE
    # 93 days of three leaves are 31 days each; of two fathers 46.5 in the calendar year.
    assert got[(2023, "mann", "80")]["ended_leave_mean_weeks"] == pytest.approx(31 / 7)
    # 84 days of two women are 42 days each, 6 weeks.
    means = got[(2024, "kvinne", "alle")]
    assert (means["parental_leave_mean_days"], means["parental_leave_mean_weeks"]) == (42.0, 6.0)
    # 55 days of five men are 11 days each.
    means = got[(2024, "mann", "alle")]
    assert (means["parental_leave_mean_days"], means["parental_leave_mean_weeks"]) == (11.0, pytest.approx(11 / 7))
    # Of the five four persons' leaves have ended, one's twice; in 2023 all of the two's.
    assert (means["fewest_persons"], got[(2023, "mann", "alle")]["fewest_persons"]) == (4, 2)


# year, pay group: women, men, mean of women, of men, of all, gap in kroner, in percent of women's, women's in percent of men's
PAY: dict[tuple[int, int], tuple[int, int, float, float | None, float, float | None, float | None, float | None]] = {
    # (380 + 390 + 400 + 410 + 420) / 5 = 400 thousand, half positions at 100 % and full leave included; 100 of 400 is 25 %.
    (2023, 1): (5, 5, 400_000, 500_000, 450_000, 100_000, 25, 80),
    # One more man of 560 thousand: (5 × 500 + 560) / 6 = 510; all (2 000 + 3 060) / 11 = 460.
    (2024, 1): (5, 6, 400_000, 510_000, 460_000, 110_000, 27.5, 100 * 400 / 510),
    # Women earn more: the gap is negative, 60 of the women's 600.
    (2023, 2): (5, 5, 600_000, 540_000, 570_000, -60_000, -10, 100 * 600 / 540),
    (2023, 3): (1, 0, 500_000, None, 500_000, None, None, None),
    # Women (2 000 + 3 000 + 500) / 11 = 500 thousand, men (2 500 + 2 700) / 10 = 520; all 10 700 / 21.
    (2023, 0): (11, 10, 500_000, 520_000, 10_700_000 / 21, 20_000, 4, 100 * 500 / 520),
}


@pytest.mark.parametrize(("cell", "expected"), PAY.items(), ids=[f"{year} group {group}" for year, group in PAY])
def test_pay(warehouse: duckdb.DuckDBPyConnection, cell: tuple[int, int], expected: tuple[float | None, ...]) -> None:
    year, pay_group = cell
    (got,) = cells(warehouse, "marts.equality_pay", year=year, pay_group=pay_group)
    names = ("women", "men", "mean_women", "mean_men", "mean_all", "pay_gap_nok", "pay_gap_percent", "women_pay_percent")
    for name, value in zip(names, expected, strict=True):
        assert got[name] == (None if value is None else pytest.approx(value, rel=1e-12)), name
    assert got["positions"] == got["women"] + got["men"]
    assert got["women_percent"] == pytest.approx(100 * got["women"] / got["positions"])


def test_pay_by_job_code(warehouse: duckdb.DuckDBPyConnection) -> None:
    (got,) = cells(warehouse, "marts.equality_pay_by_job_code", year=2023, job_code="7174")
    (total,) = cells(warehouse, "marts.equality_pay", year=2023, pay_group=0)
    # All of them have the one code, so that the means are those of the total.
    for name in ("women", "men", "positions", "women_percent", "mean_women", "mean_men", "pay_gap_nok", "pay_gap_percent"):
        assert got[name] == total[name], name
    # Women: 380, 390, 400, 410, 420, 500, five of 600: the sixth of eleven. Men: five of 500 and five of 540.
    assert (got["median_women"], got["median_men"]) == (500_000, 520_000)
    # Of 21 the eleventh: 380 to 420, then six of 500.
    assert got["median_all"] == 500_000
    # One man of 560 more: the sixth of eleven, where the mean is 523 636.
    (running,) = cells(warehouse, "marts.equality_pay_by_job_code", year=2024, job_code="7174")
    assert running["median_men"] == 540_000
    # PAI: women 1 200 and 1 300 with 30 and 50 of fixed supplements, of a third only the base; men 1 400; one nobody knows.
    assert (got["base_pay_women"], got["base_pay_men"]) == (1_300, 1_400)
    assert (got["fixed_supplements_women"], got["fixed_supplements_men"]) == (40, None)
    assert (got["variable_supplements_women"], got["overtime_pay_women"], got["overtime_pay_men"]) == (7.5, None, 9)
    assert (got["period_start"], got["period_end"], got["is_partial"]) == (date(2023, 1, 1), date(2023, 12, 31), False)


def test_pay_of_a_code_is_withheld_for_few_in_pai(warehouse: duckdb.DuckDBPyConnection) -> None:
    cell = {"job_code": "7174"}
    # 2023: three women and a man in PAI. 2024 has no PAI.
    assert {row["year"]: row["withheld"] for row in cells(warehouse, "served.equality_pay_by_job_code", **cell)} == {
        2023: "primary",
        2024: "running",
    }


def test_rows_of_pay_by_job_code(warehouse: duckdb.DuckDBPyConnection) -> None:
    (got,) = cells(warehouse, "marts.equality_pay_by_job_code", year=2023, job_code="7174")
    named = {}
    for measure in ("median_men", "women", "base_pay_women", "overtime_pay_men"):
        lineage = Lineage(warehouse)
        TRACERS["equality_pay_by_job_code"](lineage, got, [measure])
        named[measure] = (lineage.roles.count("position"), lineage.count("pai"))
    assert named == {"median_men": (1, 0), "women": (1, 0), "base_pay_women": (1, 3), "overtime_pay_men": (1, 1)}


def test_pay_group_names_are_the_printed_ones(warehouse: duckdb.DuckDBPyConnection) -> None:
    names = warehouse.execute(
        "select pay_group, pay_group_name from marts.equality_pay where year = 2023 order by 1"
    ).fetchall()
    assert names == [
        (0, "Total"),
        (1, "1 Stilling uten særskilt krav til utdanning"),
        (2, "2 Fagarbeider"),
        (3, "3 3-årig høyskole/lærer"),
    ]


def test_the_pay_of_few_persons_is_withheld(warehouse: duckdb.DuckDBPyConnection) -> None:
    served = {cell["pay_group"]: cell for cell in cells(warehouse, "served.equality_pay", year=2023)}
    # Group 2: five positions of women, but four women hold them. Group 3: no men.
    assert {group: cell["withheld"] for group, cell in served.items()} == {0: None, 1: None, 2: "primary", 3: "primary"}
    assert served[1]["pay_gap_nok"] == 100_000
    labels = {"year", "period_start", "period_end", "is_partial", "pay_group", "pay_group_name", "withheld"}
    assert {value for name, value in served[2].items() if name not in labels} == {None}
    assert not {"women_persons", "men_persons"} & served[2].keys()


def test_pay_of_the_running_year_is_withheld(warehouse: duckdb.DuckDBPyConnection) -> None:
    running = cells(warehouse, "served.equality_pay", year=2024)
    assert {cell["withheld"] for cell in running} == {"running"} and len(running) > 1
    assert {cell["mean_women"] for cell in running} | {cell["positions"] for cell in running} == {None}


def test_fewer_than_five_persons_are_withheld(warehouse: duckdb.DuckDBPyConnection) -> None:
    (two,) = cells(warehouse, "served.equality_gender_balance", org_unit_code="balance", year=2023, sex="kvinne")
    labels = {
        "year",
        "period_start",
        "period_end",
        "is_partial",
        "org_level",
        "org_unit_code",
        "org_unit_name",
        "sex",
        "withheld",
    }
    assert two["withheld"] == "primary"
    assert {value for name, value in two.items() if name not in labels} == {None}
    (many,) = cells(warehouse, "served.equality_gender_balance", org_unit_code="pay", year=2023, sex="mann")
    # 5 of group 1 and 5 of group 2.
    assert (many["withheld"], many["employees"]) == (None, 10)
    leave = {
        cell["leave_coverage"]: cell for cell in cells(warehouse, "served.equality_parental_leave", year=2023, sex="kvinne")
    }
    assert {coverage: cell["parental_leave_days"] for coverage, cell in leave.items()} == {"80": None, "100": 150, "alle": 182}
    assert leave["80"]["withheld"] == "primary"
