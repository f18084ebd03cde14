"""Runs a module of the report as a process of its own, which keeps heavy engines out of the memory of the night.
Not here: what such a process does (charts.py, pdf.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from warehouse.errors import ProgramFault


def run_module(module: str, *arguments: str, given: str, makes: str) -> None:
    """Run `python -m module` on a text and wait for its end.

    Args:
        given: what the process reads.
        makes: what it makes, for people.

    Raises:
        ProgramFault: it failed; the message has the last line it wrote of that.
    """
    # Libraries for fonts keep a cache below the account's own folder, which on a server is the home folder.
    with tempfile.TemporaryDirectory(prefix="arsverk-cache-") as cache:
        done = subprocess.run(
            # -P: no code from the folder that the command was started in.
            [sys.executable, "-P", "-m", module, *arguments],
            input=given,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
            env={**os.environ, "XDG_CACHE_HOME": cache},
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"]
        raise ProgramFault(f"{makes}: {lines[-1]}")
