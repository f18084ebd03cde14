"""`arsverk verify`: archive, ledger and publications against their recorded hashes."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import Counter, existing, home_option, show_counter
from warehouse.errors import Refused


@click.command("verify")
@home_option
def command(home_folder: Path) -> None:
    """Compare archive, ledger and publications with their recorded hashes.

    Names every file that is changed or missing, every changed or missing entry of the ledger, links that lead elsewhere,
    databases that cannot be read, and files with a wrong mode; and what helps.

    \b
    For instance:
      arsverk verify --home /srv/arsverk

    Prints how many parts are as they were written, and the head of the ledger: a hash that stands for all of it. Kept
    somewhere else, it shows whether the ledger has been replaced whole.

    \b
    Exit codes: 0 all is as it was written
                1 something differs; a line each
                2 wrong usage
    """
    from warehouse.ledger import head, read_ledger
    from warehouse.verify import verify

    home, counter = existing(home_folder), Counter()
    found = verify(home, counter)
    show_counter("")
    if found:
        raise Refused("\n".join(found))
    click.echo(f"{counter.counted} parts of ledger, archive and publications are as they were written")
    entries = read_ledger(home)
    click.echo(f"head of the ledger after {len(entries)} entries: {head(entries)}")
