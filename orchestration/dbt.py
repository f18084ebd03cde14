"""Runs dbt in this process and keeps its manifest prepared. Not here: models (dbt_project) or Dagster assets (defs)."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.environment import variables
from orchestration.signals import end_if_signalled
from warehouse.errors import Refused
from warehouse.machine import cores
from warehouse.paths import readable_by_all

PROJECT = Path(__file__).parent.parent / "dbt_project"
MANIFEST = PROJECT / "target" / "manifest.json"
FINGERPRINT = PROJECT / "target" / "prepared_from.sha256"
# The events that say how a model, a seed or a test ended.
OF_NODES = ("LogModelResult", "LogSeedResult", "LogTestResult")
SUFFIXES = {".sql", ".yml", ".csv", ".md"}


class DbtFailed(Exception):
    """dbt stopped. The message names the models or tests that failed."""


def project_fingerprint() -> str:
    """A hash over everything the manifest is made from."""
    digest = hashlib.sha256()
    for path in sorted(p for p in PROJECT.rglob("*") if p.suffix in SUFFIXES and "target" not in p.parts):
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def prepare_manifest() -> None:
    """Parse the project unless the prepared manifest is of just these files: a stale one silently drops checks."""
    fingerprint = project_fingerprint()
    if _is_prepared_from(fingerprint):
        return
    with readable_by_all():
        _prepare_from(fingerprint)


def _prepare_from(fingerprint: str) -> None:
    FINGERPRINT.parent.mkdir(parents=True, exist_ok=True)
    with FINGERPRINT.with_suffix(".lock").open("w") as lock:
        # Of several processes that find it stale at once, one parses and the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_prepared_from(fingerprint):
            FINGERPRINT.unlink(missing_ok=True)
            _parsed.cache_clear()
            _parsed()
            FINGERPRINT.write_text(fingerprint, encoding="ascii")


def _is_prepared_from(fingerprint: str) -> bool:
    return MANIFEST.exists() and FINGERPRINT.exists() and FINGERPRINT.read_text(encoding="ascii") == fingerprint


@cache
def _parsed() -> Any:
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(["parse", *_flags()])
    if not result.success:
        raise DbtFailed(f"dbt cannot parse the project: {result.exception}")
    return result.result


def _flags() -> list[str]:
    quiet = ["--log-level", "none", "--log-level-file", "none", "--no-version-check"]
    return [*quiet, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]


@cache
def load_manifest() -> dict[str, Any]:
    """The prepared manifest, parsed anew when the project has changed."""
    try:
        prepare_manifest()
    except OSError as error:
        raise Refused(f"dbt_project/target cannot be written ({error}); run `make prepare` as the owner of the code") from None
    return json.loads(MANIFEST.read_text(encoding="utf-8"))


def run_dbt(
    arguments: list[str],
    *,
    database: Path,
    target: Path,
    memory_limit: str,
    on_event: Callable[[dict[str, Any]], None] = lambda event: None,
) -> None:
    """Run one dbt command on a DuckDB file and let go of the file.

    Args:
        arguments: the command, for instance `["build"]`.
        database: the DuckDB file; its stem must be that of the build database.
        target: folder for compiled SQL and run results.
        memory_limit: DuckDB's memory limit, for instance "6GB".
        on_event: gets the end of each model, seed and test as a dict with `info` and `data`.

    Raises:
        DbtFailed: a model or an error-severity test failed.
        Refused: a signal ended it.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    def pass_on(event: Any) -> None:
        # dbt fires dozens of events a model that only debugging asks for.
        if event.info.name in OF_NODES:
            on_event(MessageToDict(event, preserving_proto_field_name=True))

    environment = {"ARSVERK_BUILD_DATABASE": str(database), "ARSVERK_MEMORY_LIMIT": memory_limit, "ARSVERK_CORES": str(cores())}
    with variables(environment):
        runner = dbtRunner(manifest=_manifest_object(), callbacks=[pass_on])
        result = runner.invoke([*arguments, *_flags(), "--target-path", str(target)])
    # Dbt's threads may still work on the file, so that nothing of it can be closed or tried again.
    end_if_signalled()
    if _is_interrupt(result.exception):
        raise Refused("ended by a signal while the models were built; the next run builds them anew")
    DuckDBConnectionManager.close_all_connections()
    reset_adapters()
    if result.exception:
        raise DbtFailed(f"dbt stopped: {result.exception}")
    failed = [r for r in getattr(result.result, "results", []) if r.status in ("error", "fail", "runtime error")]
    if failed or not result.success:
        lines = [f"{r.node.resource_type} {r.node.name}: {' '.join(str(r.message).split())}" for r in failed]
        raise DbtFailed("dbt build failed\n" + "\n".join(lines))


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether an error is an interrupt, as Dagster makes one of SIGTERM, or what dbt made of one that came upon its threads."""
    while isinstance(error, Exception):
        error = error.__cause__ or error.__context__
    return error is not None


@cache
def _manifest_object() -> Any:
    """The manifest as dbt's own object, from the prepared partial parse: no parsing at run time."""
    from dbt.contracts.graph.manifest import Manifest

    prepare_manifest()
    manifest = Manifest.from_msgpack((PROJECT / "target" / "partial_parse.msgpack").read_bytes())
    # What macros see as `graph`; dbt makes it only when it has parsed itself.
    manifest.build_flat_graph()
    return manifest


def unproven_tests(target: Path) -> list[str]:
    """Names of the project's data tests that did not leave a passing or warning result in the last run."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    proven = {result["unique_id"] for result in results if result["status"] in ("pass", "warn")}
    nodes = load_manifest()["nodes"].items()
    return sorted(node["name"] for key, node in nodes if node["resource_type"] == "test" and key not in proven)
