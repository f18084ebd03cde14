"""`arsverk superset`: an import bundle for Superset."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import existing, home_option, must_not_be_own


@click.command("superset")
@home_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("arsverk_superset.zip"),
    show_default=True,
    help="The zip to write.",
)
@click.option(
    "--database",
    type=click.Path(path_type=Path),
    default=None,
    help="Path of marts.duckdb on Superset's machine.  [default: that of the home folder]",
)
def command(home_folder: Path, out: Path, database: Path | None) -> None:
    """Write an import bundle for Superset: database, datasets, certified metrics, charts and a dashboard.

    All is made from the publication that is served and its definitions: the datasets are its tables and views with their
    descriptions, the metrics its measures with Norwegian names. Import it under Dashboards (Import dashboards).

    \b
    For instance:
      arsverk superset --out personaltall.zip --database /srv/arsverk/publish/marts.duckdb

    Prints how many datasets, charts and dashboards the bundle has. A bundle of the same publication has the same bytes, and
    its objects the same ids as those of the last one.

    \b
    Exit codes: 0 written
                1 nothing is published yet, or the publication cannot be read
                2 wrong usage
    """
    from warehouse.publication import publication_folder
    from warehouse.superset import write_bundle

    home = existing(home_folder)
    must_not_be_own(home, out)
    files = write_bundle(publication_folder(home, None), database or home.served_database, out)
    counts = {kind: sum(name.startswith(f"{kind}/") for name in files) for kind in ("datasets", "charts", "dashboards")}
    click.echo(f"{out}: {', '.join(f'{count} {kind}' for kind, count in counts.items())}")
