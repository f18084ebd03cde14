"""`arsverk purge`: archived person data removed by date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from orchestration.commands.common import IsoDate, existing, home_option


@click.command("purge")
@home_option
@click.option("--before", type=IsoDate(), required=True, help="Remove the person data of extracts before this date.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def command(home_folder: Path, before: date, dry_run: bool) -> None:
    """Remove archived person data for good, by retention policy.

    Removes the archived files with person data, and the quarantine reports, of extracts before the date, except what the
    current publication was made of and what is newer than it, and what broken-off runs have left. The ledger, all hashes,
    the publications and files without person data stay. The ledger records the purge; `arsverk reproduce` then says which
    input is gone.

    \b
    For instance:
      arsverk purge --before 2023-01-01 --dry-run

    Prints a line for each file with its hash and extract date, then how many were removed.

    \b
    Exit codes: 0 removed, or nothing to remove
                1 nothing is published yet, or another run is writing here
                2 wrong usage
    """
    from warehouse.purge import purge

    home = existing(home_folder)
    taken = purge(home, before, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    for arrival in taken.arrivals:
        click.echo(f"{verb} {arrival.file_name} ({arrival.sha256}), extract of {arrival.extract_date}")
    for path in taken.other_files:
        click.echo(f"{verb} {path.relative_to(home.root)}")
    click.echo(f"{verb} {len(taken.arrivals)} archived files and {len(taken.other_files)} others")
    if taken.still_landed:
        names = ", ".join(arrival.file_name for arrival in taken.still_landed)
        click.echo(f"the landing folder is only read; whoever delivers there has to remove {names}")
