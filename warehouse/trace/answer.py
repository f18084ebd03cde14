"""Answers one question: the cell that is meant, whether it may be shown, its value and formula, and its source rows.
Not here: which rows those are (the modules of the mart families), or how the answer is printed (report.py).
"""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from warehouse.catalogue import Table, read_tables
from warehouse.cells import as_words, find_cell, is_cell, known
from warehouse.database import one, quoted
from warehouse.errors import Refused, UsageError
from warehouse.norwegian import PRINTED_UNITS
from warehouse.paths import Home
from warehouse.publication import code_version, publication_folder
from warehouse.trace.lineage import Lineage, Traced
from warehouse.trace.restricted import log_use
from warehouse.trace.tables import tracers_of

# What metric_definitions has of a measure, its name in the table first.
DEFINED = ("measure", "name", "unit", "formula", "population", "source")


@dataclass(frozen=True)
class Fraction:
    """A measure in figures: `factor` × numerator / denominator, with Norwegian words for what is divided by what."""

    numerator: float | None
    of: str
    denominator: float | None
    by: str
    factor: int


@dataclass
class Answer:
    """A cell with everything that is behind it.

    `withheld`: the measures that are not shown, each with the reason. `figure`: the printed figure that was asked for, if any.
    """

    table: str
    cell: dict[str, Any]
    labels: dict[str, Any]
    measures: dict[str, Any]
    withheld: dict[str, str]
    definitions: dict[str, dict[str, str]]
    fractions: dict[str, Fraction]
    publication: dict[str, Any]
    files: list[Traced]
    excluded: list[Traced]
    figure: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def restricted_database(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database behind the publication that is served, read only.

    Raises:
        Refused: the home is another user's, nothing is published, or the file cannot be read, belongs to another publication or
            lacks the formulas.
    """
    # A database that somebody else has made may read whatever this account can.
    home.require_owner()
    served = publication_folder(home, None).name
    if not home.warehouse_database.exists():
        raise Refused(
            f"{home.warehouse_database.name} is missing, which has the rows behind {served}; `arsverk run` makes it anew,"
            " or restore it from backup"
        )
    try:
        con = duckdb.connect(str(home.warehouse_database), read_only=True)
        # A bar would stand in the middle of the JSON.
        con.execute("set enable_progress_bar = false")
        # Rows are put in order where they are shown; before that an order would only cost time.
        con.execute("set preserve_insertion_order = false")
    except duckdb.Error as error:
        raise Refused(f"{home.warehouse_database.name} cannot be read ({str(error).splitlines()[0]})") from None
    made_by = "another version"
    try:
        publication, made_by = one(con, "select publication_id, code_version from served.publication")
        if publication != served:
            raise Refused(
                f"{home.warehouse_database.name} belongs to {publication}, but {served} is served; run the night again"
            )
        if not one(con, "select count(*) from duckdb_schemas() where schema_name = 'formulas' and not internal")[0]:
            raise Refused(f"{home.warehouse_database.name} was built by an earlier version of the code; run the night again")
        yield con
    except duckdb.Error as error:
        # A table or column that today's code looks for and the code of then did not make; else it is a fault.
        if made_by == code_version():
            raise
        raise Refused(
            f"{home.warehouse_database.name} was made by {made_by}, this is {code_version()}, which finds something else in it"
            f" ({str(error).splitlines()[0]}); run the night again, or check out that version"
        ) from None
    finally:
        con.close()


@dataclass(frozen=True)
class Question:
    """A table, a column's value each to find one cell by, and of its measures one or all."""

    table: str
    values: Mapping[str, str]
    measure: str | None = None


def trace(
    home: Home, con: duckdb.DuckDBPyConnection, question: Question, *, restricted_for: str | None = None
) -> tuple[Answer, Lineage]:
    """Trace the one cell that is asked for.

    Args:
        restricted_for: the person for whom a withheld cell is traced as well, which is logged.

    Raises:
        UsageError: no such table, column, value or measure, or not exactly one cell.
        Refused: the cell is withheld and it is not `restricted_for` anybody.
    """
    tables = _tables(home)
    table = known("table", question.table, list(tables))
    grain, all_measures = tables[table].grain, tables[table].figures
    if question.measure is not None:
        known("measure", question.measure, all_measures)
    cell = find_cell(con, f"served.{table}", table=tables[table], values=question.values)
    where = is_cell(grain)
    key = [cell[name] for name in grain]
    served = _row(con, f"select * from served.{table} where {where}", key)
    wanted = [question.measure] if question.measure else all_measures
    # A view's remainders are what is left of served cells. What is made of other tables' cells is a query of seconds before
    # disclosure control, and nothing of it is withheld where all of it is served.
    is_query = one(con, "select count(*) from duckdb_views() where schema_name = 'marts' and view_name = $1", [table])[0] > 0
    # What is withheld of a printed figure its status says.
    is_all_served = served.get("status", "withheld") != "withheld" or all(served[name] is not None for name in wanted)
    is_served_alone = tables[table].is_view or (is_query and is_all_served)
    # What is filled in after disclosure control is served alone, too.
    built = (not is_served_alone and _row(con, f"select * from marts.{table} where {where}", key)) or served
    withheld = _withheld(served, built, wanted)
    if restricted_for:
        log_use(home, restricted_for, table, as_words(cell), wanted)
        values, withheld = built | {name: served[name] for name in ("published_at",) if name in served}, {}
    else:
        values = served
        if len(withheld) == len(wanted):
            raise Refused(_refusal(table, cell, withheld))
    shown = [name for name in wanted if name not in withheld]
    lineage = Lineage(con)
    tracers_of(tables)[table](lineage, built, shown)
    lineage.add_references()
    lineage.add_merged()
    lineage.exclude_quarantined()
    answer = Answer(
        table=table,
        cell={name: cell[name] for name in grain},
        labels={name: values[name] for name in tables[table].columns if name not in (*grain, *all_measures, "withheld")},
        measures={name: values[name] for name in shown},
        withheld=withheld,
        definitions=_definitions(con, table, shown, values),
        fractions=_fractions(con, tables[table], "marts" if built is not served else "served", where, key, shown),
        publication=_row(con, "select * from served.publication", []),
        files=lineage.named(),
        excluded=lineage.excluded(),
    )
    return answer, lineage


def _tables(home: Home) -> dict[str, Table]:
    """The tables of the publication that is served, as it says itself what they are."""
    tables = read_tables(home.current.resolve())
    if not all(table.columns for table in tables.values()):
        raise Refused("the publication was made by an earlier version of the code; run the night again with this one")
    return tables


def _row(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object]) -> dict[str, Any]:
    cursor = con.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def _withheld(served: Mapping[str, Any], built: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, str]:
    """The measures that are computed but not served, each with the kind of withholding."""
    kind = served.get("withheld")
    if kind:
        return dict.fromkeys(wanted, str(kind))
    emptied = [name for name in wanted if served[name] is None and built[name] is not None and name != "published_at"]
    return dict.fromkeys(emptied, "follows a withheld cell")


