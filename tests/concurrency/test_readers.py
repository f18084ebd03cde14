"""A reader in another process, querying in a loop through whole publications, sees no error and no mixed publication."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep

from orchestration.dbt import load_manifest
from tests.builds import Builds, Built, served_whole
from tests.concurrency.test_crashes import deliver_october
from warehouse.catalogue import tables_of
from warehouse.publish import publish

READER = """
import sys, pathlib, time, duckdb
path, stop = sys.argv[1], pathlib.Path(sys.argv[2])
looks, seen = 0, set()
kept = duckdb.connect(path, read_only=True)  # an open reader, as a BI tool leaves one
first = kept.execute("select publication_id from main.publication").fetchone()
while not stop.exists():
    con = duckdb.connect(path, read_only=True)
    as_of = con.execute("select strftime(as_of, '%Y-%m') from main.publication").fetchone()[0]
    for table in ("unit", "sex", "age", "job_code"):
        months = f"select max(period) from main.sick_leave_by_{table} where period_type = 'month'"
        latest = con.execute(months).fetchone()[0]
        if latest != as_of:
            sys.exit(f"mixed: as of {as_of}, but {table} ends {latest}")
    con.close()
    seen.add(as_of)
    looks += 1
    time.sleep(0.05)  # leave the two cores to the night
if kept.execute("select publication_id from main.publication").fetchone() != first:
    sys.exit("an open reader's publication changed under it")
print(looks, *sorted(seen))
"""


def test_a_reader_sees_no_error_and_no_mixture(small_night: Built, builds: Builds, tmp_path: Path) -> None:
    """September is served, and October is published."""
    home = small_night.copy(tmp_path)
    october = builds.built(deliver_october, served_whole)
    shutil.copy(october.home.build_database, home.build_database)
    stop = tmp_path / "stop"
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(home.served_database), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        sleep(1)  # it looks at September
        publish(home, october.settings, tables_of(load_manifest()))
        sleep(1)
        stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    looks, *seen = out.split()
    assert int(looks) > 10 and seen == ["2024-09", "2024-10"]
