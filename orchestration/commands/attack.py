"""`arsverk attack`: tries to compute what a publication withholds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, show_counter
from warehouse.errors import Refused


@click.command("attack")
@click.argument("publication_id", metavar="[PUBLICATION]", required=False)
@home_option
@click.option("--json", "as_json", is_flag=True, help="Everything that was found, as JSON.")
def command(publication_id: str | None, home_folder: Path, as_json: bool) -> None:
    """Try to compute what a publication withholds.

    PUBLICATION is an id of `arsverk history`; by default the one that is served. Every withheld cell is attacked by elimination
    and linear programming, from the files of that publication, those of the one before it, and the organisation. Prints how
    many cells of each table can be computed or narrowed down, and names them; never a value. Takes minutes.

    \b
    For instance:
      arsverk attack --json > found.json

    \b
    Exit codes: 0 every withheld cell is safe
                1 some are not, and they are named; or nothing is published, or the publication was thinned out
                2 wrong usage: no such publication
    """
    from warehouse.sdc.attack.command import attack_publication, report_lines

    attacked, before, report = attack_publication(existing(home_folder), publication_id, show_counter)
    show_counter("")
    if as_json:
        click.echo(json.dumps({"publication": attacked, "previous": before, **report.as_dict()}, ensure_ascii=False, indent=1))
    else:
        for line in report_lines(attacked, before, report):
            click.echo(line)
    if report.leaks:
        raise Refused(f"{len(report.leaks)} findings: withheld cells of {attacked} can be computed or narrowed down")
