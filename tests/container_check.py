"""`make container-check`: the image built and run by a real engine, with the options of deploy/compose.yaml: a night, its
report, the daemon's health, the web pages, Dagster in a PostgreSQL, and an office's nights in containers of their own.
Not here: what the files say (unit/test_deploy.py), or an installation without containers (make deploy-check).

Needs root, an engine (Debian: apt-get install podman, or Docker) and a PostgreSQL (apt-get install postgresql) on this machine.
What an engine needs on an unusual machine is an option; `--base debootstrap` makes Debian's base image where no registry is
reached (apt-get install debootstrap).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import yaml

from tests.building import ROOT, settings_with
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from tests.office import add, let_settle
from tests.postgresql_check import PASSWORD, server
from warehouse.municipalities import FOLDER_VARIABLE

DEPLOY = ROOT / "deploy"
IMAGE = "arsverk"
ACCOUNT, READER = 10001, 20001
HOST = "arsverk.kommune.example"
LOCAL_BASE = "localhost/debian:bookworm-slim"
SECONDS_ALLOWED = 300
# What a service of deploy/compose.yaml says that its container gets here, and what it does not get or gets otherwise.
GIVEN = {"user", "read_only", "cap_drop", "security_opt", "tmpfs", "secrets", "environment", "volumes"}
NOT_GIVEN = {"image", "build", "command", "restart", "depends_on", "networks", "healthcheck"}
# Asks the web pages through their socket, by the host name of the first argument: prints the status.
ASK = """
import http.client, socket, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect("/run/arsverk-web/web.sock")
connection.request("GET", "/server_info")
print(connection.getresponse().status)
"""
# Reads what is served, as anybody who mounts the volume.
READ = """
import duckdb
from pathlib import Path
publish = Path("/srv/arsverk/publish")
with duckdb.connect(str(publish / "marts.duckdb"), read_only=True) as con:
    print(con.execute("select count(*) from sick_leave_by_unit").fetchone()[0])
print(len((publish / "report" / "index.html").read_text(encoding="utf-8")))
"""


@dataclass
class Engine:
    """Docker or podman, with the options of this machine."""

    words: list[str]
    run_options: list[str]
    build_options: list[str]

    def __call__(self, *words: str | Path, given: bytes | None = None) -> str:
        """Run a command of the engine to its end; returns what it printed.

        Raises:
            AssertionError: it failed.
        """
        command = [*self.words, *(str(word) for word in words)]
        done = subprocess.run(command, input=given, capture_output=True, check=False)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout.decode()}\n{done.stderr.decode()}"
        return done.stdout.decode()

    def run(self, options: Sequence[str | Path], *command: str) -> str:
        """A command in a container of its own, removed at its end."""
        return self("run", "--rm", *self.run_options, *options, IMAGE, *command)

    @contextlib.contextmanager
    def running(self, name: str, options: Sequence[str | Path], *command: str) -> Iterator[str]:
        """A container that goes on until the end of the block; gives its name."""
        self("run", "--detach", f"--name={name}", *self.run_options, *options, IMAGE, *command)
        try:
            yield name
        except BaseException:
            print(subprocess.run([*self.words, "logs", name], capture_output=True, text=True, check=False).stdout[-3000:])
            raise
        finally:
            subprocess.run([*self.words, "rm", "--force", name], capture_output=True, check=False)

    def health_command(self) -> list[str]:
        """What the engine runs to see whether the daemon is healthy."""
        (found,) = json.loads(self("image", "inspect", IMAGE))
        check = (found.get("Healthcheck") or found["Config"]["Healthcheck"])["Test"]
        assert check[0] == "CMD"
        return list(check[1:])


def compose_service(name: str) -> dict[str, Any]:
    """A service of deploy/compose.yaml."""
    made: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"][name]
    return made


def as_compose_says(service: str, mounts: dict[str, Path | str], secrets: dict[str, Path], **environment: str) -> list[str]:
    """The options of a service of deploy/compose.yaml; `mounts` are what its volumes are here."""
    made = compose_service(service)
    assert made.keys() <= GIVEN | NOT_GIVEN, f"say here what becomes of {made.keys() - GIVEN - NOT_GIVEN}"
    options = [f"--user={made['user']}", *(f"--cap-drop={name}" for name in made["cap_drop"])]
    options += ["--read-only"] if made["read_only"] else []
    options += [f"--security-opt={option.replace(':true', '')}" for option in made["security_opt"]]
    options += [f"--tmpfs={place}" for place in made["tmpfs"]]
    for volume in made["volumes"]:
        source, rest = volume.split(":", 1)
        options.append(f"--volume={mounts[source]}:{rest}")
    for name in made["secrets"]:
        if name in secrets:
            options.append(f"--volume={secrets[name]}:/run/secrets/{name}:ro")
    for name, value in {**made["environment"], "ARSVERK_WEB_HOST": HOST, **environment}.items():
        options.append(f"--env={name}={value}")
    return options


def until(what: str, is_so: Any) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it was not within the time allowed.
    """
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < SECONDS_ALLOWED, f"not within {SECONDS_ALLOWED} s: {what}"
        time.sleep(2)


