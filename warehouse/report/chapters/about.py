"""About the figures: definitions, sources, reconciliation with earlier papers, data quality. Not here: the sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import groupby
from typing import Any

from markupsafe import Markup

from warehouse.norwegian import STATUSES
from warehouse.report import sentences
from warehouse.report.chapters.full_time import indicator_name
from warehouse.report.numbers import day, number
from warehouse.report.queries import Served
from warehouse.report.render import Grid, Page, Row

FILE = "om-tallene.html"
PERIODS = {"pilot start": "ved pilotens start", "pilot so far": "piloten så langt", "undated": "uten dato"}
SUBJECTS = {
    "sick leave": "Sykefravær",
    "absence spells": "Fraværstilfeller",
    "changes": "Sammenligninger over tid",
    "full time": "Heltid",
    "workforce": "Arbeidsstyrken",
    "substitutes": "Vikarer og timer",
    "equality": "Likestilling",
    "survey": "10-FAKTOR",
    "comparison": "Mål, piloter og andre kommuner",
    "evidence": "Trykte tall, endrede tall og filer",
}


def sources(served: Served) -> Grid:
    """The files the publication is made of."""
    rows = []
    for row in served.rows("inputs"):
        cells: list[Any] = [row["feed"], day(row["extract_date"])]
        cells += [_count(row[name]) for name in ("rows_delivered", "rows_loaded", "rows_quarantined")]
        rows.append(Row(row["file_name"], cells))
    heads = ["Leveranse", "Uttrekk", "Rader levert", "Rader brukt", "Rader med feil"]
    return Grid(
        "Filene tallene er laget av",
        heads,
        rows,
        first="Fil",
        note="Rader med feil er ikke med i noe tall.",
        is_wide=True,
        texts=heads[:1],
    )


def _count(value: int | None) -> str:
    return "" if value is None else number(value)


def reconciliation(served: Served) -> Grid | None:
    """How the printed figures of each document compare with what is computed."""
    found = list(served.rows("reconciliation"))
    rows = []
    order = sorted(found, key=lambda row: (str(row["published_on"]), row["document"], row["case_no"] or ""), reverse=True)
    for (published_on, document), of_document in groupby(order, key=lambda row: (row["published_on"], row["document"])):
        statuses = [row["status"] for row in of_document]
        cells: list[Any] = [day(published_on) if published_on else ""]
        cells += [_count(statuses.count(status)) for status in STATUSES]
        rows.append(Row(document, cells))
    if not rows:
        return None
    all_of = [row["status"] for row in found]
    rows.append(Row("I alt", ["", *(_count(all_of.count(status)) for status in STATUSES)], is_total=True))
    note = (
        "Et trykt tall er likt når det beregnede er det samme, avrundet som det er trykt. «Trykt ulikt»: to dokumenter har"
        " ulike tall for det samme. «Ingen data»: tallet gjelder en tid eller en enhet som ingen leveranse har."
    )
    return Grid(
        "Trykte tall og hva som beregnes",
        ["Trykt", *(words.capitalize() for words in STATUSES.values())],
        rows,
        first="Dokument",
        note=note,
        is_wide=True,
    )


def differing(page: Page, *statuses: str) -> Grid | None:
    """The figures that differ from what is computed, or from one another."""
    served = page.served
    by_id = {row["figure_id"]: row for row in served.rows("reconciliation")}
    rows = []
    for row in by_id.values():
        if row["status"] not in statuses:
            continue
        decimals = int(row["decimals"] or 0)
        other = re.search(r" in ([A-Z0-9]+-[0-9]+[A-Za-z]*)", row["reason"] or "")
        against: Any = ""
        if other and other[1] in by_id:
            rival = by_id[other[1]]
            against = Markup("{}{} ({}, {})").format(
                page.show(served.of_row("reconciliation", rival, "published"), int(rival["decimals"] or 0)),
                f" i {_when(rival['period'])}" if rival["period"] != row["period"] else "",
                rival["document"],
                rival["place"],
            )
        definition = served.definitions.get((row["mart"], row["measure"]))
        name = indicator_name(served, row["indicator"])
        if definition and row["mart"] not in ("benchmarks", "targets"):
            name = definition.name
        if row["mart"] == "targets":
            name = f"{name}, måltall"
        parts = [name, row["org_unit"], row["sex"], row["job_title"], row["pay_group"], row["peer"], _when(row["period"])]
        rows.append(
            Row(
                ", ".join(str(part) for part in parts if part),
                [
                    page.show(served.of_row("reconciliation", row, "published"), decimals),
                    f"{row['document']}, {row['place']}",
                    against or _said(sentences.difference, row["reason"] or ""),
                    page.show(served.of_row("reconciliation", row, "computed"), decimals),
                ],
            )
        )
    if not rows:
        return None
    return Grid(
        "Tall som er trykt ulikt, eller som avviker fra det beregnede",
        ["Trykt", "Trykt i", "Mot", "Beregnet"],
        rows,
        first="Tall",
        is_wide=True,
        texts=("Trykt i", "Mot"),
    )


def _said(in_norwegian: Callable[[str], str | None], sentence: str) -> str:
    """A sentence of the tables in Norwegian; as it is where nobody has said it in Norwegian."""
    said = in_norwegian(sentence)
    return Markup('<span lang="en">{}</span>').format(sentence) if said is None else said


def _when(period: str) -> str:
    """A printed figure's period in words."""
    if period in PERIODS:
        return PERIODS[period]
    try:
        return day(date.fromisoformat(period))
    except ValueError:
        return period


def quality(served: Served) -> Grid:
    """The rules that found something, feed by feed."""
    rows = []
    for row in served.rows("data_quality"):
        if row["rows"]:
            severity = "ikke med" if row["severity"] == "error" else "med, bør sjekkes"
            rows.append(Row(row["feed"], [_said(sentences.rule, row["description"]), _count(row["rows"]), severity]))
    return Grid(
        "Rader som ikke fulgte en regel",
        ["Regel", "Rader", "I tallene"],
        rows,
        first="Leveranse",
        is_wide=True,
        texts=("Regel", "I tallene"),
    )


def definitions(served: Served) -> list[tuple[str, list[Any]]]:
    """Every definition once, by subject; those that several tables share stand once."""
    found: dict[str, dict[tuple, Any]] = {}
    for (table, _), definition in served.definitions.items():
        subject = served.tables[table].subject if table in served.tables else "evidence"
        key = (definition.name, definition.formula, definition.population)
        found.setdefault(subject, {}).setdefault(key, definition)
    return [
        (SUBJECTS.get(subject, subject.capitalize()), sorted(found[subject].values(), key=lambda definition: definition.name))
        for subject in [*(name for name in SUBJECTS if name in found), *sorted(found.keys() - SUBJECTS.keys())]
    ]


def about_page(served: Served) -> Page:
    """The chapter on the figures."""
    page = Page(served, FILE, "Om tallene", "about.html.j2", FILE)
    tried = list(served.rows("data_quality"))
    page.context |= {
        "publication": served.publication,
        "as_of": served.as_of,
        "settings": served.settings,
        "sources": sources(served),
        "reconciliation": reconciliation(served),
        "differing": differing(page, "contradicted", "mismatch"),
        "quality": quality(served),
        "rules": len(tried),
        "rules_broken": sum(1 for row in tried if row["rows"]),
        "subjects": definitions(served),
    }
    return page
