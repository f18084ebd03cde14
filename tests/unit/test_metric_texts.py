"""The definitions that are published beside the figures (dbt_project/seeds/metric_texts.csv)."""

import csv
from pathlib import Path

from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "metric_texts.csv"
# Tables of figures that have no withheld column of their own.
NEVER_WITHHELD = ("equality_leaders", "benchmarks", "targets", "full_time_sources")
RECONCILED = {"published", "computed", "difference"}
# Labels of those tables, not figures.
NOT_FIGURES = {
    "source",
    "payroll_date",
    "payroll_date_before_pai",
    "pai_date",
    "threshold",
    "payroll_counts",
    "pai_counts",
}


def test_every_served_measure_is_defined_in_both_languages() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    marts = [mart for mart in tables_of(load_manifest()) if mart.threshold or mart.name in NEVER_WITHHELD]
    assert {text["measure"] for text in texts} == {name for mart in marts for name in mart.measures} - NOT_FIGURES | RECONCILED
    assert [text["measure"] for text in texts if not all(text.values())] == []
