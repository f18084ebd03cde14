"""Names a running process so that no later one has the same name, and says whether it still runs.
Not here: who may write (lock.py), or what happens to a run whose process is gone (orchestration/instance.py).
"""

from __future__ import annotations

import json
from pathlib import Path


def identity_of(process: int) -> str:
    """Boot, number and start of a process. Empty when there is none, or only a zombie."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else json.dumps([boot, process, fields[18]])


def is_running(identity: str) -> bool:
    """Whether the process of that identity still runs."""
    return bool(identity) and identity_of(json.loads(identity)[1]) == identity
