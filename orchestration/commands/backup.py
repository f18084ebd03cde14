"""`arsverk backup`: a consistent copy of the home."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import Counter, existing, home_option, settings_option, show_counter


@click.command("backup")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@home_option
@settings_option
def command(folder: Path, home_folder: Path, settings_file: Path | None) -> None:
    """Copy the home into the new folder DIR, whole or not at all, also while a night runs.

    The copy holds archive, ledger, publications, both restricted databases, quarantine, the logs, Dagster's databases and the
    settings file, each file with its hash in backup.json. It does not hold the pseudonym key, which has to be kept apart, nor
    the landing folder, whose files the archive has once a night has taken them in. What a running night has not published
    yet is not in it. The copy holds person data: keep it as the home is kept.

    \b
    For instance:
      arsverk backup backup-2024-09-30

    Prints what the copy holds: files, bytes, the publication that is served in it.

    \b
    Exit codes: 0 made
                1 another user's home, or no copy held because nights ended all the time
                2 wrong usage: no home folder, or DIR exists
    """
    from warehouse.backup import back_up
    from warehouse.settings import DEFAULT_FILE

    record = back_up(existing(home_folder), folder, settings_file or DEFAULT_FILE, Counter())
    show_counter("")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    files = sum("sha256" in one for one in record["files"].values())
    click.echo(f"{folder}: {files} files, {size / 1e6:.1f} MB; served in it: {record['publication_id'] or 'nothing'}")
    click.echo("The pseudonym key is not in it: keep it apart")
