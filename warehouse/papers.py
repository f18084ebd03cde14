"""The papers of a publication: files for people, made of its served tables and put beside them, as the workbook and the report.
Not here: what stands in a paper (a module each), or when the pointer moves (publish.py).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.workbook import write_workbook

UNFINISHED_PAPER = ".paper"

log = logging.getLogger("arsverk")


@dataclass(frozen=True)
class Paper:
    """A paper and what writes it.

    `write(publication, target)` reads `marts.duckdb` (read-only) or the Parquet files of the folder `publication`, and writes
    files and folders into the empty folder `target`; when it returns they are put into the publication under the same names.
    It reads nothing else: what is not served stands in no paper, and a past publication gives its paper again. The same
    publication must give the same bytes, so no clock: the table `publication` has the date. It may raise whatever it likes.
    Heavy libraries are imported inside it.
    """

    name: str
    write: Callable[[Path, Path], None]


# In the order in which they are written.
PAPERS: tuple[Paper, ...] = (Paper("the workbook arsverk.xlsx", write_workbook),)


def write_papers(publication: Path, papers: Sequence[Paper] | None = None) -> list[str]:
    """Write each paper into the folder of a publication whose tables are written and to which no pointer leads yet.

    A paper comes whole or not at all, and stops neither the others nor the night.

    Args:
        papers: those to write; `PAPERS` when left out.

    Returns:
        A line for each paper that could not be made.
    """
    failed = []
    for paper in PAPERS if papers is None else papers:
        target = publication / UNFINISHED_PAPER
        target.mkdir()
        try:
            paper.write(publication, target)
            made = sorted(target.iterdir())
            if taken := [path.name for path in made if (publication / path.name).exists()]:
                raise FileExistsError(f"the publication has {', '.join(taken)} already")
            for path in made:
                path.rename(publication / path.name)
        except Exception as error:  # whatever goes wrong in it: the tables are what the night is for
            log.debug("%s", paper.name, exc_info=True)
            failed.append(f"{paper.name} could not be made: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(target, ignore_errors=True)
    return failed
