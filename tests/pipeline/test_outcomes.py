"""How real nights end, and that command line, notification, nights.jsonl, checks and `arsverk status` say the same of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.instance import prepare_instance
from orchestration.night import environment
from orchestration.notify import remember_settings
from tests.building import settings_with
from tests.command import arsverk, arsverk_here
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from tests.nights import check_evaluations
from warehouse.lock import writer_lock
from warehouse.outcome import last_night, nights
from warehouse.paths import Home
from warehouse.publication import current_publication

OCTOBER = date(2024, 10, 31)


@dataclass
class Place:
    """A home folder, settings that notify of every night, and the texts that somebody got."""

    home: Home
    settings_file: Path
    got: list[str] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)

    def metric(self, name: str, **labels: str) -> float:
        """A value of the metrics file, by its name and its labels beside the municipality."""
        wanted = "".join(f',{label}="{value}"' for label, value in labels.items())
        line = f'arsverk_{name}{{municipality="Asker kommune"{wanted}}} '
        (found,) = [text for text in self.metrics.read_text(encoding="utf-8").splitlines() if text.startswith(line)]
        return float(found.removeprefix(line))

    @property
    def metrics(self) -> Path:
        return self.home.root.parent / "arsverk.prom"

    def status(self) -> tuple[int, dict, str]:
        """Exit code, the JSON object and the screen of `arsverk status`."""
        words = ("status", "--home", self.home.root, "--settings", self.settings_file)
        screen, found = arsverk_here(*words), arsverk_here(*words, "--json")
        assert screen.returncode == found.returncode, found.stderr
        return found.returncode, json.loads(found.stdout), screen.stdout


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home = Home(tmp_path / "home")
    home.prepare()
    place = Place(home, tmp_path / "arsverk.toml")

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            place.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def do_GET(self) -> None:
            place.beats.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings_with(
            tmp_path,
            notify_webhook=f'"http://127.0.0.1:{server.server_port}/hook"',
            heartbeat_url=f'"http://127.0.0.1:{server.server_port}/beat"',
            metrics_file=f'"{place.metrics}"',
            notify_on='["refused", "warnings", "published", "held"]',
            max_age_days=100000,
        )
        yield place
        server.shutdown()


def failed_checks(home: Home, severity: dg.AssetCheckSeverity) -> set[str]:
    return {name for (_, name), check in check_evaluations(home).items() if not check.passed and check.severity == severity}


@pytest.mark.usefixtures("without_dbt")
def test_a_night_is_published_with_warnings_then_held_then_refused(place: Place) -> None:
    home, words = place.home, ("run", "--home", place.home.root, "--settings", place.settings_file)
    rows = small_delivery()
    rows["fravaer"][-1]["Fraværsprosent"] = "120"
    rows["ansatte"] = [{**row, "Merknad": ""} for row in rows["ansatte"]]
    write_delivery(home.landing, rows)
    (home.landing / "notat.txt").write_text("hei", encoding="utf-8")

    published = arsverk_here(*words)
    assert published.returncode == 0, published.stderr
    night = last_night(home)
    assert night and night.outcome == "published with warnings" and night.publication_id == current_publication(home)
    assert {(warning.kind, warning.count, warning.files) for warning in night.warnings} == {
        ("unused", 1, ("notat.txt",)),
        ("quarantined", 1, ("fravaer_2024-09-30.csv",)),
        ("unknown_columns", 1, ("ansatte_2024-09-30.csv",)),
    }
    assert place.got == [night.as_text()] and night.as_text() in published.stdout
    assert published.stdout.splitlines()[-1] == f"Published: {night.publication_id}"
    # Nothing is red in Dagster, and the broken rule is a warning with its rows.
    assert failed_checks(home, dg.AssetCheckSeverity.ERROR) == set()
    assert failed_checks(home, dg.AssetCheckSeverity.WARN) == {"absence_percent_in_range"}
    code, found, screen = place.status()
    assert (code, found["state"], found["problems"]) == (0, "fresh", [])
    assert [one["outcome"] for one in found["nights"]] == ["published with warnings"]
    assert found["served"]["publication_id"] == night.publication_id and len(found["warnings"]) == 3
    assert screen.startswith("Fresh\nServed now: 2024-09-30_") and "- rows in quarantine (1)" in screen

    assert place.beats == ["/beat"] and oct(place.metrics.stat().st_mode)[-3:] == "644"
    assert place.metric("night_outcome", outcome="published") == 1 and place.metric("night_outcome", outcome="refused") == 0
    assert place.metric("rows_delivered", feed="fravaer") == len(rows["fravaer"])
    assert place.metric("rows_quarantined", feed="fravaer") == 1 == place.metric("warnings", kind="unused")
    assert 0 <= place.metric("publication_age_seconds") < 300 and place.metric("stage_seconds", stage="build") > 0
    good = place.metric("good_night_timestamp_seconds")

    (home.landing / "notat.txt").unlink()
    held = arsverk_here(*words)
    assert held.returncode == 0, held.stderr
    assert len(home.nights.read_text(encoding="utf-8").splitlines()) == 4  # beginning and end of each, of the command line too
    night = last_night(home)
    assert night and night.outcome == "held" and place.got[1:] == [night.as_text()]
    assert night.as_text() in held.stdout and held.stdout.splitlines()[-1].startswith("Held: nothing new has come; 2024-09-30_")
    assert night.as_text().startswith("Held: nothing new has come; the last publication holds\nServed now: 2024-09-30_")

    # The column that nobody knows is in every extract, and was told when it was new.
    bad = small_delivery()
    bad["ansatte"] = rows["ansatte"]
    bad["stillinger"] = [{**row, "Stillingsprosent": "120"} for row in bad["stillinger"]] * 2
    write_delivery(home.landing, bad, extract_date=OCTOBER)
    refused = arsverk_here(*words)
    assert refused.returncode == 1
    night = last_night(home)
    assert night and night.outcome == "refused" and place.got[2:] == [night.as_text()]
    assert refused.stderr.strip() == night.as_text()
    assert place.beats == ["/beat"] * 2 and place.metric("night_outcome", outcome="refused") == 1
    assert good < place.metric("good_night_timestamp_seconds") < place.metric("night_ended_timestamp_seconds")
    assert place.metric("rows_quarantined", feed="stillinger") == 8
    assert "8 of 8 rows (100,0 %) are bad" in night.reason and night.who == "payroll office"
    assert "unknown_columns" not in {warning.kind for warning in night.warnings}
    assert night.as_text().startswith("Refused: nothing was published\nthe delivery of 2024-10-31 is not accepted\n")
    assert "position_percent_in_range" in failed_checks(home, dg.AssetCheckSeverity.ERROR)
    code, found, screen = place.status()
    assert (code, found["problems"]) == (1, ["the last night was refused"])
    assert [one["outcome"] for one in found["nights"]] == ["refused", "held", "published with warnings"]
    assert screen.startswith("Stale or failed: the last night was refused\n")


def test_a_night_that_cannot_begin_is_told_as_well(place: Place) -> None:
    """Dagster's settings cannot be read: no run is made, and no resource that could tell of its end."""
    (place.home.dagster / "dagster.yaml").mkdir()
    done = arsverk("run", "--home", place.home.root, "--settings", place.settings_file)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    night = last_night(place.home)
    assert night and place.got == [night.as_text()] and done.stderr.strip() == night.as_text()
    assert night.as_text().startswith("Refused: nothing was published\nthe night broke off: IsADirectoryError")


