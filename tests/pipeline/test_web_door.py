"""The attack on the running webserver: another site's page, another host's name, run configuration with paths.
Not here: every kind of request (unit/test_webserver.py), nginx in front (`make web-check`).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from orchestration.instance import prepare_instance
from warehouse.paths import Home

SECONDS_TO_START = 60
LAUNCH = """
mutation Launch($config: RunConfigData) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "arsverk", repositoryName: "__repository__", jobName: "nightly"}, runConfigData: $config
  }) {
    __typename
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}
"""
RUNS = "{ runsOrError { ... on Runs { count } } }"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The webserver of an empty home on a free port, called as its own pages call it; it ends with the tests."""
    home = Home(tmp_path_factory.mktemp("web") / "home")
    home.prepare()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home.dagster))
        prepare_instance(home)
    port = free_port()
    environment = {**os.environ, "ARSVERK_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster)}
    with (home.root / "webserver.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "orchestration.webserver", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=address, headers={"Origin": address}, timeout=30) as client:
            wait_until_it_answers(client, server, home.root / "webserver.log")
            yield client
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_it_answers(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.get("/server_info").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(log.read_text())


def launch(client: httpx.Client, night: dict[str, str], **headers: str) -> httpx.Response:
    config = {"resources": {"night": {"config": night}}}
    return client.post("/graphql", json={"query": LAUNCH, "variables": {"config": config}}, headers=headers)


def runs(client: httpx.Client) -> int:
    return client.post("/graphql", json={"query": RUNS}).json()["data"]["runsOrError"]["count"]


def test_its_own_pages_work(page: httpx.Client) -> None:
    opened = page.get("/", headers={"Accept": "text/html"})
    assert opened.status_code == 200 and 'id="__next"' in opened.text
    assert runs(page) == 0


def test_a_mutation_by_get(page: httpx.Client) -> None:
    for origin in ("http://attacker.example", str(page.base_url).rstrip("/")):
        answer = page.get("/graphql", params={"query": LAUNCH, "variables": "{}"}, headers={"Origin": origin})
        assert answer.status_code == 403
    del page.headers["Origin"]
    try:
        assert page.get("/graphql", params={"query": LAUNCH, "variables": "{}"}).status_code == 403
    finally:
        page.headers["Origin"] = str(page.base_url).rstrip("/")
    assert runs(page) == 0


def test_a_post_of_another_site_s_page(page: httpx.Client) -> None:
    answer = launch(page, {}, Origin="http://attacker.example")
    assert (answer.status_code, answer.text) == (403, "The request comes from another site's page (Origin).\n")
    assert runs(page) == 0


def test_a_name_of_the_attacker_that_leads_here(page: httpx.Client) -> None:
    answer = launch(page, {}, Host="attacker.example", Origin="http://attacker.example")
    assert answer.status_code == 400
    assert runs(page) == 0


@pytest.mark.parametrize("field", ["settings_file", "home_folder", "landing_folder", "accept_restatement"])
def test_run_configuration_that_names_a_path(page: httpx.Client, tmp_path: Path, field: str) -> None:
    answer = launch(page, {field: str(tmp_path)}).json()["data"]["launchRun"]
    assert answer["__typename"] == "RunConfigValidationInvalid"
    assert f'unexpected config entry "{field}"' in answer["errors"][0]["message"]
    assert runs(page) == 0


def test_a_websocket_of_another_site_s_page(page: httpx.Client) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "graphql-ws",
    }
    assert page.get("/graphql", headers=handshake | {"Origin": "http://attacker.example"}).status_code == 403
    with page.stream("GET", "/graphql", headers=handshake) as answer:
        assert answer.status_code == 101
