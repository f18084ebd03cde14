"""The front page: eight figures with their change and the target's path, what has changed, what is withheld.
Not here: the sentences (templates/).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from warehouse.report.chapters import equality, full_time, sick_leave, survey
from warehouse.report.numbers import day, listed
from warehouse.report.queries import AREA, GROUP, MUNICIPALITY, Derived, Figure, Served, difference
from warehouse.report.render import Grid, Page, Row

FILE = "index.html"
CAUSES = {
    "later rows": "rader som er levert siden",
    "rows": "rader som er rettet i kildene",
    "structure": "endret organisasjon",
    "settings": "endrede innstillinger",
    "code": "endret beregning",
}
RESTATED = 15


@dataclass(frozen=True)
class Tile:
    """One of the front page's figures, a percentage, with its change."""

    title: str
    when: str
    figure: Figure
    change: Figure | Derived | None
    since: str
    chapter: str
    target: dict[str, Any] | None = None
    may_have_target: bool = False


def target_of(served: Served, indicator: str) -> dict[str, Any] | None:
    """The next target in force of the municipality: its figures, and whether it is on track."""
    rows = [
        row
        for row in served.rows("targets", indicator=indicator, **served.municipality.cell)
        if row["superseded_by"] is None and row["year"] >= served.as_of.year
    ]
    if not rows:
        return None
    row = min(rows, key=lambda row: (row["year"], -row["decided_on"].toordinal()))
    last = max(rows, key=lambda row: (row["year"], row["decided_on"]))
    return {
        "year": row["year"],
        "target": served.of_row("targets", row, "target"),
        "on_track": row["on_track"],
        "last_year": last["year"],
        "last": served.of_row("targets", last, "target"),
    }


def tiles(served: Served, chapters: set[str]) -> list[Tile]:
    """The figures of the chapters that the report has."""
    moved: Derived | None
    unit, at = served.municipality, sick_leave.times(served)
    found: list[Tile] = []
    if at.rolling and sick_leave.FILE in chapters:
        for measure, title in [("sick_leave_percent", "Sykefravær"), ("doctor_certified_percent", "Legemeldt sykefravær")]:
            now = served.change(unit.cell, "rolling_12", at.rolling, "value", measure)
            change = served.change(unit.cell, "rolling_12", at.rolling, measure=measure)
            target = target_of(served, measure)
            found.append(
                Tile(
                    title,
                    at.rolling_words.capitalize(),
                    now,
                    change,
                    "de tolv månedene før",
                    sick_leave.FILE,
                    target,
                    True,
                )
            )
    if served.reference_dates and full_time.FILE in chapters:
        last = served.reference_dates[-1]
        before = served.year_before(last)
        for measure, title in [
            ("full_time_100_percent", "Ansatte i 100 prosent stilling"),
            ("full_time_80_percent", f"Ansatte i minst {full_time.threshold(served)} prosent stilling"),
            ("average_position_percent", "Gjennomsnittlig stilling"),
            ("involuntary_percent", "Ufrivillig deltid"),
        ]:
            now = served.full_time(unit, last, measure)
            moved = difference(now, served.full_time(unit, before, measure))
            found.append(Tile(title, day(last), now, moved, day(before), full_time.FILE, target_of(served, measure), True))
    if equality.FILE in chapters:
        years = sorted(row["year"] for row in served.rows("equality_pay", pay_group=0) if row["women_pay_percent"] is not None)
        if years:
            now = served.figure("equality_pay", "women_pay_percent", year=years[-1], pay_group=0)
            moved = (
                difference(now, served.figure("equality_pay", "women_pay_percent", year=years[-2], pay_group=0))
                if years[1:]
                else None
            )
            since = str(years[-2]) if years[1:] else ""
            found.append(Tile("Kvinners lønn i prosent av menns", str(years[-1]), now, moved, since, equality.FILE))
    if served.last_round and survey.FILE in chapters:
        cell = {"year": served.last_round, **unit.cell}
        now = served.figure("survey_response", "response_percent", **cell)
        previous = served.figure("survey_response", "previous_response_percent", **cell)
        moved = difference(now, previous) if previous.value is not None else None
        found.append(Tile("Svar i 10-FAKTOR", str(served.last_round), now, moved, "forrige runde", survey.FILE))
    return found


def restatements(page: Page) -> tuple[dict[str, Any] | None, Grid | None]:
    """What the publication changed of figures already served: in words, and the municipality's and its areas' figures."""
    served = page.served
    found = list(served.rows("restatements", publication_id=served.publication["publication_id"]))
    if not found:
        return None, None
    causes = {cause for row in found for cause in str(row["cause"]).split("; ")}
    words = [said for key, said in CAUSES.items() if any(cause.startswith(key) for cause in causes)]
    summary = {
        "count": len(found),
        "previous": found[0]["previous_publication"],
        "causes": listed(words) if words else "endringer i grunnlaget",
        "accepted": next((row["accepted_reason"] for row in found if row["accepted_reason"]), None),
    }
    rows = []
    for row in found:
        cell = json.loads(row["cell"])
        if (
            cell.get("org_level") not in (MUNICIPALITY, AREA)
            or not row["is_served"]
            or row["was"] is None
            or row["now"] is None
        ):
            continue
        definition = served.definitions.get((row["table_name"], row["measure"]))
        unit = served.by_code.get(cell.get("org_unit_code", ""))
        name = f"{definition.name if definition else row['measure']}, {unit.name if unit else ''}, {row['period']}"
        rows.append(Row(name, [page.show(served.of_row("restatements", row, part), 1) for part in ("was", "now")]))
    return summary, Grid("Tall som er endret", ["Før", "Nå"], rows[:RESTATED], first="Tall") if rows else None


def withheld_units(served: Served) -> tuple[int, int, int] | None:
    """Of how many units of the tree the sick leave of the last whole year is withheld, how many there are, and the year."""
    at = sick_leave.times(served)
    if at.last_year is None:
        return None
    found = [
        row["withheld"] is not None
        for row in served.rows("sick_leave_by_unit", period_type="year", period=str(at.last_year))
        if row["org_level"] not in (MUNICIPALITY, GROUP)
    ]
    return (sum(found), len(found), at.last_year) if found else None


def front_page(served: Served, chapters: list[tuple[str, str]], *, with_units: bool) -> Page:
    """The first page."""
    page = Page(served, FILE, "Forside", "front.html.j2", FILE)
    summary, grid = restatements(page)
    page.context |= {
        "unit": served.municipality,
        "as_of": served.as_of,
        "tiles": tiles(served, {file for file, _ in chapters}),
        "chapters": [(file, title) for file, title in chapters if file != FILE],
        "restated": summary,
        "restated_grid": grid,
        "withheld": withheld_units(served),
        "min_fte": served.settings.get("min_fte_unit"),
        "publication": served.publication,
        "is_first": served.previous_publication is None,
        "areas": [(sick_leave.page_of(unit), unit.name) for unit in served.units_of(AREA)] if with_units else [],
    }
    return page