def _refusal(table: str, cell: Mapping[str, Any], withheld: Mapping[str, str]) -> str:
    kinds = {
        "primary": "the group is smaller than the threshold (metrics.md 10)",
        "secondary": "a withheld cell could be computed from it (metrics.md 10)",
        "running": "pay is served when the year is over; until then its means move with every single person (metrics.md 10)",
        "follows a withheld cell": "it rests on a cell that is withheld (metrics.md 10)",
    }
    kind = next(iter(withheld.values()))
    return (
        f"{table} {as_words(cell)} is withheld ({kind}): {kinds.get(kind, 'disclosure control')}. "
        "--restricted traces it from the restricted database; its use is logged"
    )


def _definitions(
    con: duckdb.DuckDBPyConnection, table: str, measures: Sequence[str], cell: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """The measures' definitions; what is counted as the cell's measure or indicator has that one's unit, or the one printed."""
    of, printed = cell.get("indicator") or cell.get("measure"), PRINTED_UNITS.get(cell.get("unit", ""))
    rows = con.execute(
        f"""select {", ".join(DEFINED)} from (
                select * replace (
                    coalesce(case when unit like 'som %' then coalesce($4, (
                        select any_value(unit) from served.metric_definitions where measure = $3 and unit not like 'som %'
                    )) end, unit) as unit)
                from served.metric_definitions
                where table_name = $1 and list_contains($2, measure))""",
        [table, list(measures), of, printed],
    ).fetchall()
    found = {row[0]: dict(zip(DEFINED[1:], row[1:], strict=True)) for row in rows}
    if "difference" in found and printed == "prosent":
        found["difference"]["unit"] = "prosentpoeng"
    return found


def _fractions(
    con: duckdb.DuckDBPyConnection, table: Table, schema: str, where: str, key: Sequence[object], measures: Sequence[str]
) -> dict[str, Fraction]:
    ratios = {name: of for name, of in table.measures.items() if name in measures and of.numerator}
    if not ratios:
        return {}
    parts = ", ".join(f"cast({part} as double)" for ratio in ratios.values() for part in (ratio.numerator, ratio.denominator))
    values = one(con, f"select {parts} from {schema}.{table.name} as cell where {where}", list(key))
    return {
        name: Fraction(values[2 * i], ratio.of, values[2 * i + 1], ratio.by, ratio.factor)
        for i, (name, ratio) in enumerate(ratios.items())
    }


def figure_cell(con: duckdb.DuckDBPyConnection, figure_id: str) -> tuple[dict[str, Any], Question | None]:
    """A printed figure with what is computed for it, and the cell it is mapped to, if any.

    Raises:
        UsageError: there is no such printed figure.
    """
    figures = [name for (name,) in con.execute("select figure_id from served.reconciliation order by 1").fetchall()]
    if figure_id not in figures:
        near = difflib.get_close_matches(figure_id, figures, 5)
        hint = f"; there are {', '.join(near)}" if near else f"; the table reconciliation has all {len(figures)}"
        raise UsageError(f"there is no printed figure {figure_id}{hint}")
    figure = _row(con, "select * from served.reconciliation where figure_id = $1", [figure_id])
    mapped = _row(
        con,
        "select mart, measure, cell, change, side_as, reason from intermediate.int_printed_cells where figure_id = $1",
        [figure_id],
    )
    figure["reason"] = figure.get("reason") or mapped["reason"]
    if mapped["mart"] is None or mapped["cell"] is None:
        return figure, None
    if mapped["change"] is not None or mapped["side_as"] != "cell":
        # Of several cells: the answer is the reconciliation's own.
        is_there = figure["computed"] is not None or figure["status"] == "withheld"
        return figure, Question("reconciliation", {"figure_id": figure_id}, "computed") if is_there else None
    cell = {name: _text(value) for name, value in json.loads(mapped["cell"]).items()}
    where = " and ".join(f"cast({name} as varchar) = {quoted(value)}" for name, value in cell.items())
    is_built = one(con, f"select count(*) from marts.{mapped['mart']} where {where}")[0]
    return figure, Question(mapped["mart"], cell, mapped["measure"]) if is_built else None


def _text(value: object) -> str:
    """A JSON value as the database writes it in text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
