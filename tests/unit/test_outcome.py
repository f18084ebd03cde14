"""The file of nights and the one text about a night. Not here: whole nights (tests/pipeline/test_outcomes.py)."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import stages
from orchestration.run import end_unless_ended
from tests.ledgers import publication_made
from warehouse import status
from warehouse.errors import Damaged, ProgramFault, Refused, UsageError
from warehouse.ledger import append
from warehouse.outcome import KINDS, TO_DO, Findings, Night, NightWarning, begin, days_since, end, last_night, nights, now
from warehouse.paths import Home
from warehouse.settings import Settings


def out_of_memory() -> str:
    """What DuckDB says, of the version that is installed."""
    with duckdb.connect(config={"memory_limit": "1KB"}) as con, pytest.raises(duckdb.OutOfMemoryException) as raised:
        con.execute("create table much as from range(100_000)")
    assert "SET threads" in str(raised.value)
    return str(raised.value)


OUT_OF_MEMORY = out_of_memory()
PUBLICATION = "2024-09-30_20241001T020412_a81c22f0"


@pytest.fixture
def served(home: Home) -> Home:
    """A home whose ledger and pointer name a publication."""
    append(
        home,
        [publication_made(PUBLICATION, date(2024, 9, 30), "2024-10-01T02:04:12")],
    )
    home.current.symlink_to(f"history/{PUBLICATION}")
    return home


def test_a_night_with_warnings_says_all_in_one_text(served: Home) -> None:
    findings = Findings()
    began_at = begin(served, "r1", findings)
    assert [night.result for night in nights(served)] == ["running"]
    findings.warn("quarantined", "fravaer_2024-09-30.csv: 3 bad rows", count=3, files=["fravaer_2024-09-30.csv"])
    findings.warn("waiting", "the delivery of 2024-10-31 waits for ansatte", files=["stillinger_2024-10-31.csv"])
    findings.warn("waiting", "the delivery of 2024-10-31 waits for ansatte", files=["stillinger_2024-10-31.csv"])
    findings.result = "published"
    night = end(served, "r1", began_at, findings, max_age_days=40)
    assert night and night == last_night(served) == nights(served)[0]
    assert night.outcome == "published with warnings"
    age = days_since(date(2024, 9, 30))
    assert (
        night.as_text()
        == f"""\
Published with warnings: {PUBLICATION}
Served now: {PUBLICATION}, with the figures to 2024-09-30 ({age} days ago), published 2024-10-01 04:04
Warnings:
- stale figures (1)
    the served figures count to a date {age} days ago; more than 40 are too many
    To do (payroll office): deliver a new full extract, or say why none comes
- delivery missing or waiting (1): stillinger_2024-10-31.csv
    the delivery of 2024-10-31 waits for ansatte
    To do (payroll office): deliver the files that are missing
