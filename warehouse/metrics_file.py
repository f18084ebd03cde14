"""How the last night went, in Prometheus' text format for node exporter's textfile collector. No figure and no person is in it.
Not here: when it is written (orchestration/notify.py), or rules for alerts (docs/operations.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from warehouse.outcome import BROKEN_OFF, HELD, KINDS, PUBLISHED, REFUSED, Findings, Night, days_since, nights
from warehouse.paths import Home

READABLE_BY_ALL = 0o644

Labels = Mapping[str, str]


def metrics_text(home: Home, municipality: str, night: Night, findings: Findings) -> str:
    """All metrics of a night that has ended, each with its help, its type and the label `municipality`."""
    own = {"municipality": municipality}
    lines: list[str] = []

    def add(name: str, text: str, values: Iterable[tuple[Labels, float]]) -> None:
        found = list(values)
        if found:
            lines.extend([f"# HELP arsverk_{name} {text}", f"# TYPE arsverk_{name} gauge"])
            lines.extend(f"arsverk_{name}{_labels({**own, **labels})} {value:.15g}" for labels, value in found)

    results = (PUBLISHED, HELD, REFUSED, BROKEN_OFF)
    add("night_outcome", "1 for how the last night ended.", (({"outcome": one}, float(one == night.result)) for one in results))
    add("night_began_timestamp_seconds", "When the last night began.", [({}, _seconds(night.began_at))])
    add("night_ended_timestamp_seconds", "When the last night ended.", [({}, _seconds(night.ended_at))])
    good = [one.ended_at for one in nights(home) if one.result in (PUBLISHED, HELD) and one.ended_at]
    add("good_night_timestamp_seconds", "When a night last published or held.", (({}, _seconds(max(good))) for _ in good[:1]))
    if night.published_at and night.as_of:
        published = _seconds(night.published_at)
        add("publication_timestamp_seconds", "When the served publication was published.", [({}, published)])
        age = _seconds(night.ended_at) - published
        add("publication_age_seconds", "Age of the served publication when the night ended.", [({}, age)])
        days = float(days_since(date.fromisoformat(night.as_of)))
        add("extract_age_days", "Days from the as-of date of what is served to the end of the night.", [({}, days)])
    seconds = (({"stage": name}, value) for name, value in findings.seconds.items())
    add("stage_seconds", "Seconds of the night by stage.", seconds)
    for kind in ("delivered", "loaded", "quarantined"):
        values = (({"feed": name}, float(getattr(rows, kind))) for name, rows in findings.rows.items())
        add(f"rows_{kind}", f"Rows {kind} of the night's delivery by feed.", values)
    counted = {kind: sum(warning.count for warning in night.warnings if warning.kind == kind) for kind in KINDS}
    add("warnings", "What the night warns of, by kind.", (({"kind": kind}, float(count)) for kind, count in counted.items()))
    return "\n".join(lines) + "\n"


def write_metrics(path: Path, text: str) -> None:
    """Put the file in place whole, for everybody to read; the collector takes no file of another ending."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with new.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.chmod(READABLE_BY_ALL)
    new.replace(path)


def _seconds(moment: str) -> float:
    """A recorded time, which is UTC whether it says so or not, in seconds since 1970."""
    found = datetime.fromisoformat(moment)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _labels(labels: Labels) -> str:
    return "{" + ",".join(_label(labels)) + "}"


def _label(labels: Labels) -> Iterator[str]:
    for name, value in labels.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        yield f'{name}="{escaped}"'
