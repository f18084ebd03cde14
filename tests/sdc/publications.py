"""Writes publications by hand, as folders of Parquet files in a home folder, for attacks on them.
Not here: tests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.dbt import load_manifest
from warehouse.catalogue import record_of, tables_of
from warehouse.paths import Home
from warehouse.sdc.attack.command import attack_publication
from warehouse.sdc.attack.findings import Finding
from warehouse.settings import read_settings

# Thresholds of the hand-made tables: small, so that the figures are.
SETTINGS = {"min_fte_unit": 2, "min_fte_job_code": 2, "min_persons": 2, "min_responses": 2, "protection_interval": 0.1}
COLUMNS = {
    "org_units": "org_level varchar, org_unit_code varchar, org_unit_name varchar, parent_code varchar, path varchar",
    "sick_leave_by_unit": "period_type varchar, period varchar, org_level varchar, org_unit_code varchar, fte double",
    "sick_leave_by_sex": "period_type varchar, period varchar, org_level varchar, org_unit_code varchar, sex varchar, "
    "fte double",
    "sick_leave_by_age": "period_type varchar, period varchar, org_level varchar, org_unit_code varchar, sex varchar, "
    "age_group varchar, fte double",
    "sick_leave_by_job_code": "period_type varchar, period varchar, org_level varchar, org_unit_code varchar, "
    "job_code varchar, fte double",
    "full_time_by_unit": "source varchar, reference_date date, org_level varchar, org_unit_code varchar, headcount bigint, "
    "fte double",
    "full_time_by_job_code": "source varchar, reference_date date, org_level varchar, org_unit_code varchar, "
    "job_code varchar, headcount bigint, fte double",
    "full_time_by_sex": "source varchar, reference_date date, org_level varchar, org_unit_code varchar, sex varchar, "
    "headcount bigint, fte double",
    "equality_gender_balance": "year integer, org_level varchar, org_unit_code varchar, sex varchar, employees bigint, "
    "fte double, employees_percent double, fte_percent double",
    "equality_parental_leave": "year integer, sex varchar, leave_coverage varchar, parental_leave_takers bigint",
    "equality_pay": "year integer, pay_group integer, women bigint, men bigint, positions bigint",
    "substitutes_by_unit": "month varchar, org_level varchar, org_unit_code varchar, variable_fte double, "
    "substitute_fte double, substitute_percent double, overtime_hours double",
    "absence_spells_by_unit": "year integer, org_level varchar, org_unit_code varchar, length_band varchar, persons bigint, "
    "lost_days double",
    "workforce_by_unit": "reference_date date, org_level varchar, org_unit_code varchar, employment_form varchar, "
    "persons bigint, fte double, joined_12m bigint, left_12m bigint, turnover_percent double",
    "equality_pay_by_job_code": "year integer, job_code varchar, women bigint, men bigint, positions bigint",
    "survey_response": "year integer, org_level varchar, org_unit_code varchar, responses bigint, "
    "previous_response_percent double",
    "survey_factor_scores": "year integer, org_level varchar, org_unit_code varchar, factor_no integer, score double, "
    "previous_score double, difference_previous double",
    "reconciliation": "figure_id varchar, mart varchar, cell varchar, computed double, difference double",
    "targets": "indicator varchar, year integer, org_level varchar, org_unit_code varchar, actual double, gap double",
    "benchmarks": "indicator varchar, period_type varchar, period varchar, source varchar, value double",
    "full_time_sources": "indicator varchar, year integer, org_level varchar, org_unit_code varchar, payroll_date date, "
    "payroll_date_before_pai date, pai_date date, payroll_value double, payroll_value_before_pai double, pai_value double, "
    "payroll_minus_pai double, due_to_date double, due_to_source double",
    "restatements": "publication_id varchar, table_name varchar, cell varchar, measure varchar, was double, now double",
}
NO_WITHHELD = ("org_units", "targets", "reconciliation", "benchmarks", "full_time_sources", "restatements")

Rows = Sequence[Sequence[object]]


def write_publication(
    home: Path,
    name: str,
    *,
    units: Mapping[str, str | None],
    settings: Mapping[str, object] = {},
    as_of: str | None = None,
    **tables: Rows,
) -> None:
    """A publication with these tables; units as code → parent code. Rows are as in COLUMNS, `withheld` last."""
    folder = home / "publish" / "history" / name
    folder.mkdir(parents=True)
    level = {None: "kommune"}
    tables["org_units"] = [(level.get(parent, "avdeling"), code, code, parent, code) for code, parent in units.items()]
    with duckdb.connect() as con:
        for table, rows in tables.items():
            more = "" if table in NO_WITHHELD else ", withheld varchar"
            con.execute(f"create or replace table t ({COLUMNS[table]}{more})")
            con.executemany(f"insert into t values ({', '.join('?' * len(rows[0]))})", rows)
            con.execute(f"copy t to '{folder / table}.parquet' (format parquet)")
        con.execute(
            """create or replace table t as select $1 as publication_id, cast($1 as timestamp) as published_at, $2 as settings,
               cast($3 as date) as as_of""",
            [name, json.dumps({**SETTINGS, **settings}), as_of or name],
        )
        con.execute(f"copy t to '{folder / 'publication'}.parquet' (format parquet)")
    tables_said = record_of(tables_of(load_manifest()), read_settings())
    (folder / "manifest.json").write_text(json.dumps({"tables": tables_said}), encoding="utf-8")
    current = home / "publish" / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(f"history/{name}")


def found(home: Path, kind: str = "") -> list[Finding]:
    """What the attack on the newest publication finds, of one kind or of all."""
    _, _, report = attack_publication(Home(home), None)
    assert all("form a group" in note for note in report.notes)
    return [finding for finding in report.findings if kind in ("", finding.kind)]


def cells(findings: Sequence[Finding], *columns: str) -> set[tuple[str, ...]]:
    """The findings' cells by table and some grain columns."""
    return {(finding.table, *(finding.cell[column] for column in columns)) for finding in findings}
