"""Where commands take home, landing folder and settings from, and what they say of an empty home.
Not here: what they do with a publication.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from tests.building import settings_with


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


@pytest.mark.parametrize(
    "words",
    ["trace org_units", "attack", "report", "superset", "copy postgresql://reader@localhost/db", "purge --before 2024-01-01"],
)
def test_a_command_that_needs_a_publication_is_refused_where_there_is_none(tmp_path: Path, words: str) -> None:
    (tmp_path / "home").mkdir()
    result = CliRunner().invoke(main, [*words.split(), "--home", str(tmp_path / "home")])
    assert (result.exit_code, "nothing is published" in result.stderr) == (1, True), result.output
