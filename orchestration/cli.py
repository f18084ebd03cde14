"""The `arsverk` command line: which commands there are, and what becomes of a refusal.
Not here: the commands (commands/, a module each), which are imported when they are asked for.
"""

from __future__ import annotations

import io
import sys
from importlib import import_module

import click

from warehouse.errors import ProgramFault, Refused, UsageError

REFUSED, USAGE = 1, 2
# In the order in which a newcomer meets them.
COMMANDS = (
    "demo",
    "run",
    "release",
    "status",
    "arrivals",
    "withdraw",
    "accept",
    "trace",
    "copy",
    "report",
    "superset",
    "history",
    "verify",
    "reproduce",
    "purge",
    "attack",
    "backup",
    "restore",
)


class Commands(click.Group):
    """Imports commands when they are asked for, and turns refusals into exit codes: 1 refused, 2 usage."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"orchestration.commands.{cmd_name}").command

    def invoke(self, ctx: click.Context) -> object:
        # Numbers have narrow spaces, which a terminal of another encoding than UTF-8 cannot show: a ? there, and no traceback.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except Refused as refused:
            click.echo(str(refused), err=True)
            ctx.exit(REFUSED)
        except ProgramFault as fault:
            click.echo(fault.as_text(), err=True)
            ctx.exit(REFUSED)
        except UsageError as wrong:
            click.echo(str(wrong), err=True)
            ctx.exit(USAGE)
        except BrokenPipeError:
            raise  # whoever reads the output has gone: click ends quietly
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"{where}{error.strerror or error}; see that the folder is there and can be written", err=True)
            ctx.exit(REFUSED)


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from orchestration import __version__
        from warehouse.publication import code_version

        click.echo(f"arsverk {__version__} ({code_version()})")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and the code.",
)
def main() -> None:
    """From a municipality's personnel exports to the figures its reports print, every figure traceable to its rows.

    \b
    A first look:
      arsverk demo      makes an invented municipality's deliveries in data/landing
      arsverk run       the nightly job: load, validate, build, audit, publish to data/publish
      arsverk status    what is served and how old, the last nights, warnings
      arsverk trace     from a served figure back to the rows of the delivered files

    Every command says more with --help: an example, what comes out, and its exit codes.
    """
