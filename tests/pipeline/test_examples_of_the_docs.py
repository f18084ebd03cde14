"""Every example command of README.md, AGENTS.md, docs/ and the help pages is run on a published home, or named here as not run.
Not here: what the commands do (the other tests).
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from tests.building import settings_with
from tests.builds import Builds, Built, night_without_dbt
from tests.municipalities.by_hand import Municipality
from tests.municipalities.files import header_line, write_lines
from warehouse.paths import SETTINGS_VARIABLE, Home
from warehouse.publication import current_publication

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "AGENTS.md", *sorted((ROOT / "docs").glob("*.md"))]
AS_OF = date(2024, 1, 31)
# First words of a line that are commands of a server or of the shell, and why they are not run here.
NOT_RUN = {
    "make": "a test looks for each target in the Makefile",
    "docker": "needs an engine",
    "git": "clones from an address that is the reader's",
    "install": "changes the machine",
    "apt-get": "changes the machine",
    "htpasswd": "changes the machine",
    "chown": "changes the machine",
    "sed": "names a file by the hash that the reader has found",
    "arsverk status --all": "needs municipalities (tests/pipeline/test_municipalities.py)",
    "arsverk restore": "needs a backup (tests/pipeline/test_backup.py)",
    "psql": "sets up a server",
    "arsverk copy": "needs a server: make postgres",
    "arsverk demo": "minutes of work that the demo's own tests do",
}
# First words of commands that make a whole night again, as other tests do: run by `make exhaustive`.
WHOLE_NIGHTS = ("run", "reproduce")
# First words of lines that are no commands.
PICTURES = (
    "folders = ",
    "landing/",
    "sources/",
    "warehouse/",
    "dbt_project/",
    "orchestration/",
    "tests/",
    "arsverk.toml",
    "publication,",
)
# A publication as the documents write one down.
SOME_PUBLICATION = re.compile(r"\b\d{4}-\d{2}-\d{2}_\d{8}T\d+_\w+")
# Folders of a server → those of the reader here.
FOLDERS = {"/srv/arsverk-landing": "data/landing", "/srv/arsverk": "data"}
# The extract date that the documents tell of.
SOME_DAY = "2024-09-30"
# Exit code 1 is the answer here: nothing had been published by that day.
BEFORE_ANYTHING = "--on 2024-"
# So it is here: the figures count to a date of 2024, and are therefore stale.
STALE = "status"


@dataclass(frozen=True)
class Example:
    """A line of a document that a reader can type, or a block of Python or SQL; `where` names document and line."""

    where: str
    text: str
    language: str = "shell"

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)


def blocks_of(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """The fenced and the indented blocks of a document: line number, language if it is said, lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        line, before = lines[number], lines[number - 1] if number else ""
        first = number
        if line.startswith("```"):
            number = next(n for n in range(first + 1, len(lines)) if lines[n].startswith("```"))
            yield first + 2, line[3:].strip(), lines[first + 1 : number]
        elif line.startswith("    ") and (not before.strip() or before.startswith("#")):
            while number < len(lines) and (lines[number].startswith("    ") or not lines[number].strip()):
                number += 1
            yield first + 1, "", [text[4:] for text in lines[first:number] if text.strip()]
        number += 1


def examples_of(path: Path) -> Iterator[Example]:
    """The examples of a document, those within its sentences too; what has a placeholder is no example but a rule."""
    name = path.relative_to(ROOT).as_posix()
    for number, language, lines in blocks_of(path):
        if language in ("python", "sql") or lines[0].startswith(("import ", "from ", "select ")):
            kind = language or ("sql" if lines[0].startswith("select") else "python")
            yield Example(f"{name}:{number}", "\n".join(lines), kind)
        else:
            for place, line in enumerate(lines):
                if not line.startswith(PICTURES) and not line.startswith(" "):
                    yield Example(f"{name}:{number + place}", line)
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"`((?:\.venv/bin/)?(?:arsverk|make|python)(?: [^`]+)?)`", text):
        span = " ".join(found.group(1).split())
        # A command without more is its name in a sentence.
        if (span.startswith("make") or len(span.split()) > 2) and not re.search(r"…|\[|\b[A-Z]{2,}\b", span):
            yield Example(f"{name}:{text[: found.start()].count(chr(10)) + 1}", span)


