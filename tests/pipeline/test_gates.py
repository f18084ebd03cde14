"""No way around a gate: what a night has refused cannot be published by another way, and whoever asks alone is told so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from orchestration import stages
from orchestration.definitions import defs
from orchestration.instance import prepare_instance
from orchestration.plan import Plan
from orchestration.run import failure_of
from orchestration.stages import STAGES, publish, recorded_stages
from sources.payroll.profile import feeds_by
from tests.building import settings_with, without_dbt
from tests.builds import Builds, Built
from tests.municipalities.by_hand import Municipality
from warehouse.arrivals import accept
from warehouse.database import connect
from warehouse.errors import Refused
from warehouse.paths import HOME_VARIABLE, SETTINGS_VARIABLE
from warehouse.publication import current_publication

AUGUST, SEPTEMBER = date(2024, 8, 31), date(2024, 9, 30)


def deliver(landing: Path, day: date = AUGUST) -> None:
    """24 positions; in September two notes of 25 days of a closed month have come, by more than the thresholds."""
    municipality = Municipality()
    municipality.unit("K", "kommune")
    for n in range(24):
        municipality.position(f"p{n}", "K")
    municipality.absence("p1", "Sykmelding", "02.01.2024", "09.02.2024")
    if day == SEPTEMBER:
        municipality.absence("p14", "Sykmelding", "02.07.2024", "26.07.2024")
        municipality.absence("p16", "Sykmelding", "02.07.2024", "26.07.2024")
    municipality.deliver(landing, day)


def a_refused_night(built: Built) -> None:
    """August published, September refused for what it restates."""
    with without_dbt():
        stages.run_stages(plan_of(built))
        deliver(built.home.landing, SEPTEMBER)
        with pytest.raises(Refused, match="figures of closed periods would change"):
            stages.run_stages(plan_of(built))


@pytest.fixture(scope="module")
def refused(builds: Builds) -> Built:
    return builds.built(deliver, a_refused_night, min_fte_unit=0.1, min_fte_job_code=0.1, min_persons=1)


@pytest.fixture
def copy(refused: Built, tmp_path: Path) -> Built:
    """A copy of that home, with settings that notify into a file."""
    refused.copy(tmp_path)
    settings_with(
        tmp_path,
        min_fte_unit=0.1,
        min_fte_job_code=0.1,
        min_persons=1,
        notify_command=f'["tee", "-a", "{tmp_path / "notified"}"]',
    )
    return Built(tmp_path)


@pytest.fixture
def click(copy: Built, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clicks]:
    monkeypatch.setenv(HOME_VARIABLE, str(copy.home.root))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(copy.settings_file))
    prepare_instance(copy.home)
    with dg.DagsterInstance.get() as instance:
        yield Clicks(instance)


class Clicks:
    """*Materialize* of one asset, as the web page and `dagster asset materialize` do it: a run of the job of all assets."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance

    def __call__(self, *asset: str) -> dg.ExecuteInProcessResult:
        job = defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(asset_selection=[dg.AssetKey(asset)], instance=self.instance, raise_on_error=False)


def plan_of(built: Built) -> Plan:
    return Plan(built.home, built.settings, feeds_by(built.settings.payroll_profile), previous=current_publication(built.home))


def test_one_click_does_not_publish_what_a_gate_has_refused(copy: Built, click: Clicks) -> None:
    before = current_publication(copy.home)
    result = click("publication")
    failure = failure_of(result)
    assert not result.success and isinstance(failure, Refused)
    assert "this build may not be published\nthe gate accept_restatement refused:" in str(failure)
    assert current_publication(copy.home) == before
    # Not only the job `nightly` tells somebody.
    assert "the gate accept_restatement refused" in (copy.folder / "notified").read_text(encoding="utf-8")


def test_an_acceptance_of_another_delivery_is_named_with_why_it_does_not_hold(copy: Built) -> None:
    accept(copy.home, feeds_by("default"), AUGUST, "hun som ringte")
    with pytest.raises(Refused) as refusal:
        stages.accept_restatement(plan_of(copy))
    note = str(refusal.value).splitlines()[-1]
    assert note.startswith("note: the acceptance of the delivery of 2024-08-31 (ledger entry ") and "hun som ringte" in note
    assert "this night loads the delivery of 2024-09-30" in note
    assert note.endswith("arsverk accept 2024-09-30 --reason TEXT")


