"""`arsverk withdraw`: a file that no night is to use."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, reason_option


@click.command("withdraw")
@click.argument("what", metavar="FILE|SHA256")
@home_option
@reason_option
@click.option("--undo", is_flag=True, help="Give a withdrawn file back.")
def command(what: str, home_folder: Path, reason: str, undo: bool) -> None:
    """Withdraw a file that was delivered by mistake (a wrong date, a test extract, another municipality): no night uses it.

    The archive and the ledger keep it. The next night loads what is left: an earlier file of the same name, or the delivery
    before. When the served publication was made of it, figures of closed periods may change without `arsverk accept`.

    \b
    For instance:
      arsverk withdraw fravaer_2024-09-30.csv --reason "uttrekk fra testmiljøet"
    prints:
      fravaer_2024-09-30.csv (3c1f09ab…) is withdrawn; the next night does without it
      undo: arsverk withdraw --undo 3c1f09ab12cd --reason TEXT

    \b
    Exit codes: 0 withdrawn
                1 another run is writing here, or the ledger cannot be written
                2 no such file has come, or it is withdrawn already
    """
    from warehouse.arrivals import withdraw

    entry = withdraw(existing(home_folder), what, reason, undo=undo)
    if undo:
        click.echo(f"{entry.file_name} ({entry.sha256[:8]}…) is used again from the next night on")
        return
    click.echo(f"{entry.file_name} ({entry.sha256[:8]}…) is withdrawn; the next night does without it")
    click.echo(f"undo: arsverk withdraw --undo {entry.sha256[:12]} --reason TEXT")
