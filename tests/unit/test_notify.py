"""A notification reaches whom it is for, and survives any address, command and text. Not here: the text (test_outcome.py)."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestration import notify as module
from orchestration.notify import end_night, notify
from warehouse.errors import Refused
from warehouse.outcome import Findings, last_night, now
from warehouse.paths import Home
from warehouse.pseudonym import KEY_VARIABLE
from warehouse.settings import Settings

ODD_TEXT = "lønn æøå \udcff\ud800 \0 \x1b[31m\n\tslutt " + "x" * 1_000_000


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    monkeypatch.setattr(module, "SECONDS_ALLOWED", 1.0)
    monkeypatch.setattr(module.log, "propagate", True)
    caplog.set_level("ERROR", "arsverk")
    return lambda: [record.getMessage() for record in caplog.records]


@contextmanager
def listening(answer: int, **headers: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server of this machine that answers every POST with `answer`; its address and what it has got."""
    got: list[dict[str, Any]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answer)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", got
        server.shutdown()


@contextmanager
def answering(piece: bytes) -> Iterator[str]:
    """A socket that answers a connection with the same piece four times a second, for as long as the other side listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
                with connection:
                    while piece:
                        connection.sendall(piece)
                        time.sleep(0.25)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"


def test_command_and_webhook_get_the_text_whatever_stands_in_it(
    settings: Settings, tmp_path: Path, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "k" * 40)
    target = tmp_path / "told"
    command = ("sh", "-c", f"(cat; env) > {target}")
    with listening(200) as (address, got):
        notify(settings.model_copy(update={"notify_command": command, "notify_webhook": address}), ODD_TEXT)
    shown = "lønn æøå �� � �[31m\n\tslutt xxx"
    assert got[0]["text"].startswith(shown) and target.read_text(encoding="utf-8").startswith(shown)
    assert KEY_VARIABLE not in target.read_text(encoding="utf-8")
    assert said() == []


@pytest.mark.parametrize(
    "address",
    [
        "http://[::1",
        "http://127.0.0.1:port/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:1/",
        "http://to ord/",
        "http://a..b/",
        "http://kommune\0/",
        "http://127.0.0.1:1/\nHost: annen",
        "http://127.0.0.1:1/æøå",
        "https://",
        "chat.kommune.example",
        "ftp5://x",
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(settings: Settings, address: str, said: Callable[[], list[str]]) -> None:
    notify(settings.model_copy(update={"notify_webhook": address}), ODD_TEXT)
    (sentence,) = said()
    assert sentence.startswith("the notification by notify_webhook failed: ") and "\n" not in sentence


@pytest.mark.parametrize("piece", [b"", b"not http\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"x"])
def test_a_server_that_answers_nonsense_or_drips_is_one_sentence(
    settings: Settings, piece: bytes, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.5)
    with answering(piece) as address:
        began = time.monotonic()
        notify(settings.model_copy(update={"notify_webhook": address}), "kort")
        assert time.monotonic() - began < 5
    (sentence,) = said()
    assert sentence.startswith("the notification by notify_webhook failed: ")


def test_a_hook_that_fails_or_has_moved_is_one_sentence_and_the_command_is_still_run(
    settings: Settings, tmp_path: Path, said: Callable[[], list[str]]
) -> None:
    target = tmp_path / "told"
    with listening(200) as (elsewhere, got), listening(302, Location=elsewhere) as (moved, _), listening(500) as (broken, _):
        for address in (moved, broken):
            notify(settings.model_copy(update={"notify_command": ("tee", str(target)), "notify_webhook": address}), "tekst")
        assert got == []
    assert [sentence.partition("HTTP Error ")[2][:3] for sentence in said()] == ["302", "500"]
    assert target.read_text(encoding="utf-8") == "tekst"


@pytest.mark.parametrize(
    "command",
    [
        ("finnes-ikke",),
        ("",),
        ("\0",),
        ("echo", "a\0b"),
        ("/tmp",),
        ("false",),
        ("sleep", "60"),
        ("sh", "-c", "exec 0<&-; sleep 60 & wait"),
        ("sh", "-c", "kill -9 $$"),
    ],
)
def test_a_command_that_fails_or_never_ends_is_one_sentence(
    settings: Settings, command: tuple[str, ...], said: Callable[[], list[str]]
) -> None:
    began = time.monotonic()
    notify(settings.model_copy(update={"notify_command": command}), ODD_TEXT)
    assert time.monotonic() - began < 5
    (sentence,) = said()
    assert sentence.startswith("the notification by notify_command failed: ") and "\n" not in sentence


@pytest.mark.parametrize("command", [("true",), ("sh", "-c", "exec 0<&-"), ("sh", "-c", "sleep 60 &")])
def test_a_command_that_does_not_read_has_been_told(
    settings: Settings, command: tuple[str, ...], said: Callable[[], list[str]]
) -> None:
    notify(settings.model_copy(update={"notify_command": command}), ODD_TEXT)
    assert said() == []


def test_only_those_nights_are_sent_that_somebody_wants(home: Home, settings: Settings) -> None:
    refused, noticed, green = Findings(), Findings(result="published"), Findings(result="published")
    refused.refuse(Refused("nei"))
    noticed.warn("unused", "notat.txt is not a delivery file")
    held = Findings(result="held")
    with listening(200) as (address, got):
        for notify_on, heard in [
            (("refused", "warnings"), ["Refused", "Published with warnings"]),
            (("published", "held"), ["Published", "Held"]),
            ((), []),
        ]:
            told = settings.model_copy(update={"notify_webhook": address, "notify_on": notify_on})
            for number, findings in enumerate((refused, noticed, green, held)):
                end_night(home, f"{notify_on} {number}", now(), findings, told)
            assert [one["text"].partition(":")[0] for one in got] == heard
            got.clear()


def test_a_night_whose_end_cannot_be_kept_is_one_sentence(
    home: Home, settings: Settings, said: Callable[[], list[str]]
) -> None:
    home.nights.mkdir()
    assert end_night(home, "r", now(), Findings(result="published"), settings) is None
    assert [sentence.partition(":")[0] for sentence in said()] == ["how the night ended cannot be kept"]


def test_settings_that_cannot_be_read_tell_nobody_and_the_night_is_kept(home: Home) -> None:
    findings = Findings()
    findings.refuse(Refused("arsverk.toml: min_persons must be a whole number"))
    end_night(home, "r", now(), findings, None)
    night = last_night(home)
    assert night and night.reason == "arsverk.toml: min_persons must be a whole number"