- rows in quarantine (3)
    fravaer_2024-09-30.csv: 3 bad rows
    To do (payroll office): correct them where they are kept; quarantine/<date>.csv lists them"""
    )
    assert stat.S_IMODE(served.nights.stat().st_mode) == 0o600


def test_what_a_night_has_told_is_no_news_until_the_next_publication(served: Home) -> None:
    """An absence that was taken out in payroll is gone every night until the release; a file that waits has still to come."""

    def ended(result: str, **texts: str) -> Night:
        findings = Findings(result=result)
        for kind, text in texts.items():
            findings.warn(kind, text)
        night = end(served, f"r{len(nights(served))}", now(), findings, max_age_days=None)
        assert night
        return night

    gone = "fravaer: 1 of the 40 rows behind the last publication are gone"
    assert ended("held", rows_gone=gone).outcome == "held with warnings"
    again = ended("held", rows_gone=gone)
    assert (again.outcome, again.word_of_notify_on) == ("held", "held")
    assert "\nAs the nights before have told:\n- rows gone since the last publication (1)\n" in again.as_text()
    assert "Warnings:" not in again.as_text()
    assert ended("held", rows_gone=gone.replace("1", "2")).outcome == "held with warnings"
    both = ended("held", rows_gone=gone, waiting="the delivery of 2024-10-31 waits for ansatte")
    assert (
        both.as_text().index("delivery missing") < both.as_text().index("As the nights before") < both.as_text().index("gone")
    )
    assert ended("held", waiting="the delivery of 2024-10-31 waits for ansatte").outcome == "held with warnings"
    assert ended("published", rows_gone=gone).outcome == "published with warnings", "a release tells all that it changes"
    assert last_night(served) == nights(served)[-1]


def test_figures_that_a_human_asked_for_are_not_stale(served: Home) -> None:
    night = end(served, "r1", now(), Findings(result="held"), max_age_days=None)
    assert night and night.outcome == "held" and not night.warnings


def test_figures_are_stale_from_the_day_after_the_last_that_is_allowed(served: Home) -> None:
    age = days_since(date(2024, 9, 30))
    found = [end(served, f"r{days}", now(), Findings(result="held"), max_age_days=days) for days in (age, age - 1)]
    assert [night and night.outcome for night in found] == ["held", "held with warnings"]


def test_the_first_reason_says_who_does_what() -> None:
    findings = Findings(stage="accept")
    findings.refuse(Refused("ansatte_2024-09-30.csv is rejected"))
    findings.refuse(ProgramFault("a further step has nothing to go on with"))
    assert findings.who == "payroll office" and len(findings.reasons) == 2


def test_what_makes_an_installation_stale_or_failed(served: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "states_of_arrivals", lambda home, feeds: [])
    age = days_since(date(2024, 9, 30))

    def problems(max_age_days: int = age) -> list[str]:
        nightly = settings.model_copy(update={"release": "nightly", "max_age_days": max_age_days})
        return status.status_of(served, nightly, {}).problems

    def ended(result: str, hours_ago: float = 0) -> None:
        at = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()
        served.nights.write_text(json.dumps(asdict(Night("r", at, result, ended_at=at))) + "\n", encoding="utf-8")

    assert problems() == []
    assert problems(age - 1) == [f"the served figures count to a date {age} days ago; more than {age - 1} are too many"]
    ended("refused")
    assert problems() == ["the last night was refused"]
    ended("broken off")
    assert problems() == ["the last night was broken off"]
    ended("held", hours_ago=47)
    assert problems() == []
    ended("held", hours_ago=49)
    (problem,) = problems()
    assert problem.startswith("no night has ended since ")
    served.current.unlink()
    assert problems()[0] == "nothing has been published"


def test_a_refused_night_says_what_is_served_and_who_does_what(home: Home) -> None:
    findings = Findings(stage="accept")
    findings.refuse(Refused("ansatte_2024-09-30.csv is rejected"))
    findings.refuse(Refused("fravaer_2024-09-30.csv is rejected"))
    night = end(home, "r1", now(), findings, max_age_days=40)
    assert night and night.as_text() == (
        "Refused: nothing was published\nansatte_2024-09-30.csv is rejected\nfravaer_2024-09-30.csv is rejected\n"
        "Served now: nothing; there has been no publication yet\n"
        "To do (payroll office): have the named files corrected or made again, and deliver them under the same names"
    )


@pytest.mark.parametrize(
    ("stage", "error", "who", "to_do"),
    [
        ("accept", Refused("x"), "payroll office", "have the named files corrected"),
        ("choose", Damaged("publish/history/x is not whole"), "data team", "do what the message says"),
        ("load", Refused("the pseudonym key is missing"), "data team", "do what the message says"),
        ("accept", ProgramFault("x"), "data team", "report this text"),
        ("accept", OSError(13, "Permission denied"), "data team", "mend the machine"),
        ("accept", OSError(28, "No space left on device"), "data team", "free space on the disk of the home folder"),
        ("start", Refused("the night broke off: OperationalError: database or disk is full"), "data team", "free space"),
        ("build", RuntimeError("dbt build failed: No space left on device"), "data team", "free space"),
        (
            "build",
            RuntimeError(f"dbt build failed\ntest x: {' '.join(OUT_OF_MEMORY.split())}"),
            "data team",
            "raise memory_limit",
        ),
        ("attack", duckdb.OutOfMemoryException(OUT_OF_MEMORY), "data team", "raise memory_limit"),
        ("start", UsageError("x"), "data team", "correct the settings"),
        ("build", RuntimeError("dbt build failed"), "data team", "a figure breaks a rule"),
        ("attack", Refused("x"), "data team", "report this text"),
    ],
)
def test_who_does_what(stage: str, error: Exception, who: str, to_do: str) -> None:
    findings = Findings(stage=stage)
    findings.refuse(error)
    assert findings.who == who and findings.to_do.startswith(to_do)
    # What DuckDB advises who writes SQL is nothing for the night's text.
    assert not any("SET threads" in reason for reason in findings.reasons)


def test_a_warning_of_a_full_disk_says_what_to_do() -> None:
    findings = Findings()
    findings.warn("internal", "the internal publication is not written: [Errno 28] No space left on device")
    assert "No space left on device; free space on the disk of the home folder" in findings.warnings[0].text


def test_what_broke_the_night_off_outside_its_stages_says_who_does_what(home: Home, tmp_path: Path) -> None:
    error = Refused("the night broke off: IsADirectoryError: dagster.yaml")
    error.__cause__ = IsADirectoryError("dagster.yaml")
    end_unless_ended(home, tmp_path / "none.toml", now(), error)
    night = last_night(home)
    assert night and night.reason == str(error) and night.to_do.startswith("mend the machine")


def test_every_name_of_a_stage_that_refuses_is_one() -> None:
    assert set(TO_DO) <= {"start", *(stage.name for stage in stages.STAGES)}


def test_a_night_that_was_killed_is_told_by_the_next(home: Home) -> None:
    program = (
        "import os, sys; from pathlib import Path; from warehouse.outcome import Findings, begin; from warehouse.paths import"
        " Home; begin(Home(Path(sys.argv[1])), 'killed', Findings()); os.kill(os.getpid(), 9)"
    )
    end(home, "held", now(), Findings(result="held"), max_age_days=40)
    subprocess.run([sys.executable, "-c", program, str(home.root)], check=False, timeout=60)
    assert [(night.run_id, night.outcome) for night in nights(home)] == [("held", "held"), ("killed", "broken off")]
    findings = Findings()
    begin(home, "next", findings)
    assert [warning.kind for warning in findings.warnings] == ["broken_off"]
    assert [night.outcome for night in nights(home)] == ["held", "broken off", "running"]


def test_a_part_of_a_night_is_no_night(home: Home) -> None:
    assert end(home, "r1", now(), Findings(is_whole=False), max_age_days=40) is None
    assert not home.nights.exists()
    night = end(home, "r2", now(), Findings(), max_age_days=40)
    assert night and night.outcome == "broken off"


@pytest.mark.parametrize(
    "damage", [b'{"run_id": "r2", "began_a', b"\xff\xfe\n", b"[]\n", b"null\n", b'{"result": 1, "warnings": [{}]}\n', b"\0\0\0"]
)
def test_a_damaged_line_is_no_line(home: Home, damage: bytes) -> None:
    end(home, "r1", now(), Findings(result="held"), max_age_days=40)
    with home.nights.open("ab") as file:
        file.write(damage)
    end(home, "r3", now(), Findings(result="held"), max_age_days=40)
    assert [night.run_id for night in nights(home)] == ["r1", "r3"]


def test_odd_texts_are_kept(home: Home) -> None:
    findings = Findings(result="published")
    text = "notat \udcff\ud800 \0 æøå\n".encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")
    findings.add(NightWarning("unused", text, files=(os.fsdecode(b"l\xf8nn.csv"),)))
    end(home, "r1", now(), findings, max_age_days=40)
    night = last_night(home)
    assert night and night.warnings[0].text == text and night.as_text()


def test_long_lists_are_cut() -> None:
    warnings = tuple(NightWarning("unused", f"fil{n}.txt is left alone", files=(f"fil{n}.txt",)) for n in range(30))
    text = Night("r", now(), "held", now(), warnings=warnings).as_text()
    assert "files that are not used (30)\n" in text and "    and 20 more" in text
    assert len(text.splitlines()) < 17
    night = Night("r", now(), "held", now(), warnings=(NightWarning("rows_gone", "fravaer: 30 rows", 30, ("a",) * 9),))
    assert "- rows gone since the last publication (30): a\n    fravaer: 30 rows" in night.as_text()


def test_every_kind_says_who_does_what() -> None:
    assert all(kind.who in ("payroll office", "data team") and kind.to_do and kind.title for kind in KINDS.values())


def test_status_needs_neither_dagster_nor_dbt(home: Home) -> None:
    program = (
        "import sys; from click.testing import CliRunner; from orchestration.cli import main; "
        "done = CliRunner().invoke(main, ['status', '--json', '--home', sys.argv[1]]); print(done.output); "
        "assert done.exit_code == 1, done.output; assert not {'dagster', 'dbt'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(home.root)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == ["nothing has been published"] and found["nights"] == [] and found["disk"]["free"] > 0


def test_a_home_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "arsverk"), "status", "--home", str(tmp_path / "borte")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2 and "is not a home folder" in done.stderr
