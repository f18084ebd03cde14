"""Full time computed by hand (metrics.md 5): an area a case, expected figures with their arithmetic.
Not here: random municipalities (test_oracle_persons.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.builds import Builds
from tests.municipalities.by_hand import Municipality
from tests.municipalities.files import header_line, write_lines
from warehouse.trace import full_time
from warehouse.trace.lineage import Lineage

AS_OF = date(2024, 3, 14)
LEAP_DAY = date(2024, 2, 29)
YES, NO = ";;;Ja", ";;;Nei"


def municipality() -> Municipality:
    """All cases side by side: kommune K, an area a case, departments named after it."""
    m = Municipality()
    m.unit("K", "kommune")
    persons = iter(range(101, 999))

    def area(name: str, *departments: str, group: str = "") -> None:
        m.unit(name, "tjenesteområde", "K", group)
        for department in departments:
            m.unit(department, "avdeling", name)

    def new(unit: str, percent: str = "100", *rest: str, **more: str) -> str:
        person = str(next(persons))
        m.position(person, unit, percent, *rest, **more)
        return person

    area("halves", "halves1", "halves2")
    both = new("halves1", "50")
    m.position(both, "halves2", "50", number="2")

    area("leave44", "leave44a", "leave44b")
    both = new("leave44a")
    m.leave(both, "01.01.2024", "", "44", position="1")
    m.position(both, "leave44b", "44", number="2", form="Midlertidig")

    area("limits")
    for percent in ("79,9", "80", "99,99", "100"):
        new("limits", percent)
    area("lowlimits")
    for percent in ("0,01", "19,99", "20", "49,99", "50"):
        new("lowlimits", percent)

    area("fullleave", "leave100", "leave99", "leavesums", "leaveofone")
    m.leave(new("leave100"), "01.02.2024", "29.02.2024", "100")
    m.leave(new("leave99"), "01.02.2024", "29.02.2024", "99")
    summed = new("leavesums")
    m.leave(summed, "01.01.2024", "29.02.2024", "60")
    m.leave(summed, "29.02.2024", "", "40", kind="Utdanningspermisjon")
    two = new("leaveofone", "60")
    m.position(two, "leaveofone", "30", number="2")
    m.leave(two, "29.02.2024", "29.02.2024", "100", position="1")

    area("wish", "wish1", "wish2")
    new("wish1", "60", rest=NO)
    new("wish1", "60", rest=YES)
    new("wish1", "60")
    new("wish1", "100", rest=YES)
    split = new("wish1", "30", rest=YES)
    m.position(split, "wish1", "30", number="2", rest=NO)
    fills_up = new("wish1", "60", rest=YES)
    m.position(fills_up, "wish2", "40", number="2")

    area("asked", "asked1", "asked2")
    new("asked1", "60")
    new("asked1", "60", rest=NO)
    new("asked1", "70", rest=NO)
    new("asked2", "80")

    area("forms")
    for form in ("Fast", "Vikar", "Midlertidig"):
        new("forms", form=form)
    for form in ("Lærling", "Timelønnet", "Tilkallingsvikar", "Oppdragstaker", "Folkevalgt"):
        new("forms", form=form)
    new("forms", "0")

    area("north", "north1", group="Skole")
    area("south", "south1")
    m.unit("school", "virksomhet", "south", "Skole")
    m.unit("sfo", "avdeling", "school", "SFO")
    m.unit("class", "avdeling", "school")
    across = new("north1", "60")
    m.position(across, "class", "40", number="2")
    m.position(across, "sfo", "10", number="3")
    m.position(across, "south1", "5", number="4")

    area("handover", "handover1", "handover2")
    moving = new("handover1", "40", "01.01.2023", "29.02.2024")
    m.position(moving, "handover2", "60", "29.02.2024", number="2")

    area("sexes", "sexes1", "sexes2")
    woman = new("sexes1", "60")
    m.position(woman, "sexes2", "40", number="2")
    man = str(next(persons))
    m.person(man, sex="M")
    m.position(man, "sexes2", "50")
    area("codes", "codes1", "codes2")
    coded = new("codes1", "50", code="7001")
    m.position(coded, "codes1", "30", number="2", code="7002", title="Ny tittel")
    m.position(coded, "codes2", "50", number="3", code="7001")

    area("dates")
    new("dates", "100", "01.01.2023", "28.02.2024")
    new("dates", "90", "29.02.2024", "29.02.2024")
    new("dates", "80", "29.02.2024", "13.03.2024")
    new("dates", "70", "14.03.2024")
    new("dates", "60", "15.03.2024")

    area("sources", "sources1", "sources2")
    new("sources1")
    grows = new("sources1", "60", "01.01.2023", "15.12.2023")
    m.position(grows, "sources1", "100", "16.12.2023")
    m.leave(new("sources1"), "01.12.2023", "31.12.2023", "100")
    new("sources1", "50", "05.12.2023")
    for person, (percent, unit, form, education) in enumerate(
        [
            ("100", "sources1", "F", "699"),
            ("60", "sources1", "V", "299"),
            ("100", "sources1", "F", ""),
            ("80", "sources1", "M", "999"),
            ("100", "sources2", "F", "499"),
            ("20", "", "F", "399"),
            # A position of 0 % counts for nothing.
            ("0", "sources1", "F", "699"),
        ]
    ):
        code = "1234" if unit == "sources2" else "7174"
        m.pai(2023, person, percent, unit, form=form, code=code, education=education)
    # Its 1 December has not come.
    m.pai(2024, 0, "100", "sources1")

    area("listed")
    new("listed", rest=";3;;")
    new("listed", rest=";2;;")
    new("listed", code="9999", rest=";2;;")
    # Listed in group 2 until 30 April 2024 and in the new group 11 from 1 May.
    new("listed", code="7719", rest=";2;;")
    new("listed", "100", "01.06.2024", code="7719", rest=";2;;")
    new("listed", "100", "01.01.2023", "31.12.2023", code="7719", rest=";3;;")

    for size in ("four", "five"):
        area(size)
        for _ in range({"four": 4, "five": 5}[size]):
            new(size, code="7005" if size == "five" else "7004")

    # The series begins with the year of the earliest sick absence.
    m.absence(new("dates", "100", "01.01.2019", "31.12.2023"), "Egenmelding", "13.12.2023", "13.12.2023")
    return m


def deliver(landing: Path) -> None:
    municipality().deliver(landing, AS_OF)
    write_lines(
        landing / f"maltall_{AS_OF}.csv",
        header_line("maltall", without=("Type", "Utgangsår")),
        [
            f"vocational_or_higher_percent;{level};{unit};2023;{target};Handlingsprogram 2023;13.12.2022"
            for level, unit, target in (("kommune", "K", "60"), ("tjenesteområde", "sources", "66,5"))
        ],
    )


@pytest.fixture(scope="module")
def warehouse(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(deliver).reading() as con:
        yield con


def cells(con: duckdb.DuckDBPyConnection, table: str, unit: str, day: date = LEAP_DAY) -> list[dict[str, Any]]:
    found = con.execute(
        f"select * from {table} where source = 'payroll' and org_unit_code = $1 and reference_date = $2 order by all",
        [unit, day],
    )
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# unit: persons, sum of person percents, persons ≥ 100, persons ≥ 80, persons in the five bands
PERSONS: dict[str, tuple[str, date, int, float, int, int, tuple[int, ...]]] = {
    "half a position in one department": ("halves1", LEAP_DAY, 1, 50, 0, 0, (0, 0, 1, 0, 0)),
    "two halves are a whole in the area": ("halves", LEAP_DAY, 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    # 44 % leave takes nothing from the position: 100 + 44.
    "a position partly on leave counts whole": ("leave44", LEAP_DAY, 1, 144, 1, 1, (0, 0, 0, 0, 1)),
    "and so does the temporary one beside it": ("leave44b", LEAP_DAY, 1, 44, 0, 0, (0, 1, 0, 0, 0)),
    # 79.9 + 80 + 99.99 + 100
    "79,9 / 80 / 99,99 / 100": ("limits", LEAP_DAY, 4, 359.89, 1, 3, (0, 0, 1, 2, 1)),
    # 0.01 + 19.99 + 20 + 49.99 + 50
    "0,01 / 19,99 / 20 / 49,99 / 50": ("lowlimits", LEAP_DAY, 5, 139.99, 0, 0, (2, 2, 1, 0, 0)),
    "leave of 99 % excludes nobody": ("leave99", LEAP_DAY, 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    "leave of 100 % has not begun": ("leave100", date(2024, 1, 31), 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    "leave of 100 % is over": ("leave100", AS_OF, 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    # On 14 March the leave of 60 % is over and the one of 40 % lasts.
    "only one of two leaves": ("leavesums", AS_OF, 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    "leave from one of two positions": ("leaveofone", LEAP_DAY, 1, 30, 0, 0, (0, 1, 0, 0, 0)),
    # leave99 100 + leaveofone 30; leave100 and leavesums are away.
    "the area of those on leave": ("fullleave", LEAP_DAY, 2, 130, 1, 1, (0, 1, 0, 0, 1)),
    "apprentices, hourly paid and 0 % do not count": ("forms", LEAP_DAY, 3, 300, 3, 3, (0, 0, 0, 0, 3)),
    # north1 60 + class 40; the SFO's 10 belong to another group, south1 has none.
    "a group across areas": ("Skole", LEAP_DAY, 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    "the nearest group decides": ("SFO", LEAP_DAY, 1, 10, 0, 0, (1, 0, 0, 0, 0)),
    # class 40 + sfo 10 + south1 5
    "an area with a level skipped": ("south", LEAP_DAY, 1, 55, 0, 0, (0, 0, 1, 0, 0)),
    # The day one position ends and the next begins: 40 + 60.
    "two positions for a day": ("handover", LEAP_DAY, 1, 100, 1, 1, (0, 0, 0, 0, 1)),
    "one of them the month before": ("handover", date(2024, 1, 31), 1, 40, 0, 0, (0, 1, 0, 0, 0)),
    "29 February": ("dates", LEAP_DAY, 2, 170, 0, 2, (0, 0, 0, 2, 0)),
    "the as-of date: begun that day, not the day after": ("dates", AS_OF, 1, 70, 0, 0, (0, 0, 1, 0, 0)),
    "31 December": ("dates", date(2023, 12, 31), 2, 200, 2, 2, (0, 0, 0, 0, 2)),
}


@pytest.mark.parametrize("case", PERSONS.values(), ids=PERSONS.keys())
def test_persons(warehouse: duckdb.DuckDBPyConnection, case: tuple[str, date, int, float, int, int, tuple[int, ...]]) -> None:
    unit, day, headcount, total, at_100, at_80, bands = case
    (got,) = cells(warehouse, "marts.full_time_by_unit", unit, day)
    assert got["headcount"] == headcount
    assert got["fte"] == pytest.approx(total / 100, rel=1e-12)
    assert got["average_position_percent"] == pytest.approx(total / headcount, rel=1e-12)
    assert got["full_time_100_percent"] == pytest.approx(100 * at_100 / headcount)
    assert got["full_time_80_percent"] == pytest.approx(100 * at_80 / headcount)
    names = ("persons_0_20", "persons_20_50", "persons_50_80", "persons_80_100", "persons_100")
    assert tuple(got[name] for name in names) == bands
    assert got["part_time"] == headcount - at_100


@pytest.mark.parametrize("unit", ["leave100", "leavesums"])
def test_all_on_leave_make_no_cell(warehouse: duckdb.DuckDBPyConnection, unit: str) -> None:
    assert not cells(warehouse, "marts.full_time_by_unit", unit)


@pytest.mark.parametrize(
    ("unit", "part_time", "unwilling", "answered", "percent"),
    [
        # Nei, Ja, not asked, Ja + Nei on two positions, and Ja on the 60 % of a person with 40 % in wish2; the one of
        # 100 % is no part-timer.
        ("wish1", 5, 3, 4, 75.0),
        # In the area the last of them has 100 %: 4 part-timers, Ja and Ja + Nei of three answers.
        ("wish", 4, 2, 3, 100 * 2 / 3),
        # The wish stands on the position in wish1.
        ("wish2", 1, None, 0, None),
        # Asked, and nobody wants more: 0 of two.
        ("asked1", 3, 0, 2, 0.0),
        ("asked2", 1, None, 0, None),
    ],
)
def test_involuntary_part_time(
    warehouse: duckdb.DuckDBPyConnection, unit: str, part_time: int, unwilling: int | None, answered: int, percent: float | None
) -> None:
    (got,) = cells(warehouse, "marts.full_time_by_unit", unit)
    assert (got["part_time"], got["involuntary_part_time"], got["part_time_answered"]) == (part_time, unwilling, answered)
    assert got["involuntary_percent"] == (percent if percent is None else pytest.approx(percent))


@pytest.mark.parametrize(
    ("unit", "positions"),
    [
        # Whoever says Ja: the second, the fifth with one of two positions, and the sixth.
        ("wish1", 3),
        # One Nei is enough for 0 to be a count.
        ("asked1", 1),
        # Nobody was asked: one position, so that the cell is there.
        ("asked2", 1),
    ],
)
def test_rows_of_a_count_of_wishes(warehouse: duckdb.DuckDBPyConnection, unit: str, positions: int) -> None:
    (got,) = cells(warehouse, "marts.full_time_by_unit", unit)
    lineage = Lineage(warehouse)
    full_time.of_cell(lineage, got, ["involuntary_part_time"])
    assert lineage.count("stillinger") == positions


def test_reference_dates_are_month_ends_and_the_as_of_date(warehouse: duckdb.DuckDBPyConnection) -> None:
    days = warehouse.execute(
        "select distinct reference_date from marts.full_time_by_unit where source = 'payroll' order by 1"
    ).fetchall()
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    whole_months = [date(2023, month, length) for month, length in enumerate(lengths, start=1)]
    assert [day for (day,) in days] == [*whole_months, date(2024, 1, 31), LEAP_DAY, AS_OF]


def test_job_codes_sum_the_person_s_positions_of_the_code(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = {
        unit: [
            (cell["job_code"], cell["job_title"], cell["headcount"], cell["fte"], cell["full_time_100_percent"])
            for cell in cells(warehouse, "marts.full_time_by_job_code", unit)
        ]
        for unit in ("codes1", "codes")
    }
    # In codes1 50 % of 7001 and 30 % of 7002; the area has the other 50 % of 7001 as well.
    assert got["codes1"] == [("7001", "Sykepleier", 1, 0.5, 0.0), ("7002", "Ny tittel", 1, 0.3, 0.0)]
    assert got["codes"] == [("7001", "Sykepleier", 1, 1.0, 100.0), ("7002", "Ny tittel", 1, 0.3, 0.0)]


def test_sexes_sum_the_person_s_positions_and_make_up_the_unit(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = [
        (cell["sex"], cell["headcount"], cell["fte"], cell["full_time_100_percent"])
        for cell in cells(warehouse, "marts.full_time_by_sex", "sexes")
    ]
    # A woman with 60 + 40 % in two departments, a man with 50 %.
    assert got == [("kvinne", 1, 1.0, 100.0), ("mann", 1, 0.5, 0.0)]
    parts = warehouse.execute(
        """select org_unit_code, source, reference_date from marts.full_time_by_unit as unit
           anti join (
               select source, reference_date, org_level, org_unit_code, sum(headcount) as headcount,
                   sum(part_time) as part_time
               from marts.full_time_by_sex group by all
           ) as sexes using (source, reference_date, org_level, org_unit_code, headcount, part_time)"""
    ).fetchall()
    assert parts == []


@pytest.mark.parametrize("table", ["full_time_by_unit", "full_time_by_job_code", "full_time_by_sex"])
def test_fewer_than_five_persons_are_withheld(warehouse: duckdb.DuckDBPyConnection, table: str) -> None:
    (four,) = cells(warehouse, f"served.{table}", "four")
    labels = {
        "source",
        "reference_date",
        "period_start",
        "period_end",
        "is_partial",
        "org_level",
        "org_unit_code",
        "org_unit_name",
        "job_code",
        "job_title",
        "sex",
        "withheld",
    }
    assert four["withheld"] == "primary"
    assert {value for name, value in four.items() if name not in labels} == {None}
    (five,) = cells(warehouse, f"served.{table}", "five")
    assert (five["withheld"], five["headcount"], five["fte"]) == (None, 5, 5.0)


# 30 November 100 + 60 + 100; 31 December 100 + 100 + 50; PAI 100 + 60 + 100 + 80 + 100 in the area.
SOURCES = {
    "headcount": (3, 3, 5),
    "fte": (2.5, 2.6, 4.4),
    "average_position_percent": (250 / 3, 260 / 3, 440 / 5),
    "full_time_100_percent": (200 / 3, 200 / 3, 60),
    "full_time_80_percent": (200 / 3, 200 / 3, 80),
}


@pytest.mark.parametrize("indicator", SOURCES)
def test_payroll_and_pai_stand_side_by_side(warehouse: duckdb.DuckDBPyConnection, indicator: str) -> None:
    payroll, november, pai = SOURCES[indicator]
    rows = warehouse.execute(
        """select year, payroll_date, payroll_date_before_pai, pai_date, payroll_value, payroll_value_before_pai, pai_value,
               payroll_minus_pai, due_to_date, due_to_source
           from marts.full_time_sources where org_unit_code = 'sources' and indicator = $1""",
        [indicator],
    ).fetchall()
    dates = (2023, date(2023, 12, 31), date(2023, 11, 30), date(2023, 12, 1))
    figures = (payroll, november, pai, payroll - pai, payroll - november, november - pai)
    assert [row[:4] for row in rows] == [dates]
    assert rows[0][4:] == pytest.approx(figures)


def test_education_is_of_those_in_pai_whose_education_is_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "vocational_or_higher, education_known, vocational_or_higher_percent"
    found = {
        unit: warehouse.execute(
            f"select {columns} from marts.full_time_by_unit where source = 'pai' and org_unit_code = $1", [unit]
        ).fetchone()
        for unit in ("sources1", "sources2", "sources", "K")
    }
    # An empty code and one that begins with 9 say nothing; 6 and 4 count, 2 and 3 do not.
    assert found == {
        "sources1": (1, 2, 50.0),
        "sources2": (1, 1, 100.0),
        "sources": (2, 3, pytest.approx(200 / 3)),
        "K": (2, 4, 50.0),
    }
    of_payroll = f"select distinct {columns} from marts.full_time_by_unit where source = 'payroll'"
    assert warehouse.execute(of_payroll).fetchall() == [(None, None, None)]
    assert warehouse.execute(
        f"select {columns} from served.full_time_by_unit where source = 'pai' and org_unit_code = 'sources1'"
    ).fetchall() == [(None, None, None)]


def test_a_target_of_education_is_held_against_pai(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Two of four persons in K, two of three in the area; payroll knows no education."""
    rows = warehouse.execute(
        """select org_unit_code, target, round(actual, 6), round(gap, 6), on_track from marts.targets
           where indicator = 'vocational_or_higher_percent' order by org_unit_code"""
    ).fetchall()
    assert rows == [("K", 60.0, 50.0, -10.0, False), ("sources", 66.5, 66.666667, 0.166667, True)]


