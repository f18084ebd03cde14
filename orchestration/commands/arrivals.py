"""`arsverk arrivals`: what has come, and what has become of it."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, settings_option


@click.command("arrivals")
@home_option
@settings_option
def command(home_folder: Path, settings_file: Path | None) -> None:
    """List the files that have come, newest extract first: served, next, waiting, superseded, withdrawn, not used, and why.

    A line a file: what has become of it, its name, the first digits of its SHA-256, when it was taken in, and the reason.

    \b
    For instance:
      arsverk arrivals
    prints:
      waiting     ansatte_2024-10-31.csv   9b1d07c4  2024-11-01T02:00:04+00:00  for fravaer, permisjoner
      withdrawn   fravaer_2024-09-30.csv   3c1f09ab  2024-10-01T02:00:04+00:00  2024-10-02T08:11:40+00:00: test extract
      served      ansatte_2024-09-30.csv   77aa12ef  2024-10-01T02:00:04+00:00  by 2024-09-30_20241001T020412…_a81c22f0

    \b
    Exit codes: 0 listed
                2 no home folder
    """
    from warehouse.arrivals import states_of_arrivals
    from warehouse.settings import DEFAULT_FILE, feeds_of, read_settings

    feeds = feeds_of(read_settings(settings_file or DEFAULT_FILE))
    found = states_of_arrivals(existing(home_folder), feeds)
    if not found:
        click.echo("nothing has been taken in yet; `arsverk run` takes in what lies in the landing folder")
    width = max((len(one.arrival.file_name) for one in found), default=0)
    for one in found:
        arrival = one.arrival
        click.echo(f"{one.state:<11} {arrival.file_name:<{width}}  {arrival.sha256[:8]}  {arrival.arrived_at}  {one.reason}")
