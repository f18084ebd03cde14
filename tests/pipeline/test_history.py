"""What becomes of a publication after it is made: restated, told again, built again, verified, purged.
Not here: crashes (tests/concurrency) or how the ledger takes in files (tests/unit/test_archive.py).
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.dbt import load_manifest
from sources.registry import feeds
from tests.building import build, settings_with, without_dbt
from tests.municipalities.by_hand import Municipality
from warehouse.archive import all_arrivals, archived_file, kept_arrivals, take_in
from warehouse.catalogue import tables_of
from warehouse.compare import Reproduction, compare, write_cells
from warehouse.database import connect
from warehouse.delivery import choose
from warehouse.errors import Refused, UsageError
from warehouse.history import as_served, publications, served_on
from warehouse.ledger import PublicationEntry, of_kind, read_ledger
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.publish import publish
from warehouse.purge import purge
from warehouse.recorded import Recorded, raw_rows
from warehouse.restatements import WITH_VALUES, Restated, restate
from warehouse.settings import Settings
from warehouse.verify import verify

AUGUST, SEPTEMBER = date(2024, 8, 31), date(2024, 9, 30)
REASON = "sykmeldinger fra juli kom sent"
# Everything is served but the equality table: all are of one sex, one age and one job code.
SETTINGS = {"max_quarantine_share": 0.9, "min_fte_job_code": 10, "stricter": "{ equality_gender_balance = 99 }"}
JULY = {"period_type": "month", "period": "2024-07", "org_level": "kommune", "org_unit_code": "K"}


def delivered(landing: Path, day: date) -> None:
    """Two areas of twelve; by September two long sick notes of July and a short one of March have come, one note of June is
    withdrawn, and somebody who left long ago is gone. A spell that is open in August lasts into September.
    """
    municipality = Municipality()
    municipality.unit("K", "kommune")
    municipality.unit("A", "tjenesteområde", "K")
    municipality.unit("A1", "virksomhet", "A")
    municipality.unit("B", "tjenesteområde", "K")
    for n in range(24):
        municipality.position(f"p{n}", "A1" if n < 12 else "B")
    municipality.absence("p1", "Sykmelding", "02.01.2024", "09.02.2024")
    municipality.absence("p2", "Sykmelding", "26.08.2024", "")
    municipality.absence("p4", "Egenmelding", "06.05.2024", "08.05.2024")
    if day == AUGUST:
        municipality.position("p99", "A1", first="01.01.2022", last="31.12.2022")
        municipality.absence("p3", "Sykmelding", "24.06.2024", "24.06.2024", "10")
    else:
        municipality.absence("p14", "Sykmelding", "02.07.2024", "26.07.2024")
        municipality.absence("p16", "Sykmelding", "02.07.2024", "26.07.2024")
        municipality.absence("p15", "Egenmelding", "04.03.2024", "04.03.2024", "20")
    municipality.deliver(landing, day)


@dataclass
class Nights:
    """A home with August and then September published; the night in between was stopped."""

    home: Home
    settings: Settings
    settings_file: Path
    august: str
    september: str
    stopped: Result
    accepted: Result
    files_when_stopped: bool


def files_below(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    root = tmp_path_factory.mktemp("history")
    home, settings = Home(root / "home"), settings_with(root, **SETTINGS)
    home.prepare()
    delivered(home.landing, AUGUST)
    assert build(home, settings).figures == 0
    august = publish(home, settings, tables_of(load_manifest()))
    delivered(home.landing, SEPTEMBER)
    command = ["run", "--home", str(home.root), "--settings", str(root / "arsverk.toml")]
    before = files_below(home.publish), home.warehouse_database.read_bytes()
    with without_dbt():
        stopped = CliRunner().invoke(main, command)
        untouched = before == (files_below(home.publish), home.warehouse_database.read_bytes())
        accepted = CliRunner().invoke(main, [*command, "--accept-restatement", REASON])
    september = current_publication(home)
    assert september, accepted.output
    return Nights(home, settings, root / "arsverk.toml", august, september, stopped, accepted, untouched)


@pytest.fixture
def copy(nights: Nights, tmp_path: Path) -> Home:
    """A copy of the home, free to damage."""
    shutil.copytree(nights.home.root, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def restatements(con: duckdb.DuckDBPyConnection, table: str, condition: str = "true") -> dict[tuple[str, ...], tuple]:
    """(period, unit, measure) → (was, now, is_above_threshold, cause)."""
    rows = con.execute(
        f"""select period, org_unit_code, measure, was, now, is_above_threshold, cause
            from {table} where table_name = 'sick_leave_by_unit' and {condition}"""
    ).fetchall()
    return {row[:3]: row[3:] for row in rows}


# --- restatements --------------------------------------------------------------------------------------------


def test_a_large_change_of_a_closed_period_stops_the_night(nights: Nights) -> None:
    assert nights.stopped.exit_code == 1 and nights.files_when_stopped
    # 19 of July's 23 working days of two of 24 persons.
    told = "sick_leave_by_unit period_type=month period=2024-07 org_level=kommune org_unit_code=K:"
    assert f"{told} sick_leave_percent was 0, now 6,884058 (rows)" in nights.stopped.stderr
    assert "(rows); fravaer_2024-09-30.csv: 2 rows added, 0 removed, 0 changed" in nights.stopped.stderr
    assert "arsverk run --accept-restatement REASON" in nights.stopped.stderr
    assert "2024-03" not in nights.stopped.stderr


def test_an_accepted_change_is_published_with_its_reason(nights: Nights) -> None:
    assert nights.accepted.exit_code == 0, nights.accepted.output
    with duckdb.connect(str(nights.home.served_database), read_only=True) as con:
        reasons = con.execute(
            "select distinct publication_id, previous_publication, accepted_reason, is_served from main.restatements"
        ).fetchall()
        assert reasons == [(nights.september, nights.august, REASON, True)]
        # So few persons are concerned that readers learn no more than what has changed.
        shown = con.execute("select distinct was, now, files, is_shown from main.restatements").fetchall()
        assert shown == [(None, None, None, False)]
        days = con.execute(
            """select distinct period, period_start, period_end, is_partial from main.restatements
               where period in ('2024-06', '2024-Q2') order by period"""
        ).fetchall()
        assert days == [
            ("2024-06", date(2024, 6, 1), date(2024, 6, 30), False),
            ("2024-Q2", date(2024, 4, 1), date(2024, 6, 30), False),
        ]
    with connect(nights.home.warehouse_database, nights.settings, read_only=True) as con:
        found = restatements(con, WITH_VALUES)
    *_, entry = of_kind(read_ledger(nights.home), PublicationEntry)
    assert (entry.publication_id, entry.accepted_restatement) == (nights.september, REASON)
    july = found["2024-07", "K", "sick_leave_percent"]
    assert july == (0, pytest.approx(100 * 2 * 19 / (24 * 23)), True, "rows")
    # A fifth of one of March's 19 working days: 0,044 points are below the threshold, and so are 0,088 of the area.
    assert found["2024-03", "K", "sick_leave_percent"] == (0, pytest.approx(100 * 0.2 / (24 * 19)), False, "rows")
    assert found["2024-03", "B", "sick_leave_percent"] == (0, pytest.approx(100 * 0.2 / (12 * 19)), False, "rows")
    # The withdrawn note: a tenth of one of June's 20 working days.
    assert found["2024-06", "A1", "sick_leave_percent"] == (pytest.approx(100 * 0.1 / (12 * 20)), 0, False, "rows")
    # August's open spell has become a long one; no row of it differs.
    assert found["2024-08", "A", "short_term_percent"][1:] == (0, False, "later rows")
    assert ("2024-08", "A", "sick_leave_percent") not in found
    # September was no closed period in August, nor were its quarter and year.
    assert not {period for period, *_ in found} & {"2024-09", "2024-Q3", "2024"}


def test_the_files_and_rows_that_did_it(nights: Nights) -> None:
    """The rows of persons below the unit, whose days lie in the period."""
    with connect(nights.home.warehouse_database, nights.settings, read_only=True) as con:
        found = con.execute(
            f"""select period, org_unit_code, any_value(files) from {WITH_VALUES}
               where table_name = 'sick_leave_by_unit' and measure = 'sick_leave_percent' and files is not null group by all"""
        ).fetchall()
        assert one_value(con, f"select count(*) from {WITH_VALUES} where now is null") == 0
    counts = {}
    for period, unit, files in found:
        (feed,) = json.loads(files)
        counts[period, unit] = (feed["feed"], feed["added"], feed["removed"], feed["changed"])
        assert [file["file_name"] for file in feed["files"]] == ["fravaer_2024-09-30.csv"]
        assert [file["file_name"] for file in feed["previous_files"]] == ["fravaer_2024-08-31.csv"]
    added, removed = ("fravaer", 1, 0, 0), ("fravaer", 0, 1, 0)
    assert counts["2024-07", "K"] == counts["2024-07", "B"] == ("fravaer", 2, 0, 0)
    assert counts["2024-03", "B"] == counts["2024-Q1", "K"] == added
    assert counts["2024-06", "K"] == counts["2024-06", "A"] == counts["2024-06", "A1"] == removed


def test_a_person_registered_late_stops_no_night_beside_what_else_differs_every_month(tmp_path: Path) -> None:
    """Of sixty persons one is registered late, who is more than a share of a hundredth. Ends of eight positions have become
    known and eight absences of closed months have come, none of which moves a headcount; nor would fewer rows, had they.
    """
    home, settings = Home(tmp_path / "home"), settings_with(tmp_path, **SETTINGS)
    home.prepare()
    for day in (AUGUST, SEPTEMBER):
        municipality = Municipality()
        municipality.unit("K", "kommune")
        municipality.unit("A", "tjenesteområde", "K")
        municipality.unit("B", "tjenesteområde", "K")
        for n in range(60):
            is_ending = n < 8 and day == SEPTEMBER
            municipality.position(f"p{n}", "A" if n % 2 else "B", last="31.12.2024" if is_ending else "")
            if is_ending:
                municipality.absence(f"p{n}", "Egenmelding", "13.05.2024", "13.05.2024", "10")
        municipality.absence("p59", "Egenmelding", "02.01.2024", "03.01.2024")
        if day == SEPTEMBER:
            municipality.position("late", "A", first="01.02.2024")
        municipality.deliver(home.landing, day)
        restated = build(home, settings)
        if day == AUGUST:
            publish(home, settings, tables_of(load_manifest()))
    assert restated.figures and restated.to_accept == []
    with connect(home.build_database, settings, read_only=True) as con:
        found = con.execute(
            f"""select json_extract_string(files, '$[*].feed'), json_extract(files, '$[*].changed') from {WITH_VALUES}
                where table_name = 'full_time_by_unit' and org_unit_code = 'K' and measure = 'headcount'
                group by all"""
        ).fetchall()
    assert found == [(["ansatte", "stillinger"], ["0", "0"])]


@pytest.fixture(scope="module")
def regrouped(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Settings]:
    """A build on top of the same delivery by other settings: B is too small now, and spells are long sooner."""
    root = tmp_path_factory.mktemp("regrouped")
    shutil.copytree(nights.home.root, root / "home", symlinks=True)
    home = Home(root / "home")
    settings = settings_with(root, **SETTINGS, min_fte_unit=18, short_term_max_days=1)
    build(home, settings)
    return home, settings


def test_changed_settings_are_named_as_the_cause(regrouped: tuple[Home, Settings]) -> None:
    home, settings = regrouped
    with connect(home.build_database, settings, read_only=True) as con:
        new = restatements(con, "served.restatements", f"previous_publication = '{current_publication(home)}'")
        assert one_value(con, "select count(*) from served.restatements where is_above_threshold is null") == 0
    assert {cause for *_, cause in new.values()} == {"settings min_fte_unit, short_term_max_days"}
    assert {unit for _, unit, _ in new} == {"K"}
    assert {measure for *_, measure in new} == {"short_term_days", "long_term_days", "short_term_percent", "long_term_percent"}


def test_earlier_restatements_stay_and_lose_what_is_withheld_now(nights: Nights, regrouped: tuple[Home, Settings]) -> None:
    home, settings = regrouped
    with duckdb.connect(str(nights.home.served_database), read_only=True) as con:
        before = restatements(con, "main.restatements")
    with connect(home.build_database, settings, read_only=True) as con:
        kept = restatements(con, "served.restatements", f"publication_id = '{nights.september}' and is_served")
        emptied = con.execute(
            """select org_unit_code, was, now, files, accepted_reason from served.restatements
               where table_name = 'sick_leave_by_unit' and not is_served"""
        ).fetchall()
    assert kept == {cell: values for cell, values in before.items() if cell[1] == "K"}
    assert {row[0] for row in emptied} == {"A", "A1", "B"} and len(emptied) == len(before) - len(kept)
    assert {row[1:] for row in emptied} == {(None, None, None, REASON)}


def test_a_damaged_previous_publication_has_to_be_accepted(regrouped: tuple[Home, Settings], tmp_path: Path) -> None:
    home, settings = Home(tmp_path / "home"), regrouped[1]
    shutil.copytree(regrouped[0].root, home.root, symlinks=True)
    flip(home.publish / "sick_leave_by_unit.parquet")
    marts = tables_of(load_manifest())
    with connect(home.build_database, settings) as con:
        with pytest.raises(Refused, match=r"published file sick_leave_by_unit.parquet is missing or changed.*restore it"):
            restate(con, home, settings, marts)
        con.execute("update raw.publication set accepted_restatement = 'ingen sikkerhetskopi'")
        assert restate(con, home, settings, marts) == Restated(0, [], "ingen sikkerhetskopi")
        assert one_value(con, "select count(*) from served.restatements") == 0


def one_value(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = con.execute(query).fetchone()
    assert row
    return row[0]


def test_rows_of_the_previous_publication_are_loaded_again_when_its_database_is_gone(copy: Home, nights: Nights) -> None:
    """A run that broke off just before the pointer moved has put its own database in place of the served one's."""
    with raw_rows(copy, nights.august, nights.settings, copy.build / "earlier") as rows:
        assert rows != copy.warehouse_database
        with connect(rows, nights.settings, read_only=True) as con:
            absences = one_value(con, "select list(from_date order by from_date) from raw.fravaer")
    assert absences == [date(2024, 1, 2), date(2024, 5, 6), date(2024, 6, 24), date(2024, 8, 26)]
    assert not (copy.build / "earlier").exists() and verify(copy) == []


