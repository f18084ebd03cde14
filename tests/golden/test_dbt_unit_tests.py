"""Runs dbt's own unit tests (dbt_project/models/**/unit_tests.yml) on an empty build database."""

from pathlib import Path

from orchestration.dbt import load_manifest, run_dbt
from sources.registry import feeds
from tests.building import settings_with
from tests.golden.municipality import Municipality
from tests.golden.test_sick_leave import AS_OF
from warehouse.archive import all_arrivals, take_in
from warehouse.build_database import start_build
from warehouse.delivery import choose
from warehouse.paths import Home
from warehouse.publication import describe


def test_dbt_unit_tests(tmp_path: Path) -> None:
    home, settings = Home(tmp_path / "home"), settings_with(tmp_path)
    home.prepare()
    Municipality().deliver(home.landing, AS_OF)
    take_in(home, home.landing, feeds())
    delivery = choose(all_arrivals(home), feeds(), None).delivery
    start_build(home, settings, feeds(), delivery)
    describe(home, settings, delivery, "no Dagster run")
    options = {"database": home.build_database, "target": home.build / "dbt", "memory_limit": settings.memory_limit}
    # dbt reads the columns of a unit test's inputs from the database: the models must stand there, empty.
    run_dbt(["build", "--empty", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"], **options)
    seen: list[str] = []
    run_dbt(
        ["test", "--select", "test_type:unit"],
        **options,
        on_event=lambda event: seen.append(event["info"]["name"]),
    )
    assert seen.count("LogTestResult") >= len(load_manifest()["unit_tests"]) > 0
