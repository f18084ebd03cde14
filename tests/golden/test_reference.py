"""Reference feeds from file to served table: benchmarks, targets and pilots worked out by hand.

January 2023 and January 2024 have 22 working days, the first quarter of 2023 has 65 and the year 251. Ten persons in full
positions: three on O, four on V1, two on V2, one on V3, which alone is below the threshold of two årsverk set here.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.builds import Builds
from tests.municipalities.by_hand import UNITS, write_payroll
from tests.municipalities.files import header_line, write_lines

SICK = [
    "4;;Sykmelding;02.01.2023;31.01.2023;100",  # V1: 22 of 88 days
    "8;;Sykmelding;02.01.2023;31.01.2023;100",  # V2: 22 of the 66 of V2 and V3
    "4;;Sykmelding;02.01.2024;16.01.2024;100",  # V1: 11 of 88
]

REGIONS = (("3201", "Bærum"), ("3203", "Asker"), ("0", "Hele landet"))


def ssb_table(value: float) -> str:
    dataset = {
        "version": "2.0",
        "class": "dataset",
        "id": ["Region", "Kjonn", "ContentsCode", "Tid"],
        "size": [3, 2, 1, 1],
        "role": {"time": ["Tid"], "geo": ["Region"], "metric": ["ContentsCode"]},
        "dimension": {
            "Region": {"category": {"index": ["3201", "3203", "0"], "label": dict(REGIONS)}},
            "Kjonn": {"category": {"index": {"0": 0, "1": 1}, "label": {"0": "Begge kjønn", "1": "Menn"}}},
            "ContentsCode": {
                "category": {"label": {"Sykefr": "Legemeldt sykefravær"}, "unit": {"Sykefr": {"base": "prosent"}}}
            },
            "Tid": {"category": {"index": {"2023K1": 0}, "label": {"2023K1": "2023K1"}}},
        },
        "value": {"0": value, "1": 4.0, "3": 3.0, "4": 2.0},
        "status": {"2": ".."},
    }
    return json.dumps(dataset)


def sector_table() -> str:
    """12441 as SSB's API gives it: no regions, but kjønn, næring and type, of the whole country."""
    kinds = {"Alt": "I alt", "E": "Egenmeldt", "L": "Legemeldt"}
    dataset = {
        "version": "2.0",
        "class": "dataset",
        "id": ["Kjonn", "NACE2007", "Sykefraver2", "ContentsCode", "Tid"],
        "size": [2, 2, 3, 1, 1],
        "role": {"time": ["Tid"], "metric": ["ContentsCode"]},
        "dimension": {
            "Kjonn": {"category": {"index": {"0": 0, "1": 1}, "label": {"0": "Begge kjønn", "1": "Menn"}}},
            "NACE2007": {"category": {"index": ["00-99", "85"], "label": {"00-99": "Alle næringer", "85": "Undervisning"}}},
            "Sykefraver2": {"category": {"index": list(kinds), "label": kinds}},
            "ContentsCode": {"category": {"label": {"P": "Sykefraværsprosent"}, "unit": {"P": {"base": "prosent"}}}},
            "Tid": {"category": {"index": {"2023K1": 0}, "label": {"2023K1": "2023K1"}}},
        },
        "value": [7.1, 1.1, 6.0, 5.3, 0.9, 4.4, 6.2, 1.0, 5.2, 4.1, 0.8, 3.3],
    }
    return json.dumps(dataset)


