"""Who looks past disclosure control: the person who asks, and the log of it (trace.log).
Not here: what is shown (answer.py), or who can read the restricted database (the file system, README).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from warehouse.errors import Refused, UsageError
from warehouse.paths import PRIVATE_FILE, Home, account_name

# Accounts below this number are root's and services' (login.defs), no person's.
FIRST_PERSON = 1000
NO_LOGIN = ("nologin", "false")


def asking_person(who: str | None) -> str:
    """The person who asks: the one who has used sudo, else the account of this process; `who` where neither is a person's.

    With sudo and `who` both are named. It is a log, no proof: who may become the service account can write what he likes.

    Raises:
        UsageError: nobody is named.
    """
    account = account_name(os.geteuid())
    known = next((name for name in (os.environ.get("SUDO_USER"), account) if name and _is_person(name)), None)
    named = " ".join((who or "").split())
    if not known and not named:
        raise UsageError(f"{account} is the account of a service and no person: say who asks by --who NAME; it is logged")
    if known and named and named != known:
        return f"{named} ({known})"
    return named or str(known)


def _is_person(name: str) -> bool:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return False
    return found.pw_uid >= FIRST_PERSON and Path(found.pw_shell).name not in NO_LOGIN


def log_use(home: Home, person: str, table: str, cell: str, measures: Sequence[str]) -> None:
    """Add a line to trace.log before anything is shown: when, person, account, table, cell, measures. No value stands in it.

    Raises:
        Refused: the line cannot be written.
    """
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    line = "\t".join(
        " ".join(field.split()) for field in (now, person, account_name(os.geteuid()), table, cell, " ".join(measures))
    )
    try:
        descriptor = os.open(home.trace_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as log:
            log.write(line + "\n")
            log.flush()
            os.fsync(log.fileno())
    except OSError as error:
        raise Refused(
            f"{home.trace_log.name} cannot be written ({error.strerror}); nothing is shown that is not logged"
        ) from None
