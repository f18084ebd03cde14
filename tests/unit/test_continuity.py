"""Rows that the last publication was made of and that are not loaded now. Not here: how a night tells of them (pipeline)."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from sources.payroll.profile import feeds_by
from sources.registry import feeds
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import Delivery as Rows
from tests.municipalities.files import write_delivery
from warehouse import continuity
from warehouse.archive import all_arrivals, archived_file, take_in
from warehouse.build_database import start_build
from warehouse.database import connect
from warehouse.delivery import Delivery, choose
from warehouse.ledger import Arrival, append
from warehouse.load import load_feed
from warehouse.paths import Home
from warehouse.pseudonym import KEY_VARIABLE
from warehouse.settings import read_settings
from warehouse.still_loaded import Comparison, compare_with_last, headers_of_last

SEPTEMBER, OCTOBER = date(2024, 9, 30), date(2024, 10, 31)
REQUIRED = sorted(small_delivery())
SETTINGS = read_settings()


def loaded(folder: Path, delivery: Rows, extract_date: date) -> Path:
    """Landing → raw tables; the database they are in."""
    home = Home(folder)
    home.prepare()
    write_delivery(home.landing, delivery, extract_date=extract_date)
    take_in(home, home.landing, feeds())
    chosen = choose(all_arrivals(home), feeds(), None).delivery
    start_build(home, SETTINGS, feeds(), chosen)
    with connect(home.build_database, SETTINGS) as con:
        for feed in [name for name in feeds() if name in REQUIRED]:
            load_feed(con, home, feeds()[feed], chosen.of(feeds()[feed]))
    return home.build_database


@pytest.fixture(scope="module")
def september(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("september"), small_delivery(), SEPTEMBER)


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A later extract in which the last row of each required feed is missing; no other row refers to it."""
    fewer = {feed: rows[:-1] for feed, rows in small_delivery().items()}
    return loaded(tmp_path_factory.mktemp("october"), fewer, OCTOBER)


@pytest.fixture
def compared(home: Home) -> Callable[[Path | None, Path], dict[str, Comparison]]:
    """Compares what the last publication was made of, if there is one, with what is loaded now."""

    def compare(before: Path | None, now: Path) -> dict[str, Comparison]:
        if before:
            shutil.copy(before, home.warehouse_database)
        shutil.copy(now, home.build_database)
        return {feed: compare_with_last(home, SETTINGS, feeds()[feed]) for feed in REQUIRED}

    return compare


Compare = Callable[[Path | None, Path], dict[str, Comparison]]


def test_the_required_feeds_are_compared() -> None:
    assert [feed.name for feed in feeds().values() if feed.required and not feed.natural_key] == []


def test_a_row_removed_from_any_required_feed_is_noticed(compared: Compare, september: Path, october: Path) -> None:
    rows = {feed: len(rows) for feed, rows in small_delivery().items()}
    lost = {feed: {"file_name": f"{feed}_{SEPTEMBER}.csv", "row_number": last} for feed, last in rows.items()}
    expected = {feed: Comparison(False, rows[feed], 1, (lost[feed],)) for feed in REQUIRED}
    assert compared(september, october) == expected


def test_what_a_later_extract_knows_better_is_no_loss(tmp_path: Path, compared: Compare, september: Path, small: Rows) -> None:
    small["fravaer"][1]["Til dato"] = "04.10.2024"
    small["fravaer"][0] |= {"Fraværstype": "Sykmelding", "Stillingsnr": "1", "Fraværsprosent": "80"}
    small["permisjoner"][0] |= {"Til dato": "30.09.2024", "Permisjonsprosent": "30"}
    small["stillinger"][2] |= {"Gyldig til": "30.09.2024", "Enhetskode": "1110"}
    small["organisasjon"][3] |= {"Enhetsnavn": "Østre skolefritidsordning", "Overordnet": "1100"}
    small["fravaer"].append(small["fravaer"][0] | {"Fra dato": "01.10.2024", "Til dato": "02.10.2024"})
    found = compared(september, loaded(tmp_path / "later", small, OCTOBER))
    assert all(feed.passed and feed.rows_before for feed in found.values())


def test_rows_of_a_person_numbered_anew_are_the_same_and_what_is_gone_is_noticed(
    tmp_path: Path, compared: Compare, small: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "k" * 64)
    before = loaded(tmp_path / "before", small, SEPTEMBER)
    for feed in ("ansatte", "stillinger", "fravaer", "permisjoner"):
        small[feed] = [row | {"Ansattnr": "9" + row["Ansattnr"]} for row in small[feed]]
    small["fravaer"].pop()
    found = compared(before, loaded(tmp_path / "later", small, OCTOBER))
    assert {feed: one.rows_gone for feed, one in found.items() if not one.passed} == {"fravaer": 1}
    assert [row["row_number"] for row in found["fravaer"].rows] == [3]


