"""Processes that the house starts for itself (warehouse/workers.py, report/process.py). Not here: what they compute."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from warehouse.report.process import run_module
from warehouse.workers import Processes


@pytest.mark.usefixtures("all_cores")
def test_no_code_is_taken_from_where_a_command_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write in that folder would run his code as the account of the house."""
    for name in ("json", "numpy", "pickle"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from here')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Processes() as processes:
        processes.start()
        assert processes.call("work", os.getpid) != os.getpid()
    run_module("warehouse.report.charts", str(tmp_path), given="[]", makes="no chart")
