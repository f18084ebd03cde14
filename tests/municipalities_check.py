"""`make municipalities-check`: twelve municipalities' nights, four at a time, with Dagster's runs in a real PostgreSQL.
Not here: the office itself (office.py), or the same on SQLite (pipeline/test_municipalities.py).

Needs PostgreSQL (Debian: apt-get install postgresql). dagster-postgres comes by pip, in the versions that
deploy/dagster-postgres.yaml names, into a folder that is removed again. All stays on the loopback and below a temporary folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import psycopg
import yaml

from tests.office import AT_ONCE, BROKEN, KILLED, ROOT, twelve_nights
from tests.postgresql_check import PASSWORD, server

DOCUMENTED = ROOT / "deploy" / "dagster-postgres.yaml"
DATABASE = "dagster"


def install(folder: Path) -> None:
    """What the settings' head says, into a folder beside the environment."""
    (line,) = re.findall(r"pip install --no-deps ([^`]+)`", DOCUMENTED.read_text(encoding="utf-8"))
    words = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", f"--target={folder}"]
    subprocess.run([*words, *line.split()], check=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="arsverk-municipalities-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        packages, database, place = folder / "packages", folder / "postgresql", folder / "office"
        database.mkdir(mode=0o711)
        place.mkdir()
        install(packages)
        sys.path.append(str(packages))
        storage = yaml.safe_load(DOCUMENTED.read_text(encoding="utf-8"))["storage"]
        url_variable = storage["postgres"]["postgres_url"]["env"]
        with server(database) as port:
            address = f"postgres:{PASSWORD}@127.0.0.1:{port}"
            with psycopg.connect(f"postgresql://{address}/postgres", autocommit=True) as con:
                con.execute(f"create database {DATABASE}")
            with (
                patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, [str(packages), os.environ.get("PYTHONPATH")]))),
                patch.dict(os.environ, {url_variable: f"postgresql+psycopg2://{address}/{DATABASE}"}),
            ):
                ended = twelve_nights(place, storage)
            with psycopg.connect(f"postgresql://{address}/{DATABASE}") as con:
                (runs,) = con.execute("select count(*) from runs").fetchone() or (0,)
        assert runs == len(ended.status), f"{runs} runs in PostgreSQL"
    print(f"{len(ended.status)} nights in {ended.minutes:.1f} minutes, {ended.most_at_once} of {AT_ONCE} allowed at once")
    print(f"{BROKEN} (its delivery is broken):\n{ended.failures[BROKEN]}")
    print(f"{KILLED} (its night was killed; the next one published):\n{ended.failures[KILLED]}")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