def examples_of_help() -> Iterator[Example]:
    """The indented command lines of every command's help page."""
    for name in main.list_commands(click.Context(main)):
        page = CliRunner().invoke(main, [name, "--help"]).output
        for line in page.splitlines():
            if line.startswith("    arsverk "):
                yield Example(f"arsverk {name} --help", line.strip())


EXAMPLES = [*(example for path in DOCUMENTS for example in examples_of(path)), *examples_of_help()]


def command_of(example: Example) -> list[str] | None:
    """The words behind `arsverk`, or None for what is not run here."""
    words = example.words
    if words[0].removeprefix(".venv/bin/") != "arsverk":
        return None
    if {" ".join(["arsverk", *words[1:2]]), " ".join(["arsverk", *words[1:3]])} & NOT_RUN.keys():
        return None
    return words[1 : words.index(">") if ">" in words else None]


def commands() -> list[str]:
    """The commands to run, each once."""
    found = [command_of(example) for example in EXAMPLES if example.language == "shell"]
    return sorted({shlex.join(words) for words in found if words})


def deliver(landing: Path, extract_date: date = AS_OF) -> None:
    """A municipality of which the documents' examples are true: its code, the area Velferd, the years, two printed figures."""
    made = Municipality()
    made.unit("100000", "kommune", name="Asker kommune")
    for area, units in {"Velferd": ("V1", "V2"), "Oppvekst": ("O1", "O2")}.items():
        made.unit(area[0], "tjenesteområde", "100000", name=area)
        for unit in units:
            made.unit(unit, "virksomhet", area[0])
            for n in range(25):
                person = f"{unit}-{n}"
                made.person(person, "KM"[n % 3 == 0])
                made.position(person, unit, first="01.01.2022")
                made.absence(person, "Sykmelding", f"{n + 1:02}.03.2023", f"{n + 1:02}.04.2023")
    made.absence("V1-1", "Egenmelding", "03.01.2022", "04.01.2022")
    made.deliver(landing, extract_date)
    header = header_line("publiserte_tall", without=("counted_to", "compared_with", "kind")).replace(";", ",")
    figure = "{},Rapport,3/24,2024-01-01,,payroll,sick_leave_percent,2023,kommune,Asker kommune,,,,,,,,,9.0,percent,1,"
    lines = [figure.format(name) for name in ("SYK2023-001", "SYK2023-021")]
    write_lines(landing / "publiserte_tall_2024-01-01.csv", header, lines)


@pytest.fixture(scope="module")
def published(builds: Builds) -> Built:
    return builds.built(deliver, night_without_dbt)


