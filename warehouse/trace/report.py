"""Prints the answer of a trace: for a controller, or as JSON. Never a value of a source row.
Not here: the answer itself (answer.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from warehouse.norwegian import with_unit
from warehouse.numbers import printed
from warehouse.trace.answer import Answer, Fraction
from warehouse.trace.lineage import Traced

PRINTED = ("figure_id", "document", "case_no", "published_on", "place", "published", "computed", "status", "reason")
OF_PUBLICATION = ("publication_id", "as_of", "published_at", "code_version", "dagster_run_id")


def as_json(answer: Answer) -> str:
    """One JSON object; `rows` are numbers of rows, 1 the first after the header, `lines` the file's lines they begin on."""
    content: dict[str, Any] = {
        "table": answer.table,
        "cell": answer.cell,
        "labels": answer.labels,
        "measures": answer.measures,
        "withheld": answer.withheld,
        "formula": {
            name: {"words": definition["formula"]}
            | ({"figures": in_figures(answer.fractions[name], answer.measures[name])} if name in answer.fractions else {})
            for name, definition in answer.definitions.items()
        },
        "numerator": {name: fraction.numerator for name, fraction in answer.fractions.items()},
        "denominator": {name: fraction.denominator for name, fraction in answer.fractions.items()},
        "definition": answer.definitions,
        "publication": answer.publication,
        "files": [_file(traced) | {"roles": traced.roles} for traced in answer.files],
        "excluded": [_file(traced) | {"reason": next(iter(traced.roles))} for traced in answer.excluded],
    }
    if answer.figure:
        content["published"] = answer.figure
    return json.dumps(content, ensure_ascii=False, default=_as_json)


def unmapped_as_json(figure: dict[str, Any]) -> str:
    """A printed figure that no cell gives."""
    return json.dumps({"published": figure, "files": []}, ensure_ascii=False, default=_as_json)


def _as_json(value: object) -> float | str:
    """What JSON has no form of its own for: a view's decimals are numbers, a date is text."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _file(traced: Traced) -> dict[str, Any]:
    file = traced.file
    return {
        "feed": file.feed,
        "file_name": file.file_name,
        "sha256": file.sha256,
        "extract_date": file.extract_date,
        "rows": traced.rows,
        "lines": [file.line_of(row) for row in traced.rows],
    }


def as_text(answer: Answer) -> Iterator[str]:
    """Lines for a controller: value, formula, definition, publication, files, what does not count."""
    if answer.figure:
        yield from figure_as_text(answer.figure)
        yield ""
    where = ", ".join(f"{name} {value}" for name, value in {**answer.cell, **answer.labels}.items() if value is not None)
    yield f"{answer.table}: {where}"
    yield ""
    for name, value in answer.measures.items():
        definition = answer.definitions.get(name)
        if definition is None:
            yield f"  {name} = {printed(value)}"
            continue
        shown = printed(value) if value is None or isinstance(value, bool) else with_unit(printed(value), definition["unit"])
        yield f"  {definition['name']} ({name}) = {shown}"
        yield f"      {definition['formula']}"
        if name in answer.fractions:
            yield f"      {in_figures(answer.fractions[name], value)}"
        yield f"      {definition['population']} ({definition['source']})"
    for name, kind in answer.withheld.items():
        yield f"  {name} is withheld ({kind})"
    yield ""
    yield "Publication"
    for name in OF_PUBLICATION:
        yield f"  {name:<15} {answer.publication[name]}"
    yield ""
    yield from _files(answer)
    yield from _excluded(answer)


def _files(answer: Answer) -> Iterator[str]:
    if not answer.files:
        yield "No delivered rows: this comes with the code, not with a delivery"
        return
    yield f"Made of {_rows(sum(traced.count for traced in answer.files))}; row 1 is the first after the header"
    for traced in answer.files:
        file = traced.file
        of_all = f"{traced.count} of {file.rows_delivered} rows"
        yield f"  {file.file_name} ({file.feed}, extract of {file.extract_date}), {of_all}"
        yield f"      sha256 {file.sha256}"
        roles = ", ".join(f"{count} {role}" for role, count in traced.roles.items())
        yield f"      {roles}"
    yield "For instance (file, row, feed, line of the file)"
    for traced in answer.files:
        for row in traced.first_rows:
            yield f"  {traced.file.file_name}  {row}  {traced.file.feed}  {traced.file.line_of(row) or '–'}"
    yield "All of them: --rows FILE.csv"


def _excluded(answer: Answer) -> Iterator[str]:
    if answer.excluded:
        yield ""
        yield "In the same scope, but not counted"
    for traced in answer.excluded:
        rows = ", ".join(str(row) for row in traced.first_rows) + (", …" if traced.count > len(traced.first_rows) else "")
        yield f"  {traced.file.file_name}: {_rows(traced.count)} ({rows}): {next(iter(traced.roles))}"


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'}"


def figure_as_text(figure: dict[str, Any]) -> Iterator[str]:
    """A printed figure beside what is computed."""
    for name in PRINTED:
        if figure.get(name) is not None:
            yield f"  {name:<15} {as_printed(figure, name)}"


def as_printed(figure: Mapping[str, Any], name: str) -> str:
    """What is known of a printed figure; the figure itself as it stands in its document, 9,0 and not 9."""
    return printed(figure[name], int(figure["decimals"] or 0) if name == "published" else 0)


def in_figures(fraction: Fraction, value: object) -> str:
    """The division with its figures, for instance `100 × 44 / 2 510 = 1,752988`."""
    factor = f"{fraction.factor} × " if fraction.factor != 1 else ""
    over, under = printed(fraction.numerator), printed(fraction.denominator)
    return f"{factor}{over} {fraction.of} / {under} {fraction.by} = {printed(value)}"
