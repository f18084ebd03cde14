"""How papers come into a publication's folder, and how one that fails does not. Not here: what stands in them."""

from __future__ import annotations

import logging
import os
import shutil
import signal
from pathlib import Path

import pytest

from orchestration.dbt import load_manifest
from tests.building import ROOT
from tests.builds import Built
from warehouse import papers
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.papers import Paper, write_papers
from warehouse.publish import publish
from warehouse.verify import verify


def report(publication: Path, target: Path) -> None:
    (target / "report").mkdir()
    rows = ", ".join(path.name for path in sorted(publication.iterdir()) if path.is_file())
    (target / "report" / "index.html").write_text(rows, encoding="utf-8")


def breaks_off(publication: Path, target: Path) -> None:
    (target / "half.txt").write_text("half", encoding="utf-8")
    raise RuntimeError("no fonts on this machine")


def overwrites(publication: Path, target: Path) -> None:
    (target / "rows.txt").write_text("other rows", encoding="utf-8")


@pytest.fixture(autouse=True)
def _found_by_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The papers of these tests are written in processes that know the installed code alone."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.usefixtures("all_cores")
def test_a_paper_comes_whole_or_not_at_all(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "arsverk")
    (tmp_path / "rows.txt").write_text("served rows", encoding="utf-8")
    tried = [Paper("the first", breaks_off), Paper("the second", overwrites), Paper("the report", report)]
    assert write_papers(tmp_path, tried) == [
        "the first could not be made: RuntimeError: no fonts on this machine",
        "the second could not be made: FileExistsError: the publication has rows.txt already",
    ]
    found = {
        str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()
    }
    assert found == {"rows.txt": "served rows", "report/index.html": "rows.txt"}
    # Where it broke off, for whoever mends it; it ran in another process.
    assert "in breaks_off" in caplog.text


def ends_its_process(publication: Path, target: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("all_cores")
def test_a_paper_whose_process_is_killed_stops_no_other(tmp_path: Path) -> None:
    (failed,) = write_papers(tmp_path, [Paper("the first", ends_its_process), Paper("the report", report)])
    assert failed.startswith("the first could not be made: ChildProcessError: the first was killed or out of memory")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_papers_are_recorded_linked_and_verified(small_night: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a paper is one name beside the pointer; verify knows each file in it."""

    copy = small_night.copy(tmp_path)
    monkeypatch.setattr(papers, "PAPERS", (Paper("the first", breaks_off), Paper("the report", report)))
    warnings: list[str] = []
    shutil.copy(copy.warehouse_database, copy.build_database)
    with connect(copy.build_database, small_night.settings) as con:
        con.execute("update raw.publication set publication_id = '2024-09-30_with_papers'")
    publish(copy, small_night.settings, tables_of(load_manifest()), warnings.append)
    assert warnings == ["the first could not be made: RuntimeError: no fonts on this machine"]
    assert (copy.publish / "report").readlink() == Path("current/report")
    page = copy.publish / "report" / "index.html"
    assert "sick_leave_by_unit.parquet" in page.read_text(encoding="utf-8")
    assert verify(copy) == []
    page.chmod(0o644)
    page.write_text("another figure", encoding="utf-8")
    page.chmod(0o444)
    more = copy.current / "report" / "more.html"
    more.touch()
    more.chmod(0o444)
    assert sorted(line.split(": ", 1)[1].split(":")[0] for line in verify(copy)) == [
        "report/index.html is changed",
        "report/more.html does not belong to it",
    ]
