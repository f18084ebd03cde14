"""Measures and prints ratios, and seconds by stage: `make bench`, or `python -m tests.benchmarks.run NAME…` for some.
Not here: what a stage is (orchestration/stages.py), or the making of deliveries (municipalities/drawn.py, sources/demo).

Seconds depend on the machine; where there is a yardstick, both are measured side by side in one run.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

import click
import duckdb

from orchestration.dbt import run_dbt
from orchestration.stages import STAGES
from sources.demo import make_deliveries
from sources.registry import feeds
from tests.building import plan_of, withhold_small_cells_alone
from tests.command import ARSVERK
from tests.municipalities.drawn import EXTRACT_DATE, Size, write_drawn, write_next_day
from warehouse.archive import all_arrivals
from warehouse.build_database import start_build
from warehouse.database import connect
from warehouse.delivery import choose
from warehouse.errors import Refused
from warehouse.load import load_feed
from warehouse.papers import write_papers_to
from warehouse.paths import Home
from warehouse.settings import DEFAULT_FILE, Settings, read_settings

MEMORY_ALLOWED_GIB = 8
SICK_LEAVE_BUILD = "+sick_leave_by_unit"
REFUSED, TOGETHER = "refused", "GiB together"
BETWEEN_LOOKS = 1.0
# `arsverk` with all of disclosure control, and its yardstick.
COMMANDS = {"all": [ARSVERK], "primary": [sys.executable, "-m", "tests.benchmarks.primary_rule_alone"]}
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Benchmark:
    """A municipality, and what is measured on it beside the seconds of each stage."""

    deliver: Callable[[Path], object]
    size: str
    command: bool = False  # also the whole command `arsverk run`, beside the same with the primary rule alone
    ratios: bool = False  # also loading and the models against a yardstick, and a trace
    first: date | None = None  # an earlier extract date of what is delivered: its night comes first, and both are measured


def sized(size: Size, *, command: bool = False, ratios: bool = False) -> Benchmark:
    """A benchmark on a drawn municipality."""
    return Benchmark(lambda landing: write_drawn(landing, size), str(size), command, ratios)


def two_nights(size: Size) -> Benchmark:
    """A benchmark on a drawn municipality that has more absences in the next day's extract."""

    def deliver(landing: Path) -> None:
        write_drawn(landing, size)
        write_next_day(landing)

    return Benchmark(deliver, str(size), first=date.fromisoformat(EXTRACT_DATE))


