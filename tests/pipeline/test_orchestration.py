"""What starts the night and how: schedule, sensor, pool, freshness. Nights themselves are in test_night.py."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.defs.feeds import overdue
from orchestration.defs.nightly import landing_folder, nightly_schedule
from orchestration.night import WRITER_POOL
from sources.registry import feeds
from tests.building import settings_with
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery, write_feed
from warehouse.paths import HOME_VARIABLE, SETTINGS_VARIABLE, Home
from warehouse.settings import Settings


def test_the_schedule_is_two_o_clock_in_oslo() -> None:
    assert (nightly_schedule.cron_schedule, nightly_schedule.execution_timezone) == ("0 2 * * *", "Europe/Oslo")


def test_every_asset_writes_through_the_one_pool() -> None:
    assets = [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    assert {asset.op.pool for asset in assets} == {WRITER_POOL}


def policies() -> dict[str, dg.FreshnessPolicy]:
    """The freshness policy of each asset that has one."""
    specs = [spec for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition) for spec in asset.specs]
    return {spec.key.to_user_string(): spec.freshness_policy for spec in specs if spec.freshness_policy}


def test_the_publication_is_due_at_six_and_a_required_feed_within_max_age_days(settings: Settings) -> None:
    found = policies()
    assert "0 6 * * *" in str(found.pop("publication"))
    assert found.keys() == {f"raw/{feed.name}" for feed in feeds().values() if feed.required}
    assert set(found.values()) == {dg.FreshnessPolicy.time_window(timedelta(days=settings.max_age_days))}


def test_settings_say_when_a_feed_is_overdue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_with(tmp_path, max_age_days=3)
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "arsverk.toml"))
    assert overdue(feeds()["ansatte"]) == dg.FreshnessPolicy.time_window(timedelta(days=3))
    (tmp_path / "arsverk.toml").write_text("max_age_days = 0", encoding="utf-8")
    assert overdue(feeds()["ansatte"]) == dg.FreshnessPolicy.time_window(timedelta(days=40))


def test_the_groups_read_as_the_data_s_way() -> None:
    groups = {
        defs.resolve_asset_graph().get(key).group_name
        for key in defs.resolve_asset_graph().get_all_asset_keys()
        if defs.resolve_asset_graph().get(key).is_materializable
    }
    assert groups == {
        "landing",
        "feeds",
        "staging",
        "intermediate",
        "marts",
        "audit",
        "disclosure",
        "publication",
    }


def settle(home: Home) -> None:
    """As if the files that lie there had come three minutes ago."""
    for path in home.landing.iterdir():
        os.utime(path, (time.time() - 180,) * 2)


class TestLandingSensor:
    """One run a content: nothing for an incomplete delivery, nothing twice, one for a changed file."""

    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
        home = Home(tmp_path / "home")
        home.prepare()
        monkeypatch.setenv(HOME_VARIABLE, str(home.root))
        return home

    def evaluate(self, cursor: str | None) -> tuple[str | None, str | None]:
        """The run key asked for, if any, and the new cursor."""
        with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance, cursor=cursor) as context:
            result = landing_folder(context)
            if isinstance(result, dg.SensorResult):
                return (result.run_requests or [])[0].run_key, result.cursor
            return None, context.cursor

    def test_one_run_a_content(self, home: Home) -> None:
        write_feed(home.landing, "ansatte", small_delivery()["ansatte"])
        settle(home)
        key, cursor = self.evaluate(None)
        assert key is None
        write_delivery(home.landing, small_delivery())
        key, cursor = self.evaluate(cursor)
        assert key is None  # they may still be growing
        settle(home)
        first, cursor = self.evaluate(cursor)
        again, cursor = self.evaluate(cursor)
        assert first is not None and again == first  # Dagster skips a run key it has seen
        write_feed(home.landing, "ansatte", small_delivery()["ansatte"][:-1])
        settle(home)
        changed, _ = self.evaluate(cursor)
        assert changed not in (None, first)


def test_every_asset_says_whose_it_is_what_it_is_and_where_its_code_stands() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.executable_asset_keys:
        node = graph.get(key)
        assert node.owners and node.kinds and node.description, key
        assert "Raw SQL" not in node.description
        (reference,) = node.metadata["dagster/code_references"].code_references
        assert isinstance(reference, dg.LocalFileCodeReference) and Path(reference.file_path).exists(), key
