"""Which function names the rows of a cell, for every served table.
Not here: the functions themselves, or what a table is (warehouse/catalogue.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from warehouse.catalogue import Table
from warehouse.trace import (
    comparisons,
    equality,
    evidence,
    full_time,
    reference,
    sick_leave,
    substitutes,
    survey,
    views,
    workforce,
)
from warehouse.trace.evidence import Tracer

# A breakdown of a subject's unit table is traced like it.
OF_SUBJECT: dict[str, Tracer] = {
    "sick leave": sick_leave.of_cell,
    "full time": full_time.of_cell,
    "substitutes": substitutes.of_cell,
    "workforce": workforce.of_cell,
    "absence spells": sick_leave.of_spells,
}
OF_TABLE: dict[str, Tracer] = {
    "org_units": evidence.of_unit,
    "full_time_sources": full_time.of_sources,
    "equality_gender_balance": equality.of_gender_balance,
    "equality_leaders": equality.of_leaders,
    "equality_parental_leave": equality.of_parental_leave,
    "equality_pay": equality.of_pay,
    "equality_pay_by_job_code": equality.of_pay_by_job_code,
    "survey_response": survey.of_response,
    "survey_factor_scores": survey.of_factor_score,
    "benchmarks": reference.of_benchmark,
    "targets": reference.of_target,
    "pilots": reference.of_pilot,
    "sick_leave_changes": comparisons.of_change,
    "sick_leave_contributions": comparisons.of_contribution,
    "bi_sick_leave": views.of_sick_leave,
    "bi_sick_leave_by_sex": views.of_sick_leave,
    "bi_sick_leave_by_age": views.of_sick_leave,
    "bi_sick_leave_by_job_code": views.of_sick_leave,
    "bi_full_time_by_sex": views.of_full_time,
    "bi_full_time_by_job_code": views.of_full_time,
    "bi_equality_gender_balance": views.of_gender_balance,
    "publication": evidence.of_publication,
    "inputs": evidence.of_input,
    "data_quality": evidence.of_data_quality,
    "metric_definitions": evidence.of_definition,
}
# Tables of figures about figures: they need the others' functions.
OF_FIGURES = {"reconciliation": evidence.of_reconciliation, "restatements": evidence.of_restatement}


def tracers_of(tables: Mapping[str, Table]) -> dict[str, Tracer]:
    """The function of each table.

    Raises:
        KeyError: a table that no function here is for.
    """
    figures = {
        name: OF_TABLE.get(name) or OF_SUBJECT[table.subject] for name, table in tables.items() if name not in OF_FIGURES
    }
    return figures | {name: partial(trace, tracers=figures) for name, trace in OF_FIGURES.items() if name in tables}
