"""Full time: both definitions, size of positions, targets, involuntary part time, substitutes and pilots.
Not here: the sentences (templates/).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup

from warehouse.report import charts
from warehouse.report.chapters.sick_leave import linked, tree
from warehouse.report.numbers import day, month, months, number
from warehouse.report.queries import AREA, DIVISION, UNIT, WARD, Served, Unit, difference
from warehouse.report.render import Chart, Grid, Page, Row

FILE = "heltid.html"
BANDS = {
    "persons_0_20": "Under 20 %",
    "persons_20_50": "20–49,9 %",
    "persons_50_80": "50–79,9 %",
    "persons_80_100": "80–99,9 %",
    "persons_100": "100 % og mer",
}
INDICATORS = {
    "full_time_80_percent": "Andel i minst {threshold} prosent stilling",
    "full_time_100_percent": "Andel i 100 prosent stilling",
    "average_position_percent": "Gjennomsnittlig stillingsstørrelse",
    "sick_leave_percent": "Sykefravær",
    "involuntary_percent": "Ufrivillig deltid",
}
MAIN = ("full_time_100_percent", "full_time_80_percent", "average_position_percent")


def threshold(served: Served) -> str:
    """The position percent from which the municipality's own measure counts a person as full time."""
    return f"{served.settings['full_time_threshold']:g}".replace(".", ",")


def indicator_name(served: Served, indicator: str) -> str:
    """What the report calls an indicator; its own name where it has none here."""
    return INDICATORS.get(indicator, indicator).format(threshold=threshold(served))


def heads_of_main(served: Served) -> list[str]:
    """The heads of the columns of `MAIN`."""
    return ["100 %", f"Minst {threshold(served)} %", "Snitt stilling"]


def date_head(at: date) -> str:
    """A reference date as the head of a column or row: the year, of the latest one the day."""
    return str(at.year) if (at.month, at.day) == (12, 31) else day(at)


def over_time(page: Page, unit: Unit) -> Grid:
    """The main measures at the end of each year and on the latest date, with the change."""
    served = page.served
    dates = served.reference_dates[-5:]
    rows = []
    for at in dates:
        figures = [served.full_time(unit, at, measure) for measure in MAIN]
        cells: list[Any] = [page.count(served.full_time(unit, at, "headcount")), page.show(served.full_time(unit, at, "fte"))]
        cells += [page.show(figure) for figure in figures]
        cells += [page.show(served.full_time(unit, at, "involuntary_percent"))]
        # Of few persons a percent says little: how many it is of stands beside it.
        cells += [page.count(served.full_time(unit, at, "part_time_answered"))]
        rows.append(Row(date_head(at), cells))
    if len(dates) > 1:
        last, before = dates[-1], served.year_before(dates[-1])
        cells = []
        percents = [(name, 1) for name in (*MAIN, "involuntary_percent")]
        for measure, decimals in [("headcount", 0), ("fte", 1), *percents, ("part_time_answered", 0)]:
            cells.append(
                page.change(
                    difference(served.full_time(unit, last, measure), served.full_time(unit, before, measure)), decimals
                )
            )
        rows.append(Row(f"Endring fra {day(before)}", cells, is_total=True))
    return Grid(
        "Heltid over tid",
        ["Personer", "Årsverk", *heads_of_main(served), "Ufrivillig deltid", "Av så mange svar"],
        rows,
        first="Ved utgangen av",
        note="Prosent av personene; snitt i prosent av full stilling; ufrivillig deltid i prosent av de deltidsansatte som har"
        " svart, med antallet ved siden av. Endring i antall og i prosentpoeng. Fra lønnssystemet.",
    )


def below(page: Page, unit: Unit, levels: tuple[str, ...], caption: str) -> Grid | None:
    """The units below on the latest date beside a year before."""
    served = page.served
    if not served.reference_dates:
        return None
    last = served.reference_dates[-1]
    before = served.year_before(last)
    rows = []
    for child, depth in [*tree(served, unit, levels), (unit, 0)]:
        cells: list[Any] = [page.count(served.full_time(child, last, "headcount"))]
        for measure in MAIN:
            now, then = served.full_time(child, last, measure), served.full_time(child, before, measure)
            cells += [page.show(now), page.change(difference(now, then))]
        header = linked(page, child) if child is not unit else f"{unit.name} i alt"
        rows.append(Row(header, cells, depth, child is unit))
    if len(rows) < 2:
        return None
    return Grid(
        caption,
        ["Personer", *(["Andel", "Endring"] * 2), "Snitt", "Endring"],
        rows,
        first="Enhet",
        groups=[(day(last), 1), ("100 % stilling", 2), (f"Minst {threshold(served)} %", 2), ("Stillingsstørrelse", 2)],
        note=f"Personer i antall, ellers prosent; endring i prosentpoeng fra {day(before)}.",
        is_wide=True,
    )


