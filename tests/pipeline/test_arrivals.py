"""What humans decide about arrivals, and the nights that honour it. Not here: taking files in (tests/unit/test_archive.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration import stages
from orchestration.cli import main
from orchestration.plan import Plan
from orchestration.stages import run_stages
from sources.payroll.profile import feeds_by
from sources.registry import feeds
from tests.building import plan_of
from tests.builds import Built
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery, write_feed, write_feed_xlsx
from tests.nights import night
from warehouse.archive import Settling, all_arrivals, kept_arrivals, take_in
from warehouse.arrivals import accept, open_acceptance, states_of_arrivals, withdraw
from warehouse.delivery import choose
from warehouse.errors import Refused, UsageError
from warehouse.outcome import Findings
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.settings import Settings
from warehouse.verify import verify

OCTOBER = date(2024, 10, 31)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_withdrawn_and_given_back(home: Home) -> None:
    write_delivery(home.landing, small_delivery())
    write_delivery(home.landing, small_delivery(), extract_date=OCTOBER)
    take_in(home, home.landing, feeds())
    done = CliRunner().invoke(
        main, ["withdraw", "ansatte_2024-10-31.csv", "--home", str(home.root), "--reason", "feil kommune"]
    )
    assert done.exit_code == 0 and "is withdrawn" in done.output
    choice = choose(kept_arrivals(home), feeds(), None)
    assert str(choice.delivery.extract_date) == "2024-09-30" and choice.waiting[0].missing(feeds()) == ["ansatte"]
    (note,) = take_in(home, home.landing, feeds()).notes
    assert note == "ansatte_2024-10-31.csv is not used: it was withdrawn (feil kommune)"
    states = {one.arrival.file_name: one.state for one in states_of_arrivals(home, feeds())}
    assert states["ansatte_2024-10-31.csv"] == "withdrawn" and states["fravaer_2024-10-31.csv"] == "waiting"
    assert states["fravaer_2024-09-30.csv"] == "next"
    with pytest.raises(UsageError, match="withdrawn already"):
        withdraw(home, "ansatte_2024-10-31.csv", "igjen")
    withdraw(home, "ansatte_2024-10-31.csv", "den var riktig", undo=True)
    assert choose(kept_arrivals(home), feeds(), None).delivery.extract_date == OCTOBER


def test_a_name_means_the_newest_arrival_and_a_hash_needs_eight_digits(home: Home) -> None:
    for content in ("første", "andre"):
        (home.landing / "ansatte_2024-09-30.csv").write_text(content, encoding="utf-8")
        take_in(home, home.landing, feeds())
    first, second = all_arrivals(home)
    assert withdraw(home, "ansatte_2024-09-30.csv", "feil").sha256 == second.sha256
    with pytest.raises(UsageError, match="no file"):
        withdraw(home, first.sha256[:7], "feil")
    assert withdraw(home, first.sha256[:8], "feil").sha256 == first.sha256


def test_two_files_of_a_feed_and_date_are_told_as_the_night_judges_them(home: Home) -> None:
    write_delivery(home.landing, small_delivery())
    take_in(home, home.landing, feeds())
    write_feed_xlsx(home.landing, "fravaer", small_delivery()["fravaer"][:-1])
    take_in(home, home.landing, feeds())
    told = {one.arrival.file_name: (one.state, one.reason) for one in states_of_arrivals(home, feeds())}
    state, reason = told["fravaer_2024-09-30.xlsx"]
    assert (state, reason.partition("; ")[2]) == (
        "next",
        "if its rows differ from those of fravaer_2024-09-30.csv the night stops",
    )
    state, reason = told["fravaer_2024-09-30.csv"]
    assert state == "superseded" and reason.endswith("differ from those of fravaer_2024-09-30.xlsx the night stops")
    assert told["ansatte_2024-09-30.csv"] == ("next", "the next night loads it in the delivery of 2024-09-30")


def test_an_acceptance_holds_for_exactly_the_files(home: Home) -> None:
    write_delivery(home.landing, small_delivery())
    take_in(home, home.landing, feeds())
    with pytest.raises(UsageError, match="2024-10-31"):
        accept(home, feeds(), OCTOBER, "ja")
    accept(home, feeds(), date(2024, 9, 30), "ja")
    acceptance = open_acceptance(home, choose(kept_arrivals(home), feeds(), None).delivery)
    assert acceptance and acceptance.reason == "ja"
    write_delivery(home.landing, small_delivery(), extract_date=OCTOBER)
    take_in(home, home.landing, feeds())
    later = choose(kept_arrivals(home), feeds(), None).delivery
    assert later.inputs_sha256 == acceptance.inputs_sha256 and open_acceptance(home, later) is None
    for path in home.landing.glob("*2024-10-31*"):
        withdraw(home, path.name, "gammelt uttrekk")
        path.unlink()
    write_feed(home.landing, "ansatte", small_delivery()["ansatte"][:-1])
    take_in(home, home.landing, feeds())
    assert open_acceptance(home, choose(kept_arrivals(home), feeds(), None).delivery) is None


@pytest.mark.parametrize(("day", "is_told"), [(date(2024, 10, 14), False), (date(2024, 10, 15), True)])
def test_an_old_extract_under_a_new_date_is_told(home: Home, settings: Settings, day: date, is_told: bool) -> None:
    for one in (date(2024, 9, 30), day):
        write_delivery(home.landing, small_delivery(), extract_date=one)
    plan = plan_of(home, settings)
    for stage in (stages.take_in, stages.choose):
        stage(plan)
    told = f"the delivery of {day} holds the same, byte for byte, as that of 2024-09-30, 15 days before"
    assert [warning.text for warning in plan.findings.warnings if warning.kind == "stale"] == [told] * is_told


def test_an_acceptance_of_served_files_is_closed_and_told(small_night: Built, tmp_path: Path) -> None:
    home, previous = small_night.copy(tmp_path), current_publication(small_night.home)
    words = ["accept", "2024-09-30", "--home", str(home.root), "--reason", "to har sagt ja"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0 and f"note: {previous} of just these files is served already" in done.output
    plan = Plan(home, small_night.settings, feeds(), previous, only_new=True)
    held = run_stages(plan)["choose"]
    assert held.held == previous and open_acceptance(home, held.delivery) is None and verify(home) == []
    (warning,) = plan.findings.warnings
    assert warning.kind == "acceptance_closed"
    assert "acceptance of the delivery of 2024-09-30" in warning.text and "to har sagt ja" in warning.text
    again = replace(plan, findings=Findings())
    assert run_stages(again)["choose"].held and again.findings.warnings == []
    accept(home, feeds(), None, "koden er ny")
    assert open_acceptance(home, held.delivery)


def test_a_refusal_after_another_payroll_profile_names_the_setting(small_night: Built, tmp_path: Path) -> None:
    home, settings = small_night.copy(tmp_path), small_night.settings.model_copy(update={"payroll_profile": "visma"})
    plan = Plan(home, settings, feeds_by("visma"), current_publication(home), only_new=True)
    with pytest.raises(
        Refused, match=r"no (complete )?delivery.*\nnote: the setting payroll_profile is 'visma', and was 'default'"
    ):
        run_stages(plan)


def test_a_file_that_has_just_come_waits_for_its_time_or_its_marker(home: Home) -> None:
    write_delivery(home.landing, small_delivery())
    assert take_in(home, home.landing, feeds(), Settling(120)).new == []
    (home.landing / "2024-09-30.complete").touch()
    taken = take_in(home, home.landing, feeds(), Settling(120))
    assert len(taken.new) == 5 and taken.notes == []
    write_delivery(home.landing, small_delivery(), extract_date=OCTOBER)
    assert len(take_in(home, home.landing, feeds(), Settling(120, look_twice=True)).new) == 5


@pytest.mark.exhaustive
def test_nights_stop_for_a_human_and_hold(home: Home) -> None:
    """Two files of one date; a cut line; a fifth of the persons gone, accepted; then nothing new."""
    write_delivery(home.landing, small_delivery())
    write_feed_xlsx(home.landing, "fravaer", small_delivery()["fravaer"][:1])
    with pytest.raises(Refused, match=r"fravaer_2024-09-30.csv and fravaer_2024-09-30.xlsx are two files of fravaer"):
        night(home)
    withdraw(home, "fravaer_2024-09-30.xlsx", "noen lagret en del av den")
    path = home.landing / "fravaer_2024-09-30.csv"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(Refused, match=r"fravaer_2024-09-30.csv: its last line, 4, has no line end: it looks cut off"):
        night(home)
    write_delivery(home.landing, small_delivery())
    first = night(home)
    assert night(home) == first

    more, fewer = small_delivery(), small_delivery()
    more["ansatte"] += [more["ansatte"][0] | {"Ansattnr": str(2000 + n)} for n in range(26)]
    write_delivery(home.landing, more)
    first = night(home)
    write_delivery(home.landing, fewer, extract_date=OCTOBER)
    with pytest.raises(Refused, match=r"ansatte_2024-10-31.csv: persons of ansatte 30 → 4 \(−86,7 %\)"):
        night(home)
    accept(home, feeds(), OCTOBER, "én har sluttet")
    second = night(home)
    assert second == current_publication(home) != first
    delivery = choose(kept_arrivals(home), feeds(), None).delivery
    assert delivery.extract_date == OCTOBER and open_acceptance(home, delivery) is None

    withdraw(home, "ansatte_2024-10-31.csv", "feil år")
    assert night(home).startswith("2024-09-30")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = CliRunner().invoke(main, ["demo", "--home", str(tmp_path / "file" / "home")])
    assert done.exit_code == 1
    assert "see that the folder is there and can be written" in done.output and "file" in done.output
    assert "Traceback" not in done.output
