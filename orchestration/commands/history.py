"""`arsverk history`: the publications, and a cell as each of them served it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.commands.common import IsoDate, existing, home_option
from warehouse.errors import UsageError

if TYPE_CHECKING:
    from warehouse.history import Publication


@click.command("history")
@home_option
@click.argument("table", required=False)
@click.argument("cell", nargs=-1, metavar="[COLUMN=VALUE]...")
@click.option(
    "--on",
    "day",
    type=IsoDate(),
    default=None,
    help="Only the publication that was current at the end of this day in Norway.  [default: every publication]",
)
@click.option("--measure", default=None, help="Only this measure.  [default: all of the table]")
def command(home_folder: Path, table: str | None, cell: tuple[str, ...], day: date | None, measure: str | None) -> None:
    """List the publications, or print a cell as it was served.

    Without TABLE: every publication with its as-of date, when it was published, whether it was served and by which code.
    With TABLE and COLUMN=VALUE: that cell in every publication, oldest first, a line each with when it was published and its
    measures. Name the cell as for `arsverk trace`, by its columns or by labels such as org_unit_name.

    \b
    For instance:
      arsverk history
      arsverk history sick_leave_by_unit period=2023 org_level=kommune --measure sick_leave_percent

    \b
    Exit codes: 0 printed
                1 nothing had been published by then
                2 wrong usage: no such table, column, measure or value, or several cells are meant
    """
    from warehouse.cells import parse_conditions
    from warehouse.history import as_served, publications, served_on
    from warehouse.numbers import printed

    home = existing(home_folder)
    if table is None:
        if measure:
            raise UsageError("--measure needs a TABLE and COLUMN=VALUE")
        listed = [served_on(home, day)] if day else publications(home)
        for publication in listed:
            click.echo(_publication_lines(publication))
        if not listed:
            click.echo("nothing has been published yet")
        return
    for served in as_served(home, table, parse_conditions(cell), day=day, measure=measure):
        values = "; ".join(f"{name} = {printed(value)}" for name, value in (served.measures or {}).items())
        text = ": ".join(part for part in (served.note, values) if part)
        entry = served.publication.entry
        click.echo(f"{entry.published_at} UTC  as of {entry.as_of}  {entry.publication_id}  {text}")


def _publication_lines(publication: Publication) -> str:
    entry = publication.entry
    state = (
        "served now" if publication.is_current else "served" if publication.was_served else "never served: its run broke off"
    )
    if publication.thinned_at:
        state += f", thinned out {publication.thinned_at[:10]}"
    if publication.purged_inputs:
        state += f", {publication.purged_inputs} of {publication.inputs} input files purged"
    lines = [
        f"{entry.publication_id}  as of {entry.as_of}  published {entry.published_at} UTC  {state}",
        f"  code {entry.code_version}  inputs {entry.inputs_sha256}",
    ]
    if entry.accepted_restatement:
        lines.append(f"  accepted: {entry.accepted_restatement}")
    return "\n".join(lines)