@pytest.mark.parametrize(
    ("asset", "sentence"),
    [
        (("marts", "sick_leave_by_unit"), "models are built and tested all together: run the job `nightly`"),
        (("seeds", "job_codes"), "models are built and tested all together: run the job `nightly`"),
        *(
            (asset, "no build has been started; run the whole night")
            for asset in [
                ("raw", "ansatte"),
                ("accepted_delivery",),
                ("served_tables",),
                ("disclosure_attack",),
                ("restated_figures",),
                ("publication",),
            ]
        ),
    ],
)
def test_what_cannot_be_made_alone_says_so_in_a_sentence(
    copy: Built, click: Clicks, asset: tuple[str, ...], sentence: str
) -> None:
    copy.home.build_database.unlink()
    failure = failure_of(click(*asset))
    assert isinstance(failure, Refused) and str(failure).startswith(sentence) and "\n" not in str(failure)
    assert "Invariant" not in str(failure) and not copy.home.build_database.exists()


def test_every_gate_and_what_lies_between_must_be_on_record() -> None:
    gates = [stage.name for stage in STAGES if stage.is_gate]
    assert set(gates) <= set(recorded_stages())
    assert recorded_stages() == ["accept", "continuity", "build", "disclose", "attack", "restate", "accept_restatement"]


@pytest.fixture
def passed(copy: Built) -> Built:
    """The same build with the restatement accepted: it may be published."""
    with connect(copy.home.build_database, copy.settings) as con:
        con.execute("update raw.publication set accepted_restatement = 'kom sent'")
    stages.accept_restatement(plan_of(copy))
    return copy


def problem(built: Built) -> str:
    """What stands between the opening line and the last one of the refusal to publish."""
    before = current_publication(built.home)
    with pytest.raises(Refused, match="this build may not be published") as refusal:
        publish(plan_of(built))
    assert current_publication(built.home) == before and built.home.build_database.exists()
    return "\n".join(str(refusal.value).splitlines()[1:-1])


def test_the_record_says_what_each_gate_saw_and_who_accepted(passed: Built) -> None:
    with connect(passed.home.build_database, passed.settings, read_only=True) as con:
        records = con.execute("select gate, result, saw, accepted_by from raw.gates").fetchall()
    found = {gate: (result, saw, by) for gate, result, saw, by in records}
    assert list(found) == recorded_stages() and {result for result, *_ in found.values()} == {"passed"}
    assert found["accept"][1] == "the delivery of 2024-09-30, 5 files"
    assert found["accept_restatement"][2] == "kom sent" and found["attack"][2] is None
    assert publish(plan_of(passed)).publication_id == current_publication(passed.home)


@pytest.mark.usefixtures("without_dbt")
@pytest.mark.parametrize(
    "left_out",
    [
        *(pytest.param(gate, marks=pytest.mark.exhaustive) for gate in ("accept", "continuity", "build")),
        "attack",
        "accept_restatement",
    ],
)
def test_a_gate_that_is_left_out_is_named(passed: Built, left_out: str) -> None:
    """The stage before it runs again, and then everything but it."""
    names = [stage.name for stage in stages.STAGES]
    again = stages.STAGES[names.index(left_out) - 1 : -1]
    for stage in again:
        if stage.name != left_out:
            stage(plan_of(passed))
    assert problem(passed) == f"the gate {left_out} has to be run again: {_before(left_out)} has run again after it"


def _before(gate: str) -> str:
    names = [stage.name for stage in STAGES]
    return names[names.index(gate) - 1]


@pytest.mark.parametrize("gate", [stage.name for stage in STAGES if stage.is_gate])
def test_a_gate_without_a_record_of_this_build_is_named(passed: Built, gate: str) -> None:
    with connect(passed.home.build_database, passed.settings) as con:
        con.execute("update raw.gates set build_id = uuid() where gate = $1", [gate])
    assert problem(passed) == f"the gate {gate} has not been run"


def test_a_gate_that_was_cut_off_is_named(passed: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "protect", cut_off)
    with pytest.raises(KeyboardInterrupt):
        stages.attack(plan_of(passed))
    assert problem(passed).splitlines()[0] == "the gate attack did not run to its end"


def test_a_build_that_was_compared_with_another_publication_is_not_published(passed: Built) -> None:
    with connect(passed.home.build_database, passed.settings) as con:
        con.execute("update raw.publication set previous_publication = 'another'")
    assert problem(passed).startswith("it was compared with another, but 2024-08-31_")