def test_a_blank_reason_is_wrong_usage(nights: Nights) -> None:
    done = CliRunner().invoke(main, ["run", "--home", str(nights.home.root), "--accept-restatement", " "])
    assert done.exit_code == 2 and "needs a reason" in done.stderr


# --- history -------------------------------------------------------------------------------------------------


def test_a_cell_as_it_was_served(nights: Nights) -> None:
    cells = list(as_served(nights.home, "sick_leave_by_unit", JULY, day=None, measure="sick_leave_percent"))
    values = [(cell.publication.entry.publication_id, cell.measures) for cell in cells]
    assert values == [
        (nights.august, {"sick_leave_percent": 0}),
        (nights.september, {"sick_leave_percent": pytest.approx(6.884, abs=0.001)}),
    ]
    conditions = [f"{name}={value}" for name, value in JULY.items()]
    done = CliRunner().invoke(main, ["history", "--home", str(nights.home.root), "sick_leave_by_unit", *conditions])
    first, second = done.stdout.splitlines()
    assert nights.august in first and "lost_days = 0;" in first and nights.september in second


def test_what_was_current_at_the_end_of_a_day_in_norway(copy: Home) -> None:
    """August's publication at 22.59 UTC of 31 December is of that day in Norway; an hour later it is a new year there."""
    entries = of_kind(read_ledger(copy), PublicationEntry)
    text = copy.ledger.read_text(encoding="utf-8")
    for entry, moment in zip(entries, ["2024-12-31T22:59:00", "2024-12-31T23:00:00"], strict=True):
        text = text.replace(f'"published_at": "{entry.published_at}"', f'"published_at": "{moment}"', 1)
    copy.ledger.write_text(text, encoding="utf-8")
    august, september = publications(copy)
    assert served_on(copy, date(2024, 12, 31)) == august and served_on(copy, date(2025, 1, 1)) == september
    assert CliRunner().invoke(main, ["history", "--home", str(copy.root), "--on", "2024-12-30"]).exit_code == 1


