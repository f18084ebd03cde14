"""`arsverk reproduce`: a past publication built again and compared."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, must_not_be_own, settings_option, show_progress
from warehouse.errors import Refused, UsageError


@click.command("reproduce")
@home_option
@settings_option
@click.argument("publication")
@click.option(
    "--cells",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Write every differing value to this CSV: table, cell, column, then, now.",
)
def command(home_folder: Path, settings_file: Path | None, publication: str, cells: Path | None) -> None:
    """Build a past publication again from the archive and compare it table by table.

    PUBLICATION is an id of `arsverk history`. Its files, as-of date and settings are those it recorded, the code is today's:
    check out the code version it names to see whether only the code makes a difference. The work is done in a folder of its
    own; nothing else below the home folder is touched.

    \b
    For instance:
      arsverk reproduce 2024-01-31_20240201T010205123456_1a2b3c4d --cells cells.csv

    Prints that every table is identical, or what is not as it was then, the tables that differ and their first cells.

    \b
    Exit codes: 0 every table is identical
                1 tables differ, or it cannot be built: which cells, and what is not as it was then
                2 wrong usage: no such publication, or no place for CELLS
    """
    from orchestration.reproduce import reproduce
    from warehouse.compare import write_cells
    from warehouse.ledger import find_publication
    from warehouse.settings import DEFAULT_FILE, read_settings

    home = existing(home_folder)
    must_not_be_own(home, cells)
    if cells and not cells.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {cells.parent} for {cells.name}")
    entry = find_publication(home, publication)
    show_progress("building again")
    made = reproduce(home, entry, read_settings(settings_file or DEFAULT_FILE))
    for reason in made.reasons:
        click.echo(f"not as it was then: {reason}")
    if made.is_identical:
        click.echo(f"{publication}: every table is identical")
        return
    if cells:
        write_cells(cells, made.tables)
    raise Refused("\n".join([f"{publication} is not reproduced", *made.lines()]))