def deliver(landing: Path) -> None:
    units = ["O"] * 3 + ["V1"] * 4 + ["V2"] * 2 + ["V3"]
    write_payroll(
        landing,
        "2024-01-31",
        organisasjon=[*UNITS, "V3;Skovlund;virksomhet;V;;01.01.2020;"],
        stillinger=[f"{n};1;{unit};7174;Sykepleier;Fast;100;01.01.2020;" for n, unit in enumerate(units, start=1)],
        fravaer=SICK,
    )
    peers = header_line("sammenligning")
    write_lines(landing / "sammenligning_2022-12-31.csv", peers, ["sick_leave_percent;2023;Oslo kommune;9,6;en eldre fil"])
    write_lines(
        landing / "sammenligning_2024-01-15.csv",
        peers,
        [
            "sick_leave_percent;2023;Bergen kommune;1,8;Bergens årsrapport",
            "sick_leave_percent;2023;Bærum kommune;1,7;Bærums årsrapport",
            "sick_leave_percent;2023;Halden kommune;2,4;Haldens årsrapport",
            "sick_leave_percent;2023;Asker kommune;9,0;KS",
            "sick_leave_percent;2023;norge;1,0;SSB",
            "doctor_certified_percent;2023-Q1;Kommune (KS);8,6;KS: Legemeldt fravær",
            "doctor_certified_percent;2023-Q1;Asker kommune (KS);6,5;KS",
            "apprentices;2023;Bergen kommune;12;Bergens årsrapport",
        ],
    )
    (landing / "ssb_12451_2023-06-01.json").write_text(ssb_table(9.9), encoding="utf-8")
    (landing / "ssb_12441_2023-09-01.json").write_text(sector_table(), encoding="utf-8")
    (landing / "ssb_12451_2023-09-01.json").write_text(ssb_table(5.1), encoding="utf-8")
    write_lines(
        landing / "maltall_2024-01-01.csv",
        header_line("maltall", without=("Type", "Utgangsår")),
        [
            "sick_leave_percent;kommune;Asker kommune;2023;1,8;Handlingsprogram 2023;13.12.2022",
            "sick_leave_percent;kommune;Asker kommune;2023;1,7;Handlingsprogram 2022;14.12.2021",
            "sick_leave_percent;kommune;Asker kommune;2030;1,5;Handlingsprogram 2023;13.12.2022",
            "sick_leave_percent;virksomhet;V1;2023;2;Handlingsprogram 2023;13.12.2022",
            "sick_leave_percent;tjenesteområde;O;2023;0;Handlingsprogram 2023;13.12.2022",
            "full_time_100_percent;virksomhet;V1;2023;100;Handlingsprogram 2022;14.12.2021",
            "sick_leave_percent;virksomhet;Skovlund;2023;2;Handlingsprogram 2023;13.12.2022",
            "sick_leave_percent;tjenesteområde;Helse og omsorg;2023;9,0;Handlingsprogram 2016;16.12.2015",
        ],
    )
    write_lines(
        landing / "piloter_2024-01-01.csv",
        header_line("piloter"),
        [
            "V1;Langvakter;10.01.2023;",
            "V3;Liten;10.01.2023;",
            "O;Avsluttet;10.01.2023;31.01.2023",
            "V1;Avsluttet;10.01.2023;14.02.2023",
            "O;Delvis;10.01.2023;31.01.2023",
            "V1;Delvis;10.01.2023;",
            "V1;Planlagt slutt;10.01.2023;31.12.2024",
        ],
    )
    write_lines(
        landing / "publiserte_tall_2024-01-01.csv",
        "figure_id,document,published_on,source,indicator,period,value,unit,decimals",
        ['A-1,"Rapport, del 1",2024-01-01,payroll,sick_leave_percent,2023,1.8,percent,1'],
    )


@pytest.fixture(scope="module")
def served(builds: Builds) -> Iterator[duckdb.DuckDBPyConnection]:
    with builds.built(deliver, min_fte_unit=2, min_persons=2).reading() as con:
        yield con


def test_benchmarks(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select indicator, period_type, period, is_partial, peer, round(value, 6), source, basis, rank from served.benchmarks
           order by indicator, rank, period, peer"""
    ).fetchall()
    doctor = ("doctor_certified_percent", "quarter", "2023-Q1", False)
    quarter = ("sick_leave_percent", "quarter", "2023-Q1", False)
    sick = ("sick_leave_percent", "year", "2023", False)
    own = ("self_certified_percent", "quarter", "2023-Q1", False)
    of_employers, of_sector, of_residents = "employer", "sector", "residents"
    ssb = "SSB 12451 (kun legemeldt)"
    assert rows == [
        # No such measure is computed or has a better side: the peer's figure stands alone.
        ("apprentices", "year", "2023", False, "Bergen kommune", 12.0, "Bergens årsrapport", of_employers, None),
        (*doctor, "Asker kommune", 6.769231, "payroll", of_employers, 1),  # 44 of 650 days
        # KS' figure of the municipality itself, and figures of many municipalities: shown, not ranked.
        (*doctor, "Asker kommune (KS)", 6.5, "KS (kun legemeldt)", of_employers, None),
        # Those who live in Bærum, wherever they work, from the newer of the two files; men alone and Asker's missing cell are
        # no benchmarks. 12441 has the doctor-certified part of its sectors.
        (*doctor, "Bærum (SSB 12451)", 5.1, ssb, of_residents, None),
        (*doctor, "Hele landet (SSB 12441)", 6.0, "SSB 12441 (kun legemeldt)", of_sector, None),
        (*doctor, "Hele landet (SSB 12451)", 2.0, ssb, of_residents, None),
        (*doctor, "Kommune (KS)", 8.6, "KS: Legemeldt fravær", of_sector, None),
        (*doctor, "Undervisning (SSB 12441)", 4.4, "SSB 12441 (kun legemeldt)", of_sector, None),
        (*own, "Asker kommune", 0.0, "payroll", of_employers, 1),
        (*own, "Hele landet (SSB 12441)", 1.1, "SSB 12441", of_sector, None),
        (*own, "Undervisning (SSB 12441)", 0.9, "SSB 12441", of_sector, None),
        (*sick, "Bærum kommune", 1.7, "Bærums årsrapport", of_employers, 1),
        (*quarter, "Asker kommune", 6.769231, "payroll", of_employers, 1),
        (*sick, "Asker kommune", 1.752988, "payroll", of_employers, 2),  # 44 of 2510 days, printed 1.8 as Bergen's
        (*sick, "Bergen kommune", 1.8, "Bergens årsrapport", of_employers, 2),
        # Behind two seconds comes a fourth.
        (*sick, "Halden kommune", 2.4, "Haldens årsrapport", of_employers, 4),
        (*sick, "norge", 1.0, "SSB", of_sector, None),
        (*quarter, "Hele landet (SSB 12441)", 7.1, "SSB 12441", of_sector, None),
        (*quarter, "Undervisning (SSB 12441)", 5.3, "SSB 12441", of_sector, None),
    ]


def test_targets(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select indicator, year, org_level, org_unit_code, org_unit_name, target, round(actual, 6), round(gap, 6), on_track,
               superseded_by
           from served.targets order by year, org_level, org_unit_code, decided_on desc"""
    ).fetchall()
    of_v1 = ("virksomhet", "V1", "Solhaug sykehjem", 2.0, 2.191235, 0.191235, False, None)  # 22 of 1004
    assert rows == [
        ("sick_leave_percent", 2023, "kommune", "K", "Asker kommune", 1.8, 1.752988, -0.047012, True, None),
        # The earlier decision on the same year.
        ("sick_leave_percent", 2023, "kommune", "K", "Asker kommune", 1.7, 1.752988, 0.052988, None, "Handlingsprogram 2023"),
        ("sick_leave_percent", 2023, "tjenesteområde", "Helse og omsorg", "Helse og omsorg", 9.0, None, None, None, None),
        # As good as the target is on track.
        ("sick_leave_percent", 2023, "tjenesteområde", "O", "Oppvekst", 0.0, 0.0, 0.0, True, None),
        ("sick_leave_percent", 2023, *of_v1),
        ("full_time_100_percent", 2023, "virksomhet", "V1", "Solhaug sykehjem", 100.0, 100.0, 0.0, True, None),
        ("sick_leave_percent", 2023, "virksomhet", "V3", "Skovlund", 2.0, None, None, None, None),  # withheld
        ("sick_leave_percent", 2030, "kommune", "K", "Asker kommune", 1.5, None, None, True, None),
    ]