def for_unit(page: Page, unit: Unit) -> dict[str, Any]:
    """The section on full time of a unit's page."""
    levels = (DIVISION, UNIT) if unit.level == AREA else (WARD,)
    return {"over_time": over_time(page, unit), "below": below(page, unit, levels, "Heltid i enhetene")}


def bands(page: Page, unit: Unit) -> tuple[Grid, Chart | None]:
    """Persons by the size of what they work."""
    served = page.served
    dates = served.reference_dates[-4:]
    rows = [Row(name, [page.count(served.full_time(unit, at, measure)) for at in dates]) for measure, name in BANDS.items()]
    rows.append(Row("Personer i alt", [page.count(served.full_time(unit, at, "headcount")) for at in dates], is_total=True))
    rows.append(Row("Av dem i deltid", [page.count(served.full_time(unit, at, "part_time")) for at in dates]))
    heads = [date_head(at) for at in dates]
    grid = Grid(
        "Personer etter stillingsstørrelse", heads, rows, first="Stilling i alt", note="En persons stillinger er lagt sammen."
    )
    drawn = [
        (date_head(at), name, served.full_time(unit, at, measure).value) for at in dates for measure, name in BANDS.items()
    ]
    last = [value for head, _, value in drawn if head == heads[-1] and value is not None]
    if not drawn or any(value is None for _, _, value in drawn):
        return grid, None
    said = ", ".join(
        f"{name} {number(100 * value / sum(last), 0)} prosent" for name, value in zip(BANDS.values(), last, strict=True)
    )
    alt = f"Delte søyler: personene etter stillingsstørrelse i {len(heads)} år. Ved {heads[-1]}: {said}."
    chart = Chart("heltid-baand", charts.shares(drawn, "andel av personene"), alt, "Personer etter stillingsstørrelse")
    return grid, page.chart(chart)


def by_sex(page: Page, unit: Unit) -> Grid | None:
    """Women and men on the latest date."""
    served = page.served
    if not served.reference_dates:
        return None
    last = served.reference_dates[-1]
    rows = []
    for sex, name in [("kvinne", "Kvinner"), ("mann", "Menn")]:
        figures = [
            served.figure("full_time_by_sex", measure, source="payroll", reference_date=last, sex=sex, **unit.cell)
            for measure in ("headcount", *MAIN, "involuntary_percent")
        ]
        rows.append(Row(name, [page.count(figures[0]), *(page.show(figure) for figure in figures[1:])]))
    heads = ["Personer", *heads_of_main(served), "Ufrivillig deltid"]
    note = "Personer i antall, ellers prosent."
    return Grid(f"Heltid etter kjønn, {day(last)}", heads, rows, first="Kjønn", note=note)


def pai(page: Page, unit: Unit) -> Grid | None:
    """KS' count of 1 December beside the payroll's, and what they differ for."""
    served = page.served
    dates = served.pai_dates[-4:]
    if not dates:
        return None
    rows = []
    for measure in MAIN:
        cells = [page.show(served.full_time(unit, at, measure, "pai")) for at in dates]
        rows.append(Row(f"PAI: {indicator_name(served, measure).lower()}", cells))
    rows.append(Row("PAI: personer", [page.count(served.full_time(unit, at, "headcount", "pai")) for at in dates]))
    for measure in MAIN:
        cells = [
            page.change(served.figure("full_time_sources", "payroll_minus_pai", indicator=measure, year=at.year, **unit.cell))
            for at in dates
        ]
        rows.append(Row(f"Lønnssystemet minus PAI: {indicator_name(served, measure).lower()}", cells, depth=1))
    note = (
        "Personer i antall, ellers prosent, 1. desember; forskjeller i prosentpoeng. PAI er KS' statistikk og teller alle"
        " ansatte, også de i permisjon; lønnssystemet er talt ved årets slutt. De to kildene blandes aldri."
    )
    return Grid("Heltid i KS' statistikk (PAI)", [str(at.year) for at in dates], rows, first="Kilde og mål", note=note)