def made_base(engine: Engine, folder: Path) -> str:
    """Debian's base image, made on this machine."""
    if subprocess.run([*engine.words, "image", "inspect", LOCAL_BASE], capture_output=True, check=False).returncode:
        root = folder / "base"
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root], check=True, stdout=subprocess.DEVNULL)
        packed = subprocess.run(["tar", "-C", root, "-c", "."], check=True, capture_output=True).stdout
        engine("import", "-", LOCAL_BASE, given=packed)
        shutil.rmtree(root)
    return LOCAL_BASE


def for_account(path: Path) -> Path:
    """A file or folder, with all in it, of the container's account."""
    for each in (path, *path.rglob("*")):
        os.chown(each, ACCOUNT, ACCOUNT)
    return path


def secret(folder: Path, name: str, value: str) -> Path:
    """A file with a secret that the container's account alone reads."""
    path = folder / name
    path.write_text(value, encoding="utf-8")
    path.chmod(0o600)
    return for_account(path)


def one_municipality(engine: Engine, options: dict[str, Any]) -> None:
    """From an empty volume to the served report; the daemon and the web pages on it."""
    none, daemon = ["--network=none"], as_compose_says("daemon", **options, ARSVERK_DAGSTER_YAML="")
    began = time.monotonic()
    published = engine.run([*none, *daemon], "arsverk", "run").splitlines()[-1]
    assert published.startswith("Published: "), published
    print(f"{published}, in {time.monotonic() - began:.0f} s", flush=True)
    assert engine.run([*none, *daemon], "arsverk", "run").splitlines()[-1].startswith("Held: nothing new has come")
    print(engine.run([*none, *daemon], "arsverk", "verify").strip())
    reader = ["--network=none", "--read-only", f"--user={READER}", f"--volume={options['mounts']['home']}:/srv/arsverk:ro"]
    reader += ["--entrypoint=/opt/arsverk/.venv/bin/python"]
    rows, letters = engine.run(reader, "-c", READ).split()
    print(f"another account reads {rows} rows of sick_leave_by_unit, and the report's first page of {letters} letters")

    with engine.running("arsverk-check-daemon", [*none, *daemon]) as name:
        until("the daemon is healthy", lambda: _succeeds(engine, name, *engine.health_command()))
        # The daemon's own night may be at work; with another key than the service's none would hold.
        until("a night by hand holds", lambda: _succeeds(engine, name, "sh", "-c", "arsverk run | grep '^Held: nothing new'"))
        status = engine("exec", name, "arsverk", "status")
        print(f"the daemon is healthy; by hand beside it: {status.splitlines()[0]}", flush=True)
    web = as_compose_says("webserver", **options, ARSVERK_DAGSTER_YAML="")
    command = compose_service("webserver")["command"]
    with engine.running("arsverk-check-web", [*none, *web], *command) as name:
        ask = [".venv/bin/python", "-c", ASK]
        until("the web pages answer", lambda: _succeeds(engine, name, *ask, HOST))
        answers = [int(engine("exec", name, *ask, host)) for host in (HOST, "elsewhere.example")]
        assert answers == [200, 400], answers
        print("the web pages answer their own host name on the socket, and refuse another", flush=True)


