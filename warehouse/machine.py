"""What of the machine this process may use. Not here: limits that the settings set (settings.py)."""

from __future__ import annotations

import os


def cores() -> int:
    """How many cores this process may use: of a container or a unit that is confined to some, these alone."""
    return len(os.sched_getaffinity(0))