def targets(page: Page, indicator: str) -> list[tuple[Grid, Chart | None]]:
    """The targets in force of an indicator, a table and a path for each unit that has some."""
    served = page.served
    in_force = [row for row in served.rows("targets", indicator=indicator) if row["superseded_by"] is None]
    found = []
    for code in dict.fromkeys(row["org_unit_code"] for row in in_force):
        of_unit = sorted(
            (row for row in in_force if row["org_unit_code"] == code),
            key=lambda row: (-row["decided_on"].toordinal(), row["year"]),
        )
        ahead = [row for row in of_unit if row["year"] >= served.as_of.year]
        if not ahead:
            continue
        rows = []
        for row in ahead:
            cells: list[Any] = [
                page.show(served.of_row("targets", row, name))
                for name in ("target", "actual", "expected_now", "needed_per_year")
            ]
            on_track = row["on_track"]
            cells += [
                "Ja" if on_track else "Nei" if on_track is not None else "",
                f"{row['decision']} ({day(row['decided_on'])})",
            ]
            rows.append(Row(str(row["year"]), cells))
        unit = served.by_code.get(code)
        name = of_unit[0]["org_unit_name"]
        grid = Grid(
            f"{indicator_name(served, indicator)}: måltall for {name}",
            ["Mål", "Faktisk", "Forventet nå", "Nødvendig per år", "I rute", "Vedtak"],
            rows,
            first="År",
            note="Prosent; nødvendig per år i prosentpoeng. «Forventet nå» er der den rette linjen til målet er i år.",
            is_wide=True,
            texts=("I rute", "Vedtak"),
        )
        found.append((grid, _path_chart(page, indicator, unit, ahead) if unit else None))
    return found


def _path_chart(page: Page, indicator: str, unit: Unit, ahead: list[dict[str, Any]]) -> Chart | None:
    served = page.served
    actual = [(at, served.full_time(unit, at, indicator).value) for at in served.reference_dates]
    if not actual or actual[-1][1] is None:
        return None
    # Two decisions may give paths of their own: the latest one's is drawn, from the last figure before its first year.
    latest = max(row["decided_on"] for row in ahead)
    aims = sorted((date(row["year"], 12, 31), row["target"]) for row in ahead if row["decided_on"] == latest)
    begins = [point for point in actual if point[0].year < aims[0][0].year and point[1] is not None][-1:]
    values = [value for _, value in [*actual, *aims] if value is not None]
    said = ", ".join(f"{number(value, 1)} i {at.year}" for at, value in aims)
    alt = (
        f"Linje: {indicator_name(served, indicator).lower()} i {unit.name},"
        f" fra {number(actual[0][1] or 0, 1)} prosent i {actual[0][0].year} til {number(actual[-1][1], 1)}"
        f" {day(actual[-1][0])}, og stiplet videre til måltallene: {said}."
    )
    caption = f"{indicator_name(served, indicator)} i {unit.name} og veien til målet, prosent, ved utgangen av årene."
    note = f"Aksen begynner ikke på null: den viser {number(min(values), 0)}–{number(max(values), 0)} prosent."
    return page.chart(
        Chart(
            f"maal-{indicator}-{unit.code}".replace("_", "-"),
            charts.path(actual, [*begins, *aims], "prosent"),
            alt,
            caption,
            note,
        )
    )