def test_the_list_of_publications(nights: Nights) -> None:
    done = CliRunner().invoke(main, ["history", "--home", str(nights.home.root)])
    assert done.exit_code == 0
    for publication_id, state in [(nights.august, "served"), (nights.september, "served now")]:
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(publication_id)]
        assert line.endswith(state)
    assert f"  accepted: {REASON}" in done.stdout


@pytest.mark.parametrize(
    ("table", "where", "measure", "told"),
    [
        ("sick_leave", JULY, None, "there is no table sick_leave; did you mean (bi_)?sick_leave"),
        ("sick_leave_by_unit", {**JULY, "unit": "K"}, None, "there is no column unit[.;]"),
        ("sick_leave_by_unit", JULY, "percent", "there is no measure percent[.;]"),
        ("sick_leave_by_unit", {"period": "2024-07"}, None, "say which org_level, org_unit_code:"),
    ],
)
def test_a_cell_that_is_not_one_is_wrong_usage(
    nights: Nights, table: str, where: dict[str, str], measure: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        list(as_served(nights.home, table, where, day=None, measure=measure))


@pytest.mark.parametrize(
    "words",
    [
        ["sick_leave"],
        ["sick_leave_by_unit", "period"],
        ["sick_leave_by_unit", "periode=2024"],
        ["sick_leave_by_unit", "period=2024", "period=2023"],
        ["sick_leave_by_unit", "period=1999"],
        ["sick_leave_by_unit", "period=2024-07", "period_type=year"],
        ["sick_leave_by_unit", "period=2024-07"],
        ["sick_leave_by_unit", "period=2024-07", "org_unit_code=K", "--measure", "percent"],
    ],
)
def test_history_and_trace_say_the_same_of_words_that_are_no_cell(nights: Nights, words: list[str]) -> None:
    told, traced = (
        CliRunner().invoke(main, [command, "--home", str(nights.home.root), *words]) for command in ("history", "trace")
    )
    assert (told.exit_code, told.stdout) == (traced.exit_code, traced.stdout) == (2, "")
    # Which tables there are is listed in another order.
    assert told.stderr.partition("There are")[0] == traced.stderr.partition("There are")[0] != ""


def test_history_and_trace_find_a_cell_by_a_label_and_print_it_alike(nights: Nights) -> None:
    named = ["sick_leave_by_unit", "period=2024-07", "org_level=kommune", "--measure", "sick_leave_percent"]
    told, traced = (
        CliRunner().invoke(main, [command, "--home", str(nights.home.root), *named]) for command in ("history", "trace")
    )
    assert "sick_leave_percent = 6,884058" in told.stdout.splitlines()[-1]
    assert "(sick_leave_percent) = 6,884058 prosent" in traced.stdout
    labelled = CliRunner().invoke(main, ["history", "--home", str(nights.home.root), *named[:2], "org_unit_name=K", *named[3:]])
    assert labelled.stdout == told.stdout


def test_a_cell_that_is_withheld_or_not_there_is_told_so(nights: Nights) -> None:
    where = {"year": "2024", "org_level": "kommune", "org_unit_code": "K", "sex": "kvinne"}
    (withheld,) = as_served(nights.home, "equality_gender_balance", where, day=date(2999, 1, 1), measure="fte")
    assert (withheld.note, withheld.measures) == ("withheld (primary)", {"fte": None})
    (missing, found) = as_served(nights.home, "sick_leave_by_unit", {**JULY, "period": "2024-09"}, day=None, measure=None)
    assert (missing.note, missing.measures) == ("no such cell", None) and found.measures


# --- reproduce -----------------------------------------------------------------------------------------------


def test_a_past_publication_whose_tables_have_other_columns_is_told_of(copy: Home) -> None:
    """Another version of the code served it: a coarser grain, a measure less, and more said of another one."""
    folder = copy.history / publications(copy)[0].entry.publication_id
    path, manifest = folder / "sick_leave_by_unit.parquet", folder / "manifest.json"
    record = json.loads(manifest.read_text(encoding="utf-8"))
    said = record["tables"]["sick_leave_by_unit"]
    said["grain"] = [name for name in said["grain"] if name != "org_unit_code"]
    said["measures"]["sick_leave_percent"]["of_a_later_version"] = "x"
    del said["subject"]
    for file in (folder, path, manifest):
        file.chmod(0o755)
    manifest.write_text(json.dumps(record), encoding="utf-8")
    with duckdb.connect() as con:
        con.execute(f"create table kept as select * exclude (graded_percent) from '{path}'")
        con.execute(f"copy kept to '{path}' (format parquet)")
    words = ["sick_leave_by_unit", "period=2024-07", "--home", str(copy.root)]
    whole = CliRunner().invoke(main, ["history", *words, "org_level=kommune"])
    assert whole.exit_code == 0, whole.output
    older, *_, newer = whole.stdout.splitlines()
    assert "graded_percent" not in older and "graded_percent" in newer
    of_area = CliRunner().invoke(main, ["history", *words, "org_level=tjenesteområde", "org_unit_code=A"])
    assert of_area.exit_code == 0, of_area.output
    assert "no column org_unit_code" in of_area.stdout.splitlines()[0] or "several cells" in of_area.stdout.splitlines()[0]


@pytest.mark.usefixtures("without_dbt")
def test_a_publication_is_reproduced_without_touching_anything(nights: Nights) -> None:
    """The later one, so that its restatements are made again too, from the archive alone."""
    before = files_below(nights.home.root)
    done = CliRunner().invoke(main, ["reproduce", "--home", str(nights.home.root), nights.september])
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, f"{nights.september}: every table is identical"), done.output
    assert files_below(nights.home.root) == before


