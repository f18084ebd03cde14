"""What several commands share: the options for folders and settings, dates and reasons, and lines that show progress.
Not here: a command.
"""

from __future__ import annotations

import io
import logging
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from warehouse.errors import UsageError
from warehouse.paths import HOME_VARIABLE, LANDING_VARIABLE, SETTINGS_VARIABLE, Home

home_option = click.option(
    "--home",
    "home_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=HOME_VARIABLE,
    show_envvar=True,
    default=Path("data"),
    show_default="./data",
    help="Folder of this installation: landing/, archive/, warehouse.duckdb, publish/.",
)
settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    envvar=SETTINGS_VARIABLE,
    show_envvar=True,
    default=None,
    help="The municipality's settings.  [default: arsverk.toml of the installed code]",
)
landing_option = click.option(
    "--landing",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=LANDING_VARIABLE,
    show_envvar=True,
    default=None,
    help="Folder the deliveries are dropped in; only read.  [default: landing/ below the home folder]",
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


class Reason(click.ParamType):
    """Why a human decides something, for whoever reads the ledger: any text that is not blank."""

    name = "TEXT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        reason = str(value).strip()
        if not reason:
            raise UsageError(f"{param.opts[0] if param else 'this'} needs a reason that an auditor will understand")
        return reason


reason_option = click.option(
    "--reason", type=Reason(), required=True, help="Why, as an auditor will understand it; kept in the ledger."
)


def existing(home_folder: Path) -> Home:
    """The home folder of an installation.

    Raises:
        UsageError: there is none.
    """
    home = Home(home_folder.resolve())
    if not home.root.is_dir():
        raise UsageError(f"{home_folder} is not a home folder; give the one of the installation with --home")
    return home


def must_not_be_own(home: Home, *written: Path | None) -> None:
    """
    Raises:
        UsageError: what a command is to write for people would lie among the house's own files.
    """
    for path in written:
        if path and home.owns(path):
            raise UsageError(f"{path} lies among the house's own files, which only nights write; choose another place")


def show_counter(text: str) -> None:
    """Overwrite the one line that shows on a terminal how far the work is; nothing elsewhere. An empty text clears it."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text[:100]}", nl=False, err=True)


@dataclass
class Counter:
    """Counts steps, and shows the number and name of each on that line."""

    counted: int = 0

    def __call__(self, name: str) -> None:
        self.counted += 1
        show_counter(f"{self.counted} {name}")


def show_progress(first: str) -> None:
    """Print what is logged on stdout until the command ends, each line with the seconds since now; this line first."""
    began = time.monotonic()
    # A name that the terminal cannot show is no reason to end the night.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.ERROR:
                mark = "! " if record.levelno >= logging.WARNING else ""
                print(f"{time.monotonic() - began:7.1f} s  {mark}{record.getMessage()}", flush=True)

    log, lines = logging.getLogger("arsverk"), Lines()
    level, propagate = log.level, log.propagate

    def stop() -> None:
        log.removeHandler(lines)
        log.setLevel(level)
        log.propagate = propagate

    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(lines)
    click.get_current_context().call_on_close(stop)
    print(f"{0:7.1f} s  {first}", flush=True)
