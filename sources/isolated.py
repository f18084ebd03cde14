"""Calls a function that reads a file in a process of its own, with limits on memory and time: no file can take the night down.
Not here: what is read. Light to import, as each call starts Python anew; so are the modules it may call into.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sources.errors import FileRejected

# What a file may need: workbooks are compressed, and a cell is larger in memory than in the file.
MEMORY_AT_LEAST = 1 << 30
MEMORY_PER_BYTE = 200
MEMORY_AT_MOST = 8 << 30
SECONDS_AT_LEAST = 60
BYTES_PER_SECOND = 200_000


def in_own_process(function: Callable[..., Any], path: Path, *arguments: Any) -> Any:
    """What `function(path, *arguments)` returns, computed by another process; arguments and result are what JSON holds.

    The function stands at the top of a module that needs no heavy library.

    Raises:
        FileRejected: the function raises it, needs more than the file's share of memory or time, or breaks down.
    """
    size = path.stat().st_size
    memory = min(MEMORY_AT_LEAST + MEMORY_PER_BYTE * size, MEMORY_AT_MOST)
    seconds = SECONDS_AT_LEAST + size // BYTES_PER_SECOND
    job = json.dumps([function.__module__, function.__name__, str(path), arguments, memory, seconds])
    environment = {name: value for name, value in os.environ.items() if name in ("LD_LIBRARY_PATH", "TMPDIR")}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-m", "sources.isolated"],
            input=job.encode("ascii"),
            capture_output=True,
            timeout=seconds,
            env=environment,
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileRejected(f"cannot be read within {seconds} seconds; export it again with its table alone") from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT, -signal.SIGSEGV) or not done.stdout:
        raise FileRejected(_too_much(memory))
    outcome: dict[str, Any] = json.loads(done.stdout)
    if "rejected" in outcome:
        raise FileRejected(outcome["rejected"])
    return outcome["result"]


def _too_much(memory: int) -> str:
    return (
        f"cannot be read within {memory >> 20} MB of memory: it is nested too deep, or has a value far outside its table;"
        " export it again with its table alone"
    )


def _called() -> dict[str, Any]:
    module, name, path, arguments, memory, seconds = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        return {"result": getattr(importlib.import_module(module), name)(Path(path), *arguments)}
    except FileRejected as rejected:
        return {"rejected": str(rejected)}
    except (MemoryError, RecursionError):
        return {"rejected": _too_much(memory)}
    except Exception as error:  # whatever a damaged file makes a library do is the file's fault, and must be told
        return {"rejected": f"cannot be read ({type(error).__name__}); export it again"}


if __name__ == "__main__":
    answer = json.dumps(_called()).encode("ascii")
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    # Nothing is left to tidy, and taking large tables apart costs time.
    os._exit(0)
