"""The evidence of one figure on a page to print and sign: what it is, how it is computed, of which files and rows.
Not here: the answer itself (answer.py), or its text for the terminal (report.py). Never a value of a source row.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from warehouse.norwegian import BASES, HEADINGS, PERIOD_TYPES, SOURCES, STATUSES, with_unit
from warehouse.numbers import printed
from warehouse.report import sentences
from warehouse.report.numbers import day, number
from warehouse.report.render import TEMPLATES, template_environment
from warehouse.trace.answer import Answer
from warehouse.trace.report import OF_PUBLICATION, PRINTED, as_printed, in_figures

# What the sheet calls them.
NAMES = {
    "figure_id": "Trykt tall",
    "document": "Dokument",
    "case_no": "Sak",
    "published_on": "Trykt dato",
    "place": "Sted i dokumentet",
    "published": "Trykt",
    "computed": "Beregnet",
    "status": "Status",
    "reason": "Merknad",
    "publication_id": "Publisering",
    "as_of": "Tallene er til og med",
    "published_at": "Publisert",
    "code_version": "Versjon av beregningen",
    "dagster_run_id": "Kjøring",
}
# More rows than this are counted, and their numbers left to --rows FILE.csv.
ROWS_NAMED = 40


def as_html(answer: Answer, command: str) -> str:
    """The evidence as one HTML file with nothing beside it.

    Args:
        command: what gives the same answer again, for whoever checks the sheet.
    """
    environment = template_environment()
    environment.filters["rows"] = _rows
    measures = [
        {
            "name": name,
            "value": _with_unit(answer, name, value),
            "definition": answer.definitions.get(name),
            "formula": in_figures(answer.fractions[name], value) if name in answer.fractions and value is not None else "",
        }
        for name, value in answer.measures.items()
    ]
    return environment.get_template("evidence.html.j2").render(
        answer=answer,
        measures=measures,
        where={
            HEADINGS.get(name, name): _said(name, value)
            for name, value in {**answer.cell, **answer.labels}.items()
            if value is not None and not name.endswith("_sort")
        },
        withheld={_name(answer, name): sentences.WITHHELD.get(kind, kind) for name, kind in answer.withheld.items()},
        publication={NAMES[name]: _said(name, answer.publication[name]) for name in OF_PUBLICATION},
        files=[_file(traced) for traced in answer.files],
        excluded=[
            (traced.file.file_name, traced.count, sentences.left_out(reason := next(iter(traced.roles))) or reason)
            for traced in answer.excluded
        ],
        rows=sum(traced.count for traced in answer.files),
        figure={
            NAMES[name]: as_printed(answer.figure, name) if name == "published" else _said(name, answer.figure[name])
            for name in PRINTED
            if answer.figure.get(name) is not None
        },
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        command=command,
    )


def _name(answer: Answer, measure: str) -> str:
    """What a measure is called, also one that is not shown."""
    return answer.definitions[measure]["name"] if measure in answer.definitions else HEADINGS.get(measure, measure)


def _with_unit(answer: Answer, name: str, value: object) -> str:
    if isinstance(value, bool):
        return _said(name, value)
    has_unit = name in answer.definitions and value is not None
    return with_unit(printed(value), answer.definitions[name]["unit"]) if has_unit else printed(value)


def _said(name: str, value: object) -> str:
    """A value as a Norwegian reader writes it."""
    if isinstance(value, bool):
        return "ja" if value else "nei"
    if isinstance(value, datetime):
        return f"{day(value.date())} kl. {value:%H.%M} (UTC)"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, float | Decimal):
        return printed(value)
    words = {"basis": BASES, "period_type": PERIOD_TYPES, "source": SOURCES, "status": STATUSES}.get(name, {})
    text = str(value)
    return (sentences.difference(text) or text) if name == "reason" else words.get(text, text)


def _rows(count: int) -> str:
    return f"{number(count)} {'rad' if count == 1 else 'rader'}"


def _file(traced: Any) -> dict[str, Any]:
    file = traced.file
    return {
        "name": file.file_name,
        "feed": file.feed,
        "extract_date": file.extract_date,
        "sha256": file.sha256,
        "count": traced.count,
        "delivered": file.rows_delivered,
        "roles": {sentences.role(role) or role: count for role, count in traced.roles.items()},
        "rows": traced.rows if traced.count <= ROWS_NAMED else [],
    }