def _succeeds(engine: Engine, name: str, *command: str) -> bool:
    return subprocess.run([*engine.words, "exec", name, *command], capture_output=True, check=False).returncode == 0


def dagster_in_postgresql(engine: Engine, options: dict[str, Any], connection: str, home: str) -> None:
    """The daemon and its own night, whose runs are kept in a PostgreSQL, by the settings that compose names."""
    given = {**options, "mounts": {**options["mounts"], "home": home}}
    with engine.running("arsverk-check-postgres", ["--network=host", *as_compose_says("daemon", **given)]) as name:
        until("the daemon is healthy", lambda: _succeeds(engine, name, *engine.health_command()))
        # Its sensor finds the delivery.
        until("the daemon's own night has published", lambda: _succeeds(engine, name, "arsverk", "status"))
        with psycopg.connect(connection, autocommit=True) as con:
            ended = "select count(*) from runs where status = 'SUCCESS'"
            until("the night's run has ended well", lambda: con.execute(ended).fetchone() == (1,))
    print("the daemon lives on PostgreSQL, and the night's run is there", flush=True)


def office_by_launcher(engine: Engine, folder: Path, url: str, socket: Path, run_options: dict[str, Any]) -> None:
    """Two municipalities of an office, each night in a container that Dagster's Docker launcher starts."""
    place = folder / "office"
    for name in ("kommune01", "kommune02"):
        add(place, name)
    let_settle(place)
    shutil.rmtree(place / "scratch")
    home = place / "dagster"
    home.mkdir()
    launcher = yaml.safe_load((DEPLOY / "launchers" / "docker.yaml").read_text(encoding="utf-8"))
    config = launcher["run_launcher"]["config"]
    del config["network"]
    config["container_kwargs"] |= {**run_options, "volumes": [f"{place}:{place}"]}
    settings = yaml.safe_load((DEPLOY / "dagster-municipalities.yaml").read_text(encoding="utf-8"))
    storage = yaml.safe_load((DEPLOY / "dagster-postgres.yaml").read_text(encoding="utf-8"))["storage"]
    (home / "dagster.yaml").write_text(yaml.safe_dump({**settings, **launcher, "storage": storage}), encoding="utf-8")
    for_account(place)
    where = ["--network=host", "--read-only", "--tmpfs=/tmp", f"--volume={place}:{place}", f"--volume={socket}:{socket}"]
    # The engine's socket is root's, and so is whoever reaches it.
    where += [f"--user=0:{ACCOUNT}", f"--env=DOCKER_HOST=unix://{socket}", f"--env=DAGSTER_HOME={home}"]
    where += [f"--env={FOLDER_VARIABLE}={place / 'municipalities'}", f"--env=ARSVERK_DAGSTER_POSTGRES={url}"]
    command = ["dagster-daemon", "run", "-m", "orchestration.municipalities"]

    def have_ended() -> bool:
        found = _runs(url)
        return len(found) == 2 and all(run.is_finished for run in found)

    with engine.running("arsverk-check-office", where, *command):
        until("both nights have ended", have_ended)
        ended = {
            run.tags["municipality"]: (run.status.value, run.tags.get("docker/container_id", "")[:12]) for run in _runs(url)
        }
    assert {status for status, _ in ended.values()} == {"SUCCESS"} and len({container for _, container in ended.values()}) == 2
    for name in ended:
        assert (place / "homes" / name / "publish" / "marts.duckdb").exists()
    print(f"an office's nights in containers of their own: {ended}", flush=True)


