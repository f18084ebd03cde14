"""`arsverk trace`: from a served cell back to the rows of the delivered files."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.commands.common import existing, home_option, must_not_be_own
from warehouse.errors import UsageError

if TYPE_CHECKING:
    from warehouse.trace.lineage import Lineage

OUTPUT = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
STDOUT = Path("-")


@click.command("trace")
@click.argument("table", required=False)
@click.argument("cell", nargs=-1, metavar="[COLUMN=VALUE]...")
@click.option("--measure", help="Trace this measure alone; without it all measures of the cell.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rows", "rows_file", type=OUTPUT, help="Write all source rows as CSV; - for stdout.")
@click.option("--html", "html_file", type=OUTPUT, help="Write a page to print and sign; - for stdout.")
@click.option("--restricted", is_flag=True, help="Trace a withheld cell too; each use is logged in trace.log.")
@click.option("--who", metavar="NAME", help="Who asks for a withheld cell; needed where the account is no person's.")
@click.option("--published", metavar="FIGURE_ID", help="Start from a printed figure (publiserte_tall).")
@home_option
def command(
    table: str | None,
    cell: tuple[str, ...],
    measure: str | None,
    as_json: bool,
    rows_file: Path | None,
    html_file: Path | None,
    restricted: bool,
    who: str | None,
    published: str | None,
    home_folder: Path,
) -> None:
    """From a served cell back to its source: value, formula, publication, and every row that makes it.

    Name one cell of a table by its columns, or by labels such as org_unit_name. The rows are all that make the number and only
    those: the same files cut down to the header and these rows give the same number again. Rows are numbered from 1, the first
    after the header.

    \b
    For instance:
      arsverk trace sick_leave_by_unit period=2023 org_level=kommune --measure sick_leave_percent
      arsverk trace full_time_by_unit source=payroll reference_date=2023-12-31 org_unit_name=Velferd --json
      arsverk trace --published SYK2023-001 --html syk2023-001.html
      arsverk trace --published SYK2023-001 --rows - > rows.csv

    Prints value, formula with its figures, definition, publication, and each file with its hash, roles and first rows. --html
    writes the same as a page in Norwegian, with room for signatures. Where one of them goes to stdout (-), the rest goes to
    stderr: the file of who asks by sudo is then written by his own shell, and his.

    \b
    Exit codes: 0 traced, or a printed figure that no cell gives, with the reason
                1 refused: the cell is withheld, or nothing is published
                2 wrong usage: no such table, column or value, not exactly one cell, or a file among the house's own
    """
    from warehouse.cells import as_words, parse_conditions
    from warehouse.trace.answer import Question, figure_cell, restricted_database, trace
    from warehouse.trace.report import as_json as to_json
    from warehouse.trace.report import as_text, figure_as_text, unmapped_as_json
    from warehouse.trace.restricted import asking_person

    if (table is None) == (published is None) or (published and (cell or measure)):
        raise UsageError("give a table and COLUMN=VALUE…, or --published FIGURE_ID alone; `arsverk trace --help` has examples")
    if rows_file == html_file == STDOUT:
        raise UsageError("rows and page cannot both go to stdout; name a file for one of them")
    person = asking_person(who) if restricted else None
    home = existing(home_folder)
    must_not_be_own(home, *(path for path in (rows_file, html_file) if path != STDOUT))
    with restricted_database(home) as con:
        figure: dict = {}
        if published:
            figure, question = figure_cell(con, published)
            if question is None:
                if html_file:
                    raise UsageError(
                        f"{published} is given by no cell, so there is nothing to show on a page; leave out --html"
                    )
                if rows_file:
                    raise UsageError(f"{published} is given by no cell, so there are no rows to write; leave out --rows")
                click.echo(unmapped_as_json(figure) if as_json else "\n".join(figure_as_text(figure)))
                return
        else:
            question = Question(table or "", parse_conditions(cell), measure)
        answer, lineage = trace(home, con, question, restricted_for=person)
        answer.figure = figure
        if rows_file:
            _write_rows(lineage, rows_file)
        if html_file:
            from warehouse.trace.sheet import as_html

            asked = f"--published {published}" if published else f"{question.table} {as_words(answer.cell)}"
            only = f" --measure {question.measure}" if question.measure and not published else ""
            _write_page(as_html(answer, f"arsverk trace {asked}{only}"), html_file)
        text = to_json(answer) if as_json else "\n".join(as_text(answer))
        click.echo(text, err=STDOUT in (rows_file, html_file))


def _write_rows(lineage: Lineage, path: Path) -> None:
    if path != STDOUT:
        lineage.write(path)
        return
    with tempfile.TemporaryDirectory(prefix="arsverk-rows-") as folder:
        lineage.write(Path(folder) / "rows.csv")
        with Path(folder, "rows.csv").open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


def _write_page(page: str, path: Path) -> None:
    from warehouse.paths import write_private

    if path == STDOUT:
        click.echo(page)
    else:
        # It is for whoever asked, who may pass it on; a withheld figure must not be read by others before that.
        write_private(path, page)
