"""10-FAKTOR: response, and the ten factors beside Norway and the round before. Not here: the sentences (templates/)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from warehouse.report import charts
from warehouse.report.numbers import number
from warehouse.report.queries import MUNICIPALITY, Served
from warehouse.report.render import Chart, Grid, Page, Row

FILE = "10-faktor.html"
SCALE = (3.0, 5.0)


def _in_order(served: Served, codes: Iterable[str]) -> list[str]:
    """Units as they stand in all tables, the municipality last; before it those that are no units of it."""
    places = {unit.code: place for place, unit in enumerate(served.units)}
    last = served.municipality.code
    return sorted(codes, key=lambda code: (code == last, places.get(code, len(places)), code))


def response(page: Page, year: int) -> Grid:
    """Who answered, with the round before."""
    served = page.served
    found = {row["org_unit_code"]: row for row in served.rows("survey_response", year=year)}
    rows = []
    for row in (found[code] for code in _in_order(served, found)):
        figures = {
            name: served.of_row("survey_response", row, name)
            for name in ("planned_responses", "responses", "response_percent", "previous_response_percent")
        }
        cells = [page.count(figures["planned_responses"]), page.count(figures["responses"])]
        cells += [page.show(figures["response_percent"]), page.show(figures["previous_response_percent"])]
        rows.append(Row(row["org_unit_name"], cells, is_total=row["org_level"] == MUNICIPALITY))
    heads = ["Spurt", "Svar", "Svarprosent", "Forrige runde"]
    return Grid(f"Svar i 10-FAKTOR {year}", heads, rows, first="Enhet", note="Svarprosent av dem som ble spurt.")


def factors(page: Page, year: int) -> Grid:
    """The municipality's ten factors."""
    served = page.served
    rows = []
    for row in served.rows("survey_factor_scores", year=year, **served.municipality.cell):
        figures = {
            name: served.of_row("survey_factor_scores", row, name)
            for name in ("score", "norway", "difference_norway", "previous_score", "difference_previous")
        }
        cells = [page.show(figures["score"]), page.show(figures["norway"]), page.change(figures["difference_norway"])]
        cells += [page.show(figures["previous_score"]), page.change(figures["difference_previous"])]
        rows.append(Row(f"{row['factor_no']}. {row['factor_name']}", cells))
    heads = ["Kommunen", "Norge", "Forskjell", "Forrige runde", "Endring"]
    note = "Skår fra 1 til 5; 5 er best. Forskjell og endring er regnet av skårene med én desimal."
    return Grid(f"De ti faktorene, {year}", heads, rows, first="Faktor", note=note)


def factors_chart(page: Page, year: int) -> Chart | None:
    """The factors beside Norway and the round before."""
    served = page.served
    rows: list[tuple[str, str, float | None]] = []
    said = []
    for row in served.rows("survey_factor_scores", year=year, **served.municipality.cell):
        if row["score"] is None:
            continue
        name = f"{row['factor_no']}. {row['factor_name']}"
        for part, column in [(f"Kommunen {year}", "score"), ("Norge", "norway"), ("Forrige runde", "previous_score")]:
            if row[column] is not None:
                rows.append((name, part, row[column]))
        said.append(f"{row['factor_name']} {number(row['score'], 1)}")
    if not rows:
        return None
    alt = f"Ett merke per faktor for kommunen, Norge og forrige runde. Kommunen: {', '.join(said)}."
    caption = f"De ti faktorene i {year}, ved siden av Norge og forrige runde."
    note = "Aksen viser 3–5 av skalaen 1–5."
    return page.chart(Chart("ti-faktorer", charts.dots(rows, "skår", SCALE), alt, caption, note))


def by_unit(page: Page, year: int) -> Grid | None:
    """A column a factor for each unit."""
    served = page.served
    found: dict[str, dict[int, Any]] = {}
    names: dict[str, tuple[str, bool]] = {}
    for row in served.rows("survey_factor_scores", year=year):
        found.setdefault(row["org_unit_code"], {})[row["factor_no"]] = page.show(
            served.of_row("survey_factor_scores", row, "score")
        )
        names[row["org_unit_code"]] = (row["org_unit_name"], row["org_level"] == MUNICIPALITY)
    numbers = sorted({number_ for factors_ in found.values() for number_ in factors_})
    if len(found) < 2:
        return None
    rows = [
        Row(names[code][0], [found[code].get(number_, "") for number_ in numbers], is_total=names[code][1])
        for code in _in_order(served, found)
    ]
    note = "Skår fra 1 til 5. Numrene er faktorenes, som i tabellen over."
    return Grid(
        f"De ti faktorene etter enhet, {year}", [str(number_) for number_ in numbers], rows, "Enhet", note, is_wide=True
    )


def survey_page(served: Served) -> Page:
    """The chapter on the survey."""
    page = Page(served, FILE, "10-FAKTOR", "survey.html.j2", FILE)
    year = served.last_round
    unit = served.municipality
    lead = {}
    if year is not None:
        lead = {
            name: served.figure("survey_response", name, year=year, **unit.cell)
            for name in ("response_percent", "previous_response_percent", "responses")
        }
    page.context |= {
        "unit": unit,
        "year": year,
        "lead": lead,
        "response": response(page, year) if year else None,
        "factors": factors(page, year) if year else None,
        "factors_chart": factors_chart(page, year) if year else None,
        "by_unit": by_unit(page, year) if year else None,
    }
    return page
