"""A home of every version before this one is read by every command and run on. tests/released has them, two nights each of
tests/municipalities/by_hand.py: made by the code of that version, never by this one.
"""

from __future__ import annotations

import tarfile
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration import __version__
from orchestration.reproduce import reproduce
from orchestration.run import run_night
from tests.building import settings_with
from tests.command import arsverk, arsverk_here
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
from warehouse.errors import Refused
from warehouse.history import publications
from warehouse.ledger import read_ledger
from warehouse.paths import Home
from warehouse.publication import code_version, current_publication
from warehouse.verify import verify

ROOT = Path(__file__).parents[2]
RELEASED = sorted((ROOT / "tests" / "released").glob("*.tar.xz"))
NOVEMBER = date(2024, 11, 30)


@pytest.fixture(params=RELEASED, ids=lambda path: path.name.removesuffix(".tar.xz"))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="fully_trusted")
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_every_version_before_this_one_is_kept_and_described() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    described = [line.removeprefix("## ") for line in changes.splitlines() if line.startswith("## ")]
    assert described[0] == __version__
    assert sorted(described[1:]) == [path.name.removesuffix(".tar.xz") for path in RELEASED]


def test_the_version_is_said() -> None:
    done = arsverk("--version")
    assert done.returncode == 0 and done.stdout.strip() == f"arsverk {__version__} ({code_version()})"


def test_what_an_earlier_version_wrote_is_read(old: Home) -> None:
    first, last = publications(old)
    assert last.is_current and first.was_served and verify(old) == []
    before = first.entry.publication_id
    for words, expected in [
        (("history",), before),
        (("history", "org_units", "org_unit_code=1000"), "parent_code"),
        (("trace", "org_units", "org_unit_code=1000"), "All of them: --rows"),
        (("trace", "sick_leave_by_unit", "period=2024", "org_level=kommune", "--restricted", "--who", "K"), "fravaer"),
        (("attack",), f"together with {before}"),
        (("attack", before), before),
        (("arrivals",), "served"),
        (("verify",), "are as they were written"),
    ]:
        done = arsverk_here(*words, "--home", old.root)
        assert done.returncode == 0 and expected in done.stdout, (words, done.stderr)
    # What was not made then is no table and no traceback.
    done = arsverk_here("trace", "workforce_by_unit", "org_unit_code=1000", "--home", old.root)
    assert done.returncode == 2 and done.stderr.startswith("there is no table workforce_by_unit")


@pytest.mark.usefixtures("without_dbt")
def test_the_next_night_compares_with_what_an_earlier_version_published(old: Home, tmp_path: Path) -> None:
    settings_with(tmp_path)
    write_delivery(old.landing, small_delivery(), extract_date=NOVEMBER)
    before = current_publication(old)
    after = run_night(old, settings_file=tmp_path / "arsverk.toml", landing=None, as_of=None)
    assert after != before and verify(old) == []
    assert publications(old)[-1].entry.previous_publication == before
    done = arsverk_here("history", "sick_leave_by_unit", "period=2024", "org_level=kommune", "--home", old.root)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3


@pytest.mark.exhaustive
def test_an_earlier_publication_is_built_again_and_compared(old: Home, tmp_path: Path) -> None:
    made = reproduce(old, publications(old)[0].entry, settings_with(tmp_path))
    assert made.impossible == [] and any(reason.startswith("code: it was made by") for reason in made.reasons)


def test_a_restricted_database_that_lacks_what_trace_needs_is_refused_in_one_sentence(old: Home) -> None:
    with duckdb.connect(str(old.warehouse_database)) as con:
        con.execute("alter table raw.organisasjon rename to organisation")
    done = arsverk("trace", "org_units", "org_unit_code=1000", "--home", old.root)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("warehouse.duckdb was made by sha256:") and "run the night again" in done.stderr


def test_a_ledger_of_another_version_is_refused_in_one_sentence(old: Home) -> None:
    text = old.ledger.read_text(encoding="utf-8")
    old.ledger.write_text(text.replace('"accepted_restatement": null, ', ""), encoding="utf-8")
    with pytest.raises(Refused, match="another version of the program wrote it; go back to that version"):
        read_ledger(old)
