"""The metrics file is Prometheus' text format, and the alert rules ask for metrics that it has. Not here: nights."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from warehouse.metrics_file import metrics_text, write_metrics
from warehouse.outcome import FeedRows, Findings, Night, NightWarning, begin, end, nights, now
from warehouse.paths import Home

ROOT = Path(__file__).parents[2]
LINE = re.compile(r'arsverk_(\w+)\{municipality="Båt \\"og\\" ø\\\\"((?:,\w+="[^"]*")*)\} -?[\d.e+-]+')


def text_of(home: Home) -> str:
    findings = Findings(warnings=[NightWarning("quarantined", "3 rows", 3)])
    findings.rows["fravaer"] = FeedRows(10, 7, 3)
    with findings.timing("build"):
        findings.hold("no release is due")
    night = end(home, "run", begin(home, "run", findings), findings, max_age_days=None)
    assert night
    return metrics_text(home, 'Båt "og" ø\\', night, findings)


def test_each_line_is_a_metric_with_help_and_type(home: Home) -> None:
    lines = text_of(home).splitlines()
    values = [found for line in lines if not line.startswith("#") and (found := LINE.fullmatch(line))]
    assert len(values) == len([line for line in lines if not line.startswith("#")]) > 20
    for name in {found.group(1) for found in values}:
        assert len([line for line in lines if line.startswith((f"# HELP arsverk_{name} ", f"# TYPE arsverk_{name} "))]) == 2
    assert 'arsverk_rows_loaded{municipality="Båt \\"og\\" ø\\\\",feed="fravaer"} 7' in lines
    assert 'arsverk_warnings{municipality="Båt \\"og\\" ø\\\\",kind="quarantined"} 3' in lines


def test_times_and_ages_are_seconds_of_utc_wherever_the_machine_stands(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(
        "run",
        "2024-10-01T00:00:00+00:00",
        "published",
        ended_at="2024-10-01T02:00:00+00:00",
        publication_id="p",
        as_of="2024-09-30",
        published_at="2024-10-01T01:00:00",
    )
    end(home, "good", now(), Findings(result="held"), max_age_days=None)
    end(home, "bad", now(), Findings(reasons=["no"]), max_age_days=None)
    good, _ = nights(home)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        text = metrics_text(home, "A", night, Findings())
    time.tzset()
    lines = text.replace('municipality="A",', "").replace('{municipality="A"}', "").splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    # The first of October 2024 began 1 727 740 800 seconds after 1970.
    expected = {
        "arsverk_night_began_timestamp_seconds": "1727740800",
        "arsverk_night_ended_timestamp_seconds": "1727748000",
        "arsverk_publication_timestamp_seconds": "1727744400",
        "arsverk_publication_age_seconds": "3600",
        'arsverk_night_outcome{outcome="published"}': "1",
        'arsverk_night_outcome{outcome="refused"}': "0",
        "arsverk_good_night_timestamp_seconds": f"{datetime.fromisoformat(good.ended_at).timestamp():.15g}",
    }
    assert {name: values.get(name) for name in expected} == expected


def test_the_file_is_put_in_place_whole_for_all_to_read(tmp_path: Path) -> None:
    path = tmp_path / "arsverk.prom"
    for text in ("first\n", "second\n"):
        write_metrics(path, text)
        assert path.read_text(encoding="utf-8") == text and oct(path.stat().st_mode)[-3:] == "644"
    assert list(tmp_path.iterdir()) == [path]


def test_the_alert_rules_ask_for_what_there_is() -> None:
    rules = yaml.safe_load((ROOT / "docs" / "prometheus" / "arsverk.rules.yml").read_text(encoding="utf-8"))
    asked = {name for rule in rules["groups"][0]["rules"] for name in re.findall(r"arsverk_\w+", rule["expr"])}
    written = (ROOT / "warehouse" / "metrics_file.py").read_text(encoding="utf-8")
    documented = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in asked:
        short = name.removeprefix("arsverk_")
        assert f'"{short}"' in written or short.startswith("rows_")
        assert f"`{name}`" in documented
    assert len(asked) == 6
