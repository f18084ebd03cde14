"""`arsverk report`: the papers of a publication, made again from its served tables."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, must_not_be_own
from warehouse.errors import Refused


@click.command("report")
@click.option("--publication", "publication_id", metavar="ID", help="An id of `arsverk history`.  [default: the served one]")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("arsverk-report"),
    show_default="./arsverk-report",
    help="Folder to write into; files of the same names in it are replaced.",
)
@home_option
def command(publication_id: str | None, out: Path, home_folder: Path) -> None:
    """Make the report of a publication, from its served tables alone.

    HTML with a page for each chapter and unit (report/index.html), the same as PDF (report/rapport.pdf), and the workbook. The
    night writes the same into the publication; this is for another folder, or for a past publication.

    \b
    For instance:
      arsverk report --out moetepapirer

    Prints the files to open. The same publication gives the same bytes.

    \b
    Exit codes: 0 written
                1 refused: nothing is published, it was thinned out, or a paper cannot be made
                2 wrong usage: no such publication, or a folder among the house's own
    """
    from warehouse.papers import write_papers_to
    from warehouse.publication import publication_folder

    home = existing(home_folder)
    must_not_be_own(home, out)
    folder = publication_folder(home, publication_id)
    failed = write_papers_to(folder.resolve(), out)
    for path in sorted(out.glob("*")):
        click.echo(path / "index.html" if path.is_dir() else path)
    if failed:
        raise Refused("\n".join(failed))
