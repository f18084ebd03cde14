"""`arsverk accept`: a delivery that a gate has stopped for a human is let through."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from orchestration.commands.common import IsoDate, existing, home_option, reason_option, settings_option


@click.command("accept")
@click.argument("delivery", type=IsoDate(), metavar="DELIVERY")
@home_option
@settings_option
@reason_option
def command(delivery: date, home_folder: Path, settings_file: Path | None, reason: str) -> None:
    """Let the next night publish a delivery that was stopped for a human: rows or persons gone, closed periods that change.

    DELIVERY is its extract date. The acceptance holds for exactly the files that have been taken in, whoever starts the night
    (schedule, sensor, web page, command line), and until they are served. Where they are served already, the next night closes
    it. It lets through neither bad files nor what disclosure control refuses.

    \b
    For instance:
      arsverk accept 2024-09-30 --reason "renhold er skilt ut til foretak"
    prints:
      the delivery of 2024-09-30 (files a81c22f0…) is accepted; the next night may publish it

    \b
    Exit codes: 0 accepted
                1 another run is writing here, or the ledger cannot be written
                2 no complete delivery of that date has been taken in
    """
    from warehouse.arrivals import accept
    from warehouse.publication import served_entry
    from warehouse.settings import DEFAULT_FILE, feeds_of, read_settings

    feeds = feeds_of(read_settings(settings_file or DEFAULT_FILE))
    home = existing(home_folder)
    entry = accept(home, feeds, delivery, reason)
    click.echo(
        f"the delivery of {entry.delivery} (files {entry.inputs_sha256[:8]}…) is accepted; the next night may publish it"
    )
    served = served_entry(home)
    if served and served.inputs_sha256 == entry.inputs_sha256:
        click.echo(
            f"note: {served.publication_id} of just these files is served already; unless settings or code have changed since,"
            " there is nothing to let through, and the next night closes the acceptance"
        )
