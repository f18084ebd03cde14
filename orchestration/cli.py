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
from typing import TYPE_CHECKING

import click

from warehouse.errors import Refused, UsageError
from warehouse.paths import PASSAGE_FOLDER, Home

if TYPE_CHECKING:
    from warehouse.history import Publication

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


class RunCommand(click.Command):
    """Its help names the files of every payroll profile."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from sources.payroll.file_names import names_by_profile

        with formatter.section("Payroll files by payroll_profile of the settings"):
            formatter.write_dl([(profile, ", ".join(names)) for profile, names in names_by_profile().items()])


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
      arsverk trace     from a published figure back to the rows of the delivered files
      arsverk verify    archive, ledger and publications against their recorded hashes
      arsverk history   the publications, and a figure as it was served on a day
      arsverk attack    tries to compute what a publication withholds
    """


@main.command(cls=RunCommand)
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
@click.option(
    "--accept-restatement",
    metavar="REASON",
    default=None,
    help="Publish although figures of closed periods change much; the reason is kept with the changes and in the ledger.",
)
def run(
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
    Exit codes: 0 published
                1 refused: the last publication is untouched, the reason is on stderr
                2 wrong usage or settings
    """
    from orchestration.run import run_night
    from warehouse.settings import DEFAULT_FILE, read_settings

    read_settings(settings_file or DEFAULT_FILE)
    if accept_restatement is not None and not accept_restatement.strip():
        raise UsageError("--accept-restatement needs a reason that an auditor will understand")
    _show_progress("starting Dagster")
    home = Home(home_folder.resolve())
    home.prepare()
    publication_id = run_night(
        home, settings_file=settings_file, landing=landing, as_of=as_of, accept_restatement=accept_restatement
    )
    tell_published(home, publication_id)


@main.command()
@home_option
def verify(home_folder: Path) -> None:
    """Compare archive, ledger and publications with their recorded hashes.

    Names every file that is changed or missing, every changed or missing entry of the ledger, and links that lead elsewhere.
    The head it prints stands for the whole ledger: kept somewhere else, it shows whether the ledger has been replaced whole.

    \b
    Exit codes: 0 all is as it was written
                1 something differs
                2 wrong usage
    """
    from warehouse.ledger import head, read_entries
    from warehouse.verify import verify as differences

    home = _existing(home_folder)
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
    entries = read_entries(home)
    click.echo(f"head of the ledger after {len(entries)} entries: {head(entries)}")


@main.command()
@home_option
@click.argument("table", required=False)
@click.argument("cell", nargs=-1, metavar="[COLUMN=VALUE]...")
@click.option(
    "--on",
    "day",
    type=IsoDate(),
    default=None,
    help="Only the publication that was current at the end of this day in Norway.  [default: every publication]",
)
@click.option("--measure", default=None, help="Only this column.  [default: all that are not the cell's own]")
def history(home_folder: Path, table: str | None, cell: tuple[str, ...], day: date | None, measure: str | None) -> None:
    """List the publications, or tell a figure as it was served.

    Without TABLE: every publication with its as-of date, when it was published, whether it was served and by which code.
    With TABLE and COLUMN=VALUE for each column of its grain: that cell in every publication, oldest first.

    \b
      arsverk history sick_leave_by_unit period_type=year period=2023 org_unit_code=1000 --on 2024-02-01

    \b
    Exit codes: 0 told
                1 nothing had been published by then
                2 wrong usage: no such table, column or measure, or several cells are meant
    """
    from warehouse.history import as_served, plain, publications, served_on

    home = _existing(home_folder)
    if table is None:
        if measure:
            raise UsageError("--measure needs a TABLE and COLUMN=VALUE")
        listed = [served_on(home, day)] if day else publications(home)
        for publication in listed:
            click.echo(_told_publication(publication))
        if not listed:
            click.echo("nothing has been published yet")
        return
    for served in as_served(home, table, _conditions(cell), day=day, measure=measure):
        told = served.note
        if served.measures is not None:
            values = "; ".join(f"{name} = {plain(value)}" for name, value in served.measures.items())
            told = f"{told}: {values}" if told else values
        entry = served.publication.entry
        click.echo(f"{entry.published_at} UTC  as of {entry.as_of}  {entry.publication_id}  {told}")


@main.command()
@home_option
@settings_option
@click.argument("publication")
@click.option(
    "--cells",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Write every differing value to this CSV: table, cell, column, then, now.",
)
def reproduce(home_folder: Path, settings_file: Path | None, publication: str, cells: Path | None) -> None:
    """Build a past publication again from the archive and compare it table by table.

    PUBLICATION is an id of `arsverk history`. Its files, as-of date and settings are those it recorded, the code is today's:
    check out the code version it names to see whether only the code makes a difference. The work is done in a folder of its
    own; nothing else below the home folder is touched.

    \b
    Exit codes: 0 every table is identical
                1 tables differ, or it cannot be built: which cells, and what is not as it was then
                2 wrong usage: no such publication
    """
    from orchestration.rebuild import reproduce as build_again
    from warehouse.compare import write_cells
    from warehouse.settings import DEFAULT_FILE, read_settings

    home = _existing(home_folder)
    _show_progress("building again")
    made = build_again(home, publication, read_settings(settings_file or DEFAULT_FILE))
    for reason in made.reasons:
        click.echo(f"not as it was then: {reason}")
    if made.is_identical:
        click.echo(f"{publication}: every table is identical")
        return
    if cells:
        write_cells(cells, made.tables)
    raise Refused("\n".join([f"{publication} is not reproduced", *made.told()]))


@main.command()
@home_option
@click.option("--before", type=IsoDate(), required=True, help="Remove the person data of extracts before this date.")
@click.option("--dry-run", is_flag=True, help="Tell what would be removed, and remove nothing.")
def purge(home_folder: Path, before: date, dry_run: bool) -> None:
    """Remove archived person data for good, by retention policy.

    Removes the archived files with person data, and the quarantine reports, of extracts before the date, except what the
    current publication was made of and what is newer than it, and what broken-off runs have left. The ledger, all hashes,
    the publications and files without person data stay. The ledger records the purge; `arsverk reproduce` then says which
    input is gone.

    \b
    Exit codes: 0 removed, or nothing to remove
                1 nothing is published yet, or another run is writing here
                2 wrong usage
    """
    from warehouse.purge import purge as remove

    home = _existing(home_folder)
    taken = remove(home, before, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    for arrival in taken.arrivals:
        click.echo(f"{verb} {arrival.file_name} ({arrival.sha256}), extract of {arrival.extract_date}")
    for path in taken.other_files:
        click.echo(f"{verb} {path.relative_to(home.root)}")
    click.echo(f"{verb} {len(taken.arrivals)} archived files and {len(taken.other_files)} others")
    if taken.still_landed:
        names = ", ".join(arrival.file_name for arrival in taken.still_landed)
        click.echo(f"the landing folder is only read; whoever delivers there has to remove {names}")


@main.command()
@click.argument("table", required=False)
@click.argument("cell", nargs=-1, metavar="[COLUMN=VALUE]...")
@click.option("--measure", help="Trace this measure alone; without it all measures of the cell.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rows", "rows_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all source rows as CSV.")
@click.option("--restricted", is_flag=True, help="Trace a withheld cell too; each use is logged in trace.log.")
@click.option("--published", metavar="FIGURE_ID", help="Start from a figure of the ledger of published figures.")
@home_option
def trace(
    table: str | None,
    cell: tuple[str, ...],
    measure: str | None,
    as_json: bool,
    rows_file: Path | None,
    restricted: bool,
    published: str | None,
    home_folder: Path,
) -> None:
    """From a served cell back to its source: value, formula, publication, and every row that makes it.

    Name one cell of a table by its columns. The rows are all that make the number and only those: the same files cut down to
    the header and these rows give the same number again. Rows are numbered from 1, the first after the header.

    \b
    For instance:
      arsverk trace sick_leave_by_unit period=2023 org_level=kommune --measure sick_leave_percent
      arsverk trace full_time_by_unit source=payroll reference_date=2023-12-31 org_unit_name=Velferd --json
      arsverk trace --published SYK2023-001

    \b
    Exit codes: 0 traced, or a published figure that no cell gives, with the reason
                1 refused: the cell is withheld, or nothing is published
                2 wrong usage: no such table, column or value, or not exactly one cell
    """
    from warehouse.trace.answer import figure_cell, parse, restricted_database
    from warehouse.trace.answer import trace as trace_cell
    from warehouse.trace.report import as_json as to_json
    from warehouse.trace.report import as_text, figure_as_text, unmapped_as_json

    if (table is None) == (published is None) or (published and (cell or measure)):
        raise UsageError("give a table and COLUMN=VALUE…, or --published FIGURE_ID alone; `arsverk trace --help` has examples")
    with restricted_database(Home(home_folder.resolve())) as con:
        figure: dict = {}
        if published:
            figure, question = figure_cell(con, published)
            if question is None:
                click.echo(unmapped_as_json(figure) if as_json else "\n".join(figure_as_text(figure)))
                return
        else:
            question = parse(table or "", cell, measure)
        answer, lineage = trace_cell(Home(home_folder.resolve()), con, question, restricted=restricted)
        answer.figure = figure
        if rows_file:
            lineage.write(rows_file)
        click.echo(to_json(answer) if as_json else "\n".join(as_text(answer)))


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
    from warehouse.sdc.attack.command import attack_publication, told

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

    An invented municipality of Asker's size: about 6 500 employees, five years, two monthly deliveries in all variants of the
    file dialect, with a few bad rows to see the quarantine work, and a file or more of every other feed. All persons and
    national numbers are synthetic; with the seed it has, the figures come out as Asker's reports print them.
    """
    from sources.demo import make_deliveries

    landing = Home(home_folder.resolve()).landing
    landing.parent.mkdir(mode=PASSAGE_FOLDER, parents=True, exist_ok=True)
    landing.mkdir(mode=0o700, exist_ok=True)
    files = make_deliveries(landing, seed=seed, progress=click.echo)
    click.echo(f"{len(files)} files in {os.path.relpath(landing)}; next: arsverk run --home {os.path.relpath(landing.parent)}")


def _existing(home_folder: Path) -> Home:
    home = Home(home_folder.resolve())
    if not home.root.is_dir():
        raise UsageError(f"{home_folder} is not a home folder; give the one of the installation with --home")
    return home


def _conditions(cell: tuple[str, ...]) -> dict[str, str]:
    """COLUMN=VALUE arguments as a mapping."""
    conditions = {}
    for given in cell:
        name, equals, value = given.partition("=")
        if not equals or not name:
            raise UsageError(f"{given!r} is not COLUMN=VALUE")
        conditions[name] = value
    return conditions


def _told_publication(publication: Publication) -> str:
    entry = publication.entry
    state = (
        "served now" if publication.is_current else "served" if publication.was_served else "never served: its run broke off"
    )
    if publication.purged_inputs:
        state += f", {publication.purged_inputs} of {publication.inputs} input files purged"
    lines = [
        f"{entry.publication_id}  as of {entry.as_of}  published {entry.published_at} UTC  {state}",
        f"  code {entry.code_version}  inputs {entry.inputs_sha256}",
    ]
    if entry.accepted_restatement:
        lines.append(f"  restatement accepted: {entry.accepted_restatement}")
    return "\n".join(lines)


def _show_progress(first: str) -> None:
    """Lines of the night on stdout, with the seconds since it began."""
    began = time.monotonic()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.ERROR:
                mark = "! " if record.levelno >= logging.WARNING else ""
                print(f"{time.monotonic() - began:7.1f} s  {mark}{record.getMessage()}", flush=True)

    log = logging.getLogger("arsverk")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(Lines())
    print(f"{0:7.1f} s  {first}", flush=True)


def tell_published(home: Home, publication_id: str) -> None:
    """Print what a publication holds and how the published figures compare with it."""
    from warehouse.publish import published_tables
    from warehouse.reconciliation import count_by_status

    click.echo(f"\nPublished {publication_id}")
    for name, rows, withheld in published_tables(home):
        note = f", {withheld:,} withheld".replace(",", " ") if withheld else ""
        click.echo(f"  marts.{name:<24}{rows:>10,} rows".replace(",", " ") + note)
    click.echo(f"Served from {os.path.relpath(home.served_database)} (and Parquet beside it)")
    counts = count_by_status(home)
    click.echo(f"\nReconciliation of {sum(counts.values())} published figures (marts.reconciliation)")
    for status, figures in counts.items():
        click.echo(f"  {status:<14}{figures:>6}")
