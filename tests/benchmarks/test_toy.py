"""Every benchmark runs to its end on a toy municipality. Not here: how long anything takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.stages import STAGES
from tests.benchmarks.run import TOY, measure
from warehouse.settings import Settings


@pytest.mark.exhaustive
def test_every_benchmark_at_toy_size(tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    measure(TOY, tmp_path, settings)
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()][: len(STAGES)] == [stage.name for stage in STAGES]
    for what in ("all stages", "arsverk run", "tracing", "one query with a row a day", "read_csv"):
        assert what in printed
