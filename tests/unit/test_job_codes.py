"""The list of job codes that the municipality edits. Not here: what is reported by it (golden), or its form (dbt tests)."""

import csv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def read(path: str, delimiter: str) -> list[dict[str, str]]:
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_the_demo_municipality_s_codes_are_listed_with_its_pay_groups() -> None:
    listed = {(row["job_code"], row["pay_group"]) for row in read("dbt_project/seeds/job_codes.csv", ",")}
    assert {(row["code"], row["pay_group"]) for row in read("sources/demo/job_codes.csv", ";")} <= listed
