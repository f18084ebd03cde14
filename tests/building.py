"""Runs the stages of a night without Dagster on what lies in the landing folder, for tests that look at the figures.
Not here: tests, or anything about the command line and the run's gates (tests/pipeline).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration import stages
from orchestration.dbt import load_manifest
from orchestration.plan import Plan
from orchestration.stages import STAGES, Built, Stage, run_stages
from sources.payroll.profile import feeds_by
from tests.compiled import build_compiled, compiled
from tests.examples import is_exhaustive
from warehouse import papers
from warehouse.catalogue import Table, tables_of
from warehouse.database import at_once, connect
from warehouse.errors import Refused
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.restatements import Restated
from warehouse.sdc.attack.command import leak_lines
from warehouse.sdc.attack.findings import Report
from warehouse.sdc.attack.night import examine, record
from warehouse.sdc.masking import mask
from warehouse.sdc.suppression.decisions import decide_primary
from warehouse.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
# What dbt calls the end of each kind of node.
EVENTS = {"model": "LogModelResult", "seed": "LogSeedResult"}


def table_of(name: str) -> Table:
    """One declared table."""
    return next(table for table in tables_of(load_manifest()) if table.name == name)


def settings_with(folder: Path, **changes: object) -> Settings:
    """The repository's settings with some changed; every night is a release, makes no report and takes files as they lie, but
    where a test is about that.
    """
    changes = {"release": '"nightly"', "report": "{ chapters = [] }", "settle_seconds": 0, **changes}
    lines = (ROOT / "arsverk.toml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split(" = ")[0] not in changes]
    path = folder / "arsverk.toml"
    path.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in changes.items())]) + "\n", encoding="utf-8")
    return read_settings(path)


def plan_of(home: Home, settings: Settings, as_of: date | None = None, *, accepted: str | None = None) -> Plan:
    """A night as a release to the extract date, compared with the current publication."""
    home.prepare()
    return Plan(
        home,
        settings.model_copy(update={"release": "nightly"}),
        feeds_by(settings.payroll_profile),
        previous=current_publication(home),
        as_of=as_of,
        accepted_restatement=accepted,
    )


def build(home: Home, settings: Settings, as_of: date | None = None, *, accepted: str | None = None) -> Restated:
    """Landing → served tables in the build database, as a release to the extract date; returns what they change of the current
    publication. The models are made by the SQL that dbt compiles (compiled.py).
    """
    plan = plan_of(home, settings, as_of, accepted=accepted)
    run_stages(plan, without={"continuity", *_names_from("build")})
    build_compiled(home, settings)
    return run_stages(plan, without={*_names_to("build"), "accept_restatement", "publish"})["restate"]


def build_withholding_small_cells_alone(home: Home, settings: Settings, *, by_dbt: bool | None = None) -> None:
    """Landing → served tables by the primary decisions, for tests of figures in a municipality of a few persons.

    Nearly nothing of so small a place is served when the secondary rule is kept (tests/sdc). `by_dbt`, as `make exhaustive`
    does unless told otherwise: with dbt's own tests on the figures; else by the SQL that dbt compiles.
    """
    if by_dbt is None:
        by_dbt = is_exhaustive()
    plan = plan_of(home, settings)
    run_stages(plan, without={"continuity", *_names_from("disclose" if by_dbt else "build")})
    if not by_dbt:
        build_compiled(home, settings)
    withhold_small_cells_alone(home, settings)
    run_stages(plan, without={*_names_to("attack"), "accept_restatement", "publish"})


def stages_without_dbt() -> tuple[Stage[Any], ...]:
    """The stages of a night with models made by the SQL that dbt compiles, for tests of what lies around the models."""

    def build(plan: Plan) -> Built:
        build_compiled(plan.home, plan.settings)
        nodes = load_manifest()["nodes"]
        # Dagster's assets hear of each seed and model as dbt would tell of it; the tests, which were not tried, leave no check.
        for key in [*(key for key, node in nodes.items() if node["resource_type"] == "seed"), *(one.key for one in compiled())]:
            kind = nodes[key]["resource_type"]
            event = {"name": EVENTS[kind], "invocation_id": "without dbt"}
            node = {"unique_id": key, "resource_type": kind, "node_status": "success"}
            plan.on_dbt_event({"info": event, "data": {"node_info": node}})
        results = [{"unique_id": key, "status": "pass"} for key in nodes]
        target = plan.home.build / "dbt"
        target.mkdir(exist_ok=True)
        (target / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
        return Built(models=0, tests=0)

    instead = Stage(build, is_gate=True)
    return tuple(instead if stage.name == instead.name else stage for stage in STAGES)


@contextlib.contextmanager
def without_dbt() -> Iterator[None]:
    """Nights of this process make the models by the SQL that dbt compiles, those through Dagster too: for tests of what lies
    around the models. It takes half of a night's time.
    """
    found = stages_without_dbt()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stages, "STAGES", found)
        patched.setattr(stages, "build", next(stage for stage in found if stage.name == "build"))
        yield


@contextlib.contextmanager
def without_papers() -> Iterator[None]:
    """Publications of this process come without the workbook and the report: for tests that look at neither. A publication of a
    small municipality takes half of its time for them.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(papers, "PAPERS", ())
        yield


def withhold_small_cells_alone(home: Home, settings: Settings) -> None:
    """Make the served tables of a build database by the primary rule alone."""
    marts = tables_of(load_manifest())
    with connect(home.build_database, settings) as con:
        with at_once(con):
            decide_primary(con, marts, settings)
        mask(con, marts)


def _names_to(last: str) -> list[str]:
    names = [stage.name for stage in STAGES]
    return names[: names.index(last) + 1]


def _names_from(first: str) -> list[str]:
    names = [stage.name for stage in STAGES]
    return names[names.index(first) :]


def attack_served(home: Home, settings: Settings, tables: Sequence[Table]) -> Report:
    """Attack what a build is about to serve, beside the current publication, and record what is safe; nothing is hidden for it.

    Raises:
        Refused: a withheld cell can be computed or narrowed down. The message names the cells and holds no value.
    """
    examined = examine(home, settings, tables, current_publication(home))
    if leaks := examined.report.leaks:
        lines = "\n".join(leak_lines(examined.report))
        raise Refused(f"{len(leaks)} findings: withheld cells can be computed from what would be served:\n{lines}")
    record(home, settings, examined)
    return examined.report
