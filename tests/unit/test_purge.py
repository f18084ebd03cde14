"""What a purge takes and what it leaves, on a home of which only the files that matter are there.
Not here: what a night, `verify` and `reproduce` make of it (pipeline/test_history.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from warehouse.archive import archived_file
from warehouse.errors import Refused
from warehouse.ledger import Arrival, Purge, append, of_kind, read_ledger
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.purge import Purged, purge

AS_OF, BEFORE = date(2024, 9, 30), date(2024, 6, 30)


@dataclass
class Town:
    """A home whose current publication is of September; files are archived under the hash of their text."""

    home: Home

    def arrives(self, name: str, day: date, text: str | None = None, *, is_personal: bool = True) -> Path:
        """The archived copy of a file that has come."""
        content = (text or name).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        path = archived_file(self.home, sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        entry = Arrival(
            arrived_at="",
            feed="fravaer",
            extract_date=day,
            file_name=name,
            sha256=sha256,
            size=len(content),
            is_personal=is_personal,
        )
        append(self.home, [entry])
        return path

    def publishes(self, *inputs: Path) -> None:
        folder = self.home.history / "september"
        folder.mkdir(parents=True)
        with duckdb.connect() as con:
            con.execute(f"copy (select date '{AS_OF}' as as_of) to '{folder / 'publication.parquet'}'")
            con.execute(
                f"copy (select unnest($1::varchar[]) as sha256) to '{folder / 'inputs.parquet'}'",
                [[path.name for path in inputs] or ["none"]],
            )
        self.home.current.symlink_to("history/september")

    def purged(self, before: date = BEFORE, *, dry_run: bool = False) -> Purged:
        return purge(self.home, before, dry_run=dry_run)


@pytest.fixture
def town(home: Home) -> Town:
    return Town(home)


def names(taken: Purged) -> list[str]:
    return sorted(arrival.file_name for arrival in taken.arrivals)


def test_extracts_before_the_date_go(town: Town) -> None:
    of_may, of_june = town.arrives("mai", date(2024, 5, 31)), town.arrives("juni", BEFORE)
    units = town.arrives("enheter", date(2024, 5, 31), is_personal=False)
    town.publishes()
    (town.home.landing / "mai").write_text("mai", encoding="utf-8")
    taken = town.purged()
    assert (names(taken), [arrival.file_name for arrival in taken.still_landed]) == (["mai"], ["mai"])
    assert (of_may.exists(), of_june.exists(), units.exists()) == (False, True, True)
    (entry,) = of_kind(read_ledger(town.home), Purge)
    assert (entry.before, entry.files) == (BEFORE, (of_may.name,))


def test_what_the_current_publication_was_made_of_and_what_is_newer_stays(town: Town) -> None:
    needed, newer = town.arrives("brukt", date(2024, 5, 31)), town.arrives("oktober", date(2024, 10, 31))
    town.arrives("erstattet", AS_OF)
    # The same bytes have come for a later date, too.
    again = town.arrives("samme", date(2024, 5, 31), "likt")
    town.arrives("samme senere", date(2024, 10, 31), "likt")
    town.publishes(needed)
    assert names(town.purged(date(2025, 1, 1))) == ["erstattet"]
    assert needed.exists() and newer.exists() and again.exists()


def test_what_was_purged_is_not_purged_again(town: Town) -> None:
    town.arrives("mai", date(2024, 5, 31))
    town.publishes()
    assert names(town.purged(dry_run=True)) == ["mai"]
    assert of_kind(read_ledger(town.home), Purge) == []
    assert (names(town.purged()), names(town.purged())) == (["mai"], [])
    assert len(of_kind(read_ledger(town.home), Purge)) == 1


def test_quarantine_reports_go_by_the_same_dates(town: Town) -> None:
    town.publishes()
    for name in ("2024-05-31", "2024-06-30", "2024-09-30", "2024-10-31", "notat"):
        (town.home.quarantine / f"{name}.csv").write_text("", encoding="utf-8")
    assert [path.stem for path in town.purged().other_files] == ["2024-05-31"]
    # Those of the current publication are not superseded, whatever the date.
    assert [path.stem for path in town.purged(date(2025, 1, 1)).other_files] == ["2024-06-30"]
    assert {path.stem for path in town.home.quarantine.iterdir()} == {"2024-09-30", "2024-10-31", "notat"}


def test_what_broken_off_runs_left_goes(town: Town) -> None:
    town.publishes()
    home = town.home
    spilled = Path("warehouse.duckdb.tmp") / "duckdb_temp_1_0_storage_DEFAULT-0.tmp"
    left = [home.archive / "arriving", home.build / "warehouse.duckdb", home.build / "earlier" / "raw.duckdb.wal"]
    left += [home.build / spilled, home.spill / spilled.name]
    reproduced = [home.reproduction / "build" / "warehouse.duckdb", home.reproduction / "quarantine" / "2024-05-31.csv"]
    reproduced += [home.reproduction / "build" / spilled]
    for path in (*left, *reproduced):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    link = home.build / "link.duckdb"
    link.symlink_to(home.build / "warehouse.duckdb")
    # A reproduction that is running keeps what it is working with.
    with writer_lock(Home(home.reproduction)):
        assert sorted(town.purged().other_files) == sorted(left)
    assert sorted(town.purged().other_files) == sorted(reproduced)
    assert link.is_symlink() and not any(path.exists() for path in (*left, *reproduced))


def test_nothing_is_purged_before_something_is_published_or_beside_a_run(town: Town) -> None:
    path = town.arrives("mai", date(2024, 5, 31))
    with pytest.raises(Refused, match="nothing is published yet"):
        town.purged()
    town.publishes()
    with writer_lock(town.home), pytest.raises(Refused, match="another run is writing here"):
        town.purged()
    assert path.exists()
