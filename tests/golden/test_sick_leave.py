"""Sick leave computed by hand (metrics.md 1-4): one unit a case, expected figures with their arithmetic.
Not here: random municipalities (test_oracle.py) or disclosure control; the figures are read before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from orchestration.dbt import load_manifest
from tests.builds import Builds
from tests.municipalities.by_hand import Municipality
from warehouse import coverage
from warehouse.coverage import of_no_position

# Weekdays that are no public holiday, counted in a printed calendar.
WORKING_DAYS_2023 = 251
WORKING_DAYS_2024 = 252
DAY_2023 = 254 / WORKING_DAYS_2023
DAY_2024 = 254 / WORKING_DAYS_2024
AS_OF = date(2024, 3, 14)


def municipality() -> Municipality:
    """All cases side by side: kommune K, two areas T1 and T2, and an avdeling a case below T1 unless it says otherwise."""
    m = Municipality()
    m.unit("K", "kommune")
    m.unit("T1", "tjenesteområde", "K")
    m.unit("T2", "tjenesteområde", "K")

    def case(unit: str, person: str) -> None:
        m.unit(unit, "avdeling", "T1")
        m.position(person, unit)

    case("overlap", "101")
    m.absence("101", "Egenmelding", "06.03.2023", "08.03.2023")
    m.absence("101", "Sykmelding", "08.03.2023", "10.03.2023", "50")

    case("over100", "102")
    m.absence("102", "Sykmelding", "06.03.2023", "07.03.2023", "60")
    m.absence("102", "Sykmelding", "06.03.2023", "07.03.2023", "70")
    m.absence("102", "Egenmelding", "07.03.2023", "07.03.2023", "50")

    case("leave", "103")
    m.leave("103", "06.03.2023", "10.03.2023", "40")
    m.absence("103", "Sykmelding", "06.03.2023", "10.03.2023", "80")
    m.absence("103", "Egenmelding", "06.03.2023", "06.03.2023")

    case("fullleave", "104")
    m.leave("104", "01.03.2023", "31.03.2023")
    m.absence("104", "Sykmelding", "06.03.2023", "10.03.2023")

    case("twoareas1", "105")
    m.rows["stillinger"].pop()
    m.unit("twoareas2", "avdeling", "T2")
    m.position("105", "twoareas1", "60", number="1")
    m.position("105", "twoareas2", "40", number="2")
    m.absence("105", "Sykmelding", "06.03.2023", "10.03.2023")
    m.absence("105", "Sykmelding", "13.03.2023", "13.03.2023", position="2")

    m.unit("before", "avdeling", "T1")
    m.unit("after", "avdeling", "T1")
    m.position("106", "before", "50", "01.01.2023", "14.03.2023")
    m.position("106", "after", "80", "15.03.2023")
    m.absence("106", "Sykmelding", "13.03.2023", "17.03.2023")

    case("weekend", "107")
    m.absence("107", "Egenmelding", "03.03.2023", "03.03.2023")
    m.absence("107", "Sykmelding", "06.03.2023", "19.03.2023")

    case("easter", "108")
    m.absence("108", "Egenmelding", "03.04.2023", "05.04.2023")
    m.absence("108", "Sykmelding", "11.04.2023", "20.04.2023")

    case("workingdaybetween", "109")
    m.absence("109", "Egenmelding", "03.04.2023", "04.04.2023")
    m.absence("109", "Sykmelding", "11.04.2023", "20.04.2023")

    case("within", "110")
    m.absence("110", "Sykmelding", "01.03.2023", "19.03.2023", "50")
    m.absence("110", "Egenmelding", "02.03.2023", "03.03.2023", "50")
    m.absence("110", "Egenmelding", "20.03.2023", "20.03.2023")

    case("days16", "111")
    m.absence("111", "Sykmelding", "01.03.2023", "16.03.2023")
    case("days17", "112")
    m.absence("112", "Sykmelding", "01.03.2023", "17.03.2023")
    for unit, person, last in [
        ("days3", "150", "08.03.2023"),
        ("days4", "151", "09.03.2023"),
        ("days56", "152", "30.04.2023"),
        ("days57", "153", "01.05.2023"),
    ]:
        case(unit, person)
        m.absence(person, "Sykmelding", "06.03.2023", last)
    case("twice", "154")
    m.absence("154", "Egenmelding", "06.03.2023", "07.03.2023")
    m.absence("154", "Egenmelding", "20.03.2023", "20.03.2023")

    case("open", "113")
    m.absence("113", "Sykmelding", "04.03.2024", "")
    case("beyond", "114")
    m.absence("114", "Sykmelding", "04.03.2024", "31.12.2024")
    case("openlong", "115")
    m.absence("115", "Sykmelding", "26.02.2024", "")

    case("future", "116")
    m.absence("116", "Sykmelding", "18.03.2024", "22.03.2024")
    m.leave("116", "15.03.2024", "30.06.2024")
    m.unit("notyet", "avdeling", "T1")
    m.position("117", "notyet", first="01.04.2024")

    m.unit("forms", "avdeling", "T1")
    for person, form in enumerate(
        ["Lærling", "Vikar", "Midlertidig", "Timelønnet", "Tilkallingsvikar", "Oppdragstaker", "Folkevalgt"], start=120
    ):
        m.position(str(person), "forms", form=form)
    m.position("128", "forms", "0")
    m.absence("123", "Sykmelding", "06.03.2023", "10.03.2023")

    m.unit("school", "virksomhet", "T2", group="Barneskole")
    m.unit("schoolteachers", "avdeling", "school")
    m.unit("schoolsfo", "avdeling", "school", group="SFO")
    m.unit("othersfo", "virksomhet", "T1", group="SFO")
    m.position("130", "school")
    m.position("131", "schoolteachers", "50")
    m.position("132", "schoolsfo", "80")
    m.position("133", "othersfo", "40")

    m.unit("A3", "kommunalsjefområde", "T2")
    m.unit("skipped", "avdeling", "A3")
    m.position("134", "skipped", "30")

    m.unit("started", "avdeling", "T1")
    m.position("135", "started", first="11.03.2024")
    m.unit("startedtoday", "avdeling", "T1")
    m.position("159", "startedtoday", first="14.03.2024")

    case("newyear", "136")
    m.absence("136", "Sykmelding", "20.12.2023", "10.01.2024")
    # From the last weekend of the year to Wednesday.
    case("newyearweekend", "155")
    m.absence("155", "Sykmelding", "30.12.2023", "03.01.2024")

    m.unit("weekendalone", "avdeling", "T1")
    m.position("156", "weekendalone", first="01.04.2023", last="02.04.2023")
    # Within the position, on its first and its last day; the leave goes on for a day after it.
    m.absence("156", "Egenmelding", "01.04.2023", "01.04.2023")
    m.absence("156", "Egenmelding", "02.04.2023", "02.04.2023")
    m.leave("156", "02.04.2023", "03.04.2023")

    m.unit("ages", "avdeling", "T1")
    m.person("137", "M", "31.12.1989")
    m.position("137", "ages")

    m.unit("titles", "avdeling", "T1")
    m.position("138", "titles", code="6001", title="Gammel tittel", first="01.01.2023", last="30.06.2023")
    m.position("138", "titles", code="6001", title="Annen tittel", first="01.07.2023")
    m.position("138", "titles", code="6001", title="Ny tittel", first="01.07.2023", number="2")
    m.position("139", "titles", code="6001", title="Kommende tittel", first="01.05.2024")

    case("otherkinds", "140")
    m.absence("140", "Sykt barn", "06.03.2023", "10.03.2023")
    m.absence("140", "Velferd", "13.03.2023", "14.03.2023")

    m.unit("outside", "avdeling", "T1")
    m.position("141", "outside", first="01.01.2023", last="08.03.2023")
    m.absence("141", "Sykmelding", "06.03.2023", "17.03.2023")
    # After the position, and of a number that no position has.
    m.absence("141", "Sykmelding", "03.04.2023", "05.04.2023")
    m.absence("141", "Egenmelding", "01.03.2023", "01.03.2023", position="77")
    # Two positions meet on the 8th: the 6th to the 9th are covered, the 10th is not.
    m.unit("meeting", "avdeling", "T1")
    m.position("157", "meeting", "40", first="06.03.2023", last="08.03.2023", number="1")
    m.position("157", "meeting", "60", first="08.03.2023", last="09.03.2023", number="2")
    m.absence("157", "Egenmelding", "06.03.2023", "10.03.2023")
    m.leave("141", "03.04.2023", "05.04.2023")
    m.leave("141", "02.03.2023", "02.03.2023", position="77")
    # Before the position begins; the second leave's last day is its first.
    m.unit("begun", "avdeling", "T1")
    m.position("158", "begun", first="11.03.2024")
    m.leave("158", "04.03.2024", "08.03.2024")
    m.leave("158", "09.03.2024", "11.03.2024")

    m.unit("halfpercent", "avdeling", "T1")
    m.position("142", "halfpercent", "35,55")
    m.absence("142", "Sykmelding", "06.03.2023", "06.03.2023", "33,3")
    return m


@pytest.fixture(scope="module")
def warehouse(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(lambda landing: municipality().deliver(landing, AS_OF)).reading() as con:
        yield con


def cell(con: duckdb.DuckDBPyConnection, unit: str, period: str, table: str = "by_unit", **dimensions: str) -> dict[str, Any]:
    """The one row of a sick-leave mart for a unit, a period and further dimensions."""
    where = {"org_unit_code": unit, "period": period, **dimensions}
    condition = " and ".join(f"{name} = ?" for name in where)
    frame = con.execute(f"from marts.sick_leave_{table} where {condition}", list(where.values())).df()
    assert len(frame) == 1, f"{len(frame)} rows for {where}"
    return frame.iloc[0].to_dict()


# unit, period, possible days, self-certified, doctor-certified, short-term, long-term; all in working days of 100 %.
# March 2023 has 23 working days, April 17, December 19 (25th and 26th off); January 2024 has 22, 1-14 March 2024 has 10.
HAND_COMPUTED = {
    # Self 6, 7 and the half of 8 that the doctor's 50 % leaves; doctor 8, 9, 10 at 50 %.
    "overlap of egenmelding and sykmelding": ("overlap", "2023-03", 23, 2.5, 1.5, 4, 0),
    # 60 + 70 is 100 a day, and nothing is left for the self-certified half of the 7th.
    "grades over 100 percent": ("over100", "2023-03", 23, 0, 2, 2, 0),
    # 40 % leave: 60 % available, all of it lost to the doctor's 80 %; 23 - 5 * 0.4 = 21 possible.
    "leave and sickness the same day": ("leave", "2023-03", 21, 0, 3, 3, 0),
    "two positions in two areas, the first": ("twoareas1", "2023-03", 23 * 0.6, 0, 5 * 0.6, 5 * 0.6, 0),
    # The second note names position 2 only.
    "two positions in two areas, the second": ("twoareas2", "2023-03", 23 * 0.4, 0, 6 * 0.4, 6 * 0.4, 0),
    # 1-14 March is 10 working days at 50 %, 15-31 March 13 at 80 %.
    "before a change of percent and unit": ("before", "2023-03", 5, 0, 2 * 0.5, 2 * 0.5, 0),
    "after a change of percent and unit": ("after", "2023-03", 10.4, 0, 3 * 0.8, 3 * 0.8, 0),
    # Friday 3 to Sunday 19 March is one spell of 17 days; alone the sykmelding would be 14.
    "spell joined over a weekend": ("weekend", "2023-03", 23, 1, 10, 0, 11),
    # 3-5 April and 11-20 April: only Easter between, 18 days; working days 3 + 8.
    "spell joined over a holiday": ("easter", "2023-04", 17, 3, 8, 0, 11),
    # Wednesday 5 April is a working day between: two spells of 2 and 10 days.
    "spells parted by one working day": ("workingdaybetween", "2023-04", 17, 2, 8, 10, 0),
    # The short note inside the long one does not end the spell: 1-20 March is 20 days. Half of each of 13 days to the
    # doctor; 2, 3 half a day and 20 whole to self.
    "spell compared with the latest end so far": ("within", "2023-03", 23, 2, 6.5, 0, 8.5),
    "a spell of 16 days is short": ("days16", "2023-03", 23, 0, 12, 12, 0),
    "a spell of 17 days is long": ("days17", "2023-03", 23, 0, 13, 0, 13),
    "as-of in the middle of a month": ("future", "2024-03", 10, 0, 0, 0, 0),
    # 4-14 March 2024 is 11 days so far, 9 of them working days.
    "open-ended absence": ("open", "2024-03", 10, 0, 9, 9, 0),
    "absence ending after the as-of date": ("beyond", "2024-03", 10, 0, 9, 9, 0),
    # 26 February to 14 March 2024 is 18 days.
    "open-ended absence that has become long": ("openlong", "2024-03", 10, 0, 10, 0, 10),
    "its days of the month before are long too": ("openlong", "2024-02", 21, 0, 4, 0, 4),
    # Lærling, Vikar, Midlertidig count; the hourly paid and others, and a position of 0 %, do not.
    "apprentices and hourly paid": ("forms", "2023-03", 3 * 23, 0, 0, 0, 0),
    # The school itself and its teachers' department that says nothing; its SFO says otherwise.
    "group inherited by units below": ("Barneskole", "2023-03", 23 * 1.5, 0, 0, 0, 0),
    "group across areas, nearest value decides": ("SFO", "2023-03", 23 * 1.2, 0, 0, 0, 0),
    "a unit's figures cover its subtree": ("school", "2023-03", 23 * 2.3, 0, 0, 0, 0),
    # T2: twoareas2 0.4, school 2.3, and skipped 0.3 that hangs two levels below A3.
    "a level skipped": ("A3", "2023-03", 23 * 0.3, 0, 0, 0, 0),
    "an area with branches of different depth": ("T2", "2023-03", 23 * 3.0, 0, 2.4, 2.4, 0),
    # From Monday 11 to the as-of date, Thursday 14.
    "position begun in the partial month": ("started", "2024-03", 4, 0, 0, 0, 0),
    "position begun on the as-of date": ("startedtoday", "2024-03", 1, 0, 0, 0, 0),
    # 22 days over New Year: long in both years; 20-22 and 27-29 December, 2-10 January.
    "a spell over New Year, the old year": ("newyear", "2023-12", 19, 0, 6, 0, 6),
    "a spell over New Year, the new year": ("newyear", "2024-01", 22, 0, 7, 0, 7),
    "other kinds of absence": ("otherkinds", "2023-03", 23, 0, 0, 0, 0),
    # The position ends on the 8th; its spell is 6-17 March all the same.
    "absence outside the position's validity": ("outside", "2023-03", 6, 0, 3, 3, 0),
    "decimals in percents": ("halfpercent", "2023-03", 23 * 0.3555, 0, 0.3555 * 0.333, 0.3555 * 0.333, 0),
    # 254 dagsverk: all working days of a full position in a whole year.
    "a full position's whole year": ("otherkinds", "2023", 251, 0, 0, 0, 0),
    "a quarter": ("otherkinds", "2023-Q1", 22 + 20 + 23, 0, 0, 0, 0),
}


@pytest.mark.parametrize("case", HAND_COMPUTED.values(), ids=HAND_COMPUTED.keys())
def test_days(warehouse: duckdb.DuckDBPyConnection, case: tuple[str, str, float, float, float, float, float]) -> None:
    unit, period, possible, self_certified, doctor_certified, short_term, long_term = case
    got = cell(warehouse, unit, period)
    day = DAY_2024 if period.startswith("2024") else DAY_2023
    lost = self_certified + doctor_certified
    expected = {
        "possible_days": possible * day,
        "lost_days": lost * day,
        "self_certified_days": self_certified * day,
        "doctor_certified_days": doctor_certified * day,
        "short_term_days": short_term * day,
        "long_term_days": long_term * day,
        "sick_leave_percent": 100 * lost / possible,
        "self_certified_percent": 100 * self_certified / possible,
        "doctor_certified_percent": 100 * doctor_certified / possible,
        "short_term_percent": 100 * short_term / possible,
        "long_term_percent": 100 * long_term / possible,
    }
    assert {name: got[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_full_position_is_254_dagsverk_and_one_arsverk(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = cell(warehouse, "otherkinds", "2023")
    assert (got["possible_days"], got["fte"]) == pytest.approx((254, 1))


# unit, period, doctor-certified days, of these graded; in working days of 100 %.
GRADED = {
    # The 8th, 9th and 10th at 50 %.
    "half a certificate": ("overlap", "2023-03", 1.5, 1.5),
    # 60 + 70 is a whole day.
    "two certificates fill the day": ("over100", "2023-03", 2, 0),
    # Certified 80 % of the position, of which the leave of 40 % has left 60 %.
    "beside leave": ("leave", "2023-03", 3, 3),
    "whole certificates": ("days16", "2023-03", 12, 0),
    "a third": ("halfpercent", "2023-03", 0.3555 * 0.333, 0.3555 * 0.333),
}


@pytest.mark.parametrize("case", GRADED.values(), ids=GRADED.keys())
def test_graded(warehouse: duckdb.DuckDBPyConnection, case: tuple[str, str, float, float]) -> None:
    unit, period, doctor_certified, graded = case
    got = cell(warehouse, unit, period)
    assert got["graded_days"] == pytest.approx(graded * DAY_2023, rel=1e-12)
    assert got["graded_percent"] == pytest.approx(100 * graded / doctor_certified, rel=1e-12)


def test_no_certificate_is_no_graded_percent(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = cell(warehouse, "otherkinds", "2023-03")
    assert got["graded_days"] == 0
    assert got["graded_percent"] != got["graded_percent"]  # no value


# unit, year: band → spells, persons, lost days in working days of 100 %.
SPELLS = {
    # Saturday and Sunday join 3 and 6 March: 17 days, 11 of them lost.
    "joined over a weekend": ("weekend", 2023, {"17–56": (1, 1, 11)}),
    # 2 calendar days and 2 lost; 11 to 20 April is 10 days and 8 lost.
    "two spells of one person": ("workingdaybetween", 2023, {"1–3": (1, 1, 2), "4–16": (1, 1, 8)}),
    # Two positions in two areas lose the same spell, 6 to 13 March: once below each.
    "the first of two areas": ("twoareas1", 2023, {"4–16": (1, 1, 5 * 0.6)}),
    "the second": ("twoareas2", 2023, {"4–16": (1, 1, 6 * 0.4)}),
    # 22 days over New Year: in both years, with the days of each.
    "over New Year, the old year": ("newyear", 2023, {"17–56": (1, 1, 6)}),
    "over New Year, the new year": ("newyear", 2024, {"17–56": (1, 1, 7)}),
    # 4 to 14 March so far.
    "still open": ("open", 2024, {"4–16": (1, 1, 9)}),
    "in full leave": ("fullleave", 2023, {}),
    "no sick leave": ("otherkinds", 2023, {}),
    # The last of each band and the first of the next; Thursday 6, Friday 7 and Monday 10 April are off, and so is 1 May.
    "3 days": ("days3", 2023, {"1–3": (1, 1, 3)}),
    "4 days": ("days4", 2023, {"4–16": (1, 1, 4)}),
    "16 days": ("days16", 2023, {"4–16": (1, 1, 12)}),
    "17 days": ("days17", 2023, {"17–56": (1, 1, 13)}),
    "56 days": ("days56", 2023, {"17–56": (1, 1, 20 + 17)}),
    "57 days": ("days57", 2023, {"57+": (1, 1, 20 + 17)}),
    "two of one person in one band": ("twice", 2023, {"1–3": (2, 1, 3)}),
    # 30 and 31 December are a weekend: nothing is lost in the year in which the spell of 5 days begins.
    "no day lost in the year it begins": ("newyearweekend", 2023, {}),
    "its days after New Year": ("newyearweekend", 2024, {"4–16": (1, 1, 2)}),
}


@pytest.mark.parametrize("case", SPELLS.values(), ids=SPELLS.keys())
def test_spells_by_length(
    warehouse: duckdb.DuckDBPyConnection, case: tuple[str, int, dict[str, tuple[int, int, float]]]
) -> None:
    unit, year, expected = case
    rows = warehouse.execute(
        """select length_band, spells, persons, lost_days, period_start, period_end, is_partial
           from marts.absence_spells_by_unit where org_unit_code = $1 and year = $2 order by length_band_sort""",
        [unit, year],
    ).fetchall()
    day = DAY_2024 if year == 2024 else DAY_2023
    # A unit with positions has every band: a missing row would tell that a withheld unit has no such spell.
    of_band = dict.fromkeys(("1–3", "4–16", "17–56", "57+"), (0, 0, 0)) | expected
    assert [(band, spells, persons) for band, spells, persons, *_ in rows] == [
        (band, spells, persons) for band, (spells, persons, _) in of_band.items()
    ]
    for band, _, _, lost, start, end, is_partial in rows:
        assert lost == pytest.approx(of_band[band][2] * day, rel=1e-12)
        assert (start, end, is_partial) == (date(year, 1, 1), date(year, 12, 31), year == 2024)


def test_a_spell_counts_once_above_two_areas(warehouse: duckdb.DuckDBPyConnection) -> None:
    counts = dict(
        warehouse.execute(
            """select org_unit_code, sum(spells) from marts.absence_spells_by_unit
               where year = 2023 and org_unit_code in ('K', 'T1', 'T2') group by all"""
        ).fetchall()
    )
    # The one spell of T2 is that of the person who is in T1 too.
    assert counts["T2"] == 1 and counts["K"] == counts["T1"]


def test_nothing_possible_is_no_percent(warehouse: duckdb.DuckDBPyConnection) -> None:
    got = cell(warehouse, "fullleave", "2023-03")
    assert (got["possible_days"], got["lost_days"], got["fte"]) == (0, 0, 0)
    assert got["sick_leave_percent"] != got["sick_leave_percent"]  # no value


@pytest.mark.parametrize(
    ("unit", "period", "fte"),
    [
        ("started", "2024-03", 0.4),  # 4 of the month's 10 working days so far
        ("started", "2024", 4 / 53),  # 22 + 21 + 10 working days so far
        ("leave", "2023-03", 21 / 23),
        ("after", "2023-Q1", 10.4 / 65),
        ("SFO", "2023-03", 1.2),
    ],
)
def test_fte(warehouse: duckdb.DuckDBPyConnection, unit: str, period: str, fte: float) -> None:
    assert cell(warehouse, unit, period)["fte"] == pytest.approx(fte, rel=1e-12)


def test_periods_and_partiality(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute("select period, is_partial from marts.sick_leave_by_unit where org_unit_code = 'K'").fetchall()
    partial = {period for period, is_partial in rows if is_partial}
    assert partial == {"2024-03", "2024-Q1", "2024"}
    assert min(period for period, _ in rows) == "2023" and len(rows) == (12 + 4 + 1) + (3 + 1 + 1)


def test_a_position_that_has_not_begun_makes_no_cell(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert not warehouse.execute("from marts.sick_leave_by_unit where org_unit_code = 'notyet'").fetchall()


def test_a_position_without_a_working_day_makes_no_cell(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert not warehouse.execute("from marts.sick_leave_by_unit where org_unit_code = 'weekendalone'").fetchall()


def test_a_person_stays_in_one_age_band_all_year(warehouse: duckdb.DuckDBPyConnection) -> None:
    # Born on the last day of 1989: 34 by the calendar all of 2023, 35 all of 2024.
    rows = warehouse.execute(
        """select period, sex, age_group from marts.sick_leave_by_age
           where org_unit_code = 'ages' and period_type = 'year' order by all"""
    ).fetchall()
    assert rows == [
        ("2023", "alle", "25-34"),
        ("2023", "mann", "25-34"),
        ("2024", "alle", "35-44"),
        ("2024", "mann", "35-44"),
    ]


def test_sexes_part_the_unit(warehouse: duckdb.DuckDBPyConnection) -> None:
    whole = cell(warehouse, "K", "2023")["possible_days"]
    parts = [cell(warehouse, "K", "2023", "by_sex", sex=sex)["possible_days"] for sex in ("kvinne", "mann")]
    assert sum(parts) == pytest.approx(whole) and parts[1] == pytest.approx(254)


def test_job_title_is_that_of_the_latest_starting_position(warehouse: duckdb.DuckDBPyConnection) -> None:
    # Of two that start on one day it is the later row of the file.
    assert cell(warehouse, "titles", "2023", "by_job_code", job_code="6001")["job_title"] == "Ny tittel"


def test_org_units(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute(
        "select org_level, parent_code, path from marts.org_units where org_unit_code = 'skipped'"
    ).fetchone()
    assert row == ("avdeling", "A3", "K / T2 / A3 / skipped")


def test_absence_outside_a_position_is_a_warning(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute("select rows, severity from marts.data_quality where rule = 'absence_within_position'").fetchone()
    # Person 141's note runs on after the position's end, one lies after it and one is of another; person 157's has one day
    # too many. Person 123 holds an hourly position, which covers it.
    assert row == (4, "warning")


def test_leave_outside_a_position_is_a_warning(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute("select rows, severity from marts.data_quality where rule = 'leave_within_position'").fetchone()
    assert row == (3, "warning")


def test_a_night_tells_when_many_apply_to_no_position(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(of_no_position(warehouse, 0.01)) == [], "so few happen in a small municipality, and no system numbers anew"
    monkeypatch.setattr(coverage, "FEWEST_ROWS", 0)
    absences, leaves = of_no_position(warehouse, 0.01)
    # The note that runs on after the position's end counts for some days.
    assert absences.startswith("fravaer: 2 of ") and leaves.startswith("permisjoner: 3 of ")
    assert "none with that Stillingsnr" in absences
    assert list(of_no_position(warehouse, 0.5)) == []


def test_no_absences_at_all_apply_to_some_position() -> None:
    with duckdb.connect() as con:
        con.execute("create schema intermediate")
        con.execute("create table intermediate.int_absence_coverage (absence_row integer, uncovered_days integer)")
        con.execute("create table intermediate.int_spells (absence_row integer, from_date date, to_date date)")
        con.execute("create table intermediate.int_leave_coverage (is_covered boolean)")
        assert list(of_no_position(con, 0.01)) == []


def test_every_column_of_every_model_is_described(warehouse: duckdb.DuckDBPyConnection) -> None:
    built = warehouse.execute(
        """select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
           where schema_name in ('staging', 'intermediate', 'marts')"""
    ).fetchall()
    described = {
        f"{node['schema']}.{node['name']}.{name}"
        for node in load_manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["description"]
        for name, column in node["columns"].items()
        if column["description"]
    }
    assert {row[0] for row in built} - described == set()