def _runs(url: str) -> list[dg.DagsterRun]:
    """The runs that an office's PostgreSQL has by now."""
    with psycopg.connect(url.replace("+psycopg2", "")) as con:
        if con.execute("select to_regclass('runs')").fetchone() == (None,):
            return []
        return [dg.deserialize_value(body, dg.DagsterRun) for (body,) in con.execute("select run_body from runs").fetchall()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="docker" if shutil.which("dockerd") else "podman", help="with its own options")
    parser.add_argument("--base", help="image to build on; `debootstrap` makes Debian's here")
    # A certificate for pip goes to a place of its own: the build installs Debian's into /etc/ssl/certs.
    parser.add_argument("--build-options", default="", help="of `build` on this machine, such as --secret id=pip,src=pip.conf")
    parser.add_argument("--run-options", default="", help="of `run` on this machine, such as --ulimit nofile=4096:4096")
    parser.add_argument("--launcher-options", default="{}", help="the same for containers started by Docker's API, as JSON")
    given = parser.parse_args()
    engine = Engine(shlex.split(given.engine), shlex.split(given.run_options), shlex.split(given.build_options))
    with tempfile.TemporaryDirectory(prefix="arsverk-containers-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        base = made_base(engine, folder) if given.base == "debootstrap" else given.base
        began = time.monotonic()
        chosen = [f"--build-arg=BASE={base}"] if base else []
        # Podman's own format of images drops the health check.
        chosen += ["--format=docker"] if Path(engine.words[0]).name == "podman" else []
        engine("build", *engine.build_options, *chosen, "-f", DEPLOY / "Dockerfile", "-t", IMAGE, ROOT)
        (made,) = json.loads(engine("image", "inspect", IMAGE))
        print(f"the image: built in {time.monotonic() - began:.0f} s, {made['Size'] / 1e9:.2f} GB", flush=True)
        print(engine.run(["--network=none"], ".venv/bin/python", "-m", "tests.launchers_check").strip(), flush=True)
        landing = folder / "landing"
        landing.mkdir()
        write_delivery(landing, small_delivery())
        settings_with(folder, max_age_days=100000, report="{ chapters = ['sick_leave', 'full_time'] }")
        (folder / "arsverk.toml").chmod(0o644)
        landing.chmod(0o755)
        for path in landing.iterdir():
            path.chmod(0o644)
        database = folder / "postgresql"
        database.mkdir(mode=0o711)
        with server(database) as port:
            address = f"postgres:{PASSWORD}@127.0.0.1:{port}"
            with psycopg.connect(f"postgresql://{address}/postgres", autocommit=True) as con:
                con.execute("create database one")
                con.execute("create database office")
            volumes = {each: f"arsverk-check-{each}" for each in ("home", "web", "other")}
            options: dict[str, Any] = {
                "mounts": {
                    **volumes,
                    "./landing": landing,
                    "../arsverk.toml": folder / "arsverk.toml",
                },
                "secrets": {
                    "arsverk_pseudonym_key": secret(folder, "key", "0123456789abcdef" * 4),
                    "arsverk_postgres_url": secret(folder, "url", f"postgresql+psycopg2://{address}/one"),
                },
            }
            try:
                one_municipality(engine, options)
                dagster_in_postgresql(engine, options, f"postgresql://{address}/one", volumes["other"])
            finally:
                for volume in volumes.values():
                    subprocess.run([*engine.words, "volume", "rm", "--force", volume], capture_output=True, check=False)
            socket = folder / "engine.sock"
            service = subprocess.Popen([*engine.words, "system", "service", "--time=0", f"unix://{socket}"])
            try:
                until("the engine's socket is there", socket.exists)
                office_by_launcher(
                    engine,
                    folder,
                    f"postgresql+psycopg2://{address}/office",
                    socket,
                    {"network_mode": "host", **json.loads(given.launcher_options)},
                )
            finally:
                service.terminate()
                service.wait()
    print("container-check: done", flush=True)


if __name__ == "__main__":
    sys.exit(main())
