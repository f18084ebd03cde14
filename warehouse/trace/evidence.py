"""Which rows make the tables that are no figures of the municipality: units, files, data quality, and the reconciliation.
Not here: the night's checks before publishing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from warehouse.database import quoted
from warehouse.trace.lineage import Lineage

# Whose measures targets can be set for (dbt_project/macros/targets.sql).
UNIT_TABLES = "'full_time_by_unit', 'sick_leave_by_unit', 'substitutes_by_unit', 'survey_response'"
Tracer = Callable[[Lineage, Mapping[str, object], Sequence[str]], None]


def of_unit(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The unit's row and those of the units above it, which make its path; of a group the units that name it."""
    code = quoted(str(cell["org_unit_code"]))
    is_group = cell.get("org_level") == "gruppe"
    lineage.add_units(f"select unit_code from staging.stg_units where group_name = {code}" if is_group else f"select {code}")
    lineage.make_deliverable()


def of_input(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """All rows of the file, and what they refer to."""
    for feed, sha256 in [(f.feed, f.sha256) for f in lineage.files if f.file_name == cell["file_name"]]:
        _add_file(lineage, feed, sha256)
    lineage.add_references()
    lineage.make_deliverable()


def of_publication(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """All rows of all files."""
    for file in lineage.files:
        _add_file(lineage, file.feed, file.sha256)


def of_definition(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """None: the definitions come with the code, not with a delivery."""


def _add_file(lineage: Lineage, feed: str, sha256: str) -> None:
    rows = "select file_sha256, row_number from {} where file_sha256 = " + quoted(sha256)
    lineage.add(feed, "row of the file", rows.format(f"raw.{feed}"))
    quarantined = f"{rows.format('raw.quarantine')} and feed = $1 and is_first_cause"
    lineage.add(feed, "row of the file, quarantined", quarantined, [feed])


def of_data_quality(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The rows that broke the rule."""
    feed, rule = str(cell["feed"]), str(cell["rule"])
    computed = {
        ("fravaer", "absence_within_position"): """
            select file_sha256, row_number from intermediate.int_spells where absence_row in (
                select absence_row from intermediate.int_absence_coverage where uncovered_days > 0)""",
        ("permisjoner", "leave_within_position"): "from intermediate.int_leave_coverage where not is_covered",
        ("variable_timer", "month_has_begun"): "from staging.stg_variable_hours where not has_month_begun",
        ("deltakelse", "unit_matched"): "select * from intermediate.int_survey_response where not is_matched",
        ("faktorer", "unit_matched"): "select * from intermediate.int_survey_factors where not is_matched",
        ("maltall", "unit_matched"): "select * from intermediate.int_targets where not is_matched",
        ("maltall", "indicator_known"): f"""select * from intermediate.int_targets where indicator not in (
            select measure from marts.metric_definitions where table_name in ({UNIT_TABLES}))""",
        ("deltakelse", "unit_code_and_name_agree"): "from intermediate.int_survey_response where has_name_of_another",
        ("faktorer", "unit_code_and_name_agree"): "from intermediate.int_survey_factors where has_name_of_another",
        ("maltall", "target_once"): "from intermediate.int_targets where is_said_again",
        ("maltall", "decision_is_taken"): """
            select target.* from intermediate.int_targets as target
            inner join raw.inputs as delivered on target.file_sha256 = delivered.sha256
            where delivered.feed = 'maltall' and target.decided_on > delivered.extract_date""",
        ("maltall", "target_not_superseded"): "select * from intermediate.int_targets where is_superseded",
        ("sammenligning", "indicator_known"): """select * from staging.stg_peer_figures where indicator not in (
            select measure from marts.metric_definitions)""",
        ("sammenligning", "peer_once"): "from intermediate.int_peer_figures where is_told_again",
        ("sammenligning", "peer_is_another"): "select * from intermediate.int_benchmarks where is_replaced",
        ("pai", "unit_matched"): "select * from staging.stg_pai where not is_known_unit",
        (feed, "files_differ"): f"""select * from raw.{feed} where file_sha256 in (
            select sha256 from raw.inputs where feed = '{feed}' group by sha256 having count(*) > 1)""",
        (feed, "job_code_listed"): f"from intermediate.int_listed_job_codes where feed = '{feed}' and not is_listed",
        (feed, "pay_group_as_listed"): f"from intermediate.int_listed_job_codes where feed = '{feed}' and has_other_pay_group",
    }
    if (feed, rule) in computed:
        lineage.add(feed, "row that breaks the rule", f"select file_sha256, row_number from ({computed[feed, rule]}) as broken")
    else:
        broken = " union all ".join(
            f"select file_sha256, row_number from raw.{table} where feed = $1 and rule = $2"
            for table in ("quarantine", "warnings")
        )
        lineage.add(feed, "row that breaks the rule", broken, [feed, rule])


def of_reconciliation(
    lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str], tracers: Mapping[str, Tracer]
) -> None:
    """The row of the printed figure, those of other documents for the same cell, and the rows of what is computed."""
    con, figure_id = lineage.con, cell["figure_id"]
    printed = "select file_sha256, row_number from raw.publiserte_tall where figure_id"
    lineage.add("publiserte_tall", "printed figure", f"{printed} = $1", [figure_id])
    lineage.add(
        "publiserte_tall",
        "figure of another document for the same cell",
        f"""{printed} in (
            select other.figure_id from intermediate.int_printed_cells as this
            inner join intermediate.int_printed_cells as other using (same_cell)
            where this.figure_id = $1 and this.figure_id <> other.figure_id and this.mart is not null)""",
        [figure_id],
    )
    if set(measures) & {"computed", "difference", "status"}:
        terms = con.execute(
            """select mart, measure, cell from intermediate.int_printed_terms
               where figure_id = $1 and side <> 'basis' order by side, place""",
            [figure_id],
        ).fetchall()
        for mart, measure, of in terms:
            tracers[mart](lineage, typed_cell(lineage, mart, json.loads(of)), [measure])
        if terms:
            lineage.add_references()
    lineage.make_deliverable()


def of_restatement(
    lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str], tracers: Mapping[str, Tracer]
) -> None:
    """The rows of the figure as it is now. What it was before lies in the files of the earlier publication."""
    if cell["now"] is not None:
        table = str(cell["table_name"])
        tracers[table](lineage, typed_cell(lineage, table, json.loads(str(cell["cell"]))), [str(cell["measure"])])


def typed_cell(lineage: Lineage, table: str, cell: Mapping[str, object]) -> dict[str, object]:
    """The cell's columns with the values they have in the mart."""
    where = " and ".join(f"cast({name} as varchar) = {quoted(str(value))}" for name, value in cell.items()) or "true"
    cursor = lineage.con.execute(f"select * from marts.{table} where {where} limit 1")
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else dict(cell)