def test_what_differs_is_told_cell_by_cell(nights: Nights, tmp_path: Path) -> None:
    """August's publication against September's tables: July's cell, a column of it, and rows that only one of them has."""
    found = {
        table.table: table for table in compare(Recorded(nights.home, nights.august), nights.home.history / nights.september)
    }
    assert "metric_definitions" not in found and "org_units" not in found
    cells = found["sick_leave_by_unit"].cells
    july = [(cell.then, cell.now) for cell in cells if cell.cell == JULY and cell.column == "sick_leave_percent"]
    assert july == [(0, pytest.approx(6.884, abs=0.001))]
    assert [cell for cell in cells if cell.cell["period"] == "2024-09" and (cell.column, cell.now) != ("", "new")] == []
    assert not [cell for cell in cells if cell.cell["period"] == "2024-05"]
    told = Reproduction([], [], list(found.values())).lines()
    assert any(line.startswith("sick_leave_by_unit differs: ") for line in told)
    new = "source=payroll reference_date=2024-09-30 org_level=kommune org_unit_code=K"
    assert f"  {new}: the row was not there, now new" in told
    assert any(line.endswith("more; --cells FILE.csv writes all") for line in told)
    write_cells(tmp_path / "cells.csv", list(found.values()))
    lines = (tmp_path / "cells.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + sum(len(table.cells) for table in found.values())


def test_no_such_publication_is_wrong_usage(nights: Nights) -> None:
    done = CliRunner().invoke(main, ["reproduce", "--home", str(nights.home.root), "2024-08-31"])
    told = "there is no publication 2024-08-31; `arsverk history` lists them\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", told)


