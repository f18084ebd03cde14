"""Which rows make the 10-FAKTOR tables: the unit's row, that of the round before, and the row of the national score.
Not here: how a row is matched to a unit (dbt_project/macros/units.sql).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.database import one
from warehouse.trace.lineage import Lineage
from warehouse.trace.temporary import table

RESPONSES = ("planned_responses", "responses", "response_percent", "previous_response_percent")


def of_response(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The unit's row of Deltakelse."""
    _of_round(lineage, "deltakelse", "intermediate.int_survey_response", cell, "true", measures)


def of_factor_score(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The unit's row of Faktorer."""
    factor = f"factor_no = {int(str(cell['factor_no']))}"
    _of_round(lineage, "faktorer", "intermediate.int_survey_factors", cell, factor, measures)


def _of_round(
    lineage: Lineage, feed: str, model: str, cell: Mapping[str, object], condition: str, measures: Sequence[str]
) -> None:
    con = lineage.con
    of_unit = f"select * from {model} where {condition} and org_level = $1 and org_unit_code = $2"
    unit = [cell["org_level"], cell["org_unit_code"]]
    rows = table(con, "answered", f"{of_unit} and survey_year = $3", [*unit, cell["year"]])
    lineage.add(feed, "row of the unit", f"select file_sha256, row_number from {rows}")
    if any("previous" in name for name in measures):
        before = f"survey_year in (select previous_year from {rows})"
        rows = table(con, "answered", f"from {rows} union all {of_unit} and {before}", unit)
        lineage.add(feed, "row of the unit in the round before", f"select file_sha256, row_number from {rows}")
    if feed == "faktorer" and {"norway", "difference_norway"} & set(measures):
        lineage.add(
            feed,
            "row of the national score",
            f"select file_sha256, norway_row as row_number from {rows} where norway_row is not null and survey_year = $1",
            [cell["year"]],
        )
    lineage.add_units(f"select matched_code from {rows} where is_matched")
    (first,) = one(con, f"select min(survey_year) from {rows}")
    if first is not None:
        lineage.begin_series(first)
    lineage.make_deliverable()
    # A row of the cell may have lost its unit to another row. Where the unit is named, that row is needed too: without it the
    # row of the cell would be matched to the unit.
    lineage.add(
        feed,
        "row that the unit is matched to instead",
        f"""select file_sha256, row_number from {model}
            where {condition} and is_matched and (survey_year, matched_code) in (
                select (survey_year, matched_code) from {rows} where not is_matched)
                and matched_code in (select unit_code from {lineage.rows_of("organisasjon")} as named)""",
    )
