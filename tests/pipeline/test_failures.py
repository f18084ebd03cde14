"""What happens when a step breaks rather than refuses: one more try, a diagnosis, and somebody told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestration import stages
from orchestration.dbt import DbtFailed
from orchestration.run import run_night
from sources.registry import feeds
from tests.building import plan_of, settings_with
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.archive import take_in
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    write_delivery(home.landing, small_delivery())
    return home


def breaking(times: int, really: Callable[..., None]) -> tuple[Callable[..., None], list[int]]:
    """What `really` runs, then a failed test of dbt's that many times."""
    tries: list[int] = []

    def run(*arguments: Any, **options: Any) -> None:
        really(*arguments, **options)
        tries.append(len(tries) + 1)
        if len(tries) <= times:
            raise DbtFailed("dbt build failed\ntest shares_of_one_total: Got 3 results")

    return run, tries


@pytest.mark.exhaustive
def test_a_broken_step_is_tried_once_more(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    run, tries = breaking(1, stages.run_dbt)
    monkeypatch.setattr(stages, "run_dbt", run)
    run_night(home, settings_file=None, landing=None, as_of=None)
    assert tries == [1, 2] and current_publication(home)


def test_a_step_that_stays_broken_fails_the_night_and_is_told(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings_with(tmp_path, notify_webhook=f'"http://127.0.0.1:{server.server_port}/hook"')
        run, tries = breaking(9, lambda *arguments, **options: None)
        monkeypatch.setattr(stages, "run_dbt", run)
        with pytest.raises(Refused, match="test shares_of_one_total: Got 3 results"):
            run_night(home, settings_file=tmp_path / "arsverk.toml", landing=None, as_of=None)
        server.shutdown()
    assert tries == [1, 2]
    assert len(told) == 1 and "shares_of_one_total" in told[0]["text"]
    assert current_publication(home) is None


def test_a_changed_archive_copy_is_not_loaded(home: Home, settings: Settings) -> None:
    take_in(home, home.landing, feeds())
    copy = next(path for path in home.archive.glob("*/*") if b"Stillingskode" in path.read_bytes())
    copy.chmod(0o600)
    copy.write_bytes(copy.read_bytes().replace(b"100", b"101", 1))
    with pytest.raises(Refused, match=r"the archive's copy of stillinger_2024-09-30.csv is missing or changed"):
        stages.run_stages(plan_of(home, settings))
