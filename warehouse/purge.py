"""Removes archived person data by date, for good, and enters in the ledger what was removed.
Not here: the ledger and its hashes, which are kept for good; old publications (thin.py).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse.archive import remove_purged
from warehouse.database import quoted
from warehouse.errors import Refused
from warehouse.ledger import Arrival, Purge, append, entered_now, of_kind, purged_files, read_ledger
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.publication import current_publication


@dataclass(frozen=True)
class Purged:
    """What a purge takes: arrivals whose file it removes, other files of the home folder, and arrivals that also lie in the
    landing folder, which is only read.
    """

    arrivals: list[Arrival]
    other_files: list[Path]
    still_landed: list[Arrival]


def purge(home: Home, before: date, *, dry_run: bool) -> Purged:
    """Remove the person data of extracts before a date.

    That is: archived files of feeds with personal columns whose extract date lies before the date and not after the current
    publication's, and which the current publication was not made of; quarantine reports by the same dates; and what broken
    off runs left behind. The entry in the ledger is written first, so that a purge that breaks off is finished by the next
    purge or run.

    Raises:
        Refused: nothing is published, so that nothing is known to be superseded; or another run is writing here.
    """
    with writer_lock(home):
        current = current_publication(home)
        if current is None:
            raise Refused("nothing is published yet, so nothing is superseded; purge after the first publication")
        folder = home.history / current
        with duckdb.connect() as con:
            as_of, needed = con.execute(
                f"""select (select as_of from read_parquet({quoted(str(folder / "publication.parquet"))})), list(sha256)
                    from read_parquet({quoted(str(folder / "inputs.parquet"))})"""
            ).fetchone() or (None, [])
        entries = read_ledger(home)
        known = purged_files(entries)

        def is_kept(day: date) -> bool:
            return day >= before or day > as_of

        arrivals = of_kind(entries, Arrival)
        kept = set(needed) | {arrival.sha256 for arrival in arrivals if is_kept(arrival.extract_date)}
        found = {
            (arrival.file_name, arrival.sha256): arrival
            for arrival in arrivals
            if arrival.is_personal and arrival.sha256 not in kept and arrival.sha256 not in known
        }
        taken = Purged(
            list(found.values()),
            [path for path in sorted(home.quarantine.glob("*.csv")) if _is_superseded(path, before, as_of)] + _leftovers(home),
            [arrival for arrival in found.values() if (home.landing / arrival.file_name).exists()],
        )
        if dry_run:
            return taken
        if taken.arrivals:
            entry = Purge(
                purged_at=entered_now(),
                before=before,
                files=tuple(sorted({arrival.sha256 for arrival in taken.arrivals})),
            )
            append(home, [entry])
        remove_purged(home)
        for path in taken.other_files:
            path.unlink(missing_ok=True)
    return taken


def _is_superseded(report: Path, before: date, as_of: date) -> bool:
    """Whether a quarantine report is of an extract before the date and older than the current publication's."""
    try:
        day = date.fromisoformat(report.stem)
    except ValueError:
        return False
    return day < before and day < as_of


def _leftovers(home: Home) -> list[Path]:
    """What broken-off runs and reproductions may have left: databases with rows of persons, what went beyond their memory, a
    half-copied file.
    """
    left = [home.archive / "arriving", *home.build.rglob("*.duckdb*"), *home.build.rglob("*.tmp/*")]
    # A reproduction that is running keeps what it is working with.
    if home.reproduction.exists():
        with contextlib.suppress(Refused), writer_lock(Home(home.reproduction)):
            for kind in ("*.duckdb*", "*.tmp/*", "quarantine/*"):
                left += home.reproduction.rglob(kind)
    return [path for path in left if path.is_file() and not path.is_symlink()]
