"""Measures and prints the ratios. Run it by `make bench`; `python -m tests.benchmarks.run asker` leaves national size out.

Seconds depend on the machine and are printed beside the ratios only to show their size.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration.dbt import run_dbt
from sources.demo import make_deliveries
from sources.registry import feeds
from tests.benchmarks.national import make_national
from tests.building import build
from tests.command import ARSVERK
from warehouse.archive import all_arrivals, take_in
from warehouse.build_database import start_build
from warehouse.database import connect
from warehouse.delivery import choose
from warehouse.load import load_feed
from warehouse.paths import Home
from warehouse.settings import Settings, read_settings

MEMORY_ALLOWED_GIB = 8
SICK_LEAVE_BUILD = "+sick_leave_by_unit"


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of a piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def say(what: str, ours: float, yardstick: float, yardstick_is: str) -> None:
    print(f"{what:<58} {ours / yardstick:6.2f} × {yardstick_is} ({ours:.1f} s / {yardstick:.1f} s)", flush=True)


def night(home: Home) -> tuple[float, float]:
    """Seconds and peak GiB of `arsverk run` in a process of its own."""
    began = time.perf_counter()
    subprocess.run([ARSVERK, "run", "--home", str(home.root)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


def load_against_read_csv(home: Home, settings: Settings) -> None:
    """Decode, validate by every rule and store the absences, against DuckDB's reader on the same file as text."""
    delivery = choose(all_arrivals(home), feeds(), None).delivery
    start_build(home, settings, feeds(), delivery)
    for name in ("organisasjon", "ansatte"):
        load_feed(home, settings, feeds()[name], delivery.of(feeds()[name]))
    absences = delivery.of(feeds()["fravaer"])
    ours = seconds(lambda: load_feed(home, settings, feeds()["fravaer"], absences))
    path = home.landing / absences[0].file_name
    encoded = path.read_bytes()
    utf8 = home.build / "fravaer.csv"
    try:
        utf8.write_bytes(encoded if _is_utf8(encoded) else encoded.decode("cp1252").encode("utf-8"))

        def read_csv() -> None:
            with duckdb.connect(str(home.build / "yardstick.duckdb")) as con:
                con.execute(f"create or replace table t as from read_csv('{utf8}', delim=';', header=true, all_varchar=true)")

        say("load and validate the absences", ours, seconds(read_csv), "DuckDB read_csv of the same file, nothing validated")
    finally:
        utf8.unlink(missing_ok=True)
        (home.build / "yardstick.duckdb").unlink(missing_ok=True)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def models_against_one_query(home: Home, settings: Settings) -> None:
    """Building sick_leave_by_unit and what it rests on, against one query with a row a day; both give the same table."""
    options = {"database": home.build_database, "target": home.build / "dbt", "memory_limit": settings.memory_limit}
    choice = ["run", "--select", SICK_LEAVE_BUILD, "--exclude", "config.materialized:view"]
    ours = seconds(lambda: run_dbt(choice, **options))
    query = (Path(__file__).parent / "day_by_day.sql").read_text(encoding="utf-8")
    with connect(home.build_database, settings) as con:
        yardstick = seconds(lambda: con.execute(f"create or replace temp table by_day as {query}"))
        differing = con.execute(
            """select count(*) from marts.sick_leave_by_unit as ours full join by_day using (period, org_unit_code, org_level)
               where abs(ours.possible_days - by_day.possible_days) > 1e-6 or ours.possible_days is null
                  or by_day.possible_days is null or abs(ours.lost_days - by_day.lost_days) > 1e-6
                  or abs(ours.long_term_days - coalesce(by_day.long_term_days, 0)) > 1e-6"""
        ).fetchone()
    if differing != (0,):
        sys.exit(f"the hand-written query and the model differ in {differing} cells")
    say("sick_leave_by_unit by the models (dbt's own time with it)", ours, yardstick, "one query with a row a day, same table")


def asker(folder: Path, settings: Settings) -> float:
    home = Home(folder / "asker")
    home.prepare()
    make_deliveries(home.landing)
    whole, memory = night(home)
    stages = seconds(lambda: build(home, settings))
    say("the night at Asker's size, end to end", whole, stages, "the same stages without Dagster, warm, unpublished")
    print(f"{'its peak memory':<58} {memory:6.2f} GiB")
    load_against_read_csv(home, settings)
    build(home, settings)
    models_against_one_query(home, settings)
    return whole


def national(folder: Path, settings: Settings, asker_seconds: float) -> None:
    home = Home(folder / "national")
    home.prepare()
    make_national(home.landing)
    whole, memory = night(home)
    say("the night at national size (500 000 persons, 5 M absences)", whole, asker_seconds, "the night at Asker's size")
    print(f"{'its peak memory':<58} {memory:6.2f} GiB of {MEMORY_ALLOWED_GIB} allowed")
    question = [ARSVERK, "trace", "sick_leave_by_unit", "period=2023", "org_level=kommune", "--home", str(home.root)]
    traced = seconds(lambda: subprocess.run(question, check=True, stdout=subprocess.DEVNULL))
    say("tracing a year of the whole municipality there", traced, whole, "its night")
    take_in(home, home.landing, feeds())
    load_against_read_csv(home, settings)
    if memory > MEMORY_ALLOWED_GIB:
        sys.exit("too much memory at national size")


def main() -> None:
    settings = read_settings()
    with tempfile.TemporaryDirectory(prefix="arsverk-bench-") as temporary:
        folder = Path(temporary)
        asker_seconds = asker(folder, settings)
        if "asker" not in sys.argv[1:]:
            national(folder, settings, asker_seconds)


if __name__ == "__main__":
    main()
