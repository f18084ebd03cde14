"""An office with many municipalities: a file each, a partition each, homes and keys apart, and nobody's failure another's.
Not here: a night of one (the other tests).
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from orchestration import municipalities as office
from tests.command import arsverk_here, write_arsverk_without_dbt
from tests.office import add, let_settle, office_instance, twelve_nights
from warehouse.errors import UsageError
from warehouse.municipalities import FOLDER_VARIABLE, municipality, names
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.verify import verify

ROOT = Path(__file__).parents[2]


@pytest.fixture
def without_dbt_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The office starts an `arsverk` beside its own Python: here one whose nights do without dbt."""
    program = write_arsverk_without_dbt(tmp_path)
    monkeypatch.setattr(office, "sys", SimpleNamespace(executable=str(program.with_name("python"))))


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Home]:
    """Three municipalities, the second of them broken."""
    homes = {name: add(tmp_path, name, broken=name == "baerum") for name in ("asker", "baerum", "lier")}
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "municipalities"))
    return homes


@pytest.mark.usefixtures("without_dbt_there")
def test_three_of_them_one_broken(three: dict[str, Home], tmp_path: Path) -> None:
    with office_instance(tmp_path) as instance:
        found = office.municipality_files(dg.build_sensor_context(instance))
        assert isinstance(found, dg.SensorResult) and found.dynamic_partitions_requests
        (added,) = found.dynamic_partitions_requests
        instance.add_dynamic_partitions(office.TAG, added.partition_keys)
        assert instance.get_dynamic_partitions(office.TAG) == list(three)
        # The schedule and the sensor ask for a night of each.
        scheduled = office.all_at_two(dg.build_schedule_context(instance, datetime(2024, 10, 1, 2)))  # noqa: DTZ001
        assert [one.partition_key for one in scheduled] == list(three)  # type: ignore[union-attr]
        let_settle(tmp_path)
        context = dg.build_sensor_context(instance)
        landed = office.landing_folders(context)
        assert isinstance(landed, dg.SensorResult) and landed.run_requests
        assert [(one.partition_key, one.tags[office.TAG]) for one in landed.run_requests] == [(name, name) for name in three]
        again = office.landing_folders(dg.build_sensor_context(instance, cursor=landed.cursor))
        assert isinstance(again, dg.SensorResult) and again.run_requests
        assert [one.run_key for one in again.run_requests] == [one.run_key for one in landed.run_requests]
        # The broken one first: the others' nights know nothing of it.
        results = {
            name: dg.materialize([office.municipality_publication], partition_key=name, instance=instance, raise_on_error=False)
            for name in ("baerum", "asker")
        }
    assert not results["baerum"].success and results["asker"].success
    failed = results["baerum"].failure_data_for_node("municipality_publication")
    assert (
        failed
        and failed.user_failure_data
        and "the delivery of 2024-09-30 is not accepted" in str(failed.user_failure_data.description)
    )
    assert current_publication(three["asker"]) and verify(three["asker"]) == []
    assert current_publication(three["baerum"]) is None and not three["lier"].root.exists()
    assert three["asker"].pseudonym_key.read_bytes() != three["baerum"].pseudonym_key.read_bytes()
    done = arsverk_here("status", "--all")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("asker ") and "fresh" in lines[0]
    assert "the last night was refused" in lines[1] and lines[2].startswith("lier ")
    assert lines[3] == "1 of 3 are fresh"
    assert list(json.loads(arsverk_here("status", "--all", "--json").stdout)) == list(three)


def test_a_file_that_is_wrong_is_said_by_name(three: dict[str, Home], tmp_path: Path) -> None:
    files = tmp_path / "municipalities"
    text = (files / "asker.toml").read_text(encoding="utf-8")
    (files / "lier.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"lier\.toml and asker\.toml have the same home"):
        municipality("lier")
    (files / "lier.toml").write_text("municipality = 3", encoding="utf-8")
    assert municipality("asker").home == three["asker"] and names() == list(three)
    shutil.copy(ROOT / "arsverk.toml", files / "lier.toml")
    with pytest.raises(UsageError, match="folders is missing"):
        municipality("lier")
    with pytest.raises(UsageError, match=r"there is no secret\.toml"):
        municipality("../secret")


@pytest.mark.exhaustive
def test_twelve_of_them_four_at_a_time_one_broken_one_killed(tmp_path: Path) -> None:
    """On SQLite; `make municipalities-check` has the same on PostgreSQL."""
    twelve_nights(tmp_path)