def test_each_source_is_withheld_by_itself(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = "payroll_value, payroll_value_before_pai, pai_value, payroll_minus_pai, due_to_date, due_to_source"
    served = {
        unit: warehouse.execute(
            f"select {columns} from served.full_time_sources where org_unit_code = $1 and indicator = 'headcount'", [unit]
        ).fetchone()
        for unit in ("sources1", "sources", "K", "five")
    }
    # Three persons in payroll; four in PAI in sources1 and five in the area.
    assert served["sources1"] == (None,) * 6
    assert served["sources"] == (None, None, 5, None, None, None)
    # All six of PAI count in the municipality, the one without a unit too.
    assert served["K"] is not None and None not in served["K"] and served["K"][2] == 6
    # PAI has nobody there.
    assert served["five"] == (5, 5, None, None, 0, None)


def test_the_difference_is_explained(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        """select distinct indicator, threshold, payroll_counts like '%100 % permisjon%', pai_counts like '%i permisjon%'
           from served.full_time_sources where threshold is not null order by indicator"""
    ).fetchall()
    assert rows == [
        ("full_time_100_percent", "personprosent minst 100", True, True),
        ("full_time_80_percent", "personprosent minst 80", True, True),
    ]


def test_job_codes_are_held_against_the_list_and_no_row_is_lost(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        """select feed, rule, rows from served.data_quality
           where rule in ('job_code_listed', 'pay_group_as_listed') order by all"""
    ).fetchall()
    assert found == [
        ("pai", "job_code_listed", 1),
        ("stillinger", "job_code_listed", 13),  # 9999, three of the area codes, nine of four and five
        # 7174 is listed in group 3, 7719 in group 2 until April and in 11 from May; what is delivered is 2, 3 and 2.
        ("stillinger", "pay_group_as_listed", 3),
    ]
    assert (
        warehouse.execute("select count(*) from intermediate.int_listed_job_codes").fetchone()
        == warehouse.execute("select (select count(*) from raw.stillinger) + (select count(*) from raw.pai)").fetchone()
    )
    paid = warehouse.execute("select distinct pay_group from staging.stg_positions where job_code = '9999'").fetchall()
    assert paid == [(2,)]