def test_cells_of_a_reproduction_need_a_folder_before_it_begins(nights: Nights, tmp_path: Path) -> None:
    cells = tmp_path / "none" / "cells.csv"
    done = CliRunner().invoke(main, ["reproduce", "--home", str(nights.home.root), nights.august, "--cells", str(cells)])
    assert (done.exit_code, done.stderr.startswith("there is no folder")) == (2, True), done.output


def test_the_settings_of_a_publication_are_enough_to_build_it_again(nights: Nights) -> None:
    recorded = Recorded(nights.home, nights.september)
    assert recorded.settings(settings_with(nights.home.build, min_fte_unit=99, municipality='"En annen"')) == (
        nights.settings,
        [],
    )


@pytest.mark.parametrize("name", ["manifest.json", "publication.parquet", "inputs.parquet", "sick_leave_by_unit.parquet"])
def test_a_damaged_publication_is_told_of_without_a_traceback(nights: Nights, copy: Home, name: str) -> None:
    (copy.history / nights.august / name).chmod(0o600)
    (copy.history / nights.august / name).write_bytes(b"{}")
    conditions = [f"{column}={value}" for column, value in JULY.items()]
    commands = [["history", "sick_leave_by_unit", *conditions]]
    if name != "sick_leave_by_unit.parquet":
        commands.append(["reproduce", nights.august])
    for command, *arguments in commands:
        done = CliRunner().invoke(main, [command, "--home", str(copy.root), *arguments])
        if command == "reproduce" or name != "publication.parquet":
            assert done.exit_code == 1 and "run `arsverk verify`" in done.stderr, done.output


