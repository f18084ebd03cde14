"""`arsverk restore`: a home made of a backup."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import home_option, show_counter
from warehouse.errors import Refused
from warehouse.paths import Home


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@home_option
def command(folder: Path, home_folder: Path) -> None:
    """Make a home of the backup in DIR, and verify it.

    Every file is compared with its hash in backup.json first. The home must be a new or empty folder. Afterwards the home is
    verified as `arsverk verify` does it. The settings file lies in DIR and stays there. The pseudonym key is not in a backup:
    when it is not there yet, the last lines say what is lost without it.

    \b
    For instance:
      arsverk restore backup-2024-09-30 --home restored

    Prints when the backup was made and by which code, the publication that is served, and whether all is as it was written.

    \b
    Exit codes: 0 restored, and as it was written
                1 a file of the backup is missing or changed: nothing is restored; or verifying found something
                2 wrong usage: DIR is no backup, or the home is not empty
    """
    from warehouse.backup import LOST_WITHOUT_KEY, restore
    from warehouse.pseudonym import key_problem
    from warehouse.publication import code_version
    from warehouse.verify import verify

    home = Home(home_folder.resolve())
    record = restore(folder, home, show_counter)
    show_counter("")
    click.echo(f"{home_folder}: restored as it was {record['made_at']}; served in it: {record['publication_id'] or 'nothing'}")
    if record["code_version"] != code_version():
        click.echo(f"note: the backup was made by code {record['code_version']}, this is {code_version()}")
    found = verify(home, show_counter)
    show_counter("")
    if key_problem(home):
        click.echo(f"note: {LOST_WITHOUT_KEY}")
    if found:
        raise Refused("\n".join(found))
    click.echo("archive, ledger and publications are as they were written")
