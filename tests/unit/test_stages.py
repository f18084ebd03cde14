"""The list of stages itself, and how a refusal and a fault of the program come out of Dagster. Nights are in tests/pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import pytest

from orchestration import stages
from orchestration.night import refusals_as_failures
from orchestration.plan import Plan
from orchestration.run import failure_of
from orchestration.stages import STAGES, run_stages
from warehouse import gates
from warehouse.errors import ProgramFault, Refused
from warehouse.paths import Home
from warehouse.restatements import Restated
from warehouse.settings import Settings


def test_every_gate_stands_before_publishing() -> None:
    names = [stage.name for stage in STAGES]
    assert names[-1] == "publish" and len(set(names)) == len(names)
    assert [stage.name for stage in STAGES if stage.is_gate] == [
        "accept",
        "continuity",
        "build",
        "attack",
        "accept_restatement",
    ]


def test_only_a_stage_can_be_left_out(home: Home, settings: Settings) -> None:
    with pytest.raises(ValueError, match="there are no stages audit"):
        run_stages(Plan(home, settings, {}, previous=None), without={"audit", "publish"})


def test_what_is_not_served_any_more_is_a_warning(home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Restated(0, [], None, no_longer_served=("nothing is left in benchmarks", "nothing of 2020 is left in pilots"))
    monkeypatch.setattr(stages, "restate_figures", lambda *_: found)
    plan = Plan(home, settings, {}, previous=None)
    assert stages.restate.work(plan) == found
    assert [(warning.kind, warning.text) for warning in plan.findings.warnings] == [
        ("emptied", line) for line in found.no_longer_served
    ]


@contextmanager
def a_step_that_ends_in(error: Exception) -> Iterator[dg.ExecuteInProcessResult]:
    @dg.op
    def step() -> None:
        with refusals_as_failures():
            raise error

    @dg.job
    def night() -> None:
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        yield night.execute_in_process(instance=instance, raise_on_error=False)


def test_a_refusal_keeps_its_words_through_dagster() -> None:
    with a_step_that_ends_in(Refused("fravaer_2024-09-30.csv is rejected")) as result:
        failure = failure_of(result)
    assert isinstance(failure, Refused) and str(failure) == "fravaer_2024-09-30.csv is rejected"
    # The same files would be refused again.
    with pytest.raises(dg.Failure) as raised, refusals_as_failures():
        raise Refused("fravaer_2024-09-30.csv is rejected")
    assert not raised.value.allow_retries


def test_a_refusal_stays_one_when_a_stage_before_it_runs_again() -> None:
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute(gates.TABLE)
        for gate, result in (("accept", gates.REFUSED), ("build", gates.PASSED)):
            gates._record(con, gate, result, "")
        gates.outdate(con, ["accept", "build"], because="load")
        assert con.execute("select gate, result from raw.gates order by gate").fetchall() == [
            ("accept", gates.REFUSED),
            ("build", gates.OUTDATED),
        ]


def test_a_fault_of_the_program_is_never_a_refusal() -> None:
    with a_step_that_ends_in(ProgramFault("a withheld cell still has a value")) as result:
        failure = failure_of(result)
    assert isinstance(failure, ProgramFault) and not isinstance(failure, Refused)
    assert failure.as_text().startswith("a withheld cell still has a value\nthis is a fault of the program")
