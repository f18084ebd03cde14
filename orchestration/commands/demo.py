"""`arsverk demo`: the deliveries of an invented municipality."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestration.commands.common import home_option
from warehouse.paths import PASSAGE_FOLDER, Home


@click.command("demo")
@home_option
@click.option("--seed", type=int, default=2024, show_default=True, help="Another seed makes another municipality.")
def command(home_folder: Path, seed: int) -> None:
    """Make the demo municipality's deliveries in the landing folder.

    An invented municipality of Asker's size: about 6 500 employees, five years, two monthly deliveries in all variants of the
    file dialect, with a few bad rows to see the quarantine work, and a file or more of every other feed. All persons and
    national numbers are synthetic; with the seed it has, the figures come out as Asker's reports print them.

    \b
    For instance:
      arsverk demo --home data

    Prints each file as it is written, and the command to run next.
    """
    from sources.demo import make_deliveries

    landing = Home(home_folder.resolve()).landing
    landing.parent.mkdir(mode=PASSAGE_FOLDER, parents=True, exist_ok=True)
    landing.mkdir(mode=0o700, exist_ok=True)
    files = make_deliveries(landing, seed=seed, progress=click.echo)
    click.echo(f"{len(files)} files in {os.path.relpath(landing)}; next: arsverk run --home {os.path.relpath(landing.parent)}")
