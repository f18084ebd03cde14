"""Which rows make the 10-FAKTOR tables: the unit's row, that of the round before, and the row of the national score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.trace.lineage import Lineage


def of_response(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The unit's row of Deltakelse."""
    _of_round(lineage, "deltakelse", "intermediate.int_survey_response", cell, "true", measures)


def of_factor_score(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The unit's row of Faktorer."""
    factor = f"factor_no = {int(str(cell['factor_no']))}"
    _of_round(lineage, "faktorer", "intermediate.int_survey_factors", cell, factor, measures)


def _of_round(
    lineage: Lineage, feed: str, table: str, cell: Mapping[str, object], condition: str, measures: Sequence[str]
) -> None:
    con = lineage.con
    con.execute(
        f"""create or replace temp table answered as
            select * from {table} where {condition} and org_level = $1 and org_unit_code = $2 and survey_year = $3""",
        [cell["org_level"], cell["org_unit_code"], cell["year"]],
    )
    lineage.add(feed, "row of the unit", "select file_sha256, row_number from answered")
    if any("previous" in name for name in measures):
        con.execute(
            f"""insert into answered select * from {table} where {condition} and org_level = $1 and org_unit_code = $2
                and survey_year in (select previous_year from answered)""",
            [cell["org_level"], cell["org_unit_code"]],
        )
        lineage.add(feed, "row of the unit in the round before", "select file_sha256, row_number from answered")
    if feed == "faktorer" and {"norway", "difference_norway"} & set(measures):
        lineage.add(
            feed,
            "row of the national score",
            "select file_sha256, norway_row as row_number from answered where norway_row is not null and survey_year = $1",
            [cell["year"]],
        )
    lineage.add_units("select matched_code from answered where is_matched")
    (first,) = con.execute("select min(survey_year) from answered").fetchall()[0]
    lineage.begin_series(first)
    lineage.make_deliverable()
    # A row that has lost its unit to another one would take it if the unit were there without that one.
    lineage.add(
        feed,
        "row that the unit is matched to instead",
        f"""select file_sha256, row_number from {table}
            where {condition} and is_matched and (survey_year, matched_code) in (
                select (survey_year, matched_code) from answered where not is_matched)
                and matched_code in (select unit_code from {lineage.rows_of("organisasjon")} as named)""",
    )
