"""A reader in another process, querying in a loop through whole publications, sees no error and no mixed publication."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from orchestration.dbt import load_manifest
from tests.building import build, settings_with
from tests.builds import Built
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
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


def test_a_reader_sees_no_error_and_no_mixture(small_night: Built, tmp_path: Path) -> None:
    home = small_night.copy(tmp_path)
    months = [date(2024, 9, 30), date(2024, 10, 31)]
    write_delivery(home.landing, small_delivery(), extract_date=months[1])

    settings, tables = settings_with(tmp_path), tables_of(load_manifest())

    def night(day: date) -> None:
        build(home, settings, day)
        publish(home, settings, tables)

    stop = tmp_path / "stop"
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(home.served_database), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        for day in [months[1], months[0]]:
            night(day)
        stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    looks, *seen = out.split()
    assert int(looks) > 20 and seen == ["2024-09", "2024-10"]
