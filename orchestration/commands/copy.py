"""`arsverk copy`: the publication that is served, into a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, show_progress


@click.command("copy")
@click.argument("address", metavar="postgresql://USER@HOST/DB")
@home_option
@click.option("--schema", default="marts", show_default=True, help="The schema to fill; it belongs to the copy alone.")
def command(address: str, home_folder: Path, schema: str) -> None:
    """Copy the publication that is served into a PostgreSQL database.

    All tables and views come with their comments. They are loaded beside the old ones, compared with the publication (rows,
    values, sums) and swapped in by one short transaction: a reader waits half a second at most, and never sees some tables old
    and some new. A view of the publication is a table in the copy. The password is taken from PGPASSWORD or ~/.pgpass, never
    from the address.

    \b
    For instance:
      arsverk copy postgresql://arsverk@db.kommune.example/hr

    Prints what is done with the seconds since it began, last the publication with its tables and rows. `[copy]` in the
    settings makes every night do it.

    \b
    Exit codes: 0 copied
                1 not copied: the server cannot be reached or forbids it, or the schema is not the copy's; what it held stays
                2 wrong usage, an address with a password for instance
    """
    from warehouse.postgresql import copy_publication, stop_unless_usable

    home = existing(home_folder)
    stop_unless_usable(address, schema)
    show_progress("copying")
    copied = copy_publication(home, address, schema)
    assert copied is not None
    click.echo(f"Copied {copied.publication_id}: {copied.tables} tables, {copied.rows} rows, {copied.seconds:.1f} s")
