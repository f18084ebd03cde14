"""The evidence of one figure on a page to print and sign: what it is, how it is computed, of which files and rows.
Not here: the answer itself (answer.py), or its text for the terminal (report.py). Never a value of a source row.
"""

from __future__ import annotations

from typing import Any

from warehouse.numbers import printed
from warehouse.report.numbers import day, number
from warehouse.report.render import TEMPLATES
from warehouse.trace.answer import Answer
from warehouse.trace.report import OF_PUBLICATION, PRINTED, in_figures

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
    "published_at": "Publisert (UTC)",
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
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(printed=printed, day=day, number=number)
    measures = [
        {
            "name": name,
            "value": value,
            "definition": answer.definitions.get(name),
            "formula": in_figures(answer.fractions[name], value) if name in answer.fractions else "",
        }
        for name, value in answer.measures.items()
    ]
    return environment.get_template("evidence.html.j2").render(
        answer=answer,
        measures=measures,
        where={name: value for name, value in {**answer.cell, **answer.labels}.items() if value is not None},
        publication={NAMES[name]: answer.publication[name] for name in OF_PUBLICATION},
        files=[_file(traced) for traced in answer.files],
        excluded=[(traced.file.file_name, traced.count, next(iter(traced.roles))) for traced in answer.excluded],
        rows=sum(traced.count for traced in answer.files),
        figure={NAMES[name]: answer.figure[name] for name in PRINTED if answer.figure.get(name) is not None},
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        command=command,
    )


def _file(traced: Any) -> dict[str, Any]:
    file = traced.file
    return {
        "name": file.file_name,
        "feed": file.feed,
        "extract_date": file.extract_date,
        "sha256": file.sha256,
        "count": traced.count,
        "delivered": file.rows_delivered,
        "roles": traced.roles,
        "rows": traced.rows if traced.count <= ROWS_NAMED else [],
    }
