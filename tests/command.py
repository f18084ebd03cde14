"""Calls the `arsverk` command as a user does: in a process of its own, or sooner in this one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from orchestration.cli import main

ARSVERK = str(Path(sys.executable).parent / "arsverk")
ROOT = Path(__file__).parents[1]
SECONDS_ALLOWED = 300


def arsverk(*arguments: str | Path, seconds: float = SECONDS_ALLOWED, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; stdout and stderr are captured as text."""
    command = [ARSVERK, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, **options)  # type: ignore[call-overload]


def arsverk_here(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which has loaded Dagster and dbt: for tests of what it does, not of how it starts."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    return subprocess.CompletedProcess(list(arguments), done.exit_code, done.stdout, done.stderr)


def write_arsverk_without_dbt(folder: Path) -> Path:
    """An `arsverk` of a process of its own whose nights make the models by the SQL that dbt compiles (tests/building.py)."""
    program = folder / "arsverk"
    lines = (
        f"#!{sys.executable}",
        "import sys",
        # A program in another folder does not find the tests' code by itself.
        f"sys.path.insert(0, {str(ROOT)!r})",
        "from orchestration.cli import main",
        "from tests.building import without_dbt",
        "with without_dbt():",
        "    main()",
    )
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def start_arsverk(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start a command whose stdout lines can be read while it runs. It hears signals, though the tests may run under nohup."""
    command = [ARSVERK, *(str(argument) for argument in arguments)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=hear_signals
    )


def hear_signals() -> None:
    """In a process about to start: let it hear the signals that a shell or nohup has these tests ignore."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
