"""Whole nights through Dagster: what is published, what is refused and how it is told.
Not here: the figures (tests/golden) or crashes and readers at the same time (tests/concurrency).
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import stages
from orchestration.dbt import load_manifest, project_fingerprint, unproven_tests
from orchestration.defs.feeds import ROWS_STILL_LOADED
from orchestration.instance import prepare_instance
from sources.payroll.profile import feeds_by
from sources.registry import feeds
from tests.building import plan_of, settings_with
from tests.builds import Built
from tests.command import arsverk, arsverk_here
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery, write_feed
from tests.municipalities.random_rows import random_feeds
from tests.municipalities.vendors import write_visma
from tests.nights import check_evaluations, night
from warehouse.archive import take_in
from warehouse.errors import Refused
from warehouse.outcome import last_night
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import PROFILES, Settings
from warehouse.verify import verify

SEPTEMBER, OCTOBER = date(2024, 9, 30), date(2024, 10, 31)


def files_below(folder: Path) -> dict[str, str]:
    """Relative path → hash of every file, and target of every link."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def published(small_night: Built) -> Home:
    """A home with one night behind it, for tests that only look."""
    return small_night.home


@pytest.fixture
def home(small_night: Built, tmp_path: Path) -> Home:
    """A copy of that home, free to change."""
    return small_night.copy(tmp_path)


def test_another_process_reads_what_was_published(published: Home) -> None:
    reader = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True,"
        " config={'enable_external_access': 'false', 'lock_configuration': 'true'});"
        " print(con.execute('select as_of from main.publication').fetchone()[0],"
        " con.execute('select count(*) > 0 from main.sick_leave_by_unit').fetchone()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", reader, str(published.served_database)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["2024-09-30", "True"]


def test_parquet_beside_the_database_holds_the_same(published: Home) -> None:
    with duckdb.connect(str(published.served_database), read_only=True) as con:
        tables = [row[0] for row in con.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()]
        assert len(tables) == len(list(published.publish.glob("*.parquet"))) > 5
        for table in tables:
            parquet = f"read_parquet('{published.publish / table}.parquet')"
            for first, second in [(f"main.{table}", parquet), (parquet, f"main.{table}")]:
                assert con.execute(f"select count(*) from (from {first} except all from {second})").fetchone() == (0,)


def test_served_tables_carry_their_descriptions(published: Home) -> None:
    with duckdb.connect(str(published.served_database), read_only=True) as con:
        bare = con.execute(
            "select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''"
        ).fetchall()
    assert bare == []


def test_who_may_read_what(published: Home) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert mode(published.served_database) == 0o444
    assert mode(published.publish) == mode(published.history) == 0o755
    assert mode(published.root) == 0o711
    assert mode(published.archive) == mode(published.dagster) == mode(published.build) == 0o700
    assert mode(published.warehouse_database) == mode(published.pseudonym_key) == mode(published.ledger) == 0o600


def test_no_person_below_publish_or_in_the_restricted_database(published: Home) -> None:
    secrets = {row[column] for row in small_delivery()["ansatte"] for column in ("Fødselsnummer", "Navn")}
    served = b"".join(path.read_bytes() for path in published.history.rglob("*") if path.is_file())
    logged = b"".join(path.read_bytes() for path in published.dagster.rglob("*") if path.is_file())
    restricted = published.warehouse_database.read_bytes()
    for secret in secrets:
        assert secret.encode() not in served + logged + restricted
    # An employee number may be a piece of the time of a night, such as 07:00:41.3.
    served = served.replace(published.current.resolve().name.encode(), b"")
    for row in small_delivery()["ansatte"]:
        number = row["Ansattnr"].encode()
        assert number not in served
        assert not re.search(rb"(?<!\d)%b(?!\d)" % number, logged)


def test_every_rule_of_every_feed_is_a_check_and_every_dbt_test_too(published: Home) -> None:
    wanted = {(f"raw/{feed.name}", rule.name) for feed in feeds().values() if feed.required for rule in feed.rules}
    tests = {node["name"] for node in load_manifest()["nodes"].values() if node["resource_type"] == "test"}
    # Also the rules that a payroll profile adds, whichever is in use.
    wanted |= {
        (f"raw/{feed.name}", rule.name)
        for profile in PROFILES
        for feed in feeds_by(profile).values()
        if feed.required
        for rule in feed.rules
    }
    seen = check_evaluations(published)
    assert wanted <= seen.keys()
    assert {(f"raw/{feed}", ROWS_STILL_LOADED) for feed in small_delivery()} <= seen.keys()
    assert tests <= {name for _, name in seen}
    assert [name for (_, name), check in seen.items() if not check.passed] == []
    assert "first publication" in str(seen["raw/fravaer", ROWS_STILL_LOADED].metadata["not_compared"].value)


