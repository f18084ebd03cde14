"""What starts the night: the schedule, the sensor on the landing folder, and the job they start."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.night import NIGHTLY, Night
from sources.contract import Feed
from sources.naming import recognise
from warehouse.archive import Settling, growing_files, sha256_of
from warehouse.settings import Settings

nightly = dg.define_asset_job(
    NIGHTLY,
    selection=dg.AssetSelection.all(),
    description="Load, validate, build, audit, publish.",
    executor_def=dg.in_process_executor,
)

nightly_schedule = dg.ScheduleDefinition(
    name="nightly_at_two",
    job=nightly,
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Oslo",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.sensor(job=nightly, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_folder(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Starts a run when the newest complete delivery in the landing folder has content not seen before, once a content.

    The cursor keeps each file's size, time and hash, so that a file is read once. A file that may still be growing has not
    come yet: the next evaluation sees it.
    """
    night = Night()
    known = json.loads(context.cursor) if context.cursor else {}
    files, content = look_at_landing(night.landing, night.feeds, night.settings, known)
    cursor = json.dumps(files)
    if not content:
        context.update_cursor(cursor)
        return dg.SkipReason("no complete delivery in the landing folder")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=content)], cursor=cursor)


def look_at_landing(
    landing: Path, feeds: Mapping[str, Feed], settings: Settings, known: Mapping[str, list]
) -> tuple[dict[str, list], str | None]:
    """Size, time and hash of each delivery file that has arrived, and what stands for the newest complete delivery, if any.

    `known` is the first of an earlier look: a file that has not changed is not read again.
    """
    namings = [naming for feed in feeds.values() for naming in feed.namings]
    files: dict[str, list] = {}
    named = {path: found for path in sorted(landing.glob("*")) if (found := recognise(path.name, namings))}
    dates = {path.name: found.extract_date for path, found in named.items()}
    growing = growing_files(landing, list(named), dates, Settling(settings.settle_seconds))
    for path in named:
        if path.is_file() and path.name not in growing:
            # A file that is taken away while it is looked at has not come.
            with contextlib.suppress(FileNotFoundError):
                files[path.name] = _seen(path, known.get(path.name))
    delivery = _newest_complete(files, feeds)
    return files, hashlib.sha256(" ".join(sorted(delivery)).encode()).hexdigest() if delivery else None


def _seen(path: Path, before: list | None) -> list:
    stat = path.stat()
    if before and before[:2] == [stat.st_size, stat.st_mtime_ns]:
        return before
    return [stat.st_size, stat.st_mtime_ns, sha256_of(path)]


def _newest_complete(files: dict[str, list], feeds: Mapping[str, Feed]) -> list[str]:
    """Hashes of the newest delivery that has every required feed and of all files of other sources."""
    namings = [naming for feed in feeds.values() for naming in feed.namings]
    required = {naming.stem for feed in feeds.values() if feed.required for naming in feed.namings}
    of_payroll = {naming.stem for naming in namings if naming.of_payroll}
    by_date: dict[date, dict[str, str]] = {}
    beside = []
    for name, (_, _, sha256) in files.items():
        named = recognise(name, namings)
        if named is None:
            continue
        if named.stem in of_payroll:
            by_date.setdefault(named.extract_date, {})[named.stem] = sha256
        else:
            beside.append(sha256)
    complete = [day for day, found in by_date.items() if required <= found.keys()]
    return [*by_date[max(complete)].values(), *beside] if complete else []