# --- verify --------------------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def test_a_flipped_byte_in_any_kept_file_is_named(nights: Nights, copy: Home) -> None:
    assert verify(copy) == []
    kept = [path for path in (*copy.archive.rglob("*"), *copy.history.rglob("*")) if path.is_file()]
    assert len(kept) > 50
    names = {arrival.sha256: arrival.file_name for arrival in all_arrivals(copy)}
    for path in kept:
        original, mode = path.read_bytes(), path.stat().st_mode
        flip(path)
        findings = verify(copy)
        told = "ledger" if path == copy.ledger else names.get(path.name, path.name)
        where = path.parent.name if path.parent.parent == copy.history else ""
        assert any(told in finding and where in finding for finding in findings), path
        path.write_bytes(original)
        path.chmod(mode)
    assert verify(copy) == []


def test_every_line_of_the_ledger_is_guarded(copy: Home) -> None:
    whole = copy.ledger.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        begin = sum(map(len, lines[: number - 1]))
        for place in range(begin, begin + len(line), 197):
            copy.ledger.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            findings = verify(copy)
            assert any(f"ledger entry {number} " in f or f"ledger.jsonl line {number} " in f for f in findings), place


def test_entries_cut_off_the_end_of_the_ledger_are_seen(nights: Nights, copy: Home) -> None:
    lines = copy.ledger.read_bytes().splitlines(keepends=True)
    for left in range(len(lines)):
        copy.ledger.write_bytes(b"".join(lines[:left]))
        assert any("ledger" in finding and nights.september in finding for finding in verify(copy)), left


