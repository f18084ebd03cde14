"""The papers of a publication: files for people, made of its served tables and put beside them, as the workbook and the report.
Not here: what stands in a paper (a module each), or when the pointer moves (publish.py).
"""

from __future__ import annotations

import logging
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from warehouse.errors import Refused
from warehouse.machine import cores
from warehouse.workbook import write_workbook
from warehouse.workers import Processes

UNFINISHED_PAPER = ".paper"

log = logging.getLogger("arsverk")


@dataclass(frozen=True)
class Paper:
    """A paper and what writes it.

    `write(publication, target)` reads `marts.duckdb` (read-only) or the Parquet files of the folder `publication`, and what
    manifest.json there says of them, and writes files and folders into the empty folder `target`; when it returns they are put
    into the publication under the same names. It reads nothing else: what is not served stands in no paper, and a past
    publication gives its paper again. The same publication must give the same bytes, so no clock: the table `publication` has
    the date. It may raise whatever it likes, or return a line for each part that it had to leave out. It is a function of a
    module, for it runs in a process of its own where there are cores for that. Heavy libraries are imported inside it.
    """

    name: str
    write: Callable[[Path, Path], Sequence[str] | None]


def _report(publication: Path, target: Path) -> Sequence[str]:
    from warehouse.report.write import write_report

    return write_report(publication, target)


# In the order in which they are begun: the one that takes longest first.
PAPERS: tuple[Paper, ...] = (Paper("report", _report), Paper("the workbook arsverk.xlsx", write_workbook))


def write_papers(publication: Path, papers: Sequence[Paper] | None = None) -> list[str]:
    """Write each paper into the folder of a publication whose tables are written and to which no pointer leads yet.

    A paper comes whole or not at all, and stops neither the others nor the night.

    Args:
        papers: those to write; `PAPERS` when left out.

    Returns:
        A line for each paper, or part of one, that could not be made.
    """
    return _write(publication, publication, PAPERS if papers is None else papers, replace=False)


def write_papers_to(publication: Path, folder: Path) -> list[str]:
    """Write the papers of a finished publication into another folder, in place of those that are there already.

    Returns:
        A line for each paper that could not be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return _write(publication, folder, PAPERS, replace=True)


def _write(publication: Path, folder: Path, papers: Sequence[Paper], *, replace: bool) -> list[str]:
    """Each paper in a process of its own, as many at once as there are cores: they take longer than all tables do."""
    targets = [folder / f"{UNFINISHED_PAPER}{number}" for number in range(len(papers))]
    with Processes() as processes, ThreadPoolExecutor(cores()) as pool:
        if len(papers) > 1:
            processes.start()
        begun = [
            pool.submit(processes.call, paper.name, _write_one, paper, publication, target)
            for paper, target in zip(papers, targets, strict=True)
        ]
        failed = []
        for paper, target, written in zip(papers, targets, begun, strict=True):
            try:
                failed += _put_in_place(paper, written.result(), target, folder, replace=replace)
            except Exception as error:  # whatever goes wrong in it: the tables are what the night is for
                failed.append(_could_not_be_made(paper, error))
            finally:
                shutil.rmtree(target, ignore_errors=True)
    return failed


class _Written(NamedTuple):
    """What came of a paper: why it or parts of it could not be made, its seconds, and where in the program it broke off."""

    failed: list[str]
    seconds: float
    traceback: str


def _write_one(paper: Paper, publication: Path, target: Path) -> _Written:
    """Write a paper into a folder of its own; half of one is left empty."""
    target.mkdir()
    began, broke_off = time.monotonic(), ""
    try:
        failed = [f"{paper.name}: {left_out}" for left_out in paper.write(publication, target) or ()]
    except Exception as error:  # an error may not be fit to be sent to another process
        shutil.rmtree(target)
        failed = [_could_not_be_made(paper, error)]
        broke_off = "" if isinstance(error, Refused) else traceback.format_exc()
    return _Written(failed, time.monotonic() - began, broke_off)


def _put_in_place(paper: Paper, written: _Written, target: Path, folder: Path, *, replace: bool) -> list[str]:
    made = sorted(target.iterdir()) if target.exists() else []
    there = [folder / path.name for path in made if (folder / path.name).exists()]
    if there and not replace:
        raise FileExistsError(f"the publication has {', '.join(path.name for path in there)} already")
    for path in there:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in made:
        path.rename(folder / path.name)
    if made:
        log.info("papers: %s in %.1f s", paper.name, written.seconds)
    if written.traceback:
        log.info("papers: %s broke off:\n%s", paper.name, written.traceback)
    return written.failed


def _could_not_be_made(paper: Paper, error: Exception) -> str:
    reason = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
    return f"{paper.name} could not be made: {reason}"
