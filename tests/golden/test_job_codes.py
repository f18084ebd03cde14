"""The list of job codes that the municipality edits: what stands in it, and that a wrong line stops the night.
Not here: what is reported by it (golden).
"""

import csv
from pathlib import Path

import pytest

from orchestration.dbt import DbtFailed, run_dbt
from warehouse.database import connect
from warehouse.paths import Home
from warehouse.settings import Settings

ROOT = Path(__file__).parents[2]


def read(path: str, delimiter: str) -> list[dict[str, str]]:
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_the_demo_municipality_s_codes_are_listed_with_its_pay_groups() -> None:
    listed = {(row["job_code"], row["pay_group"]) for row in read("dbt_project/seeds/job_codes.csv", ",")}
    assert {(row["code"], row["pay_group"]) for row in read("sources/demo/job_codes.csv", ";")} <= listed


def test_a_wrong_line_of_the_list_is_named(home: Home, settings: Settings) -> None:
    def dbt(command: str) -> None:
        run_dbt(
            [command, "--select", "job_codes"],
            database=home.build_database,
            target=home.build / "dbt",
            memory_limit=settings.memory_limit,
        )

    dbt("seed")
    dbt("test")
    with connect(home.build_database, settings) as con:
        con.execute(
            """insert into seeds.job_codes values
               ('0951', 'Rektor', '4', 10, '2020-01-01', '2020-12-31', 'own'),
               ('0951', 'Rektor', '4', 10, '2020-12-31', null, 'own'),
               ('1001', 'Leder', '5', 12, '2020-01-01', null, 'own'),
               ('1002', '', '5', 1, '2020-01-01', null, 'own'),
               ('1003', 'Leder', '5', null, '2020-01-01', '2019-12-31', null),
               ('100', 'Leder', '5', 1, null, null, 'own')"""
        )
    with pytest.raises(DbtFailed) as failed:
        dbt("test")
    told = {line.split(":")[0]: line for line in str(failed.value).splitlines()[1:]}
    assert sorted(name.removeprefix("test ") for name in told) == [
        "accepted_values_job_codes_pay_group__False__1__2__3__4__5__6__7__8__9__10__11",
        "matches_pattern_job_codes_job_code___0_9_4_",
        "matches_pattern_job_codes_source___S_",
        "matches_pattern_job_codes_title___S_",
        "no_overlapping_validity_job_codes_job_code",
        "unique_grain_job_codes_job_code__valid_from",
    ]
    # A day in both of two lines, and an end before the beginning.
    assert "Got 2 results" in told["test no_overlapping_validity_job_codes_job_code"]
