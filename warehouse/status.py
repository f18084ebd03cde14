"""What an installation looks like now, on one screen: what is served, the last nights, arrivals, warnings, disk.
Not here: anything that is computed anew; what a night found is read from what it said (outcome.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sources.contract import Feed
from warehouse.arrivals import ArrivalState, states_of_arrivals
from warehouse.outcome import BROKEN_OFF, REFUSED, RUNNING, Night, days_since, local, nights, stale_text
from warehouse.paths import Home
from warehouse.publication import served_entry
from warehouse.release import stale_after_days
from warehouse.settings import Settings

NIGHTS_SHOWN, ARRIVALS_SHOWN = 7, 10
SHOWN_STATES = ("waiting", "left out", "withdrawn", "not used")
# The schedule runs every night; so long without one, something does not run at all.
WITHOUT_NIGHT = timedelta(days=2)


@dataclass(frozen=True)
class Status:
    """The state of a home folder. `problems` says why it is stale or failed; without one it is fresh."""

    problems: list[str]
    publication_id: str | None
    as_of: str | None
    published_at: str | None
    age_days: int | None
    nights: list[Night]
    arrivals: list[ArrivalState]
    bytes_used: Mapping[str, int]
    bytes_free: int

    @property
    def is_fresh(self) -> bool:
        return not self.problems

    @property
    def last_ended(self) -> Night | None:
        """The last whole night that came to an end."""
        return next((night for night in reversed(self.nights) if night.result not in (RUNNING, BROKEN_OFF)), None)

    def as_json(self) -> dict[str, Any]:
        """The state for a monitoring program: JSON-ready values."""
        last = self.last_ended
        return {
            "state": "fresh" if self.is_fresh else "stale or failed",
            "problems": self.problems,
            "served": {
                "publication_id": self.publication_id,
                "as_of": self.as_of,
                "published_at": self.published_at,
                "age_days": self.age_days,
            },
            "nights": [
                {"run_id": one.run_id, "began_at": one.began_at, "ended_at": one.ended_at, "outcome": one.outcome}
                for one in reversed(self.nights)
            ],
            "warnings": [asdict(warning) for warning in last.warnings] if last else [],
            "arrivals": [
                {"state": one.state, "file_name": one.arrival.file_name, "sha256": one.arrival.sha256, "reason": one.reason}
                for one in self.arrivals
            ],
            "disk": {"free": self.bytes_free, **self.bytes_used},
        }

    def lines(self) -> Iterator[str]:
        """The state for people."""
        yield "Fresh" if self.is_fresh else "Stale or failed: " + "; ".join(self.problems)
        last = self.last_ended
        yield Night("", "", "", "", self.publication_id, self.as_of, self.published_at).served_text()
        yield "\nLast nights" if self.nights else "\nThere has been no night"
        for night in reversed(self.nights):
            first = night.reason.splitlines()[0] if night.reason else ""
            yield f"  {local(night.began_at or night.ended_at)}  {night.outcome:<24}  {first}".rstrip()
        if last and last.who:
            yield f"  To do ({last.who}): {last.to_do}"
        if self.arrivals:
            yield f"\nArrivals that are not served ({len(self.arrivals)}; arsverk arrivals has all)"
            for one in self.arrivals[:ARRIVALS_SHOWN]:
                yield f"  {one.state:<9}  {one.arrival.file_name}  {one.reason}"
        if last and last.warnings:
            yield ""
            yield from last.warning_lines()
        used = ", ".join(f"{name} {_size(size)}" for name, size in self.bytes_used.items())
        yield f"\nDisk: {_size(self.bytes_free)} free; {used}"


def status_of(home: Home, settings: Settings, feeds: Mapping[str, Feed]) -> Status:
    """Look at a home folder. It is read only, also while a night writes."""
    served = served_entry(home)
    all_nights = nights(home)
    whole = [night for night in all_nights if night.result != RUNNING]
    problems = []
    if served is None:
        problems.append("nothing has been published")
    elif days_since(served.as_of) > stale_after_days(settings):
        problems.append(stale_text(served.as_of, stale_after_days(settings)))
    if whole and whole[-1].result == REFUSED:
        problems.append("the last night was refused")
    elif whole and whole[-1].result == BROKEN_OFF:
        problems.append("the last night was broken off")
    ended = [datetime.fromisoformat(night.ended_at) for night in whole if night.ended_at]
    if ended and datetime.now(UTC) - max(ended) > WITHOUT_NIGHT:
        problems.append(f"no night has ended since {local(max(ended).isoformat())}")
    return Status(
        problems,
        served.publication_id if served else None,
        str(served.as_of) if served else None,
        served.published_at if served else None,
        days_since(served.as_of) if served else None,
        all_nights[-NIGHTS_SHOWN:],
        [one for one in states_of_arrivals(home, feeds) if one.state in SHOWN_STATES],
        {part.name: _bytes_below(part) for part in (home.archive, home.publish, home.warehouse_database, home.build)},
        shutil.disk_usage(home.root).free,
    )


def _bytes_below(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what vanishes meanwhile is not counted."""
    total = 0
    for file in [path] if path.is_file() else path.rglob("*"):
        try:
            total += file.lstat().st_size
        except OSError:
            continue
    return total


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB".replace(".", ",")
