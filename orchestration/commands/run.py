"""`arsverk run`: the nightly job once, with progress, and what it published."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.commands.common import IsoDate, Reason, home_option, landing_option, settings_option, show_progress
from warehouse.errors import ProgramFault, Refused, UsageError
from warehouse.paths import Home

if TYPE_CHECKING:
    from sources.contract import Feed


class RunCommand(click.Command):
    """Its help names the files of every payroll profile."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from sources.payroll.file_names import names_by_profile

        with formatter.section("Payroll files by payroll_profile of the settings"):
            formatter.write_dl([(profile, ", ".join(names)) for profile, names in names_by_profile().items()])


@click.command("run", cls=RunCommand)
@home_option
@settings_option
@landing_option
@click.option(
    "--as-of",
    type=IsoDate(),
    default=None,
    help="Load the newest complete delivery not newer than this date, and publish it at once, with the figures to its"
    " extract date, even when no release is due.  [default: the newest]",
)
@click.option(
    "--accept-restatement",
    type=Reason(),
    metavar="REASON",
    default=None,
    help="Short for `arsverk accept` of the delivery that this run loads, for changed closed periods and for lost rows, and"
    " the run; the reason is kept in the ledger.",
)
def command(
    home_folder: Path,
    settings_file: Path | None,
    landing: Path | None,
    as_of: date | None,
    accept_restatement: str | None,
) -> None:
    """Load, validate, build, audit, publish: the nightly job.

    Takes in what lies in the landing folder, loads the newest complete delivery and publishes the marts, whole or not at
    all. The files of a payroll delivery, named below, carry the date of the extract (YYYY-MM-DD). Files of other sources are
    loaded beside them when they have come: variable_timer, pai_YYYY, 10faktor_YYYY, sammenligning, ssb_TABLE, maltall,
    piloter and publiserte_tall.

    \b
    For instance:
      arsverk run --landing /srv/arsverk-landing

    Prints a line a step with the seconds since it began, each published table with its rows, the printed figures by status
    (match, mismatch, …) and evidence, and how the night ended: what is served now and how old, and the warnings with who
    does what. The same text goes to notify_command and notify_webhook of the settings, by notify_on.

    \b
    Exit codes: 0 published, or held: nothing new has come, or no release is due and every gate was passed in private; the last
                  line says which
                1 refused: the last publication is untouched, the reason is on stderr
                2 wrong usage or settings
                129, 130, 143 ended by SIGHUP, Ctrl-C, SIGTERM: nothing more is published
    """
    from warehouse.arrivals import accept

    home = begin(home_folder, settings_file)
    if accept_restatement is not None:
        feeds = take_in_what_lies_there(home, settings_file, landing)
        accept(home, feeds, as_of, accept_restatement, not_newer=True)
    run_and_show(home, settings_file, landing, as_of)


def begin(home_folder: Path, settings_file: Path | None) -> Home:
    """What every command that runs a night begins with: settings that can be used, the home folder, progress, signals."""
    from orchestration.run import end_unless_ended
    from orchestration.signals import end_at_once_on_signals
    from warehouse.outcome import now
    from warehouse.settings import DEFAULT_FILE, feeds_of, read_settings

    home = Home(home_folder.resolve())
    try:
        feeds_of(read_settings(settings_file or DEFAULT_FILE))
    except UsageError as wrong:
        if home.last_settings.exists():
            # Whoever is told of nights here is told of this one, by the settings of the last good one.
            end_unless_ended(home, settings_file, now(), wrong)
        raise
    end_at_once_on_signals()
    show_progress("starting Dagster")
    home.prepare()
    return home


def run_and_show(home: Home, settings_file: Path | None, landing: Path | None, as_of: date | None) -> None:
    """Run the nightly job and print how it ended; the last line says whether it published or held."""
    from orchestration.run import run_night
    from warehouse.outcome import last_night, now
    from warehouse.publication import current_publication

    before, began_at = current_publication(home), now()
    try:
        publication_id = run_night(home, settings_file=settings_file, landing=landing, as_of=as_of)
    except (Refused, ProgramFault):
        if night := last_night(home, since=began_at):
            raise Refused(night.as_text()) from None
        raise
    if publication_id != before:
        show_published(home, publication_id)
    if night := last_night(home, since=began_at):
        click.echo(f"\n{night.as_text()}")
    if publication_id == before:
        why = night.reason if night and night.reason else "nothing new has come"
        click.echo(f"\nHeld: {why}; {publication_id} is still served")
    else:
        click.echo(f"\nPublished: {publication_id}")


def take_in_what_lies_there(home: Home, settings_file: Path | None, landing: Path | None) -> dict[str, Feed]:
    """Take in what has come, so that a human can decide on the delivery that the night will choose of it; returns the feeds."""
    from warehouse.archive import Settling, take_in
    from warehouse.lock import writer_lock
    from warehouse.settings import DEFAULT_FILE, feeds_of, read_settings

    settings = read_settings(settings_file or DEFAULT_FILE)
    feeds = feeds_of(settings)
    with writer_lock(home):
        take_in(home, landing or home.landing, feeds, Settling(settings.settle_seconds, look_twice=True))
    return feeds


def show_published(home: Home, publication_id: str) -> None:
    """Print what a publication holds and how the printed figures compare with it."""
    from warehouse.publish import published_tables
    from warehouse.reconciliation import EVIDENCE, count_by_status

    click.echo(f"\nPublished {publication_id}")
    for name, rows, withheld in published_tables(home):
        note = f", {withheld:,} withheld".replace(",", " ") if withheld else ""
        click.echo(f"  marts.{name:<28}{rows:>10,} rows".replace(",", " ") + note)
    click.echo(f"Served from {os.path.relpath(home.served_database)} (and Parquet beside it)")
    if (home.publish / "report").exists():
        click.echo(f"The report to open: {os.path.relpath(home.publish / 'report' / 'index.html')}")
    counts = count_by_status(home)
    total = sum(sum(of.values()) for of in counts.values())
    click.echo(f"\nReconciliation of {total} printed figures (marts.reconciliation), by what stands behind the computed one")
    click.echo(f"  {'':<14}" + "".join(f"{evidence:>11}" for evidence in EVIDENCE))
    for status, figures in counts.items():
        click.echo(f"  {status:<14}" + "".join(f"{number:>11}" for number in figures.values()))
