"""One writer at a time, across processes. The lock dies with its holder, so a killed night leaves nothing to clean up."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime

from warehouse.errors import Refused
from warehouse.paths import PRIVATE_FILE, Home


@contextlib.contextmanager
def writer_lock(home: Home) -> Iterator[None]:
    """Hold the home folder for writing.

    Raises:
        Refused: another run holds it; the message says which process since when.
    """
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
            raise Refused(
                f"another run is writing here ({holder or 'it has not said who it is'}); wait until it is done"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} since {datetime.now().astimezone():%Y-%m-%d %H:%M:%S}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
