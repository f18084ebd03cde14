"""Every served table with its grain and the function that names the rows of a cell. A mart that is missing here fails a test.
Not here: the functions themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from warehouse.trace import audit, equality, full_time, reference, sick_leave, substitutes, survey
from warehouse.trace.audit import Tracer

PERIOD, UNIT = ("period_type", "period"), ("org_level", "org_unit_code")


@dataclass(frozen=True)
class Table:
    """`grain`: columns that name a cell, as the mart's yml has them."""

    grain: tuple[str, ...]
    trace: Tracer


TABLES: dict[str, Table] = {
    "org_units": Table(("org_unit_code",), audit.of_unit),
    "sick_leave_by_unit": Table((*PERIOD, *UNIT), sick_leave.of_cell),
    "sick_leave_by_sex": Table((*PERIOD, *UNIT, "sex"), sick_leave.of_cell),
    "sick_leave_by_age": Table((*PERIOD, *UNIT, "sex", "age_group"), sick_leave.of_cell),
    "sick_leave_by_job_code": Table((*PERIOD, *UNIT, "job_code"), sick_leave.of_cell),
    "full_time_by_unit": Table(("source", "reference_date", *UNIT), full_time.of_cell),
    "full_time_by_job_code": Table(("source", "reference_date", *UNIT, "job_code"), full_time.of_cell),
    "full_time_sources": Table(("indicator", "year", *UNIT), full_time.of_sources),
    "substitutes_by_unit": Table(("month", *UNIT), substitutes.of_cell),
    "equality_gender_balance": Table(("year", *UNIT, "sex"), equality.of_gender_balance),
    "equality_leaders": Table(("year", "leader_level", "sex"), equality.of_leaders),
    "equality_parental_leave": Table(("year", "sex", "leave_coverage"), equality.of_parental_leave),
    "equality_pay": Table(("year", "pay_group"), equality.of_pay),
    "survey_response": Table(("year", *UNIT), survey.of_response),
    "survey_factor_scores": Table(("year", *UNIT, "factor_no"), survey.of_factor_score),
    "benchmarks": Table(("indicator", *PERIOD, "peer"), reference.of_benchmark),
    "targets": Table(("indicator", *UNIT, "year"), reference.of_target),
    "pilots": Table(("pilot", "indicator"), reference.of_pilot),
    "publication": Table(("publication_id",), audit.of_publication),
    "inputs": Table(("feed", "file_name"), audit.of_input),
    "data_quality": Table(("feed", "rule"), audit.of_data_quality),
    "metric_definitions": Table(("measure",), audit.of_definition),
}


# Tables of figures about figures.
FIGURES = {name: table.trace for name, table in TABLES.items()}
TABLES["reconciliation"] = Table(("figure_id",), partial(audit.of_reconciliation, tracers=FIGURES))
TABLES["restatements"] = Table(
    ("publication_id", "table_name", "cell", "measure"), partial(audit.of_restatement, tracers=FIGURES)
)
