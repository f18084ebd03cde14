"""The bundle for Superset: its structure and its metrics. With a real Superset: `make superset` (tests/superset_check.py)."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.builds import Builds, Built, night_without_dbt
from tests.command import arsverk
from tests.pipeline.test_examples_of_the_docs import deliver
from tests.superset_check import EXPECTED, OWN_FULL_TIME
from warehouse.database import publication_opened
from warehouse.superset import charts, write_bundle


def content_of(bundle: Path) -> dict[str, Any]:
    with zipfile.ZipFile(bundle) as files:
        return {name: yaml.safe_load(files.read(name)) for name in files.namelist()}


@pytest.fixture(scope="module")
def published(builds: Builds) -> Built:
    """The municipality of the documents' examples: large enough that a month is served."""
    return builds.built(deliver, night_without_dbt)


@pytest.fixture(scope="module")
def bundle(published: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("superset") / "arsverk.zip"
    database = "/srv/arsverk/publish/marts.duckdb"
    done = arsverk("superset", "--home", published.home.root, "--out", target, "--database", database)
    assert done.returncode == 0 and "1 dashboard" in done.stdout, done.stderr
    return target


def test_the_bundle_is_whole_and_names_what_it_refers_to(bundle: Path) -> None:
    content = content_of(bundle)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for name, one in content.items():
        assert name.startswith("arsverk/") and one["version"] == "1.0.0"
        by_kind.setdefault(name.split("/")[1], []).append(one)
    (database,) = by_kind["databases"]
    assert database["sqlalchemy_uri"] == "duckdb:////srv/arsverk/publish/marts.duckdb"
    assert database["extra"]["engine_params"]["connect_args"]["read_only"] is True
    datasets = {one["uuid"]: one for one in by_kind["datasets"]}
    assert {one["database_uuid"] for one in datasets.values()} == {database["uuid"]}
    (dashboard,) = by_kind["dashboards"]
    placed = {
        part["meta"]["uuid"] for part in dashboard["position"].values() if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert placed == {one["uuid"] for one in by_kind["charts"]} and len(placed) == len(charts(OWN_FULL_TIME)) == len(EXPECTED)
    for chart in by_kind["charts"]:
        dataset = datasets[chart["dataset_uuid"]]
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        columns = {column["column_name"] for column in dataset["columns"]}
        form = chart["params"]
        assert {*form.get("metrics", []), *filter(None, [form.get("metric")])} <= metrics, chart["slice_name"]
        asked = [form.get("x_axis"), *form.get("groupby", []), *form.get("groupbyRows", []), *form.get("groupbyColumns", [])]
        asked = [column["sqlExpression"] if isinstance(column, dict) else column for column in asked if column]
        assert {*asked, *(one["subject"] for one in form["adhoc_filters"])} <= columns, chart["slice_name"]


def test_every_dataset_is_described_and_every_metric_certified(bundle: Path) -> None:
    for name, dataset in content_of(bundle).items():
        if "/datasets/" not in name:
            continue
        assert dataset["description"] and dataset["metrics"], name
        for metric in dataset["metrics"]:
            assert metric["verbose_name"][0].isupper() and metric["d3format"].startswith(",."), name
            assert metric["extra"]["certification"]["certified_by"] == "årsverk"
        if dataset["sql"] is None:
            assert all(metric["description"] for metric in dataset["metrics"]), name
            unnamed = [column["column_name"] for column in dataset["columns"] if not column["verbose_name"]]
            assert not unnamed, (name, unnamed)


def test_the_same_publication_gives_the_same_bytes(published: Built, bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    write_bundle(published.home.current.resolve(), Path("/srv/arsverk/publish/marts.duckdb"), again)
    assert again.read_bytes() == bundle.read_bytes()


def test_metrics_are_right_or_empty_whatever_rows_they_are_asked_of(published: Built, bundle: Path) -> None:
    """A sum over the parts of the municipality is its figure; what would count twice, or average shares, is empty."""
    datasets = {one["table_name"]: one for name, one in content_of(bundle).items() if "/datasets/" in name}

    def asked(con: duckdb.DuckDBPyConnection, dataset: str, metric: str, where: str) -> Any:
        (expression,) = [one["expression"] for one in datasets[dataset]["metrics"] if one["metric_name"] == metric]
        return con.execute(f"select {expression} from {dataset} where {where}").fetchall()[0][0]

    with publication_opened(published.home.current.resolve()) as con:
        for dataset in datasets.values():
            for metric in dataset["metrics"]:
                source = f"({dataset['sql'].replace('main.', '')})" if dataset["sql"] else dataset["table_name"]
                con.execute(f"select {metric['expression']} from {source}").fetchall()
        month = con.execute(
            """select period, sick_leave_percent, lost_days, fte from sick_leave_by_unit where period_type = 'month'
               and org_level = 'kommune' and withheld is null and lost_days > 0 order by period desc limit 1"""
        ).fetchone()
        assert month, "the small municipality serves no month"
        period, percent, days, fte = month
        for view in ("bi_sick_leave_by_age", "bi_sick_leave_by_sex", "bi_sick_leave_by_job_code"):
            whole = f"period = '{period}' and org_level = 'kommune'"
            assert asked(con, view, "sick_leave_percent", whole) == pytest.approx(percent), view
            assert float(asked(con, view, "lost_days", whole)) == pytest.approx(days), view
            assert float(asked(con, view, "fte", whole)) == pytest.approx(fte), view
            assert asked(con, view, "lost_days", "true") is None, view  # months in quarters in years, units in units
            assert asked(con, view, "fte", "period_type = 'month' and org_level = 'kommune'") is None, view
        assert asked(con, "sick_leave_by_unit", "sick_leave_percent", "period_type = 'month'") is None
        assert asked(con, "full_time_by_unit", "full_time_80_percent", "true") is None