def small(persons: int, seed: int) -> Benchmark:
    """A municipality so small that much of it is withheld."""
    units = (1, 3, 4, max(4, persons // 80), max(8, persons // 25))
    return sized(Size(persons, 10 * persons, units, seed))


BENCHMARKS = {
    "demo": Benchmark(
        make_deliveries, "the demo municipality, about 6 500 employees", command=True, ratios=True, first=date(2024, 9, 30)
    ),
    "random-300": small(300, seed=3),
    "random-700": small(700, seed=7),
    "random-1500": small(1_500, seed=15),
    "large": two_nights(Size(60_000, 600_000, (1, 12, 36, 500, 3_000), own_jobs=True)),
    "large-mixed": sized(Size(60_000, 600_000, (1, 12, 36, 500, 3_000))),
    "national": sized(Size(500_000, 5_000_000, (1, 12, 87, 900, 4_500), own_jobs=True), ratios=True),
}
TOY = sized(Size(120, 600, (1, 2, 2, 4, 8), own_jobs=True), command=True, ratios=True)


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of a piece of work."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def say(what: str, ours: float, yardstick: float, yardstick_is: str) -> None:
    print(f"  {what:<56} {ours / yardstick:6.2f} × {yardstick_is} ({ours:.1f} s / {yardstick:.1f} s)", flush=True)


def time_stages(home: Home, settings: Settings, as_of: date | None = None) -> dict[str, float | str]:
    """A night by the stages on the home's landing folder: seconds of each, the peak GiB, and why it was refused if it was."""
    plan = plan_of(home, settings, as_of)
    found: dict[str, float | str] = {}
    try:
        for stage in STAGES:
            began = time.perf_counter()
            stage(plan)
            found[stage.name] = time.perf_counter() - began
    except Refused as refused:
        found[REFUSED] = str(refused).splitlines()[0]
    found["GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found


def stages_in_a_process_of_their_own(home: Home, as_of: date | None = None) -> dict[str, float | str]:
    """The same, with a memory that is theirs alone, and the most that it and the processes beside it had together."""
    command = [sys.executable, "-m", "tests.benchmarks.run", "--stages-of", str(home.root)]
    command += ["--as-of", str(as_of)] if as_of else []
    together = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        while process.poll() is None:
            together = max(together, memory_of_session(process.pid))
            time.sleep(BETWEEN_LOOKS)
        said = process.communicate()[0]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    found: dict[str, float | str] = json.loads(said.splitlines()[-1])
    return found | {TOGETHER: together}


def memory_of_session(session: int) -> float:
    """GiB that the processes of a session have now; what several share is counted once."""
    kilobytes = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            if os.getsid(int(process.name)) == session:
                lines = (process / "smaps_rollup").read_text(encoding="ascii").splitlines()
                kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 2**20


def primary_rule_alone(home: Home, settings: Settings) -> float:
    """Seconds of the primary rule and the masking on what a night has built."""
    shutil.copy(home.warehouse_database, home.build_database)
    return seconds(lambda: withhold_small_cells_alone(home, settings))


def measure_night(home: Home, settings: Settings, as_of: date | None = None) -> tuple[float, bool]:
    """Print a night's stages, and the night beside the same one with the primary rule alone; its seconds, and whether it ended.

    Exits with a message if it needs too much memory.
    """
    found = stages_in_a_process_of_their_own(home, as_of)
    memory, refused = float(found.pop("GiB")), found.pop(REFUSED, "")
    together = max(memory, float(found.pop(TOGETHER)))  # between two looks one alone may have had more
    night = sum(map(float, found.values()))
    for name, took in found.items():
        print(f"  {name:<56} {float(took):8.1f} s")
    print(f"  {'all stages':<56} {night:8.1f} s", flush=True)
    print(f"  {'memory':<56} {together:8.2f} GiB of {MEMORY_ALLOWED_GIB} allowed, {memory:.2f} in one process", flush=True)
    if refused:
        print(f"  refused: {refused}", flush=True)
    if together > MEMORY_ALLOWED_GIB:
        sys.exit("too much memory")
    if not refused:
        alone = night - float(found["disclose"]) - float(found["attack"]) + primary_rule_alone(home, settings)
        say("the night with all of disclosure control", night, alone, "the same with the primary rule alone")
    return night, not refused


def compare_commands(benchmark: Benchmark, landing: Path, folder: Path) -> None:
    """Whole nights by the command `arsverk run`, Dagster with them, beside the same with the primary rule alone."""
    settings = folder / "every_night.toml"
    settings.write_text(f'{DEFAULT_FILE.read_text(encoding="utf-8")}\nrelease = "nightly"\n', encoding="utf-8")
    nights: list[tuple[str, list[str]]] = [("a night", [])]
    if benchmark.first:
        nights = [("the first night", ["--as-of", str(benchmark.first)]), ("the night after", [])]
    for night, options in nights:
        took = {}
        for name, command in COMMANDS.items():
            where = ["--home", str(folder / name), "--landing", str(landing), "--settings", str(settings)]
            run = partial(subprocess.run, [*command, "run", *where, *options], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            took[name] = seconds(run)
        say(f"arsverk run, {night}", took["all"], took["primary"], "the same command with the primary rule alone")
    for name in COMMANDS:
        shutil.rmtree(folder / name)


def load_against_read_csv(home: Home, settings: Settings) -> None:
    """Decode, validate by every rule and store the absences, against DuckDB's reader on the same file as text."""
    delivery = choose(all_arrivals(home), feeds(), None).delivery
    start_build(home, settings, feeds(), delivery)
    absences = delivery.of(feeds()["fravaer"])
    with connect(home.build_database, settings) as con:
        for name in ("organisasjon", "ansatte"):
            load_feed(con, home, feeds()[name], delivery.of(feeds()[name]))
        ours = seconds(lambda: load_feed(con, home, feeds()["fravaer"], absences))
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
    shutil.copy(home.warehouse_database, home.build_database)
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


def trace_of_a_year(home: Home, night: float) -> None:
    """A cell that nearly every row makes, in a process of its own."""
    question = [ARSVERK, "trace", "sick_leave_by_unit", "period=2023", "org_level=kommune", "--home", str(home.root)]
    traced = seconds(lambda: subprocess.run(question, check=True, stdout=subprocess.DEVNULL))
    say("tracing a year of the whole municipality", traced, night, "its night")


def measure(benchmark: Benchmark, folder: Path, settings: Settings) -> None:
    """A first night by its stages, and what else the benchmark asks for."""
    home = Home(folder / "home")
    home.prepare()
    benchmark.deliver(home.landing)
    night, is_published = measure_night(home, settings, benchmark.first)
    if benchmark.first and is_published:
        print("  the night after, of the next extract", flush=True)
        measure_night(home, settings)
    if benchmark.command:
        compare_commands(benchmark, home.landing, folder)
    if benchmark.ratios and is_published:
        papers = seconds(lambda: write_papers_to(home.current.resolve(), folder / "papers"))
        say("report and workbook, which publishing makes too", papers, night, "its night")
        trace_of_a_year(home, night)
        models_against_one_query(home, settings)
        load_against_read_csv(home, settings)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--stages-of", type=click.Path(path_type=Path), hidden=True, help="Print the seconds of a night on this home.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), hidden=True, help="The extract date of that night.")
def main(names: tuple[str, ...], stages_of: Path | None, as_of: datetime | None) -> None:
    """Measure the benchmarks named, or all of them."""
    settings = read_settings()
    if stages_of:
        print(json.dumps(time_stages(Home(stages_of), settings, as_of and as_of.date())))
        return
    for name in names or BENCHMARKS:
        print(f"{name}: {BENCHMARKS[name].size}", flush=True)
        with tempfile.TemporaryDirectory(prefix="arsverk-bench-") as folder:
            measure(BENCHMARKS[name], Path(folder), settings)


if __name__ == "__main__":
    main()
