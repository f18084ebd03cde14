"""The `arsverk` command line. Heavy imports happen inside the command that needs them, so that help and verify are quick.
Not here: the work itself, which the warehouse, the sources and the Dagster job do.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from datetime import date
from pathlib import Path

import click

from warehouse.errors import Refused, UsageError
from warehouse.paths import PASSAGE_FOLDER, Home

REFUSED, USAGE = 1, 2

home_option = click.option(
    "--home",
    "home_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default="./data",
    help="Folder of this installation: landing/, archive/, warehouse.duckdb, publish/.",
)
settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=None,
    help="The municipality's settings.  [default: arsverk.toml of the installed code]",
)


class IsoDate(click.ParamType):
    """A date YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date YYYY-MM-DD", param, ctx)


class Commands(click.Group):
    """Turns the house's refusals into exit codes: 1 refused, 2 usage."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Refused as refused:
            click.echo(str(refused), err=True)
            ctx.exit(REFUSED)
        except UsageError as wrong:
            click.echo(str(wrong), err=True)
            ctx.exit(USAGE)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """From a municipality's personnel exports to the figures its reports print, every figure traceable to its rows.

    \b
    A first look:
      arsverk demo      makes an invented municipality's deliveries in data/landing
      arsverk run       the nightly job: load, validate, build, audit, publish to data/publish
      arsverk verify    archive and publications against their recorded hashes
      arsverk attack    tries to compute what a publication withholds
    """


@main.command()
@home_option
@settings_option
@click.option(
    "--landing",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder the deliveries are dropped in; only read.  [default: landing/ below the home folder]",
)
@click.option(
    "--as-of",
    type=IsoDate(),
    default=None,
    help="Load the newest complete delivery not newer than this date.  [default: the newest]",
)
def run(home_folder: Path, settings_file: Path | None, landing: Path | None, as_of: date | None) -> None:
    """Load, validate, build, audit, publish: the nightly job.

    Takes in what lies in the landing folder, loads the newest complete delivery and publishes the marts, whole or not at
    all. Files of a delivery are named FEED_YYYY-MM-DD.csv (or .xlsx) with the feeds organisasjon, ansatte, stillinger,
    fravaer and permisjoner; the date is that of the extract. Files of other sources are loaded beside them when they have
    come: variable_timer, pai_YYYY, 10faktor_YYYY, sammenligning, ssb_TABLE, maltall, piloter and publiserte_tall.

    \b
    Exit codes: 0 published
                1 refused: the last publication is untouched, the reason is on stderr
                2 wrong usage or settings
    """
    from orchestration.run import run_night
    from warehouse.settings import DEFAULT_FILE, read_settings

    read_settings(settings_file or DEFAULT_FILE)
    _show_progress()
    home = Home(home_folder.resolve())
    home.prepare()
    publication_id = run_night(home, settings_file=settings_file, landing=landing, as_of=as_of)
    _tell_published(home, publication_id)


@main.command()
@home_option
def verify(home_folder: Path) -> None:
    """Compare archive, ledger and publications with their recorded hashes.

    Names every file that is changed or missing.

    \b
    Exit codes: 0 all is as it was written
                1 something differs
                2 wrong usage
    """
    from warehouse.verify import verify as differences

    home = Home(home_folder.resolve())
    if not home.root.is_dir():
        raise UsageError(f"{home_folder} is not a home folder; give the one of the installation with --home")
    counted = 0

    def progress(message: str) -> None:
        nonlocal counted
        counted += 1
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{counted} {message[:90]}", nl=False, err=True)

    found = differences(home, progress)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if found:
        raise Refused("\n".join(found))
    click.echo(f"{counted} parts of ledger, archive and publications are as they were written")


@main.command()
@click.argument("publication_id", metavar="[PUBLICATION]", required=False)
@home_option
@click.option("--json", "as_json", is_flag=True, help="Everything that was found, as JSON.")
def attack(publication_id: str | None, home_folder: Path, as_json: bool) -> None:
    """Try to compute what a publication withholds.

    From the files of PUBLICATION (a folder's name below publish/history; default: the one that is served), those of the
    publication before it and the organisation alone: elimination and linear programming on every withheld cell. Prints how
    many cells of each table can be computed or narrowed down, and names them; never a value. Takes minutes.

    \b
    Exit codes: 0 every withheld cell is safe
                1 some are not; they are named
                2 wrong usage
    """
    from warehouse.attack.command import attack_publication, told

    def progress(message: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{message}", nl=False, err=True)

    attacked, before, report = attack_publication(Home(home_folder.resolve()), publication_id, progress)
    progress("")
    if as_json:
        import json

        click.echo(json.dumps({"publication": attacked, "previous": before, **report.as_dict()}, ensure_ascii=False, indent=1))
    else:
        for line in told(attacked, before, report):
            click.echo(line)
    if report.leaks:
        raise Refused(f"{len(report.leaks)} findings: withheld cells of {attacked} can be computed or narrowed down")


@main.command()
@home_option
@click.option("--seed", type=int, default=2024, show_default=True, help="Another seed makes another municipality.")
def demo(home_folder: Path, seed: int) -> None:
    """Make the demo municipality's deliveries in the landing folder.

    An invented municipality of Asker's size: about 6 500 employees, four years, two monthly deliveries in all variants of the
    file dialect, with a few bad rows to see the quarantine work, and a file or more of every other feed. All persons and
    national numbers are synthetic.
    """
    from sources.demo import make_deliveries

    landing = Home(home_folder.resolve()).landing
    landing.parent.mkdir(mode=PASSAGE_FOLDER, parents=True, exist_ok=True)
    landing.mkdir(mode=0o700, exist_ok=True)
    files = make_deliveries(landing, seed=seed, progress=click.echo)
    click.echo(f"{len(files)} files in {os.path.relpath(landing)}; next: arsverk run --home {os.path.relpath(landing.parent)}")


def _show_progress() -> None:
    """Lines of the night on stdout, with the seconds since it began."""
    began = time.monotonic()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.ERROR:
                mark = "! " if record.levelno >= logging.WARNING else ""
                print(f"{time.monotonic() - began:7.1f} s  {mark}{record.getMessage()}", flush=True)

    log = logging.getLogger("arsverk")
    log.setLevel(logging.INFO)
    log.addHandler(Lines())
    print(f"{0:7.1f} s  starting Dagster", flush=True)


def _tell_published(home: Home, publication_id: str) -> None:
    from warehouse.publish import published_tables

    click.echo(f"\nPublished {publication_id}")
    for name, rows, withheld in published_tables(home):
        note = f", {withheld:,} withheld".replace(",", " ") if withheld else ""
        click.echo(f"  marts.{name:<24}{rows:>10,} rows".replace(",", " ") + note)
    click.echo(f"Served from {os.path.relpath(home.served_database)} (and Parquet beside it)")
