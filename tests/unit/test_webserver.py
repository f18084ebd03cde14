"""Which requests Dagster's web pages answer: each kind of attack, and what a browser on the named host sends.
Not here: the running server (pipeline/test_web_door.py), nginx in front of it (web/check.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from orchestration.definitions import defs
from orchestration.webserver import WEB_HOST_VARIABLE, CheckedWebserver, named_hosts
from warehouse.errors import UsageError

HERE = "http://127.0.0.1:3000"
ELSEWHERE = "http://attacker.example"
QUERY = {"query": "{ version }"}
MUTATION = {"query": 'mutation { setNuxSeen deletePipelineRun(runId: "x") { __typename } }'}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Dagster's real web application without code locations, called as http://127.0.0.1:3000."""
    with (
        dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
        TestClient(CheckedWebserver(context).create_asgi_app(), base_url=HERE) as client,
    ):
        yield client


OWN_PAGE = {"Origin": HERE, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
OPENED = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class TestOwnPages:
    def test_queries_and_mutations_are_answered(self, client: TestClient) -> None:
        assert "version" in client.post("/graphql", json=QUERY, headers=OWN_PAGE).json()["data"]
        assert client.post("/graphql", json=MUTATION, headers=OWN_PAGE).json()["data"]["setNuxSeen"] is True

    @pytest.mark.parametrize("site", ["none", "cross-site", "same-origin"])
    def test_a_page_can_be_opened_from_anywhere(self, client: TestClient, site: str) -> None:
        answer = client.get("/runs", headers=OPENED | {"Sec-Fetch-Site": site})
        assert answer.status_code == 200 and answer.headers["x-frame-options"] == "DENY"

    def test_plain_http_sends_no_sec_fetch(self, client: TestClient) -> None:
        assert client.get("/", headers={"Accept": "text/html"}).status_code == 200
        assert client.post("/graphql", json=QUERY, headers={"Origin": HERE}).status_code == 200

    def test_the_websocket_follows(self, client: TestClient) -> None:
        with client.websocket_connect("/graphql", headers={"Host": "127.0.0.1:3000", "Origin": HERE}) as socket:
            socket.send_json({"type": "connection_init"})
            assert socket.receive_json() == {"type": "connection_ack"}


class TestRefused:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": ELSEWHERE},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:8080"},
            {"Origin": "http://127.0.0.1:3000.attacker.example"},
            {"Origin": f"{HERE}, {ELSEWHERE}"},
            {"Sec-Fetch-Site": "same-origin"},
            {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
            {"Origin": HERE, "Sec-Fetch-Site": "same-site"},
            {"Origin": ELSEWHERE, "Content-Type": "text/plain"},
            {},
        ],
        ids=str,
    )
    def test_a_post_of_another_page(self, client: TestClient, headers: dict[str, str]) -> None:
        for path in ("/graphql", "/report_asset_materialization/publication"):
            answer = client.post(path, json=MUTATION, params=MUTATION, headers=headers)
            assert answer.status_code == 403 and len(answer.text) < 100, path

    @pytest.mark.parametrize("headers", [{}, {"Origin": HERE}, {"Origin": ELSEWHERE}, OWN_PAGE], ids=str)
    @pytest.mark.parametrize("asked", [MUTATION, QUERY], ids=["mutation", "query"])
    @pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql"])
    def test_graphql_by_get(self, client: TestClient, path: str, asked: dict[str, str], headers: dict[str, str]) -> None:
        answer = client.get(path, params=asked, headers=headers)
        assert answer.status_code == 403 or "<!doctype html>" in answer.text.lower()
        if path == "/graphql":
            assert answer.status_code == 403

    def test_graphql_by_get_as_an_opened_page_is_dagster_s_editor(self, client: TestClient) -> None:
        answer = client.get("/graphql", params=MUTATION, headers=OPENED | {"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200 and "setNuxSeen" not in answer.text and "graphiql" in answer.text

    @pytest.mark.parametrize(
        "host", ["attacker.example", "attacker.example:3000", "127.0.0.1.attacker.example", "", "localhost:x"]
    )
    def test_another_host_name(self, client: TestClient, host: str) -> None:
        """DNS rebinding: the attacker's name leads to this machine, and his page is then of the same origin."""
        answer = client.post("/graphql", json=MUTATION, headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status_code == 400
        assert client.get("/", headers={"Host": host}).status_code == 400

    @pytest.mark.parametrize("dest", ["iframe", "image", "script", "object"])
    def test_embedded_in_another_page(self, client: TestClient, dest: str) -> None:
        mode = "navigate" if dest in ("iframe", "object") else "no-cors"
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert client.get("/runs", headers=headers).status_code == 403

    @pytest.mark.parametrize("headers", [{"Origin": ELSEWHERE}, {}, {"Host": "attacker.example", "Origin": ELSEWHERE}], ids=str)
    def test_a_websocket_of_another_page(self, client: TestClient, headers: dict[str, str]) -> None:
        headers = {"Host": "127.0.0.1:3000"} | headers
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/graphql", headers=headers):
            pass

    def test_a_preflight(self, client: TestClient) -> None:
        headers = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST"}
        assert client.options("/graphql", headers=headers).status_code == 403


class TestNamedHosts:
    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(WEB_HOST_VARIABLE, "arsverk.kommune.example, arsverk")
        assert named_hosts() == ["arsverk.kommune.example", "arsverk"]

    @pytest.mark.parametrize("host", ["*", "*.kommune.example", "http://arsverk", "arsverk:3000"])
    def test_only_whole_names(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        monkeypatch.setenv(WEB_HOST_VARIABLE, host)
        with pytest.raises(UsageError, match=WEB_HOST_VARIABLE):
            named_hosts()


class TestRunConfiguration:
    """Whoever reaches the launchpad says which delivery, and nothing about files, commands or judgement."""

    @pytest.mark.parametrize("field", ["settings_file", "home_folder", "landing_folder", "accept_restatement"])
    @pytest.mark.parametrize("job", ["nightly", "__ASSET_JOB"])
    def test_nothing_but_as_of(self, job: str, field: str) -> None:
        config = {"resources": {"night": {"config": {"as_of": "2024-01-31"}}}}
        dg.validate_run_config(defs.resolve_job_def(job), config)
        config["resources"]["night"]["config"][field] = "/tmp/mine"
        with pytest.raises(dg.DagsterInvalidConfigError, match=f'unexpected config entry "{field}"'):
            dg.validate_run_config(defs.resolve_job_def(job), config)

    def test_no_asset_takes_configuration_of_its_own(self) -> None:
        """Dagster lets an asset that declares none be given any; what nobody reads names no file."""
        assets = [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition)]
        for asset in assets:
            declared = asset.op.config_schema.as_field().config_type
            assert declared.kind.name == "ANY" or not declared.fields, asset.op.name

    def test_no_folder_of_pickles(self) -> None:
        """Dagster's own I/O manager takes a folder from run configuration and unpickles what lies there."""
        assert isinstance((defs.resources or {})["io_manager"], dg.InMemoryIOManager)

    def test_a_variable_of_the_service_is_not_shown(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`{env: NAME}` reads the environment of the night; its value, the pseudonym key, must not come back."""
        monkeypatch.setenv("ARSVERK_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("ARSVERK_PSEUDONYM_KEY", "0123456789-secret")
        with dg.DagsterInstance.ephemeral() as instance:
            result = defs.resolve_job_def("nightly").execute_in_process(
                run_config={"resources": {"night": {"config": {"as_of": {"env": "ARSVERK_PSEUDONYM_KEY"}}}}},
                asset_selection=[dg.AssetKey("chosen_delivery")],
                instance=instance,
                raise_on_error=False,
            )
            events = str(instance.all_logs(result.run_id))
        assert not result.success and "no date YYYY-MM-DD" in events and "0123456789-secret" not in events
        assert "0123456789-secret" not in (tmp_path / "home" / "nights.jsonl").read_text(encoding="utf-8")
