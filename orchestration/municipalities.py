"""The code location of an office that runs many municipalities: a partition for each file of a folder, a night for each.
Not here: a night (run.py). Each runs as `arsverk run` in a process of its own, on a home of its own, with its own key.

ARSVERK_MUNICIPALITIES names the folder. How many nights run at once, and where, is Dagster's matter: its run queue and launcher
(deploy/dagster-municipalities.yaml). Nothing here holds the settings or rows of more than one municipality at a time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.defs.nightly import look_at_landing
from warehouse.errors import UsageError
from warehouse.municipalities import Municipality, municipality, names
from warehouse.outcome import last_night, now
from warehouse.paths import HOME_VARIABLE, LANDING_VARIABLE, SETTINGS_VARIABLE
from warehouse.pseudonym import KEY_VARIABLE
from warehouse.settings import feeds_of

# On each run: the run queue lets one run of each value go at a time.
TAG = "municipality"
OF_ONE = {HOME_VARIABLE, LANDING_VARIABLE, SETTINGS_VARIABLE, KEY_VARIABLE, "DAGSTER_HOME"}
LINES_OF_A_FAILURE = 20
SECONDS_TO_STOP = 60

partitions = dg.DynamicPartitionsDefinition(name=TAG)


@dg.asset(partitions_def=partitions, group_name="municipalities", kinds={"duckdb", "parquet"})
def municipality_publication(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """What one municipality serves after its night: `arsverk run` on its home, whose own Dagster has the details."""
    try:
        one = municipality(context.partition_key)
    except UsageError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None
    began_at = now()
    code, lines = _run(one)
    night = last_night(one.home, since=began_at)
    text = night.as_text() if night else "\n".join([_without_a_word(code), *lines[-LINES_OF_A_FAILURE:]])
    if code:
        raise dg.Failure(description=text, allow_retries=False)
    return dg.MaterializeResult(
        metadata={
            "outcome": night.outcome if night else "",
            "publication_id": (night.publication_id if night else None) or "none",
            "text": dg.MetadataValue.md(f"```\n{text}\n```"),
        }
    )


def _run(one: Municipality) -> tuple[int, list[str]]:
    """The night of one municipality to its end: exit code, and what it printed. Stopping this process stops it too."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_ONE}
    if one.key:
        environment[KEY_VARIABLE] = one.key
    words = [Path(sys.executable).parent / "arsverk", "run", "--home", one.home.root, "--landing", one.landing]
    process = subprocess.Popen(
        [*(str(word) for word in words), "--settings", str(one.settings_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    try:
        output, _ = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
    return process.returncode, output.splitlines()


def _without_a_word(code: int) -> str:
    """How a night ended that could not say it itself."""
    if code < 0:
        return f"Broken off: the night was killed by signal {-code}; look why: memory, a stop by hand"
    return f"The night ended with exit code {code}"


municipality_nights = dg.define_asset_job(
    "municipality_nights",
    selection=[municipality_publication],
    description="One municipality's night.",
)


def request(name: str, run_key: str | None) -> dg.RunRequest:
    return dg.RunRequest(partition_key=name, run_key=run_key, tags={TAG: name})


@dg.schedule(
    job=municipality_nights,
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Oslo",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def all_at_two(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """A night for every municipality. One whose file cannot be read gets one too, which fails and says so."""
    known = set(context.instance.get_dynamic_partitions(TAG))
    day = f"{context.scheduled_execution_time:%Y-%m-%d}"
    return [request(name, f"{name} {day}") for name in names() if name in known]


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def municipality_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """A partition for each file of the folder; one whose file is gone loses it, and keeps its home."""
    wanted, known = set(names()), set(context.instance.get_dynamic_partitions(TAG))
    changes: list[Any] = []
    if wanted - known:
        changes.append(partitions.build_add_request(sorted(wanted - known)))
    if known - wanted:
        changes.append(partitions.build_delete_request(sorted(known - wanted)))
    return dg.SensorResult(dynamic_partitions_requests=changes)


@dg.sensor(job=municipality_nights, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_folders(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """A night for each municipality whose landing folder has a complete delivery not seen before. One that cannot be looked at
    holds up no other: it is logged.
    """
    known: dict[str, dict[str, list]] = json.loads(context.cursor) if context.cursor else {}
    existing = set(context.instance.get_dynamic_partitions(TAG))
    cursor: dict[str, dict[str, list]] = {}
    requests = []
    for name in names():
        if name not in existing:
            continue
        cursor[name] = known.get(name, {})
        try:
            one = municipality(name)
            cursor[name], content = look_at_landing(one.landing, feeds_of(one.settings), one.settings, cursor[name])
        except (UsageError, OSError) as error:
            context.log.warning("%s: its landing folder is not looked at: %s", name, error)
            continue
        if content:
            requests.append(request(name, f"{name} {content}"))
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(cursor))


defs = dg.Definitions(
    assets=[municipality_publication],
    jobs=[municipality_nights],
    schedules=[all_at_two],
    sensors=[municipality_files, landing_folders],
    resources={"io_manager": dg.InMemoryIOManager()},
    executor=dg.in_process_executor,
)
