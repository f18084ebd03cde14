"""Calls the `arsverk` command as a user does, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ARSVERK = str(Path(sys.executable).parent / "arsverk")
SECONDS_ALLOWED = 300


def arsverk(*arguments: str | Path, seconds: float = SECONDS_ALLOWED, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; stdout and stderr are captured as text."""
    command = [ARSVERK, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, **options)  # type: ignore[call-overload]


def start_arsverk(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start a command whose stdout lines can be read while it runs."""
    command = [ARSVERK, *(str(argument) for argument in arguments)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
