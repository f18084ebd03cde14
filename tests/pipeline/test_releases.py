"""Nights between releases hold in private; a release counts to the last month end; a human need not wait.
Not here: on which day a release is due (tests/unit/test_release.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from orchestration.cli import main
from orchestration.dbt import load_manifest
from orchestration.notify import end_night
from orchestration.plan import Plan
from orchestration.stages import run_stages
from sources.registry import feeds
from tests.building import settings_with
from tests.builds import Built
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery, write_lines
from tests.municipalities.random_rows import random_feeds
from tests.pipeline.test_workbook import first_sheet
from warehouse.archive import kept_arrivals, take_in
from warehouse.arrivals import accepted, older_text, unused_older, withdraw, withdrawn_behind
from warehouse.catalogue import tables_of
from warehouse.database import connect, one
from warehouse.delivery import choose
from warehouse.errors import UsageError
from warehouse.ledger import ReleaseOrder, of_kind, read_ledger
from warehouse.outcome import last_night, now
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.recorded import Recorded
from warehouse.release import last_month_end
from warehouse.restatements import no_longer_served
from warehouse.settings import Settings, read_settings
from warehouse.verify import verify
from warehouse.workbook import FILE

MONTHLY = '"monthly"'


def run(home: Home, settings: Settings, today: str) -> Plan:
    """A night of that day through all stages, without Dagster; its findings say how it ended."""
    previous = current_publication(home)
    plan = Plan(home, settings, feeds(), previous, only_new=True, today=date.fromisoformat(today))
    run_stages(plan)
    return plan


def deliver(home: Home, day: str, *, sick: str = "66,7") -> None:
    delivery = small_delivery()
    delivery["fravaer"][1]["Prosent"] = sick
    write_delivery(home.landing, delivery, extract_date=date.fromisoformat(day))


def files_below(folder: Path) -> dict[str, object]:
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))
    }


@pytest.mark.usefixtures("without_dbt")
def test_nights_between_releases_hold_in_private(small_night: Built, tmp_path: Path) -> None:
    home, settings = small_night.copy(tmp_path), settings_with(tmp_path, release=MONTHLY)
    september = current_publication(home)
    before = files_below(home.publish), home.warehouse_database.read_bytes()

    deliver(home, "2024-11-03", sick="50")
    findings = run(home, settings, "2024-11-03").findings
    assert findings.result == "held"
    assert findings.held == (
        "no release is due until 2024-11-05, then with the figures to 2024-10-31; this night has passed every gate in private"
    )
    assert before == (files_below(home.publish), home.warehouse_database.read_bytes())
    assert home.private_database.stat().st_mode & 0o777 == 0o600 and verify(home) == []
    with connect(home.private_database, settings, read_only=True) as con:
        assert one(con, "select as_of, previous_publication from raw.publication") == (date(2024, 11, 3), september)
        assert one(con, "select count(*) from served.sick_leave_by_unit where period = '2024-11'")[0]

    findings = run(home, settings, "2024-11-04").findings
    assert findings.held == ("nothing new has come; no release is due until 2024-11-05, then with the figures to 2024-10-31"), (
        "the private database is not made again of the same files"
    )
    assert before[0] == files_below(home.publish)

    # The same files: on the fifth they are released, to the last month end.
    assert run(home, settings, "2024-11-05").findings.result == "published"
    october = current_publication(home)
    assert october and october.startswith("2024-10-31") and Recorded(home, october).row["as_of"] == date(2024, 10, 31)
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        newest = con.execute("select max(period) from main.sick_leave_by_unit where period_type = 'month'").fetchone()
        assert newest == ("2024-10",)
    # So does the workbook at its fixed address, whose first sheet says what it is.
    said = first_sheet(load_workbook(home.publish / FILE))
    assert (said["Publisering"], said["Tall til og med"]) == (october, "31.10.2024")
    assert run(home, settings, "2024-11-06").findings.held.startswith(
        "nothing new has come; no release is due until 2024-12-05"
    )

    # A file behind what is served was wrong: the correction does not wait for December.
    withdraw(home, "fravaer_2024-11-03.csv", "feil fil")
    assert run(home, settings, "2024-11-07").findings.result == "published"
    assert str(current_publication(home)).startswith("2024-09-30"), "the extract that is left is of September"


@pytest.mark.usefixtures("without_dbt", "without_papers")
def test_an_absence_that_was_taken_out_is_told_once(
    small_night: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, settings = small_night.copy(tmp_path), settings_with(tmp_path, release=MONTHLY, max_age_days=4000)
    monkeypatch.setattr("sources.naming.today", lambda: date(2024, 10, 14))
    outcomes = []
    for day in ("2024-10-11", "2024-10-12", "2024-10-13"):
        deliver(home, day)
        if day > "2024-10-11":
            path = home.landing / f"fravaer_{day}.csv"
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
        night = end_night(home, day, now(), run(home, settings, day).findings, settings)
        assert night and night == last_night(home)
        outcomes.append((night.outcome, [warning.kind for warning in night.warnings]))
    new_column = "unknown_columns"
    assert outcomes == [
        ("held with warnings", [new_column]),
        ("held with warnings", [new_column, "rows_gone"]),
        ("held", [new_column, "rows_gone"]),
    ]


@pytest.mark.exhaustive
def test_a_release_at_once(small_night: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = small_night.copy(tmp_path)
    settings_with(tmp_path, release=MONTHLY)
    monkeypatch.setattr("sources.naming.today", lambda: date(2024, 10, 13))
    deliver(home, "2024-10-12", sick="50")
    words = ["--home", str(home.root), "--settings", str(tmp_path / "arsverk.toml")]
    began, september = now(), current_publication(home)
    held = CliRunner().invoke(main, ["run", *words])
    assert held.exit_code == 0, held.output
    assert held.output.splitlines()[-1] == (
        "Held: no release is due until 2024-11-05, then with the figures to 2024-10-31;"
        f" this night has passed every gate in private; {september} is still served"
    )
    night = last_night(home, since=began)
    assert night and night.outcome.startswith("held") and night.publication_id == september
    assert CliRunner().invoke(main, ["release", *words, "--reason", " "]).exit_code == 2
    done = CliRunner().invoke(main, ["release", *words, "--reason", "trengs til budsjettet"])
    assert done.exit_code == 0, done.output
    published = current_publication(home)
    assert published != september and done.output.splitlines()[-1] == f"Published: {published}"
    assert Recorded(home, str(published)).row["as_of"] == date(2024, 9, 30)
    (ordered,) = of_kind(read_ledger(home), ReleaseOrder)
    assert (ordered.reason, ordered.delivery) == ("trengs til budsjettet", date(2024, 10, 12))


@pytest.mark.usefixtures("without_dbt")
@pytest.mark.parametrize("seed", [3])
def test_nothing_after_the_as_of_date_is_counted(tmp_path: Path, seed: int) -> None:
    """Rows of a later extract, counted to the month end before it, give the figures of an extract of that day."""
    rows, day = random_feeds(seed)
    month_end = last_month_end(day)
    figures = []
    for extract_date, release in ((month_end, '"nightly"'), (month_end + timedelta(days=17), MONTHLY)):
        home = Home(tmp_path / f"{extract_date}")
        home.prepare()
        write_delivery(home.landing, rows, extract_date=extract_date)
        settings = settings_with(tmp_path, release=release, max_quarantine_share=1)
        run_stages(
            Plan(home, settings, feeds(), None), without={"disclose", "attack", "restate", "accept_restatement", "publish"}
        )
        with connect(home.build_database, settings, read_only=True) as con:
            figures.append(
                {
                    mart.name: con.execute(f"from marts.{mart.name} order by {', '.join(mart.grain)}").fetchall()
                    for mart in tables_of(load_manifest())
                    if mart.subject != "evidence"
                }
            )
    assert figures[0].keys() == figures[1].keys() and any(figures[0].values())
    for name, found in figures[0].items():
        assert found == figures[1][name], name


def test_the_default_is_monthly() -> None:
    assert (read_settings().release, read_settings().release_day) == ("monthly", 5)


def test_a_withdrawal_lets_through_what_was_there_and_nothing_that_comes_after_it(small_night: Built, tmp_path: Path) -> None:
    home = small_night.copy(tmp_path)
    previous = current_publication(home)
    deliver(home, "2024-08-31", sick="50")
    take_in(home, home.landing, feeds())
    withdraw(home, "fravaer_2024-09-30.csv", "feil fil")
    left = choose(kept_arrivals(home), feeds(), None).delivery
    word = accepted(home, left, previous)
    assert left.extract_date == date(2024, 8, 31)
    assert word and word.reason == "fravaer_2024-09-30.csv was withdrawn: feil fil"

    # Of a day before the withdrawn file's, but come after the word was given.
    deliver(home, "2024-09-15", sick="50")
    take_in(home, home.landing, feeds())
    later = choose(kept_arrivals(home), feeds(), None).delivery
    assert later.extract_date == date(2024, 9, 15)
    assert accepted(home, later, previous) is None

    deliver(home, "2024-10-12", sick="50")
    take_in(home, home.landing, feeds())
    newer = choose(kept_arrivals(home), feeds(), None).delivery
    assert newer.extract_date == date(2024, 10, 12)
    assert accepted(home, newer, previous) is None, "it has to pass the gates"
    assert withdrawn_behind(home, previous), "but it need not wait for a release"


def test_only_what_comes_too_late_is_not_used(small_night: Built, tmp_path: Path) -> None:
    home = small_night.copy(tmp_path)
    previous = current_publication(home)

    def unused(day: str) -> set[str]:
        deliver(home, day, sick="50")
        take_in(home, home.landing, feeds())
        return {one.file_name for one in unused_older(home, feeds(), choose(kept_arrivals(home), feeds(), None), previous)}

    assert unused("2024-10-11") == unused("2024-10-12") == set(), "the first was the newest when it came"
    late = unused("2024-10-10")
    assert {name for name in late if "2024-10-10" in name} == late and len(late) == 5
    assert unused("2024-10-13") == set()
    assert {name[-14:-4] for name in unused("2024-08-31")} == {"2024-08-31"}


def test_late_files_of_optional_feeds_are_told_too(small_night: Built, tmp_path: Path) -> None:
    """Corrected targets under an older date, and hours of a month that payroll delivered without them, would change nothing and
    nobody would know.
    """
    home = small_night.copy(tmp_path)
    previous = current_publication(home)

    def unused(*names: str) -> dict[str, str]:
        for name in names:
            (home.landing / name).write_text(name, encoding="utf-8")
        take_in(home, home.landing, feeds())
        choice = choose(kept_arrivals(home), feeds(), None)
        late = unused_older(home, feeds(), choice, previous)
        return {one.file_name: older_text(one, choice.delivery, feeds()) for one in late}

    assert unused("maltall_2024-01-01.csv", "ssb_12441_2024-06-01.json", "pai_2022.csv") == {}
    assert unused("maltall_2024-02-01.csv", "ssb_12451_2024-01-01.json", "pai_2021.csv", "pai_2022.csv") == {}
    told = unused("maltall_2024-01-15.csv", "ssb_12441_2024-05-01.json", "variable_timer_2024-08-31.csv")
    assert told.keys() == {"maltall_2024-01-15.csv", "ssb_12441_2024-05-01.json", "variable_timer_2024-08-31.csv"}
    assert told["maltall_2024-01-15.csv"].startswith("maltall_2024-02-01.csv is of a later date; if this one is to hold")
    older = "the extract of 2024-08-31 came after a newer one"
    assert told["variable_timer_2024-08-31.csv"].startswith(older)


def test_a_first_year_that_has_not_begun_is_named(small_night: Built, tmp_path: Path) -> None:
    home = small_night.copy(tmp_path)
    with pytest.raises(UsageError, match="the setting first_year is 2025, and the figures are counted to 2024-09-30"):
        run(home, settings_with(tmp_path, first_year=2025), "2024-10-13")


def test_what_is_not_served_any_more_is_told(small_night: Built, tmp_path: Path) -> None:
    home = small_night.copy(tmp_path)
    earlier = Recorded(home, str(current_publication(home)))
    with connect(home.warehouse_database, small_night.settings) as con:
        assert no_longer_served(con, earlier, tables_of(load_manifest())) == []
        con.execute("delete from served.full_time_by_unit; update served.sick_leave_by_sex set period = '1999'")
        assert no_longer_served(con, earlier, tables_of(load_manifest())) == [
            "nothing is left in full_time_by_unit",
            "nothing of 2024 is left in sick_leave_by_sex",
        ]


@pytest.mark.usefixtures("without_dbt", "without_papers")
def test_a_table_without_a_time_that_is_emptied_is_told(small_night: Built, tmp_path: Path) -> None:
    """A file of pilots with its header alone is read as one without pilots."""
    home, settings = small_night.copy(tmp_path), settings_with(tmp_path)
    told = []
    for name, rows in (("piloter_2024-09-29.csv", ["1110;Heltid;01.03.2024;"]), ("piloter_2024-09-30.csv", [])):
        write_lines(home.landing / name, "Enhetskode;Pilot;Startdato;Sluttdato", rows)
        findings = run(home, settings, "2024-10-01").findings
        assert findings.result == "published"
        told.append([warning.text for warning in findings.warnings if warning.kind == "emptied"])
    assert told == [[], ["nothing is left in pilots"]]