def test_paths_of_targets(served: duckdb.DuckDBPyConnection) -> None:
    """Of 2023 to 2030 the plan goes from 1.8 to 1.5; a seventh of the way in 2024. Of 2023 the year was at 44 of 2510 days."""
    rows = served.execute(
        """select year, round(expected_now, 6), round(needed_per_year, 6) from served.targets
           where org_level = 'kommune' and superseded_by is null order by year"""
    ).fetchall()
    actual = 100 * 44 / 2510
    assert rows == [(2023, None, None), (2030, round(1.8 - 0.3 / 7, 6), round((1.5 - actual) / 7, 6))]


def test_superseded_target_is_kept(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute("select target, decision from intermediate.int_targets where is_superseded").fetchall()
    assert [(float(target), decision) for target, decision in rows] == [(1.7, "Handlingsprogram 2022")]


def test_pilots(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select pilot, indicator, start_value, current_value, change_points, change_percent,
               round(rest_of_area_change_points, 6), withheld from served.pilots order by pilot, indicator"""
    ).fetchall()
    unchanged = (100.0, 100.0, 0.0, 0.0, 0.0, None)  # all hold full positions, in the pilot and around it
    withheld = (None, None, None, None, None, "primary")
    others = ("average_position_percent", "full_time_100_percent", "full_time_80_percent")
    # The series begins with the pilots: no month before them to compare with. Sick leave is tried in test_comparisons.py.
    sick = ("sick_leave_percent", None, None, None, None, None, None)
    assert rows == [
        *(("Avsluttet", indicator, *unchanged) for indicator in others),
        ("Avsluttet", *sick),
        *(("Delvis", indicator, *unchanged) for indicator in others),
        ("Delvis", *sick),
        *(("Langvakter", indicator, *unchanged) for indicator in others),
        ("Langvakter", *sick),
        *(("Liten", indicator, *withheld) for indicator in others),
        ("Liten", *sick),
        # Its end lies after the as-of date: now is now.
        *(("Planlagt slutt", indicator, *unchanged) for indicator in others),
        ("Planlagt slutt", *sick),
    ]


def test_what_is_doubtful_is_reported(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute(
        """select feed, rule, rows from served.data_quality
           where rule in ('unit_matched', 'target_not_superseded', 'peer_is_another') and rows > 0 order by rule"""
    ).fetchall()
    assert rows == [
        ("sammenligning", "peer_is_another", 1),
        ("maltall", "target_not_superseded", 1),
        ("maltall", "unit_matched", 1),
    ]


def test_newest_file_of_each_feed_and_table_is_loaded(served: duckdb.DuckDBPyConnection) -> None:
    names = served.execute("select file_name from served.inputs where feed in ('ssb', 'sammenligning') order by 1").fetchall()
    assert names == [("sammenligning_2024-01-15.csv",), ("ssb_12441_2023-09-01.json",), ("ssb_12451_2023-09-01.json",)]


def test_list_of_printed_figures(served: duckdb.DuckDBPyConnection) -> None:
    rows = served.execute("select document, cast(published_on as varchar), value from staging.stg_printed_figures").fetchall()
    assert [(document, day, float(value)) for document, day, value in rows] == [("Rapport, del 1", "2024-01-01", 1.8)]
