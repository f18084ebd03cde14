"""What starts the night and how: schedule, sensor, pool, freshness. Nights themselves are in test_night.py."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import defs
from orchestration.defs.feeds import overdue
from orchestration.defs.nightly import landing_folder, look_at_landing, nightly, nightly_schedule
from orchestration.instance import killed_runs
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
        assert key is None and "ansatte_2024-09-30.csv" in str(cursor)
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


class TestLookAtLanding:
    """What stands for the newest complete delivery, and which files are read for it."""

    @pytest.fixture
    def landing(self, home: Home) -> Path:
        write_delivery(home.landing, small_delivery())
        return home.landing

    def look(
        self, landing: Path, settings: Settings, known: dict[str, list] | None = None
    ) -> tuple[dict[str, list], str | None]:
        at_once = settings.model_copy(update={"settle_seconds": 0})
        return look_at_landing(landing, feeds(), at_once, known or {})

    def test_a_file_that_has_not_changed_is_not_read_again(self, landing: Path, settings: Settings) -> None:
        files, content = self.look(landing, settings)
        name = "ansatte_2024-09-30.csv"
        known = {**files, name: [*files[name][:2], "as it was read"]}
        again, other = self.look(landing, settings, known)
        assert again == known and other not in (None, content)
        # Another size or another time, and it is read.
        for changed in ([files[name][0] + 1, files[name][1]], [files[name][0], files[name][1] + 1]):
            assert self.look(landing, settings, {name: [*changed, "as it was read"]}) == (files, content)

    def test_what_lies_beside_payroll_is_part_of_it_and_other_files_are_not(self, landing: Path, settings: Settings) -> None:
        files, content = self.look(landing, settings)
        (landing / "notat.txt").write_text("noe annet", encoding="utf-8")
        (landing / "pai_2022.csv").mkdir()
        assert self.look(landing, settings) == (files, content)
        (landing / "pai_2023.csv").write_text("PAI", encoding="utf-8")
        found, with_pai = self.look(landing, settings)
        assert found.keys() == files.keys() | {"pai_2023.csv"} and with_pai not in (None, content)

    def test_of_several_deliveries_the_newest_complete_one_is_meant(self, landing: Path, settings: Settings) -> None:
        _, september = self.look(landing, settings)
        write_delivery(landing, small_delivery(), extract_date=date(2024, 8, 31))
        assert self.look(landing, settings)[1] == september
        write_feed(landing, "ansatte", small_delivery()["ansatte"], extract_date=date(2024, 10, 31))
        assert self.look(landing, settings)[1] == september
        write_delivery(
            landing, {**small_delivery(), "ansatte": small_delivery()["ansatte"][:-1]}, extract_date=date(2024, 10, 31)
        )
        assert self.look(landing, settings)[1] not in (None, september)
        for path in landing.glob("fravaer_*"):
            path.unlink()
        assert self.look(landing, settings)[1] is None


def test_what_starts_the_night_starts_the_same_job_by_itself() -> None:
    assert nightly_schedule.job.name == nightly.name and landing_folder.job.name == nightly.name
    assert nightly_schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert landing_folder.default_status == dg.DefaultSensorStatus.RUNNING
    assert landing_folder.minimum_interval_seconds == 60


def test_every_asset_says_whose_it_is_what_it_is_and_where_its_code_stands() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.executable_asset_keys:
        node = graph.get(key)
        assert node.owners and node.kinds and node.description, key
        assert "Raw SQL" not in node.description
        (reference,) = node.metadata["dagster/code_references"].code_references
        assert isinstance(reference, dg.LocalFileCodeReference) and Path(reference.file_path).exists(), key


def test_a_killed_run_is_told_of_and_ended_by_a_sensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    ended: list[str] = []
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr("orchestration.instance.end_dead_runs", lambda instance, home: list(ended))
    monkeypatch.setattr("orchestration.notify.notify", lambda settings, text: told.append(text))
    assert killed_runs.minimum_interval_seconds == 60
    assert killed_runs.default_status == dg.DefaultSensorStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as instance:
        quiet = killed_runs(dg.build_sensor_context(instance))
        assert isinstance(quiet, dg.SkipReason) and quiet.skip_message == "no run has lost its process" and told == []
        ended += ["0123456789ab", "cdef456789ab"]
        said = killed_runs(dg.build_sensor_context(instance))
    assert isinstance(said, dg.SkipReason) and said.skip_message == "ended 2 killed runs"
    assert [text.split(":")[0] for text in told] == ["run 01234567 was killed", "run cdef4567 was killed"]