def test_settings_that_cannot_be_read_are_told_by_the_last_ones_also_after_materialize_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Materialize all*, as Dagster's page does it: a run of the job of all assets."""
    remember_settings(place.home, place.settings_file)
    text = place.settings_file.read_text(encoding="utf-8")
    place.settings_file.write_text(text.replace("/hook", ":no port/hook"), encoding="utf-8")
    prepare_instance(place.home)
    monkeypatch.setenv("DAGSTER_HOME", str(place.home.dagster))
    with (
        environment(place.home, settings_file=place.settings_file, landing=None),
        dg.DagsterInstance.get() as instance,
    ):
        job = defs.resolve_implicit_global_asset_job_def()
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    night = last_night(place.home)
    assert night and place.got == [night.as_text()]
    assert (
        "notify_webhook" in night.reason
        and "an http(s) address" in night.reason
        and night.to_do.startswith("correct the settings")
    )
    assert place.beats == [] and place.metric("night_outcome", outcome="refused") == 1
    assert [one.outcome for one in nights(place.home)] == ["refused"]
    # The night was known from its beginning on, so that a kill would have been seen.
    begun, _ = place.home.nights.read_text(encoding="utf-8").splitlines()
    assert "process" in json.loads(begun)


def test_settings_that_the_command_cannot_read_are_told_as_well(place: Place) -> None:
    remember_settings(place.home, place.settings_file)
    text = place.settings_file.read_text(encoding="utf-8")
    place.settings_file.write_text(text.replace("min_persons = 5", 'min_persons = "fem"'), encoding="utf-8")
    done = arsverk_here("run", "--home", place.home.root, "--settings", place.settings_file)
    assert done.returncode == 2 and "min_persons" in done.stderr and "Traceback" not in done.stderr
    night = last_night(place.home)
    assert night and place.got == [night.as_text()]
    assert "min_persons" in night.reason and night.to_do.startswith("correct the settings")


def test_another_run_at_work_is_told_as_well(place: Place) -> None:
    with writer_lock(place.home):
        done = arsverk_here("run", "--home", place.home.root, "--settings", place.settings_file)
    assert done.returncode == 1
    (text,) = place.got
    assert done.stderr.strip() == text and "another run is writing here" in text