def test_links_that_lead_elsewhere_are_named(nights: Nights, copy: Home) -> None:
    def relink(link: Path, target: str | None) -> list[str]:
        was = link.readlink()
        link.unlink()
        if target:
            link.symlink_to(target)
        findings = verify(copy)
        link.unlink(missing_ok=True)
        link.symlink_to(was)
        return findings

    assert relink(copy.current, f"history/{nights.august}") == [
        f"publish/current points to {nights.august}, which is not the last publication"
    ]
    assert any("missing from publish/history" in finding for finding in relink(copy.current, "history/nowhere"))
    assert relink(copy.current, None) == ["publish/current is missing; the last publication is not served"]
    for target in (f"history/{nights.august}/marts.duckdb", "current/marts.duckdc", None):
        assert relink(copy.served_database, target) == [
            f"publish/marts.duckdb does not lead to the publication {nights.september}"
        ]
    assert verify(copy) == []


def test_a_publication_that_is_gone_or_foreign_is_named(nights: Nights, copy: Home) -> None:
    shutil.copytree(copy.history / nights.august, copy.history / "2024-08-31_foreign")
    assert any("2024-08-31_foreign" in finding for finding in verify(copy))
    shutil.rmtree(copy.history / "2024-08-31_foreign")
    shutil.rmtree(copy.history / nights.august)
    assert verify(copy) == [f"publication {nights.august} is missing from publish/history"]


# --- retention -----------------------------------------------------------------------------------------------


def personal_files(home: Home, day: date) -> dict[str, Path]:
    """Archived copies that only the delivery of a day has, of feeds about persons."""
    arrivals = [arrival for arrival in all_arrivals(home) if arrival.feed in ("ansatte", "stillinger", "fravaer")]
    return {a.file_name: archived_file(home, a.sha256) for a in arrivals if a.extract_date == day}


def test_a_dry_run_removes_nothing(copy: Home) -> None:
    before = files_below(copy.root)
    taken = purge(copy, SEPTEMBER, dry_run=True)
    # Leaves and units are the same files in both deliveries, and the current publication needs them.
    assert {arrival.file_name for arrival in taken.arrivals} == personal_files(copy, AUGUST).keys()
    assert [path.name for path in taken.other_files] == ["2024-08-31.csv"]
    changed = {name for name, content in files_below(copy.root).items() if before.get(name) != content}
    assert changed <= {"run.lock"}


