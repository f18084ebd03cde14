"""Where commands take home, landing folder and settings from, what they say of an empty home, and their exit codes.
Not here: what they do with a publication.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from tests.building import settings_with
from warehouse.errors import ProgramFault, Refused, UsageError
from warehouse.lock import writer_lock
from warehouse.paths import Home


def options_of_a_run(*words: str) -> dict[str, object]:
    with main.make_context("arsverk", ["run", *words]) as context:
        command = main.get_command(context, "run")
        assert command is not None
        return command.make_context("run", list(words), parent=context).params


def test_the_environment_names_them_where_no_option_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_with(tmp_path)
    given = {"home_folder": tmp_path / "home", "landing": tmp_path / "in", "settings_file": tmp_path / "arsverk.toml"}
    for variable, path in zip(("ARSVERK_HOME", "ARSVERK_LANDING", "ARSVERK_SETTINGS"), given.values(), strict=True):
        monkeypatch.setenv(variable, str(path))
    assert given.items() <= options_of_a_run().items()
    assert options_of_a_run("--home", str(tmp_path))["home_folder"] == tmp_path
    for variable in ("ARSVERK_HOME", "ARSVERK_LANDING", "ARSVERK_SETTINGS"):
        monkeypatch.setenv(variable, "")
    assert {"home_folder": Path("data"), "landing": None, "settings_file": None}.items() <= options_of_a_run().items()


@pytest.mark.parametrize("place", ["pseudonym.key", "archive/ledger.jsonl", "publish/current/x", "landing/fravaer.csv"])
@pytest.mark.parametrize("words", ["trace org_units --rows", "trace org_units --html", "report --out", "superset --out"])
def test_no_command_writes_over_the_house_s_own_files(home: Home, words: str, place: str) -> None:
    """Whoever may trace as the account of the house could replace them."""
    home.pseudonym_key.write_text("key", encoding="utf-8")
    result = CliRunner().invoke(main, [*words.split(), str(home.root / place), "--home", str(home.root)])
    assert result.exit_code == 2, result.output
    # Click says it first where it is to be a folder.
    assert "among the house's own files" in result.stderr or "is a file" in result.stderr
    assert home.pseudonym_key.read_text(encoding="utf-8") == "key"
    # Another file beside them is nobody's.
    assert not home.owns(home.root / "rows.csv") and not home.owns(home.root.parent / "pseudonym.key")


def test_trace_asks_no_home_of_another_account(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: home.root.stat().st_uid + 1)
    result = CliRunner().invoke(main, ["trace", "org_units", "--home", str(home.root)])
    assert (result.exit_code, "run the command as that user" in result.stderr) == (1, True), result.output


@pytest.mark.parametrize(
    "words",
    ["trace org_units", "attack", "report", "superset", "copy postgresql://reader@localhost/db", "purge --before 2024-01-01"],
)
def test_a_command_that_needs_a_publication_is_refused_where_there_is_none(tmp_path: Path, words: str) -> None:
    (tmp_path / "home").mkdir()
    result = CliRunner().invoke(main, [*words.split(), "--home", str(tmp_path / "home")])
    assert (result.exit_code, "nothing is published" in result.stderr) == (1, True), result.output


# What each command ends with where there is no home folder, and in one in which nothing has come yet (docs/marts.md, Commands).
EXIT_CODES = {
    "status": (2, 1),
    "history": (2, 0),
    "history --on 2024-01-01": (2, 1),
    "history org_units org_unit_code=1": (2, 1),
    "arrivals": (2, 0),
    "verify": (2, 0),
    "trace org_units": (2, 1),
    "attack": (2, 1),
    "attack 2024-01-31": (2, 2),
    "report": (2, 1),
    "report --publication 2024-01-31": (2, 2),
    "reproduce 2024-01-31": (2, 2),
    "superset": (2, 1),
    "copy postgresql://reader@localhost/db": (2, 1),
    "copy mysql://reader@localhost/db": (2, 2),
    "purge --before 2024-01-01": (2, 1),
    "accept 2024-09-30 --reason meldt": (2, 2),
    "withdraw fravaer_2024-09-30.csv --reason feil": (2, 2),
}


@pytest.mark.parametrize("words", EXIT_CODES)
def test_exit_codes(home: Home, tmp_path: Path, words: str) -> None:
    found = []
    for folder in (tmp_path / "elsewhere", home.root):
        result = CliRunner().invoke(main, [*words.split(), "--home", str(folder)])
        # A refusal is told on stderr alone; only `status` says on stdout what is stale.
        assert bool(result.stderr) == (result.exit_code != 0 and not (words == "status" and folder == home.root)), result.output
        found.append(result.exit_code)
    assert tuple(found) == EXIT_CODES[words]


@pytest.mark.parametrize(
    "words", ["accept 2024-09-30 --reason meldt", "withdraw a.csv --reason feil", "purge --before 2024-01-01"]
)
def test_a_command_that_writes_is_refused_beside_a_run(home: Home, words: str) -> None:
    with writer_lock(home):
        result = CliRunner().invoke(main, [*words.split(), "--home", str(home.root)])
    assert (result.exit_code, "another run is writing here" in result.stderr) == (1, True), result.output


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (Refused("stillinger mangler"), 1, "stillinger mangler\n"),
        (UsageError("ingen slik tabell"), 2, "ingen slik tabell\n"),
        (ProgramFault("to sannheter"), 1, ProgramFault("to sannheter").as_text() + "\n"),
        (PermissionError(13, "Permission denied", "ut.csv"), 1, "ut.csv: Permission denied; see that the folder is there"),
    ],
)
def test_what_becomes_of_a_refusal(raised: Exception, code: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends() -> None:
        raise raised

    monkeypatch.setattr("orchestration.commands.arrivals.command", click.Command("arrivals", callback=ends))
    result = CliRunner().invoke(main, ["arrivals"])
    assert (result.exit_code, result.stdout, result.stderr.startswith(told)) == (code, "", True), result.stderr


def test_a_terminal_that_cannot_show_a_character_shows_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The narrow space between thousands is no character of Latin-1."""
    says = click.Command("arrivals", callback=lambda: click.echo("1\u202f879 årsverk"))
    monkeypatch.setattr("orchestration.commands.arrivals.command", says)
    result = CliRunner(charset="latin-1").invoke(main, ["arrivals"])
    assert (result.exit_code, result.stdout) == (0, "1?879 årsverk\n")


def test_words_in_another_encoding_than_the_terminal_s_are_wrong_usage(home: Home) -> None:
    latin = b"org_level=tjenesteomr\xe5de".decode("utf-8", "surrogateescape")
    result = CliRunner().invoke(main, ["history", "--home", str(home.root), "sick_leave_by_unit", latin])
    assert (result.exit_code, result.stdout) == (2, "") and "terminal" in result.stderr and "\\udce5" in result.stderr


@pytest.mark.parametrize(
    "words", ["", "tracer", "trace --sideways", "purge", "purge --before x", "run --as-of x", "release", "demo --seed x"]
)
def test_wrong_usage(words: str) -> None:
    assert CliRunner().invoke(main, words.split()).exit_code == 2


def test_verify_ends_with_1_where_it_finds_something(home: Home) -> None:
    home.root.chmod(0o755)
    result = CliRunner().invoke(main, ["verify", "--home", str(home.root)])
    assert (result.exit_code, result.stdout) == (1, "") and "0755 in place of 0711" in result.stderr