def test_both_numbers_of_one_person_may_become_others(
    tmp_path: Path, compared: Compare, small: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the old numbers or not."""
    monkeypatch.setenv(KEY_VARIABLE, "k" * 64)
    small["ansatte"][1] |= {name: small["ansatte"][0][name] for name in ("Fødselsnummer", "Kjønn", "Fødselsdato")}
    before = loaded(tmp_path / "before", small, SEPTEMBER)
    numbers = {"700411": "900002", "700412": "900001"}
    for feed in ("ansatte", "stillinger", "fravaer", "permisjoner"):
        small[feed] = [row | {"Ansattnr": numbers.get(row["Ansattnr"], row["Ansattnr"])} for row in small[feed]]
    found = compared(before, loaded(tmp_path / "later", small, OCTOBER))
    assert {feed: one.rows_gone for feed, one in found.items() if one.rows_gone} == {}


def test_one_of_two_alike_is_noticed_and_so_is_a_row_that_is_quarantined_now(
    tmp_path: Path, compared: Compare, september: Path, small: Rows
) -> None:
    small["fravaer"].append(small["fravaer"][0] | {"Fraværsprosent": "50"})
    small["permisjoner"].append(small["permisjoner"][0] | {"Fra dato": "01.06.2024"})
    before = loaded(tmp_path / "before", small, SEPTEMBER)
    with connect(before, SETTINGS) as con:
        # A file may be of two feeds, as in the profile visma; its rows are told once.
        con.execute("insert into raw.inputs select * replace ('permisjoner' as feed) from raw.inputs where feed = 'fravaer'")
    absences = compared(before, september)["fravaer"]
    assert (absences.passed, absences.rows_gone, [row["row_number"] for row in absences.rows]) == (False, 1, [1, 4])
    small["permisjoner"][2]["Permisjonsprosent"] = "120"
    assert compared(before, loaded(tmp_path / "now", small, OCTOBER))["permisjoner"].rows_gone == 1


def test_a_column_that_is_gone_is_named(tmp_path: Path, compared: Compare, september: Path, small: Rows) -> None:
    """One of the contract that need not be there; that an unknown one is gone again matters to nobody."""
    small["fravaer"] = [row | {"Merknad": "x"} for row in small["fravaer"]]
    before, now = loaded(tmp_path / "before", small, SEPTEMBER), tmp_path / "now.duckdb"
    shutil.copy(september, now)
    with connect(now, SETTINGS) as con:
        con.execute("update raw.inputs set columns = list_filter(columns, lambda header: header <> 'Timer per uke')")
    found = compared(before, now)
    assert {name: feed.columns_gone for name, feed in found.items() if feed.columns_gone} == {"stillinger": ("Timer per uke",)}


def test_the_headers_of_the_last_files_are_known(tmp_path: Path, home: Home, september: Path) -> None:
    feed = feeds()["fravaer"]
    assert headers_of_last(home, SETTINGS, feed) == set()
    shutil.copy(september, home.warehouse_database)
    assert headers_of_last(home, SETTINGS, feed) == set(feed.columns)
    home.warehouse_database.write_bytes(b"no database")
    assert headers_of_last(home, SETTINGS, feed) == set()


def test_without_an_earlier_extract_there_is_nothing_to_compare(compared: Compare, september: Path, october: Path) -> None:
    first = compared(None, september).values()
    assert {(found.passed, found.not_compared) for found in first} == {(True, "this is the first publication")}
    newer = compared(october, september).values()
    told = "the last publication is of a newer extract, 2024-10-31"
    assert {(found.passed, found.not_compared) for found in newer} == {(True, told)}


def test_a_last_database_that_is_gone_or_cannot_be_read_is_told_of(
    tmp_path: Path, home: Home, compared: Compare, september: Path
) -> None:
    home.current.symlink_to("history/last")
    gone = "the last publication's database is gone"
    assert {(found.passed, found.not_compared) for found in compared(None, september).values()} == {(False, gone)}
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"no database")
    assert {found.passed for found in compared(broken, september).values()} == {False}


def arrival(feed: str) -> Arrival:
    return Arrival(arrived_at="", feed=feed, extract_date=OCTOBER, file_name=f"{feed}.csv", sha256="", size=0, is_personal=True)


# 100 absences before, two of each person, of whom these numbers are left; 10 % may be gone.
LOSSES = {
    "a tenth of the rows": (range(11, 101), []),
    "more than a tenth": (
        range(12, 101),
        ["fravaer.csv: rows of fravaer 100 → 89 (−11,0 %)"],
    ),
    # As many rows, those of the first twelve persons delivered as others' once more.
    "persons alone": ([*range(25, 101), *range(25, 49)], ["fravaer.csv: persons of fravaer 50 → 38 (−24,0 %)"]),
    "the last four rows": (range(1, 97), []),
    "the last five": (range(1, 96), ["fravaer.csv: the last 5 rows of the earlier file are gone: it looks cut off"]),
}


@pytest.mark.parametrize(("left", "told"), LOSSES.values(), ids=LOSSES)
def test_what_a_full_extract_has_lost(left: Sequence[int], told: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        for database, numbers in (("last.", range(1, 101)), ("", left)):
            con.execute(
                f"""create table {database}raw.ansatte as
                    select n::varchar as employee_no, 'k' || n as person_key from range(51) as t (n)"""
            )
            con.execute(
                f"""create table {database}raw.fravaer as
                    select cast((n + 1) // 2 as varchar) as employee_no, date '2024-01-01' + cast(n as integer) as from_date,
                        n as row_number
                    from (select unnest($1::bigint[]) as n)""",
                [list(numbers)],
            )
        assert continuity._drops(con, feeds()["fravaer"], arrived("fravaer"), 0.1) == told


PERSON = "select 'n' || n as employee_no, 'k' || n as person_key, 'K' as sex_code, 1980 as birth_year, n as row_number"
POSITION = (
    "select 'n' || n as employee_no, '1' as position_no, date '2020-01-01' + n as valid_from, null::date as valid_to,"
    " 'u1' as unit_code, '7174' as job_code, 'Fast' as employment_form, null::integer as pay_group, n as row_number,"
    " cast(500000 as decimal(12, 2)) as annual_salary"
)
UNIT = (
    "select 'u' || n as unit_code, 'Name ' || n as unit_name, if(n = 0, 'kommune', 'virksomhet') as unit_level, n as row_number"
)


@pytest.fixture
def both() -> Iterator[duckdb.DuckDBPyConnection]:
    """Twenty persons with a position each and twenty units, in the last extract and in this one."""
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        for database in ("last.", ""):
            for feed, row in {"ansatte": PERSON, "stillinger": POSITION, "organisasjon": UNIT}.items():
                con.execute(f"create table {database}raw.{feed} as {row} from (select n::integer as n from range(20) as t (n))")
        yield con


def arrived(feed: str) -> Delivery:
    return Delivery(OCTOBER, (arrival(feed),))


OTHER_ROWS = {
    "nothing": ("select 1", None),
    "all persons numbered anew": (
        "update raw.ansatte set employee_no = '9' || employee_no; update raw.stillinger set employee_no = '9' || employee_no",
        None,
    ),
    "another key of the pseudonym": ("update raw.ansatte set person_key = 'x' || person_key", None),
    "another place": (
        "update raw.ansatte set person_key = 'x' || person_key, employee_no = '9' || employee_no;"
        " update raw.stillinger set employee_no = '9' || employee_no",
        "ansatte",
    ),
    "half of the first dates": ("update raw.stillinger set valid_from = date '2024-01-01' where row_number < 10", None),
    "most of the first dates": ("update raw.stillinger set valid_from = date '2024-01-01' where row_number < 11", "stillinger"),
    "the first five of twenty": ("delete from raw.organisasjon where row_number < 5", None),
    "the first six": ("delete from raw.organisasjon where row_number < 6", "organisasjon"),
    "all of a handful": (
        "delete from last.raw.organisasjon where row_number >= 5; delete from raw.organisasjon where row_number >= 5;"
        " update raw.organisasjon set unit_code = '0' || unit_code",
        None,
    ),
    "codes with a zero before them": ("update raw.organisasjon set unit_code = '0' || unit_code", "organisasjon"),
}


@pytest.mark.parametrize(("change", "feed"), OTHER_ROWS.values(), ids=OTHER_ROWS)
def test_a_file_of_other_rows_stops(both: duckdb.DuckDBPyConnection, change: str, feed: str | None) -> None:
    both.execute(change)
    found = [
        line
        for name in ("ansatte", "stillinger", "organisasjon")
        for line in continuity._drops(both, feeds()[name], arrived(name), 0.1)
    ]
    assert [line.partition(".csv:")[0] for line in found[:1]] == ([feed] if feed else [])


def test_persons_without_a_position_any_more_stop(both: duckdb.DuckDBPyConnection) -> None:
    both.execute("update raw.stillinger set valid_to = date '2024-10-30' where row_number < 10")
    both.execute("update raw.stillinger set valid_from = date '2024-10-31' where row_number = 10")
    assert continuity._in_work(both, SEPTEMBER, OCTOBER) == []
    both.execute("update raw.stillinger set valid_to = date '2024-10-30' where row_number < 11")
    told = "stillinger: persons with a position on the day of the extract 20 → 9 (−55,0 %)"
    assert continuity._in_work(both, SEPTEMBER, OCTOBER) == [told]
    assert continuity._no_position_now(both, arrived("stillinger")) == []
    both.execute("update raw.stillinger set valid_to = date '2024-10-30'")
    none_valid = "stillinger: none of the 20 rows is valid on the day of the extract"
    assert continuity._no_position_now(both, arrived("stillinger")) == [none_valid]
    both.execute("delete from last.raw.stillinger where row_number >= 5; delete from raw.stillinger where row_number >= 5")
    assert continuity._in_work(both, SEPTEMBER, OCTOBER) == continuity._no_position_now(both, arrived("stillinger")) == []


def test_codes_of_positions_that_are_changed_in_place_are_told(both: duckdb.DuckDBPyConnection) -> None:
    """New list or not: the figures by job code of all years move with them."""
    stillinger = feeds()["stillinger"]
    both.execute("update raw.stillinger set job_code = '6572' where row_number < 5")
    assert continuity._changed_positions(both, stillinger, 0.1) == []
    both.execute("update raw.stillinger set job_code = '6572', pay_group = 3 where row_number < 6")
    told = "stillinger: 6 of 20 positions have another {} than in the last extract, all their time"
    assert continuity._changed_positions(both, stillinger, 0.1) == [told.format("Stillingskode"), told.format("Lønnsgruppe")]
    assert continuity._changed_positions(both, stillinger, 0.3) == []


def test_pay_that_is_changed_in_place_is_told(both: duckdb.DuckDBPyConnection) -> None:
    """A wage settlement changes everybody's by a few percent; a column that slid by a row gives most another one's."""
    stillinger = feeds()["stillinger"]
    both.execute("update raw.stillinger set annual_salary = 1.25 * annual_salary")
    assert continuity._changed_pay(both, stillinger, 0.1) == []
    both.execute("update raw.stillinger set annual_salary = null where row_number = 0")
    both.execute("update raw.stillinger set annual_salary = 0.5 * annual_salary where row_number < 7")
    (told,) = continuity._changed_pay(both, stillinger, 0.1)
    assert told.startswith("stillinger: 6 of 19 positions have another Årslønn than in the last extract, by more than 25 %")
    assert continuity._changed_pay(both, stillinger, 0.4) == []


def test_columns_whose_cells_are_empty_now_are_told() -> None:
    """A version before this one may not have had a column; what must be filled is another rule's matter."""
    # Filled cells then and now.
    filled = {"group_name": (2, 0), "valid_to": (1, 0), "parent_code": (20, 9), "unit_name": (20, 0)}
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        for place, database in enumerate(("last.", "")):
            cells = ", ".join(f"if(n < {counts[place]}, 'x', null) as {name}" for name, counts in filled.items())
            con.execute(f"create table {database}raw.organisasjon as select {cells} from range(20) as t (n)")
        told = ["organisasjon: rows with Overordnet 20 → 9 (−55,0 %)", "organisasjon: rows with Gruppe 2 → 0 (−100,0 %)"]
        assert continuity._emptied_columns(con, feeds()["organisasjon"]) == told
        con.execute("update raw.organisasjon set parent_code = 'x' where group_name is null and rowid < 10")
        con.execute("alter table last.raw.organisasjon drop column group_name")
        assert continuity._emptied_columns(con, feeds()["organisasjon"]) == []


def test_what_persons_and_units_are_told_to_have_changed(both: duckdb.DuckDBPyConnection) -> None:
    both.execute("update raw.ansatte set sex_code = 'M' where row_number < 5")
    both.execute("update raw.ansatte set birth_year = 1976 where row_number < 6")
    told = "ansatte: 6 of 20 employee numbers have another year of Fødselsdato than in the last extract"
    assert continuity._changed_persons(both, 0.1) == [told]
    both.execute("update raw.organisasjon set unit_name = 'New' where unit_code = 'u3'")
    both.execute("update raw.organisasjon set unit_code = 'u99' where unit_code = 'u4'")
    # Two units of one name, of which one has it only now, or only had it before.
    both.execute("update raw.organisasjon set unit_name = 'Name 8' where unit_code = 'u9'")
    both.execute("update last.raw.organisasjon set unit_name = 'Name 11' where unit_code = 'u10'")
    assert continuity._exchanged_names(both) == []
    both.execute("update raw.organisasjon set unit_name = 'Name ' || (13 - row_number) where row_number in (6, 7)")
    both.execute("update raw.organisasjon set unit_name = 'Elsewhere' where row_number = 0")
    moved = "names have moved to other codes, and the figures of all years with them"
    assert continuity._exchanged_names(both) == [
        f"organisasjon: {moved}: Name 6: u6 → u7; Name 7: u7 → u6",
        "organisasjon: the municipality's name was Name 0, and is Elsewhere",
    ]


def test_units_below_another_one_and_codes_of_another_unit_are_told(both: duckdb.DuckDBPyConnection) -> None:
    """Renamed alone, or with new people alone, a unit is the same one; the first six persons work in u1, the others in u2."""
    for database in ("last.", ""):
        both.execute(f"alter table {database}raw.organisasjon add column parent_code varchar default 'u0'")
        both.execute(f"update {database}raw.stillinger set unit_code = if(row_number < 6, 'u1', 'u2')")
    both.execute("update raw.organisasjon set unit_name = 'New ' || unit_code where unit_code in ('u1', 'u2', 'u3')")
    assert continuity._reorganised(both, SEPTEMBER, OCTOBER) == []
    both.execute("update raw.organisasjon set parent_code = 'u5' where unit_code = 'u7'")
    # Whoever was in u1 is in u3 now, and u1 has others.
    both.execute("update raw.stillinger set unit_code = if(unit_code = 'u1', 'u3', 'u1') where row_number < 10")
    below = "units lie below another one, and the figures of all years with them"
    reused = "codes have another name and others at work, and the figures of earlier years stand under the new name"
    assert continuity._reorganised(both, SEPTEMBER, OCTOBER) == [
        f"organisasjon: {below}: Name 7 (u7): u0 → u5",
        f"organisasjon: {reused}: u1: Name 1 → New u1",
    ]
    both.execute("update raw.stillinger set unit_code = 'u1' where row_number = 3")
    assert len(continuity._reorganised(both, SEPTEMBER, OCTOBER)) == 1


def test_a_second_municipality_is_no_other_name(both: duckdb.DuckDBPyConnection) -> None:
    for database in ("last.", ""):
        both.execute(f"update {database}raw.organisasjon set unit_level = 'kommune' where row_number = 1")
    assert continuity._exchanged_names(both) == []


@pytest.mark.parametrize(
    ("delivered", "setting", "told"),
    [
        ("Bærum kommune", "Asker kommune", True),
        ("ASKER KOMMUNE", "Asker kommune", False),
        ("Asker", "Asker kommune", False),
        ("Bærum kommune", "Bærum", False),
        ("kommune", "Asker kommune", False),
    ],
)
def test_another_municipality_than_the_settings_name_is_told(
    both: duckdb.DuckDBPyConnection, delivered: str, setting: str, told: bool
) -> None:
    """What one of them does not call a kommune is not compared."""
    both.execute("update raw.organisasjon set unit_level = 'kommune', unit_name = $1 where row_number = 1", [delivered])
    text = (
        f"organisasjon: the municipality is {delivered}, and the setting municipality says {setting};"
        " see whether the files are this municipality's, else correct the setting"
    )
    assert continuity._of_another_municipality(both, setting) == ([text] if told else [])


def test_another_key_of_the_pseudonym_is_named_as_a_cause(both: duckdb.DuckDBPyConnection) -> None:
    both.execute("update raw.ansatte set person_key = 'x' || person_key where row_number > 0")
    told = "ansatte: {} of 20 employee numbers have another Fødselsnummer{} than in the last extract"
    assert continuity._changed_persons(both, 0.1) == [told.format(19, "")]
    both.execute("update raw.ansatte set person_key = 'xk0' where row_number = 0")
    cause = " (nobody has the same one: the column was replaced, or the pseudonym key is another one)"
    assert continuity._changed_persons(both, 0.1) == [told.format(20, cause)]


def test_a_file_of_two_feeds_is_told_once_to_be_cut_off(home: Home) -> None:
    visma = feeds_by("visma")
    (home.landing / f"Turnus_fravær_{OCTOBER}.csv").write_bytes(b"AnsattId;Dato\r\n1")
    delivery = Delivery(OCTOBER, tuple(take_in(home, home.landing, visma).new))
    found = continuity._cut_lines(home, [visma["fravaer"], visma["permisjoner"]], delivery, None)
    assert found == [f"Turnus_fravær_{OCTOBER}.csv: its last line, 2, has no line end and 1 of 2 fields: it looks cut off"]


TABLE = "a;b\n1;2"
# Files with a header and a line of two fields, those among them that the last publication was made of, and what is told.
ENDINGS = {
    "one of two has no end": (["1.csv", "2.txt"], [TABLE + "\n", TABLE], [], ["2.txt: its last line, 2, has no line end"]),
    "it alone": (["1.csv"], [TABLE], [], ["1.csv: its last line, 2, has no line end"]),
    "so it is with all": (["1.csv", "2.csv"], [TABLE, TABLE], [], []),
    "so it was before": (["1.csv", "2.csv"], [TABLE + "\n", TABLE], ["2.csv"], []),
    "a line is shorter than the header": (
        ["1.csv", "2.csv"],
        [TABLE, TABLE[:-2]],
        ["2.csv"],
        ["2.csv: its last line, 2, has no line end and 1 of 2 fields"],
    ),
    "two bytes a letter": (
        ["1.csv", "2.csv"],
        [(TABLE + "\n").encode("utf-16-le"), TABLE.encode("utf-16-le")],
        [],
        ["2.csv: its last line, 2, has no line end"],
    ),
    "no text": (["1.csv", "2.xlsx"], [TABLE + "\n", "PK"], [], []),
    "nothing": (["1.csv", "2.csv"], [TABLE + "\n", ""], [], []),
}


@pytest.mark.parametrize(("names", "contents", "before", "told"), ENDINGS.values(), ids=ENDINGS)
def test_a_last_line_that_is_cut_off(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    names: Sequence[str],
    contents: Sequence[str | bytes],
    before: Sequence[str],
    told: list[str],
) -> None:
    came = []
    for name, content in zip(names, contents, strict=True):
        text = content.encode() if isinstance(content, str) else content
        one = replace(arrival("fravaer"), file_name=name, feed=f"stem of {name}", sha256=hashlib.sha256(text).hexdigest())
        archived_file(home, one.sha256).parent.mkdir(exist_ok=True)
        archived_file(home, one.sha256).write_bytes(text)
        came.append(one)
    append(home, came)
    inputs = [(one.file_name, one.sha256) for one in came if one.file_name in before]
    monkeypatch.setattr(continuity, "Recorded", lambda *_: SimpleNamespace(inputs=lambda: inputs))
    delivery: Any = SimpleNamespace(of=lambda feed: came)
    assert continuity._cut_lines(home, [feeds()["fravaer"]], delivery, "before") == [
        f"{line}: it looks cut off" for line in told
    ]


@pytest.mark.parametrize("day", [SEPTEMBER, OCTOBER])
def test_an_extract_is_held_against_one_of_its_own_day_and_not_against_a_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, september: Path, small: Rows, day: date
) -> None:
    """The persons of the September that is loaded are four of thirty that were served."""
    small["ansatte"] += [small["ansatte"][0] | {"Ansattnr": str(2000 + n)} for n in range(26)]
    before = loaded(tmp_path / "before", small, day)
    monkeypatch.setattr(continuity, "raw_rows", lambda *_: contextlib.nullcontext(before))
    home = Home(september.parents[1])
    delivery = choose(all_arrivals(home), feeds(), None).delivery
    gone = continuity.what_is_gone(home, SETTINGS, feeds(), delivery, "before")
    told = [f"ansatte_2024-09-30.csv: {what} of ansatte 30 → 4 (−86,7 %)" for what in ("rows", "persons")]
    assert gone == continuity.Gone(to_accept=told if day == SEPTEMBER else [])


@pytest.mark.parametrize(
    ("begins", "ends", "told"),
    [("2024-09-01", "2024-10-31", True), ("2024-09-01", None, False), ("2024-11-01", "2024-11-05", True)],
    ids=["all have ended", "one has no end", "one has not begun"],
)
def test_an_extract_in_which_nobody_is_away_is_told(
    both: duckdb.DuckDBPyConnection, begins: str, ends: str | None, told: bool
) -> None:
    """Eleven absences went on in the last one; ten that are gone go by chance."""
    columns = "date '2024-09-01' as from_date, n as row_number"
    both.execute(f"create table last.raw.fravaer as select {columns}, date '2024-10-31' as to_date from range(11) as t (n)")
    both.execute("create table raw.fravaer as from last.raw.fravaer")
    both.execute("update raw.fravaer set from_date = $1::date, to_date = $2::date where row_number = 10", [begins, ends])
    expected = "fravaer: absences that go on after the extract 11 → 0 (−100,0 %); those without an end may have been left out"
    assert continuity._nobody_away(both, SEPTEMBER, OCTOBER) == [expected] * told
    both.execute("delete from last.raw.fravaer where row_number = 0")
    assert continuity._nobody_away(both, SEPTEMBER, OCTOBER) == []


@pytest.mark.parametrize(
    ("left", "stops", "told"), [(40, True, False), (50, False, True), (65, False, True), (80, False, False)]
)
def test_a_closed_month_that_has_lost_more_than_half_of_its_absence_stops(left: int, stops: bool, told: bool) -> None:
    """Of a hundred days in January; half of them is not more than half, and thirty days go by chance."""
    gone = continuity.Gone()
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        for database, days in (("last.", 100), ("", left)):
            con.execute(
                f"""create table {database}raw.fravaer as
                    select date '2024-01-08' as from_date, date '2024-01-12' as to_date, 100.0 as absence_percent
                    from range({days // 5})"""
            )
        settings = SETTINGS.model_copy(update={"max_drop": 0.1})
        continuity._lost_days(con, settings, date(2024, 2, 29), gone)
        not_served = continuity.Gone()
        continuity._lost_days(con, settings.model_copy(update={"first_year": 2025}), date(2024, 2, 29), not_served)
    assert not_served == continuity.Gone()
    assert (bool(gone.to_accept), bool(gone.to_tell)) == (stops, told)
    if stops or told:
        lines = gone.to_accept + gone.to_tell
        assert [line.startswith(f"fravaer: days of absence in closed months 2024-01: 100 → {left} (") for line in lines] == [
            True
        ]


def test_days_are_lost_by_percent_in_the_closed_months_of_three_years() -> None:
    """Two hundred absences of 50 %, from January to the first of March 2021, and as many from the last day of February 2024 on;
    no row is left. The extract of that day closes its month.
    """
    gone = continuity.Gone()
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        con.execute(
            """create table last.raw.fravaer as select 50.0 as absence_percent, unnest([
                   {'from_date': date '2021-01-20', 'to_date': date '2021-03-01'},
                   {'from_date': date '2024-02-29', 'to_date': null}
               ], recursive := true) from range(200)"""
        )
        con.execute("create table raw.fravaer as from last.raw.fravaer limit 0")
        continuity._lost_days(con, SETTINGS, date(2024, 2, 29), gone)
    lost = "2021-02: 2 800 → 0 (−100,0 %); 2021-03: 100 → 0 (−100,0 %); 2024-02: 100 → 0 (−100,0 %)"
    assert (gone.to_accept, gone.to_tell) == ([f"fravaer: days of absence in closed months {lost}"], [])


# Positions that end on the last day of the school year, before and after it: their ends in the later file, None where they have
# none, and how many are not there at all.
ENDS = {
    "the school year is over, and no new contracts yet": ([date(2024, 7, 31)] * 20, []),
    "the column has lost its cells but one, which is not ahead": (
        [None] * 19 + [date(2024, 7, 31)],
        ["stillinger: positions with an end after the extract 20 → 0 (−100,0 %)"],
    ),
    "five have become permanent": ([None] * 5 + [date(2024, 7, 31)] * 15, []),
    "they are gone": ([], ["stillinger: positions with an end after the extract 20 → 0 (−100,0 %)"]),
}


@pytest.mark.parametrize(("ends", "told"), ENDS.values(), ids=ENDS)
def test_ends_in_view_that_are_gone(ends: Sequence[date | None], told: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        for database, found in (("last.", [date(2024, 7, 31)] * 20), ("", ends)):
            con.execute(
                f"""create table {database}raw.stillinger as
                    select cast(row_number() over () as varchar) as employee_no, '1' as position_no,
                        date '2023-08-01' as valid_from, valid_to
                    from (select unnest($1::date[]) as valid_to)""",
                [found],
            )
        assert continuity._ends_in_view(con, feeds()["stillinger"], date(2024, 6, 30), date(2024, 7, 31)) == told


@pytest.mark.parametrize(
    ("rows", "stops"),
    [((10, 10, 10), True), ((60, 12, 9), False), ((60, 20, 10), True)],
    ids=["many each month", "few after the school year's beginning", "enough each month"],
)
def test_a_newest_month_in_which_nothing_begins(rows: Sequence[int], stops: bool) -> None:
    begun = [date(2024, month, 1) for month, count in zip((7, 8, 9), rows, strict=True) for _ in range(count)]
    stillinger = feeds()["stillinger"]
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute(
            "create table raw.stillinger as select valid_from, 1 as row_number from (select unnest($1::date[]) as valid_from)",
            [begun],
        )
        told = continuity._empty_months(con, [stillinger], arrived("stillinger"))
    july, august, september = rows
    counts = f"2024-07: {july}, 2024-08: {august}, 2024-09: {september}"
    assert told == ([f"stillinger.csv: no row of stillinger begins in 2024-10 ({counts})"] if stops else [])


@pytest.mark.parametrize(
    ("feed", "begun", "stops"),
    [
        (
            "fravaer",
            (7, 5, 6, 0, 0),
            "2024-09 to 2024-10 (2024-06: 7, 2024-07: 5, 2024-08: 6); is the date in the files' names right?",
        ),
        ("fravaer", (7, 5, 6, 0, 1), None),
        ("fravaer", (7, 4, 6, 0, 0), None),
        ("stillinger", (20, 20, 20, 0, 0), None),
    ],
    ids=["none since August", "one again", "few before", "new positions come by the season"],
)
def test_months_in_which_nobody_falls_ill(feed: str, begun: Sequence[int], stops: str | None) -> None:
    """Of June to October, as a file of August that is called by a date in November has them."""
    column, _ = continuity.FIRST_DATES[feed]
    dates = [date(2024, month, 3) for month, count in zip(range(6, 11), begun, strict=True) for _ in range(count)]
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute(
            f"create table raw.{feed} as select {column}, 1 as row_number from (select unnest($1::date[]) as {column})", [dates]
        )
        delivery = replace(arrived(feed), extract_date=date(2024, 11, 12))
        told = continuity._empty_months(con, [feeds()[feed]], delivery)
    assert told == ([f"{feed}.csv: no row of {feed} begins in {stops}"] if stops else [])


@pytest.mark.parametrize(
    ("begun", "told"),
    [
        ((10, 10, 10, 0, 10, 10, 10), "2024-04"),
        ((10, 10, 10, 0, 0, 10, 10, 10), "2024-04 to 2024-05"),
        ((10, 9, 10, 0, 10, 10, 10), None),
        ((10, 10, 10, 0, 10, 10, 9), None),
        ((10, 10, 10, 1, 10, 10, 10), None),
        ((10, 10, 10, 0, 10, 10), None),
    ],
    ids=["a month", "two", "few before", "few after", "one", "the newest ones"],
)
def test_months_in_between_in_which_no_absence_begins(begun: Sequence[int], told: str | None) -> None:
    dates = [date(2024, month, 3) for month, count in enumerate(begun, start=1) for _ in range(count)]
    extract_date = date(2024, len(begun), 20)
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute("create table raw.fravaer as select 1 as row_number, unnest($1::date[]) as from_date", [dates])
        con.execute("create table raw.variable_timer (row_number bigint, worked_month varchar)")
        found = [continuity._gaps(con, replace(arrived("fravaer"), extract_date=extract_date), year) for year in (None, 2024)]
        # Of what is not served nothing is asked.
        assert continuity._gaps(con, replace(arrived("fravaer"), extract_date=extract_date), 2025) == []
    assert found == 2 * [[f"fravaer: no row is of {told}, and many are of the months beside"] if told else []]


@pytest.mark.parametrize(("newest", "told"), [("2024-03", "2024-04 to 2024-07"), ("2024-04", None)])
def test_hours_that_end_long_before_the_extract(newest: str, told: str | None) -> None:
    months = [f"{newest[:5]}{month:02}" for month in range(1, int(newest[5:]) + 1) for _ in range(10)]
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute("create table raw.fravaer (row_number bigint, from_date date)")
        con.execute("create table raw.variable_timer as select 1 as row_number, unnest($1) as worked_month", [months])
        found = continuity._gaps(con, replace(arrived("fravaer"), extract_date=date(2024, 7, 20)), None)
    assert found == ([f"variable_timer: no row is of {told}, and many are of the months beside"] if told else [])


def test_files_beside_with_fewer_rows_than_before_are_told() -> None:
    """Each is held against the one of its own year, or the last one."""
    then = [
        ("pai", "pai_2022.csv", 200),
        ("pai", "pai_2023.csv", 300),
        ("variable_timer", "variable_timer_2024-08-31.csv", 100),
    ]
    now = [("pai", "pai_2022.csv", 195), ("pai", "pai_2023.xlsx", 150), ("variable_timer", "variable_timer_2024-09-30.csv", 94)]
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as last; create schema raw; create schema last.raw")
        for database, rows in (("last.", then), ("", now)):
            con.execute(
                f"create table {database}raw.inputs (feed varchar, file_name varchar, rows_loaded bigint, extract_date date)"
            )
            con.executemany(f"insert into {database}raw.inputs values ($1, $2, $3, date '2024-01-01')", rows)
        con.execute("insert into last.raw.inputs values ('fravaer', 'fravaer_2024-08-31.csv', 100, date '2024-08-31')")
        # A new year's file is held against the year before; one of a year that was there has been told.
        for file_name, rows in {"10faktor_2019.xlsx": 30, "10faktor_2021.xlsx": 15, "10faktor_2023.xlsx": 7}.items():
            con.execute("insert into raw.inputs values ('deltakelse', $1, $2, date '2024-01-01')", [file_name, rows])
        con.execute("insert into last.raw.inputs values ('pai', 'pai_2021.csv', 500, date '2024-01-01')")
        con.execute("insert into raw.inputs values ('pai', 'pai_2021.csv', 500, date '2024-01-01')")
        assert continuity._drops_beside(con, feeds(), 0.05) == [
            "pai_2023.xlsx: rows of pai 300 → 150 (−50,0 %)",
            "variable_timer_2024-09-30.csv: rows of variable_timer 100 → 94 (−6,0 %)",
            "10faktor_2023.xlsx: rows of deltakelse 15 → 7 (−53,3 %) since 10faktor_2021.xlsx",
        ]