def test_what_a_purge_removes_and_what_it_leaves(nights: Nights, copy: Home) -> None:
    (copy.archive / "arriving").write_text("half a file", encoding="utf-8")
    (copy.build / "warehouse.duckdb").write_bytes(copy.warehouse_database.read_bytes())
    gone, kept = personal_files(copy, AUGUST), personal_files(copy, SEPTEMBER)
    ledger, published = copy.ledger.read_bytes(), files_below(copy.publish)
    done = CliRunner().invoke(main, ["purge", "--home", str(copy.root), "--before", "2024-12-31"])
    assert done.exit_code == 0, done.output
    assert f"removed {len(gone)} archived files and 3 others" in done.stdout
    assert "the landing folder is only read" in done.stdout and "fravaer_2024-08-31.csv" in done.stdout.splitlines()[-1]
    assert not any(path.exists() for path in gone.values()) and all(path.exists() for path in kept.values())
    assert [path.name for path in copy.quarantine.iterdir()] == ["2024-09-30.csv"]
    assert not (copy.archive / "arriving").exists() and not (copy.build / "warehouse.duckdb").exists()
    assert copy.ledger.read_bytes().startswith(ledger) and files_below(copy.publish) == published
    assert verify(copy) == []

    again = CliRunner().invoke(main, ["reproduce", "--home", str(copy.root), nights.august])
    assert again.exit_code == 1
    for file_name in gone:
        assert f"{file_name} (" in again.stderr
    assert "was purged" in again.stderr
    listed = CliRunner().invoke(main, ["history", "--home", str(copy.root)])
    assert "served, 3 of 5 input files purged" in listed.stdout

    # The landing folder still has them: they are not taken in again, and purging again finds nothing.
    notes = take_in(copy, copy.landing, feeds()).notes
    assert sum("was purged" in note for note in notes) == len(gone) and not any(path.exists() for path in gone.values())
    assert choose(kept_arrivals(copy), feeds(), None).delivery.extract_date == SEPTEMBER
    with pytest.raises(Refused, match="missing ansatte"):
        choose(kept_arrivals(copy), feeds(), AUGUST)
    assert purge(copy, date(2024, 12, 31), dry_run=False).arrivals == []


def test_a_purge_never_takes_what_is_newer_than_the_current_publication(copy: Home) -> None:
    delivered(copy.landing, date(2024, 10, 31))
    (copy.landing / "ansatte_2024-10-31.csv").write_text("enda nyere", encoding="utf-8")
    take_in(copy, copy.landing, feeds())
    taken = purge(copy, date(2025, 1, 1), dry_run=True)
    assert {arrival.extract_date for arrival in taken.arrivals} == {AUGUST}


def test_a_purge_waits_for_a_run(copy: Home) -> None:
    with writer_lock(copy):
        done = CliRunner().invoke(main, ["purge", "--home", str(copy.root), "--before", "2024-12-31"])
    assert done.exit_code == 1 and "another run is writing here" in done.stderr
    assert all(path.exists() for path in personal_files(copy, AUGUST).values())


KILLED_PURGE = """
import os, signal, sys
from datetime import date
from pathlib import Path
from warehouse.paths import Home
from warehouse.purge import purge
left = int(sys.argv[2])
def count(event, arguments):
    global left
    if event == "os.remove" and "archive" in str(arguments[0]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
purge(Home(Path(sys.argv[1])), date(2024, 9, 30), dry_run=False)
"""


def test_a_killed_purge_is_finished_by_the_next_run(copy: Home) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_PURGE, str(copy.root), "1"], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    left = [path for path in personal_files(copy, AUGUST).values() if path.exists()]
    assert len(left) == 2 and verify(copy) == []
    take_in(copy, copy.landing, feeds())
    assert not any(path.exists() for path in left) and verify(copy) == []


def test_history_verify_and_purge_start_without_the_heavy_libraries(nights: Nights) -> None:
    told = """
import sys
from click.testing import CliRunner
from orchestration.cli import main
home = sys.argv[1]
for command in (["history"], ["history", "publication"], ["verify"], ["purge", "--before", "2024-09-30", "--dry-run"]):
    done = CliRunner().invoke(main, [command[0], "--home", home, *command[1:]])
    assert done.exit_code == 0, done.output
print(sorted({"dagster", "dbt", "pandera", "pandas"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", told, str(nights.home.root)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
