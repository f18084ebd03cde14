"""Which rows make the tables that are no figures of the municipality: units, files, data quality, and the reconciliation.
Not here: the night's checks before publishing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from warehouse.database import quoted
from warehouse.trace.lineage import Lineage

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
    role = "row that breaks the rule"
    if rule == "files_differ":
        alike = "select sha256 from raw.inputs where feed = $1 group by sha256 having count(*) > 1"
        lineage.add(feed, role, f"select file_sha256, row_number from raw.{feed} where file_sha256 in ({alike})", [feed])
        return
    broken = " union all ".join(
        f"select file_sha256, row_number from {table} where feed = $1 and rule = $2"
        for table in ("intermediate.int_doubtful_rows", "raw.quarantine", "raw.warnings")
    )
    lineage.add(feed, role, broken, [feed, rule])


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
            where this.figure_id = $1 and this.mart is not null)""",
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
