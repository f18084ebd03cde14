"""What deploy/ ships: units that systemd takes and that give away little, scripts, containers without rights.
Not here: an installation (make deploy-check), or what the web door refuses (test_webserver.py).
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from warehouse.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MOST_EXPOSED = 2.5
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")


@pytest.fixture
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit with the paths of this checkout, so that what it starts is there."""
    path = tmp_path / request.param.name
    path.write_text(request.param.read_text(encoding="utf-8").replace("/opt/arsverk", str(ROOT)), encoding="utf-8")
    return path


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name, indirect=True)
def test_systemd_takes_the_unit_and_finds_it_little_exposed(unit: Path) -> None:
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60)
    assert [line for line in verified.stderr.splitlines() if unit.name in line] == []
    words = ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit]
    scored = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", scored.stdout)
    assert found and float(found.group(1)) < MOST_EXPOSED, scored.stdout


@pytest.mark.parametrize("script", ["install.sh", "container-start.sh"])
def test_the_scripts_are_shell_and_can_be_started(script: str) -> None:
    path = DEPLOY / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False).stderr == ""


def test_the_containers_have_no_rights_and_their_files_are_there() -> None:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    for name in ("daemon", "webserver"):
        service = made["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "10001:10001"
        assert "no-new-privileges:true" in service["security_opt"] and "ports" not in service
        assert set(service["secrets"]) <= made["secrets"].keys()
    assert "outside" not in made["services"]["webserver"]["networks"] and made["networks"]["inside"]["internal"]
    assert [name for name, service in made["services"].items() if "ports" in service] == ["nginx"]
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE) and re.search(r"^HEALTHCHECK ", text, re.MULTILINE)
    assert re.findall(r"^VOLUME (.+)$", text, re.MULTILINE) == ["/srv/arsverk"]
    for inside in re.findall(r"/opt/arsverk/([\w./-]+)", text + (DEPLOY / "compose.yaml").read_text(encoding="utf-8")):
        assert inside.startswith(".venv") or (ROOT / inside).exists(), inside


def pins(lock: Path) -> dict[str, str]:
    """Package → version of a lock."""
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^ ;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_images_libraries_are_the_locks_and_no_tools() -> None:
    everything, image = pins(ROOT / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    assert {name: version for name, version in image.items() if everything.get(name, version) != version} == {}
    assert len(everything.keys() & image.keys()) > 100 and not {"pytest", "mypy", "ruff", "hypothesis"} & image.keys()
    head = (DEPLOY / "dagster-postgres.yaml").read_text(encoding="utf-8")
    said = dict(re.findall(r"(dagster-postgres|psycopg2-binary)==([\d.]+)", head))
    assert said == {name: image[name] for name in ("dagster-postgres", "psycopg2-binary")}


def test_the_launchers_containers_have_no_rights() -> None:
    """They are appended to settings that name no launcher; whether Dagster takes them says make container-check."""
    made = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (DEPLOY / "launchers").glob("*.yaml")}
    assert {name: list(settings) for name, settings in made.items()} == {
        name: ["run_launcher"] for name in ("docker", "kubernetes")
    }
    assert "run_launcher" not in yaml.safe_load((DEPLOY / "dagster-municipalities.yaml").read_text(encoding="utf-8"))
    docker = made["docker"]["run_launcher"]["config"]["container_kwargs"]
    assert docker["read_only"] and docker["cap_drop"] == ["ALL"] and docker["security_opt"] == ["no-new-privileges:true"]
    kubernetes = made["kubernetes"]["run_launcher"]["config"]["run_k8s_config"]
    container = kubernetes["container_config"]["security_context"]
    assert container["read_only_root_filesystem"] and not container["allow_privilege_escalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert kubernetes["pod_spec_config"]["security_context"]["run_as_user"] == 10001


def test_dagsters_settings_on_postgresql_differ_in_the_storage_alone() -> None:
    ours, theirs = (
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "orchestration" / "dagster.yaml", DEPLOY / "dagster-postgres.yaml")
    )
    del ours["event_log_storage"]
    assert theirs.pop("storage") == {"postgres": {"postgres_url": {"env": "ARSVERK_DAGSTER_POSTGRES"}}}
    assert ours == theirs


def test_the_settings_example_for_mail_is_one_that_works_in_the_unit(settings: Settings) -> None:
    """A mail server of this machine gets the night's text by the module that the settings file names."""
    example = next(
        line for line in (ROOT / "arsverk.toml").read_text(encoding="utf-8").splitlines() if "notify_command" in line
    )
    assert '"-m", "orchestration.mail"' in example and settings.notify_command == ()
    got: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rw", encoding="utf-8", newline="\r\n") as file:
                in_data = False
                print("220 here", file=file, flush=True)
                for line in file:
                    got.append(line.rstrip("\r\n"))
                    if in_data and got[-1] != ".":
                        continue
                    word = got[-1][:4].upper()
                    in_data = word == "DATA"
                    print({"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 well"), file=file, flush=True)
                    if word == "QUIT":
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = str(server.getsockname()[1])
        words = [sys.executable, "-m", "orchestration.mail", "--host", "127.0.0.1", "--port", port, "drift@kommune.example"]
        done = subprocess.run(words, input="Refused: nothing was published\nwhy\n", capture_output=True, text=True, check=False)
        thread.join(10)
    assert done.returncode == 0, done.stderr
    assert "To: drift@kommune.example" in got and "why" in got
    assert any(line.startswith("Subject: ") for line in got)