@pytest.mark.exhaustive  # without Dagster: test_history.py, test_a_publication_is_reproduced_without_touching_anything
def test_the_same_files_give_the_same_bytes(published: Home, home: Home) -> None:
    home.warehouse_database.unlink()  # else the first publication would hold
    assert night(home) != current_publication(published)
    first, second = ({p.name: p.read_bytes() for p in h.publish.glob("*.parquet")} for h in (published, home))
    first.pop("publication.parquet"), second.pop("publication.parquet")
    assert first == second


@pytest.mark.usefixtures("without_dbt", "without_papers")
def test_history_is_kept_and_the_pointer_moves(home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = current_publication(home)
    # One row is missing from each of the five required feeds; no other row refers to the last ones.
    fewer = {feed: rows[:-1] for feed, rows in small_delivery().items()}
    # A refused delivery lies there already: the corrected one supersedes it.
    bad = {feed: [dict(row) for row in rows] for feed, rows in small_delivery().items()}
    bad["stillinger"][1]["Stillingsprosent"] = "120"
    write_delivery(home.landing, bad, extract_date=OCTOBER)
    take_in(home, home.landing, feeds())
    write_delivery(home.landing, fewer, extract_date=OCTOBER)
    caplog.set_level("WARNING", "arsverk")
    settings_with(tmp_path, max_drop=0.5)  # a row of four is more than 5 %
    second = night(home, settings_file=tmp_path / "arsverk.toml")
    checks = check_evaluations(home)
    for feed, rows in small_delivery().items():
        check = checks[f"raw/{feed}", ROWS_STILL_LOADED]
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
        lost = {"file_name": f"{feed}_{SEPTEMBER}.csv", "row_number": len(rows)}
        assert (check.metadata["rows_gone"].value, check.metadata["rows"].value) == (1, [lost])
        assert f"{feed}: 1 of the {len(rows)} rows behind the last publication are gone or quarantined" in caplog.text
    assert {path.name for path in home.history.iterdir()} == {first, second}
    assert current_publication(home) == second and second.startswith("2024-10-31")
    assert night(home, as_of=date(2024, 10, 30)).startswith("2024-09-30")
    assert verify(home) == []


def test_a_night_that_finds_nothing_new_says_that_the_publication_holds(home: Home, small_night: Built) -> None:
    """Else Dagster's pages would call it overdue after every such night. That the key is gone is told before it is needed."""
    served = current_publication(home)
    home.pseudonym_key.unlink()
    assert night(home, small_night.settings_file) == served
    ended = last_night(home)
    assert ended and "key" in {warning.kind for warning in ended.warnings}
    assert "the pseudonym key is missing" in ended.as_text() and "cannot be reproduced row by row" in ended.as_text()
    prepare_instance(home)
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        event = instance.get_latest_materialization_event(dg.AssetKey("publication"))
    assert event and event.run_id == run.run_id and event.asset_materialization
    assert event.asset_materialization.metadata["publication_id"].value == served
    assert event.asset_materialization.metadata["held"].value == "nothing new has come"


def test_an_incomplete_delivery_waits(home: Home, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "arsverk")
    write_feed(home.landing, "ansatte", small_delivery()["ansatte"], extract_date=OCTOBER)
    assert night(home).startswith("2024-09-30")
    assert "the delivery of 2024-10-31 waits for organisasjon, fravaer, permisjoner, stillinger" in caplog.text
    caplog.clear()
    stages.take_in(plan_of(home, settings))
    assert "0 new files, 6 seen before" in caplog.text


def test_an_incomplete_delivery_with_a_rejected_file_stops_the_night(home: Home, settings: Settings) -> None:
    (home.landing / "ansatte_2024-10-31.csv").write_text("Ansattnr;Navn\n1;x\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"(?s)2024-10-31 is not accepted.*ansatte_2024-10-31.csv is rejected: required column"):
        stages.run_stages(plan_of(home, settings))


def test_a_refused_night_leaves_the_last_publication(home: Home, tmp_path: Path) -> None:
    before = files_below(home.publish)
    warehouse = hashlib.sha256(home.warehouse_database.read_bytes()).hexdigest()
    bad = small_delivery()
    bad["stillinger"][1]["Stillingsprosent"] = "120"
    write_delivery(home.landing, bad, extract_date=OCTOBER)
    told = tmp_path / "told"
    settings_with(tmp_path, notify_command=f'["sh", "-c", "cat > {told}"]', max_quarantine_rows=0)
    done = arsverk_here("run", "--home", home.root, "--settings", tmp_path / "arsverk.toml")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    for part in (
        "stillinger_2024-10-31.csv",
        "1 of 4 rows (25,0 %)",
        "row 2",
        "Stillingsprosent = 120",
        "position_percent_in_range",
    ):
        assert part in done.stderr
    assert "position_percent_in_range" in told.read_text(encoding="utf-8")
    assert "position_percent_in_range" in (home.quarantine / "2024-10-31.csv").read_text(encoding="utf-8-sig")
    assert files_below(home.publish) == before
    assert hashlib.sha256(home.warehouse_database.read_bytes()).hexdigest() == warehouse


def test_commands_tell_wrong_usage(tmp_path: Path) -> None:
    wrong_settings = tmp_path / "arsverk.toml"
    wrong_settings.write_text("min_fte = 3\n", encoding="utf-8")
    for arguments, told in [
        (["run", "--as-of", "31.12.2024"], "is not a date YYYY-MM-DD"),
        (["run", "--settings", str(wrong_settings)], "unknown setting min_fte"),
        (["run", "--nonsense"], "No such option"),
        (["verify", "--home", str(tmp_path / "nowhere")], "is not a home folder"),
    ]:
        done = arsverk(*arguments, cwd=tmp_path)
        assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_a_run_without_deliveries_says_what_is_missing(tmp_path: Path, settings: Settings) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    with pytest.raises(Refused, match="no delivery: put the files"):
        night(home)
    write_feed(home.landing, "ansatte", small_delivery()["ansatte"])
    with pytest.raises(Refused, match="no complete delivery: the one of 2024-09-30 is missing organisasjon"):
        stages.run_stages(plan_of(home, settings))


def test_verify_names_a_flipped_byte_of_a_publication(home: Home) -> None:
    path = home.publish.resolve() / "current" / "sick_leave_by_unit.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    done = arsverk("verify", "--home", home.root)
    assert done.returncode == 1 and "sick_leave_by_unit.parquet is changed" in done.stderr


def test_a_dbt_test_without_a_result_is_noticed(published: Home, tmp_path: Path) -> None:
    results = json.loads((published.build / "dbt" / "run_results.json").read_text(encoding="utf-8"))
    lost = next(result for result in results["results"] if result["unique_id"].startswith("test."))
    results["results"].remove(lost)
    (tmp_path / "run_results.json").write_text(json.dumps(results), encoding="utf-8")
    assert unproven_tests(published.build / "dbt") == []
    assert unproven_tests(tmp_path) == [load_manifest()["nodes"][lost["unique_id"]]["name"]]


def test_the_prepared_manifest_is_of_these_models() -> None:
    load_manifest()
    prepared = Path(__file__).parents[2] / "dbt_project" / "target" / "prepared_from.sha256"
    assert prepared.read_text(encoding="ascii") == project_fingerprint()


@pytest.mark.usefixtures("without_dbt", "without_papers")
def test_a_night_on_another_payroll_system_reports_the_codes_its_profile_does_not_know(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    delivered, as_of = random_feeds(1)
    write_visma(home.landing, delivered, as_of)
    absences = home.landing / f"Turnus_fravær_{as_of:%Y%m%d}.csv"
    person = delivered["ansatte"][0]["Ansattnr"]
    absences.write_bytes(absences.read_bytes() + f"ny;{person};;ZZ;{as_of};100;80.0\r\n".encode())
    settings_with(tmp_path, payroll_profile='"visma"')
    night(home, settings_file=tmp_path / "arsverk.toml")
    checks = check_evaluations(home)
    unknown, duplicates = checks["raw/fravaer", "absence_type_in_profile"], checks["raw/fravaer", "largest_wins"]
    assert (unknown.passed, unknown.severity, unknown.metadata["rows_failed"].value) == (False, dg.AssetCheckSeverity.WARN, 1)
    assert duplicates.passed and duplicates.metadata["rows_failed"].value > 0  # copies are no fault
    assert checks["raw/permisjoner", "leave_type_in_profile"].metadata["rows_seen"].value > 0
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        found = dict(con.execute("select rule, rows from main.data_quality where feed = 'fravaer' and rows > 0").fetchall())
        assert found["absence_type_in_profile"] == 1
        assert found["largest_wins"] > 0
        inputs = con.execute("select feed, rows_delivered, rows_loaded + rows_quarantined from main.inputs").fetchall()
        assert {feed for feed, *_ in inputs} == {"visma_enheter", "visma_personer", "visma_stillinger", "visma_fravaer"}
        assert all(rows == accounted for _, rows, accounted in inputs)