def substitutes(page: Page, unit: Unit) -> tuple[Grid | None, Chart | None]:
    """Substitutes and variable hours of the latest thirteen months."""
    served = page.served
    found = sorted(served.rows("substitutes_by_unit", **unit.cell), key=lambda row: row["month"])
    if not found:
        return None, None
    rows = []
    for row in found[-13:]:
        figures = {
            name: served.of_row("substitutes_by_unit", row, name)
            for name in ("substitute_percent", "substitute_fte", "variable_fte", "overtime_hours", "hours_pay")
        }
        cells = [page.show(figure, 0 if name in ("overtime_hours", "hours_pay") else 1) for name, figure in figures.items()]
        rows.append(Row(month(row["month"]) + (" (så langt)" if row["is_partial"] else ""), cells))
    grid = Grid(
        "Vikarer og variable timer",
        ["Vikarandel", "Vikarårsverk", "Variable årsverk", "Overtidstimer", "Lønn for timene, kr"],
        rows,
        first="Måned",
        note="Vikarandel i prosent av årsverk og variable årsverk.",
    )
    # A month stands where it begins, so that the mark of a year is at its January, also of the first year.
    points = [(row["period_start"], row["substitute_percent"]) for row in found if not row["is_partial"]]
    shown = [(at, value) for at, value in points if value is not None]
    if len(shown) < 2:
        return grid, None
    alt = (
        f"Linje over vikarandelen måned for måned, fra {number(shown[0][1], 1)} prosent i {month(f'{shown[0][0]:%Y-%m}')} til "
        f"{number(shown[-1][1], 1)} i {month(f'{shown[-1][0]:%Y-%m}')}."
    )
    chart = Chart("vikarer", charts.lines([(unit.name, points)], "prosent"), alt, "Vikarandel i prosent, måned for måned")
    return grid, page.chart(chart)


def pilots(page: Page) -> Grid | None:
    """Pilots before and after, beside the rest of their tjenesteområde."""
    served = page.served
    rows = []
    for row in served.rows("pilots"):
        figures = {
            name: served.of_row("pilots", row, name)
            for name in (
                "start_value",
                "current_value",
                "change_points",
                "change_percent",
                "rest_of_area_change_points",
                "after_value",
            )
        }
        header = Markup("{}<br><span class=quiet>{}: {} mot {}</span>").format(
            row["pilot"],
            indicator_name(served, row["indicator"]),
            _span(row["start_from"], row["start_to"]),
            _span(row["current_from"], row["current_to"]),
        )
        cells = [page.show(figures["start_value"]), page.show(figures["current_value"])]
        cells += [page.change(figures[name]) for name in ("change_points", "change_percent", "rest_of_area_change_points")]
        rows.append(Row(header, [*cells, page.show(figures["after_value"])]))
    if not rows:
        return None
    return Grid(
        "Piloter før og nå",
        ["Før", "Nå", "Endring, prosentpoeng", "Endring, prosent", "Resten av området, prosentpoeng", "Etter piloten"],
        rows,
        first="Pilot og mål",
        note="Før og nå i prosent; av en pilot som er slutt, er «Nå» det siste som ble målt i den. Endringen er gitt både i"
        " prosentpoeng og i prosent av verdien før: de to må ikke forveksles. «Etter piloten» er sykefraværet i de tolv"
        " månedene etter at den sluttet.",
        is_wide=True,
    )


def _span(first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return "ikke målt"
    return day(last) if first == last else months(first, last)


def municipality_page(served: Served, with_units: bool) -> Page:
    """The chapter on full time."""
    unit = served.municipality
    page = Page(served, FILE, "Heltid", "full_time.html.j2", FILE)
    page.context["with_units"] = with_units
    last = served.reference_dates[-1] if served.reference_dates else None
    before = served.year_before(last) if last else None
    bands_grid, bands_chart = bands(page, unit)
    substitutes_grid, substitutes_chart = substitutes(page, unit)
    page.context |= {
        "unit": unit,
        "threshold": threshold(served),
        "last": last,
        "before": before,
        "lead": {
            measure: (
                served.full_time(unit, last, measure),
                difference(served.full_time(unit, last, measure), served.full_time(unit, before, measure)),
            )
            for measure in (*MAIN, "involuntary_percent", "headcount")
        }
        if last and before
        else {},
        "over_time": over_time(page, unit),
        "bands": bands_grid,
        "bands_chart": bands_chart,
        "by_sex": by_sex(page, unit),
        "areas": below(page, unit, (AREA,), "Heltid etter tjenesteområde"),
        "tree": below(page, unit, (AREA, DIVISION, UNIT), "Heltid etter tjenesteområde, kommunalsjefområde og virksomhet"),
        "pai": pai(page, unit),
        "targets": [found for indicator in MAIN for found in targets(page, indicator)],
        "substitutes": substitutes_grid,
        "substitutes_chart": substitutes_chart,
        "pilots": pilots(page),
    }
    return page