@pytest.fixture
def here(published: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The working folder of a reader: the home is ./data, as the commands have it by default."""
    home = published.copy(tmp_path)
    home.root.rename(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    # A chapter that what is served does not have: else a release would find nothing new.
    settings_with(tmp_path, release='"monthly"', report='{ chapters = ["full_time"] }')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "arsverk.toml"))
    return Home(tmp_path / "data")


def test_the_documents_have_examples_and_each_is_known() -> None:
    assert len(EXAMPLES) > 30
    assert {example.language for example in EXAMPLES} >= {"shell", "python"}
    unknown = [
        example
        for example in EXAMPLES
        if example.language == "shell"
        and command_of(example) is None
        and not {example.words[0], " ".join(example.words[:2]), " ".join(example.words[:3])} & NOT_RUN.keys()
        and not example.words[0].endswith("python")
    ]
    assert unknown == []


@pytest.mark.usefixtures("without_dbt")
@pytest.mark.parametrize(
    "command",
    [pytest.param(one, marks=[pytest.mark.exhaustive] if one.startswith(WHOLE_NIGHTS) else []) for one in commands()],
)
def test_an_example_command_does_what_it_says(here: Home, command: str) -> None:
    publication = current_publication(here)
    assert publication
    words = shlex.split(SOME_PUBLICATION.sub(publication, command).replace(SOME_DAY, str(AS_OF)))
    done = CliRunner().invoke(main, [FOLDERS.get(word, word) for word in words])
    assert done.exit_code == (1 if BEFORE_ANYTHING in command or command.startswith(STALE) else 0), done.output


@pytest.mark.parametrize(
    "example", [example for example in EXAMPLES if example.language == "python"], ids=lambda made: made.where
)
def test_an_example_in_python_finds_rows(here: Home, example: Example) -> None:
    """The last line is an expression whose value a reader looks at."""
    *statements, last = ast.parse(example.text).body
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), example.where, "exec"), names)
    assert eval(compile(ast.Expression(last.value), example.where, "eval"), names)


# What readers' drivers are built on; the newest is that of the house.
DUCKDB_VERSIONS = ("1.0.0", "1.1.0", "1.4.0", "1.5.0", "2.0.0")
# Runs each example as the last test does, asks by every form of a name, and reconnects to a link that leads elsewhere by then.
READER = """
import ast, json, os, sys
import duckdb

told = json.load(sys.stdin)
assert duckdb.__version__ == told["version"], duckdb.__version__
for text in told["python"]:
    *statements, last = ast.parse(text).body
    names = {}
    exec(compile(ast.Module(statements, []), "example", "exec"), names)
    assert eval(compile(ast.Expression(last.value), "example", "eval"), names), text
    names.clear()
con = duckdb.connect("data/publish/marts.duckdb", read_only=True)
for text in told["sql"]:
    assert con.execute(text).fetchall(), text
for table in told["tables"]:
    counts = {con.execute(f"select count(*) from {form}{table}").fetchone() for form in ("", "main.", "marts.", "marts.main.")}
    assert len(counts) == 1, table
os.symlink("one.duckdb", "link")
kept = duckdb.connect("link", read_only=True)
os.symlink("two.duckdb", "next")
os.replace("next", "link")
seen = []
for path in ("link", os.path.realpath("link")):
    with duckdb.connect(path, read_only=True) as new:
        seen += new.execute("from t").fetchone()
print(*seen)
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("version", DUCKDB_VERSIONS)
def test_examples_and_names_hold_in_every_duckdb(here: Home, tmp_path: Path, version: str) -> None:
    wheel = tmp_path / "wheel"
    install = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--target", str(wheel)]
    subprocess.run([*install, f"duckdb=={version}"], check=True)
    for name in ("one", "two"):
        with duckdb.connect() as con:
            con.execute(f"attach '{tmp_path / name}.duckdb' as made (storage_version 'v1.0.0')")
            con.execute(f"create table made.t as select '{name}'")
    with duckdb.connect(str(here.served_database), read_only=True) as con:
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
    told = {
        "version": version,
        "tables": tables,
        **{kind: [example.text for example in EXAMPLES if example.language == kind] for kind in ("python", "sql")},
    }
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input=json.dumps(told),
        env={**os.environ, "PYTHONPATH": str(wheel)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # Up to 1.4 a process that keeps a connection open goes on with the old file; by the file's own name it gets the new one.
    assert done.stdout.split() == ["one" if version < "1.5" else "two", "two"]


def test_an_example_in_sql_finds_rows(here: Home) -> None:
    for example in EXAMPLES:
        if example.language == "sql":
            with duckdb.connect(str(here.served_database), read_only=True) as con:
                assert con.execute(example.text).fetchall(), example.where


def test_every_target_and_folder_that_is_named_exists() -> None:
    targets = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for example in EXAMPLES:
        if example.language != "shell":
            continue
        for words in (part.split() for part in re.split("&&", example.text.partition("#")[0])):
            if words[0] == "make":
                assert words[-1] in targets or words[-1].startswith(".venv"), example.where
            if words[0].endswith("python"):
                assert words[1:3] == ["-m", "pytest"], example.where
                assert all((ROOT / word).exists() for word in words[3:]), example.where
