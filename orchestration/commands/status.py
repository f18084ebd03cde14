"""`arsverk status`: one screen for people, JSON for monitoring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from orchestration.commands.common import existing, home_option, settings_option

STALE_OR_FAILED = 1
FAILED = "stale or failed"


@click.command("status")
@home_option
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for monitoring.")
@click.option(
    "--all", "of_all", is_flag=True, help="A line for each municipality of ARSVERK_MUNICIPALITIES (docs/operations.md)."
)
def command(home_folder: Path, settings_file: Path | None, as_json: bool, of_all: bool) -> None:
    """What is served and how old, the last nights, arrivals that wait or are withdrawn, warnings, disk. It only reads.

    \b
    For instance:
      arsverk status
    prints:
      Fresh
      Served now: 2024-09-30_20241001T020412…_a81c22f0, with the figures to 2024-09-30 (11 days ago), published 2024-10-01 04:04
      Last nights
        2024-10-11 02:00  held with warnings
        2024-10-10 02:00  refused                   the delivery of 2024-10-09 is not accepted
    and below them arrivals, the last night's warnings with who does what, and bytes on disk.

    \b
    Exit codes: 0 fresh; with --all, every one
                1 stale or failed: nothing is served, the figures are older than max_age_days, the last night was refused or
                  broken off, or no night has ended for two days
                2 no home folder
    """
    from warehouse.settings import DEFAULT_FILE, feeds_of, read_settings
    from warehouse.status import status_of

    if of_all:
        if not show_all(as_json):
            click.get_current_context().exit(STALE_OR_FAILED)
        return
    settings = read_settings(settings_file or DEFAULT_FILE)
    status = status_of(existing(home_folder), settings, feeds_of(settings))
    click.echo(json.dumps(status.as_json(), indent=1, ensure_ascii=False) if as_json else "\n".join(status.lines()))
    if not status.is_fresh:
        click.get_current_context().exit(STALE_OR_FAILED)


def show_all(as_json: bool) -> bool:
    """Print the state of each municipality; returns whether all are fresh. One that cannot be looked at is a line too."""
    from warehouse.errors import Refused, UsageError
    from warehouse.municipalities import folder, municipality, names
    from warehouse.settings import feeds_of
    from warehouse.status import status_of

    found: dict[str, dict[str, Any]] = {}
    for name in names():
        try:
            one = municipality(name)
            found[name] = status_of(existing(one.home.root), one.settings, feeds_of(one.settings)).as_json()
        except (UsageError, Refused, OSError) as error:
            found[name] = {"state": FAILED, "problems": [str(error).splitlines()[0]], "served": {}, "nights": []}
    if not found:
        raise UsageError(f"there is no municipality in {folder()}: set ARSVERK_MUNICIPALITIES")
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        for name, state in found.items():
            served = state["served"].get("as_of")
            text = f"figures to {served} ({state['served']['age_days']} days ago)" if served else "nothing is served"
            click.echo(f"{name:<24}  {state['state']:<15}  {'; '.join([text, *state['problems']])}")
        fresh = sum(state["state"] != FAILED for state in found.values())
        click.echo(f"{fresh} of {len(found)} are fresh")
    return all(state["state"] != FAILED for state in found.values())
